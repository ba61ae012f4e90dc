/**
 * Cairo transactions as legs of bundles. The static marker is the first call of an INVOKE, in the `Array<Call>` layout of
 * every account of Cairo 1: the gateway's `require_bundle` with the bundle's id. The unsigned bytes are
 *
 *     3 ‖ 0 ‖ sender_address ‖ nonce ‖ the six bounds ‖ tip ‖ calldata      (each felt 32 bytes, big-endian)
 *
 * since the encoding in which transactions are ordered has no leading zeros, and so no fixed place for an id.
 */

import type { ReadLeg } from "../../../protocol/bundle.ts";
import { concatBytes, fromHex, type Hex } from "../../../protocol/bytes.ts";
import { failure, success } from "../../../protocol/errors.ts";
import { gatewayAddress, requireBundleSelector } from "../contracts/gateway.ts";
import { feltBytes } from "../felt.ts";
import { type CairoInvoke, decodeTransaction, encodeTransaction } from "../transaction.ts";

const feltSize = 32;
/** Number of calls; address, selector and length of the first one's calldata; then that. */
const at = { to: 1, selector: 2, length: 3, id: 4 } as const;

const isMarkedCalldata = (calldata: readonly Hex[]): boolean =>
  calldata[at.to] === gatewayAddress && calldata[at.selector] === requireBundleSelector;

/** Felts of everything that is signed, in order; the calldata comes last. */
const signedFelts = ({ sender_address, nonce, resource_bounds, tip, calldata }: CairoInvoke): Hex[] => [
  sender_address,
  nonce,
  ...[resource_bounds.l1_gas, resource_bounds.l1_data_gas, resource_bounds.l2_gas].flatMap(
    ({ max_amount, max_price_per_unit }) => [max_amount, max_price_per_unit],
  ),
  tip,
  ...calldata,
];

/** The unsigned bytes of an INVOKE. */
export const unsignedInvoke = (invoke: CairoInvoke): Uint8Array =>
  concatBytes(Uint8Array.of(3, 0), ...signedFelts(invoke).map(feltBytes));

/** The bytes under which a signed INVOKE is ordered. */
export const invokeBytes = (invoke: CairoInvoke): Uint8Array => encodeTransaction(invoke);

export const readLeg: ReadLeg = (transaction) => {
  const decoded = decodeTransaction(transaction);
  if (!decoded.ok)
    return failure(decoded.error.code === "unsupported" ? "unsupported" : "undecodable", decoded.error.message);
  const invoke = decoded.value;
  if (invoke.type !== "INVOKE") return failure("unsupported", "a leg is an INVOKE, whose first call is its marker");
  const { calldata } = invoke;
  if (!isMarkedCalldata(calldata) || calldata[at.length] !== "0x1" || calldata.length <= at.id) {
    return failure("marker_missing", `its first call is not require_bundle(id) of the gateway, ${gatewayAddress}`);
  }
  const before = signedFelts(invoke).length - calldata.length;
  return success({ unsigned: unsignedInvoke(invoke), marker: 2 + feltSize * (before + at.id) });
};

/** As it stands in an encoded transaction. */
const encodedGateway = concatBytes(Uint8Array.of(8), fromHex(gatewayAddress) ?? new Uint8Array());

/** Whether a transaction that is ordered by itself begins with the marker's call: then it is a leg, and invalid there. */
export const isMarked = (transaction: Uint8Array): boolean => {
  const { buffer, byteOffset, length } = transaction;
  if (!Buffer.from(buffer, byteOffset, length).includes(Buffer.from(encodedGateway))) return false;
  const decoded = decodeTransaction(transaction);
  return decoded.ok && decoded.value.type === "INVOKE" && isMarkedCalldata(decoded.value.calldata);
};
