/**
 * Receipts. The adapter's encoding, made by the engine, is RLP of a list of thirteen, in the order of
 * `EvmReceipt`, where an absent address is empty and the bloom is empty for a receipt without logs:
 *
 *     [transactionHash, sender, to, type, status, gasUsed, cumulativeGasUsed, effectiveGasPrice,
 *      contractAddress, [[address, [topic, ...], data], ...], logsBloom, output, reason]
 *
 * `receiptsRoot` of a block is the native one, over `consensusReceipt`.
 */
import { concatBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { decodeRlp, encodeRlp, integerBytes, type Rlp, rlpBytes, rlpInteger, rlpList, rlpNumber } from "./rlp.ts";

export type EvmLog = { address: Hex; topics: Hex[]; data: Hex };

export type EvmReceipt = {
  transactionHash: Hex;
  sender: Hex;
  /** Absent where the transaction creates a contract. */
  to: Hex | null;
  type: 0 | 1 | 2 | 4;
  status: 0 | 1;
  gasUsed: number;
  cumulativeGasUsed: number;
  effectiveGasPrice: bigint;
  contractAddress: Hex | null;
  logs: EvmLog[];
  logsBloom: Hex;
  /** Revert data of a failed transaction, at most 4096 bytes of it; empty otherwise. */
  output: Hex;
  /** Why it failed: `revert`, or the name of a halt such as `out_of_gas`. Absent where it succeeded. */
  reason: string | null;
};

const emptyBloom: Hex = `0x${"00".repeat(256)}`;

const bytesOf = (hex: Hex): Uint8Array => {
  const bytes = fromHex(hex);
  if (bytes === undefined) {
    throw new LockstepError("undecodable", "not a hexadecimal byte string", { text: hex.slice(0, 80) });
  }
  return bytes;
};

const rlpOfLogs = (logs: readonly EvmLog[]): Rlp =>
  logs.map((log) => [bytesOf(log.address), log.topics.map(bytesOf), bytesOf(log.data)]);

const optionalAddress = (item: Rlp | undefined): Hex | null => {
  const bytes = rlpBytes(item);
  return bytes.length === 0 ? null : toHex(rlpBytes(item, 20));
};

const oneOf = <T extends number>(item: Rlp | undefined, allowed: readonly T[]): T => {
  const value = rlpNumber(item);
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new LockstepError("undecodable", `${value} is none of ${allowed.join(", ")}`);
  return found;
};

const decodeLog = (item: Rlp): EvmLog => {
  const [address, topics, data, ...rest] = rlpList(item);
  if (rest.length > 0) throw new LockstepError("undecodable", "a log has three fields");
  return {
    address: toHex(rlpBytes(address, 20)),
    topics: rlpList(topics).map((topic) => toHex(rlpBytes(topic, 32))),
    data: toHex(rlpBytes(data)),
  };
};

/** @throws LockstepError `undecodable` on anything but an encoding made by `encodeReceipt` */
export const decodeReceipt = (bytes: Uint8Array): EvmReceipt => {
  const rlp = decodeRlp(bytes);
  if (!rlp.ok) throw new LockstepError("undecodable", `not a receipt: ${rlp.error.message}`);
  const fields = rlpList(rlp.value);
  if (fields.length !== 13) {
    throw new LockstepError("undecodable", `a receipt has 13 fields, this one ${fields.length}`);
  }
  const logs = rlpList(fields[9]).map(decodeLog);
  const status = oneOf(fields[4], [0, 1] as const);
  const reason = new TextDecoder().decode(rlpBytes(fields[12]));
  return {
    transactionHash: toHex(rlpBytes(fields[0], 32)),
    sender: toHex(rlpBytes(fields[1], 20)),
    to: optionalAddress(fields[2]),
    type: oneOf(fields[3], [0, 1, 2, 4] as const),
    status,
    gasUsed: rlpNumber(fields[5]),
    cumulativeGasUsed: rlpNumber(fields[6]),
    effectiveGasPrice: rlpInteger(fields[7]),
    contractAddress: optionalAddress(fields[8]),
    logs,
    logsBloom: logs.length === 0 ? emptyBloom : toHex(rlpBytes(fields[10], 256)),
    output: toHex(rlpBytes(fields[11])),
    reason: status === 1 ? null : reason,
  };
};

/** The receipt under the block's `receiptsRoot`: `type ‖ RLP` (EIP-2718), bare RLP for a legacy transaction. */
export const consensusReceipt = (receipt: EvmReceipt): Uint8Array => {
  const rlp = encodeRlp([
    integerBytes(receipt.status),
    integerBytes(receipt.cumulativeGasUsed),
    bytesOf(receipt.logsBloom),
    rlpOfLogs(receipt.logs),
  ]);
  return receipt.type === 0 ? rlp : concatBytes(Uint8Array.of(receipt.type), rlp);
};
