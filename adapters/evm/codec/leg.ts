/**
 * EVM transactions as legs of bundles. The static marker is an entry of the access list (EIP-2930): `markerAddress` with
 * the bundle's id as its one storage key. Plain accounts can sign it, and it costs what an access costs.
 */

import type { LegRefusal, ReadLeg } from "../../../protocol/bundle.ts";
import { equalBytes, fromHex } from "../../../protocol/bytes.ts";
import { failure, LockstepError, success } from "../../../protocol/errors.ts";
import { markerAddress } from "../contracts/gateway.ts";
import { decodeRlp, encodeRlp, type Rlp, rlpBytes, rlpList } from "../rlp.ts";

const marker = fromHex(markerAddress) ?? new Uint8Array();

/** Number of fields in front of the signature, of which the last is the access list, by transaction type. */
const unsignedFields: Readonly<Record<number, number>> = { 1: 8, 2: 9 };
const signatureFields = 3;

/** EIP-7702 has its authorizations behind the access list. */
const accessListAt: Readonly<Record<number, number>> = { 1: 7, 2: 8, 4: 8 };

/** The access list's entries for the marker; none where there is no such list. */
const markerEntries = (type: number, fields: readonly Rlp[]): (readonly Rlp[])[] => {
  const at = accessListAt[type];
  return at === undefined
    ? []
    : rlpList(fields[at])
        .map(rlpList)
        .filter(([address]) => equalBytes(rlpBytes(address), marker));
};

const fieldsOf = (transaction: Uint8Array): readonly Rlp[] => {
  const decoded = decodeRlp(transaction.subarray(1));
  if (!decoded.ok) throw new LockstepError("undecodable", decoded.error.message);
  return rlpList(decoded.value);
};

/** Where the fields of an encoded list begin. */
const bodyStart = (list: Uint8Array): number => 1 + Math.max(0, (list[0] ?? 0) - 0xf7);

const read = (transaction: Uint8Array): ReturnType<ReadLeg> => {
  const [type = 0] = transaction;
  const count = unsignedFields[type];
  if (count === undefined) {
    return failure("unsupported", "a leg is a transaction of EIP-1559 or EIP-2930: its access list holds the marker");
  }
  const fields = fieldsOf(transaction);
  if (fields.length !== count + signatureFields)
    return failure("undecodable", "a transaction of another type's length");
  const [entry, ...more] = markerEntries(type, fields);
  if (entry === undefined) return failure("marker_missing", `its access list has no entry for ${markerAddress}`);
  const keys = rlpList(entry[1]);
  if (more.length > 0 || keys.length !== 1) {
    return failure("marker_repeated", `its access list has more than one key for ${markerAddress}`);
  }
  const key = rlpBytes(keys[0], 32);
  const list = encodeRlp(fields.slice(0, count));
  const unsigned = new Uint8Array(1 + list.length);
  unsigned.set([type]);
  unsigned.set(list, 1);
  const inFields = key.byteOffset - transaction.byteOffset - 1 - bodyStart(transaction.subarray(1));
  return success({ unsigned, marker: 1 + bodyStart(list) + inFields });
};

/** Legs of EIP-1559 and EIP-2930; the unsigned bytes are those whose hash is signed. */
export const readLeg: ReadLeg = (transaction) => {
  try {
    return read(transaction);
  } catch (error) {
    if (error instanceof LockstepError) return failure<LegRefusal>("undecodable", error.message);
    throw error;
  }
};

/** Whether a transaction that is ordered by itself names the marker: then it is a leg, and invalid there. */
export const isMarked = (transaction: Uint8Array): boolean => {
  const { buffer, byteOffset, length } = transaction;
  if (!Buffer.from(buffer, byteOffset, length).includes(Buffer.from(marker))) return false;
  try {
    return markerEntries(transaction[0] ?? 0, fieldsOf(transaction)).length > 0;
  } catch (error) {
    if (error instanceof LockstepError) return false;
    throw error;
  }
};
