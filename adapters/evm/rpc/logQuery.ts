/** Which logs are asked for: by address and topics, with what a bloom filter can say beforehand. */
import type { Hex } from "../../../protocol/bytes.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import { list, type Reader } from "../../jsonRpc/params.ts";
import { decodeReceipt, type EvmLog } from "../receipt.ts";
import type { ChainBlock } from "./blockCache.ts";
import { type BloomBits, bloomBits, bloomHas } from "./bloom.ts";
import { type FormattedLog, formatLog } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { address, hash } from "./params.ts";

/** Accepted values; `undefined` accepts all. */
type Choice = { values: ReadonlySet<Hex>; bits: readonly BloomBits[] } | undefined;

export type LogQuery = { addresses: Choice; topics: readonly Choice[] };

const choice = (values: readonly Hex[]): Choice =>
  values.length === 0 ? undefined : { values: new Set(values), bits: values.map(bloomBits) };

const choiceOf =
  (reader: Reader<Hex>): Reader<Choice> =>
  (value, name) => {
    if (!Array.isArray(value)) return choice([reader(value, name)]);
    return value.includes(null) ? undefined : choice(list(reader, rpcLimits.logChoices)(value, name));
  };

const topics: Reader<Choice[]> = (value, name) => {
  if (!Array.isArray(value) || value.length > 4) throw invalidParams(`invalid ${name}: expected at most 4 topics`);
  const reader = choiceOf(hash);
  return value.map((topic, index) => (topic === null ? undefined : reader(topic, `${name}[${index}]`)));
};

/** Reads `address` and `topics` of a filter object. */
export const logQuery: Reader<LogQuery> = (value, name) => {
  const filter = value as Readonly<Record<string, unknown>>;
  return {
    addresses: filter.address == null ? undefined : choiceOf(address)(filter.address, `${name}.address`),
    topics: filter.topics == null ? [] : topics(filter.topics, `${name}.topics`),
  };
};

const accepts = (wanted: Choice, value: Hex | undefined): boolean =>
  wanted === undefined || (value !== undefined && wanted.values.has(value));

const matches = ({ addresses, topics }: LogQuery, log: EvmLog): boolean =>
  accepts(addresses, log.address) &&
  topics.length <= log.topics.length &&
  topics.every((wanted, index) => accepts(wanted, log.topics[index]));

/** Whether a block with this bloom may have such logs; false is certain. */
export const mayHave = ({ addresses, topics }: LogQuery, bloom: Uint8Array): boolean =>
  [addresses, ...topics].every((wanted) => wanted === undefined || wanted.bits.some((bits) => bloomHas(bloom, bits)));

/** What an answer still has room for. */
export type LogRoom = { logs: number; bytes: number };

/** The room of a whole answer. */
export const allLogs = (): LogRoom => ({ logs: rpcLimits.logs, bytes: rpcLimits.logBytes });

/** The block's logs that match, in order, taken from `room`; `undefined` when they don't fit. */
export const matchingLogs = (block: ChainBlock, query: LogQuery, room: LogRoom): FormattedLog[] | undefined => {
  const { firstLog } = block.outline();
  const found: FormattedLog[] = [];
  for (const [index, { receipt }] of block.transactions.entries()) {
    const first = firstLog[index] ?? 0;
    if (firstLog[index + 1] === first) continue;
    for (const [i, log] of decodeReceipt(receipt).logs.entries()) {
      if (!matches(query, log)) continue;
      room.logs--;
      room.bytes -= log.data.length / 2;
      if (room.logs < 0 || room.bytes < 0) return undefined;
      found.push(formatLog(block, index, first + i, log));
    }
  }
  return found;
};
