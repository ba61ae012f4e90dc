/** eth_getLogs and the search behind it. */
import type { Hex } from "../../../protocol/bytes.ts";
import { errorCodes, invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { member, object, positional, type Reader, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { type BlockPlace, blockPlace } from "./blockTag.ts";
import type { Chain } from "./chain.ts";
import { blockNotFound } from "./errors.ts";
import type { FormattedLog } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { allLogs, type LogQuery, logQuery, matchingLogs, mayHave } from "./logQuery.ts";
import { hash } from "./params.ts";

/** Where to search: one block, or a range. */
export type LogFilter = LogQuery & ({ blockHash: Hex } | { from: BlockPlace; to: BlockPlace });

export const logFilter: Reader<LogFilter> = (value, name) => {
  const filter = object(value, name);
  const query = logQuery(filter, name);
  const blockHash = member(filter, "blockHash", hash, name);
  const from = member(filter, "fromBlock", blockPlace, name);
  const to = member(filter, "toBlock", blockPlace, name);
  if (blockHash === undefined) return { ...query, from: from ?? "latest", to: to ?? "latest" };
  if (from !== undefined || to !== undefined) {
    throw invalidParams("cannot specify both blockHash and fromBlock/toBlock, choose one or the other");
  }
  return { ...query, blockHash };
};

export const logMethods = (chain: Chain): Record<string, Method> => ({
  eth_getLogs: (params) => {
    const filter = required(positional(params, 1), 0, logFilter);
    return chain.scan(() => findLogs(chain, filter));
  },
});

/** @throws RpcError when the range or the result is too large */
export const findLogs = async (chain: Chain, filter: LogFilter): Promise<FormattedLog[]> => {
  if ("blockHash" in filter) {
    const block = await chain.blocks.byHash(filter.blockHash);
    if (block === undefined) throw blockNotFound();
    const room = allLogs();
    const logs = matchingLogs(block, filter, room);
    if (logs === undefined) throw tooManyLogs(block.number);
    return logs;
  }
  const from = chain.numberOf(filter.from);
  const asked = chain.numberOf(filter.to);
  if (from > asked) throw invalidParams(`invalid block range: fromBlock ${from} is after toBlock ${asked}`);
  const to = Math.min(asked, chain.head());
  if (to - from >= rpcLimits.logBlocks) {
    throw tooMuch(`exceed maximum block range: ${rpcLimits.logBlocks}, this query covers ${to - from + 1} blocks`);
  }
  const { logs, stoppedAt } = await searchLogs(chain, filter, from, to);
  if (stoppedAt !== undefined) throw tooManyLogs(stoppedAt);
  return logs;
};

/**
 * Matching logs of the blocks from `from` to `to`, or of those before `stoppedAt`, with which they would
 * be more than one answer may hold.
 */
export const searchLogs = async (
  chain: Chain,
  query: LogQuery,
  from: number,
  to: number,
): Promise<{ logs: FormattedLog[]; stoppedAt?: number }> => {
  const logs: FormattedLog[] = [];
  const room = allLogs();
  for (let number = from; number <= to; number++) {
    if ((number - from) % rpcLimits.scannedAtOnce === rpcLimits.scannedAtOnce - 1) await new Promise(setImmediate);
    const bloom = await chain.blocks.bloom(number);
    if (bloom === undefined || !mayHave(query, bloom)) continue;
    const block = await chain.blocks.byNumber(number);
    if (block === undefined) continue;
    const more = matchingLogs(block, query, room);
    if (more === undefined) return { logs, stoppedAt: number };
    for (const log of more) logs.push(log);
  }
  return { logs };
};

export const tooManyLogs = (block: number): RpcError =>
  tooMuch(
    `query returned more than ${rpcLimits.logs} results, or ${rpcLimits.logBytes} bytes of data, by block ${block}: ask for fewer blocks, addresses or topics`,
  );

const tooMuch = (message: string): RpcError => new RpcError(errorCodes.limitExceeded, message);
