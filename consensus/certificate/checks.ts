/** Signature checks as data, so that they can travel to another thread. */
import { concatBytes } from "../../protocol/bytes.ts";
import { asPublicKey, asSignature, type PublicKey, type Signature } from "../../protocol/ids.ts";

/** "`signature` is the aggregate of signatures under `message` by all `publicKeys`". */
export type SignatureCheck = {
  publicKeys: readonly PublicKey[];
  message: Uint8Array;
  signature: Signature;
};

/** Whether keys and signature have the lengths of compressed points, and there is at least one key. */
export const isWellFormed = ({ publicKeys, signature }: SignatureCheck): boolean =>
  publicKeys.length > 0 && publicKeys.every((key) => key.length === 48) && signature.length === 96;

/** One buffer for many well-formed checks: a copy of little arrays would copy what they are views of. */
export const packChecks = (checks: readonly SignatureCheck[]): Uint8Array =>
  concatBytes(
    ...checks.flatMap(({ publicKeys, message, signature }) => [
      new Uint8Array(Uint32Array.of(publicKeys.length, message.length).buffer),
      ...publicKeys,
      message,
      signature,
    ]),
  );

export const unpackChecks = (packed: Uint8Array): SignatureCheck[] => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const checks: SignatureCheck[] = [];
  let offset = 0;
  const take = (length: number) => {
    offset += length;
    return packed.subarray(offset - length, offset);
  };
  while (offset < packed.length) {
    const keyCount = view.getUint32(offset, true);
    const messageLength = view.getUint32(offset + 4, true);
    offset += 8;
    const publicKeys = Array.from({ length: keyCount }, () => asPublicKey(take(48)));
    checks.push({ publicKeys, message: take(messageLength), signature: asSignature(take(96)) });
  }
  return checks;
};
