/** BLS by blst, on the calling thread. */
import * as blst from "@chainsafe/blst";
import { LockstepError } from "../../protocol/errors.ts";
import { asPublicKey, asSignature, type Signature } from "../../protocol/ids.ts";
import { possessionMessage } from "../../protocol/signing.ts";
import type { Bls, BlsSigner } from "./bls.ts";
import type { SignatureCheck } from "./checks.ts";
import { createKeyCache } from "./keys.ts";

/** Decides checks one for one. Several at once cost about half as much as one by one. */
export type Checker = (checks: readonly SignatureCheck[]) => boolean[];

/** Signature that is a point of the group and not infinity; @throws on anything else. */
const parseSignature = (bytes: Signature): blst.Signature => {
  if (bytes.length !== 96) throw new Error(`a signature has 96 bytes, not ${bytes.length}`);
  return blst.Signature.fromBytes(bytes, true, true);
};

export const createChecker = (): Checker => {
  const keyOf = createKeyCache((bytes) => blst.PublicKey.fromBytes(bytes, true));

  const prepare = ({ publicKeys, message, signature }: SignatureCheck): blst.SignatureSet | undefined => {
    const keys: blst.PublicKey[] = [];
    for (const publicKey of publicKeys) {
      const key = keyOf(publicKey);
      if (key === undefined) return undefined;
      keys.push(key);
    }
    const [first] = keys;
    if (first === undefined) return undefined;
    try {
      const pk = keys.length === 1 ? first : blst.aggregatePublicKeys(keys, false);
      return { msg: message, pk, sig: parseSignature(signature) };
    } catch {
      return undefined;
    }
  };

  return (checks) => {
    const sets = checks.map(prepare);
    const sound = sets.filter((set) => set !== undefined);
    if (sound.length > 1 && blst.verifyMultipleAggregateSignatures(sound, false, false)) {
      return sets.map((set) => set !== undefined);
    }
    return sets.map((set) => set !== undefined && blst.verify(set.msg, set.pk, set.sig, false, false));
  };
};

/** Adds up signatures of one message. */
export const aggregate: Bls["aggregate"] = (signatures) => {
  try {
    return asSignature(blst.aggregateSignatures(signatures.map(parseSignature), false).toBytes(true));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LockstepError("bad_signature", `these signatures can't be aggregated: ${reason}`, {}, cause);
  }
};

/** Verifies on the calling thread: for tools and tests. Validators verify in a pool (`pool.ts`). */
export const createBlst = (): Bls => {
  const check = createChecker();
  const decide = async (one: SignatureCheck) => check([one])[0] === true;
  return {
    verify: (publicKey, message, signature) => decide({ publicKeys: [publicKey], message, signature }),
    verifyAggregate: (publicKeys, message, signature) => decide({ publicKeys, message, signature }),
    verifyPossession: (publicKey, possession) =>
      decide({ publicKeys: [publicKey], message: possessionMessage(publicKey), signature: possession }),
    aggregate,
  };
};

/** A 32-byte secret key from at least 32 bytes of entropy (`KeyGen` of the IETF draft). */
export const generateSecretKey = (random: Uint8Array): Uint8Array => blst.SecretKey.fromKeygen(random).toBytes();

/** @throws LockstepError `bad_secret_key` unless `secretKey` is a 32-byte big-endian scalar within 1 and r - 1 */
export const createSigner = (secretKey: Uint8Array): BlsSigner => {
  let secret: blst.SecretKey;
  try {
    secret = blst.SecretKey.fromBytes(secretKey);
  } catch (cause) {
    throw new LockstepError(
      "bad_secret_key",
      "a BLS secret key is 32 bytes, above 0 and below the group order",
      {},
      cause,
    );
  }
  const publicKey = asPublicKey(secret.toPublicKey().toBytes(true));
  const sign = (message: Uint8Array) => asSignature(secret.sign(message).toBytes(true));
  return { publicKey, sign, provePossession: () => sign(possessionMessage(publicKey)) };
};
