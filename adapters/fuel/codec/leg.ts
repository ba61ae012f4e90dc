/**
 * Fuel transactions as legs of bundles. The static marker is a coin output of the base asset of amount 0 to the bundle's
 * id, whose top byte is zero: the VM takes it, and no coin comes of it. The unsigned bytes are the canonical ones
 * without witnesses, and all that is malleable stays in them: so the id fixes it.
 */
import type { ReadLeg } from "../../../protocol/bundle.ts";
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { failure, success } from "../../../protocol/errors.ts";
import { decodeTransaction, encodeTransaction } from "../codec.ts";
import { baseAssetId } from "../params.ts";
import type { FuelOutput, FuelTransaction, ScriptTransaction } from "../transaction.ts";

/** An output's kind stands before whom it is for. */
const kindBytes = 8;

const isMarker = (output: FuelOutput): boolean =>
  output.kind === "coin" && output.amount === 0n && output.assetId === baseAssetId && output.to.startsWith("0x00");

const outputsOf = (transaction: FuelTransaction): readonly FuelOutput[] =>
  transaction.kind === "mint" ? [] : transaction.outputs;

/** The unsigned bytes of a script transaction in its canonical bytes; `undefined` for anything else. */
export const unsignedBytes = (bytes: Uint8Array): Uint8Array | undefined => {
  const decoded = decodeTransaction(bytes);
  return decoded.ok && decoded.value.kind === "script" ? unsignedScript(decoded.value) : undefined;
};

export const unsignedScript = (transaction: ScriptTransaction): Uint8Array =>
  encodeTransaction({ ...transaction, witnesses: [] });

export const readLeg: ReadLeg = (bytes) => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok)
    return failure(decoded.error.code === "unsupported" ? "unsupported" : "undecodable", decoded.error.message);
  const transaction = decoded.value;
  if (transaction.kind !== "script") return failure("unsupported", "a leg is a script transaction");
  const [position, ...more] = transaction.outputs.flatMap((output, i) => (isMarker(output) ? [i] : []));
  if (position === undefined) {
    return failure("marker_missing", "it has no coin output of 0 of the base asset to the bundle's id");
  }
  if (more.length > 0) return failure("marker_repeated", "it has several coin outputs of 0 of the base asset");
  const before = unsignedScript({ ...transaction, outputs: transaction.outputs.slice(0, position) });
  return success({ unsigned: unsignedScript(transaction), marker: before.length + kindBytes });
};

const needle = fromHex(`0x${"00".repeat(8)}${baseAssetId.slice(2)}` as Hex) ?? new Uint8Array();

/** Whether a transaction that is ordered by itself has such an output: then it is a leg, and invalid there. */
export const isMarked = (bytes: Uint8Array): boolean => {
  // An amount of zero, and the base asset behind it.
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(needle))) return false;
  const decoded = decodeTransaction(bytes);
  return decoded.ok && outputsOf(decoded.value).some(isMarker);
};
