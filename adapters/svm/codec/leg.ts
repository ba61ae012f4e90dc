/**
 * Solana transactions as legs of bundles. The static marker is a top-level instruction to the gateway, `requireBundle`
 * with the bundle's id, which the program checks as well. The unsigned bytes are the message.
 */
import type { ReadLeg } from "../../../protocol/bundle.ts";
import { failure, success } from "../../../protocol/errors.ts";
import { gatewayProgram, gatewayTags, isGateway } from "../contracts/gateway.ts";
import { decodeTransaction, type Instruction, type SvmTransaction } from "../transaction.ts";

const markerBytes = 1 + 32;

const markersOf = ({ instructions, keys }: SvmTransaction): Instruction[] =>
  instructions.filter(({ program, data }) => isGateway(keys[program]) && data[0] === gatewayTags.requireBundle);

export const readLeg: ReadLeg = (bytes) => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok)
    return failure(decoded.error.code === "unsupported" ? "unsupported" : "undecodable", decoded.error.message);
  const transaction = decoded.value;
  const [marker, ...more] = markersOf(transaction);
  if (marker === undefined || marker.data.length !== markerBytes) {
    return failure("marker_missing", "it has no instruction requireBundle(id) to the gateway");
  }
  if (more.length > 0) return failure("marker_repeated", "it has several instructions requireBundle to the gateway");
  const { message } = transaction;
  return success({ unsigned: message, marker: marker.data.byteOffset - message.byteOffset + 1 });
};

/** Whether a transaction that is ordered by itself has such an instruction: then it is a leg, and invalid there. */
export const isMarked = (bytes: Uint8Array): boolean => {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(gatewayProgram))) return false;
  const decoded = decodeTransaction(bytes);
  return decoded.ok && markersOf(decoded.value).length > 0;
};
