/** Filters that clients poll: logs, blocks, pending transactions. */
import { randomBytes } from "node:crypto";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { none, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { Chain } from "./chain.ts";
import { serverError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";
import { findLogs, type LogFilter, logFilter, searchLogs, tooManyLogs } from "./logs.ts";
import { quantity } from "./params.ts";

type Filter =
  | { kind: "logs"; filter: LogFilter; polled: number }
  | { kind: "blocks"; polled: number }
  | { kind: "pending"; polled: number };

export type Filters = { methods: Record<string, Method>; close(): void };

export const createFilters = (chain: Chain): Filters => {
  /** The least recently polled first. */
  const filters = new Map<Hex, { filter: Filter; used: boolean }>();
  const pending = createPendingLog(chain);

  /** A filter lives through one sweep unused, not through two. */
  const sweep = setInterval(() => {
    for (const [id, entry] of filters) {
      if (!entry.used) filters.delete(id);
      entry.used = false;
    }
  }, rpcLimits.filterIdleMs);

  const install = (filter: Filter): Hex => {
    const id = newId();
    filters.set(id, { filter, used: true });
    const [oldest] = filters.keys();
    if (filters.size > rpcLimits.filters && oldest !== undefined) filters.delete(oldest);
    return id;
  };

  const find = (params: readonly unknown[]): Filter => {
    const id = required(params, 0, quantity);
    const entry = filters.get(id);
    if (entry === undefined) throw new RpcError(serverError, "filter not found");
    filters.delete(id);
    filters.set(id, { ...entry, used: true });
    return entry.filter;
  };

  const newHashes = (filter: Filter & { kind: "pending" }): Hex[] => {
    const hashes = pending.since(filter.polled);
    filter.polled = pending.count();
    return hashes;
  };

  const changes = async (filter: Exclude<Filter, { kind: "pending" }>): Promise<unknown> => {
    let { polled } = filter;
    const head = chain.head();
    const from = Math.min(polled, head) + 1;
    const to = Math.min(head, from + rpcLimits.logBlocks - 1);
    filter.polled = to;
    try {
      if (filter.kind === "blocks") return await blockHashes(chain, from, to);
      const { logs, stoppedAt } = await searchLogs(chain, filter.filter, ...overlap(filter.filter, from, to));
      if (stoppedAt === undefined) return logs;
      filter.polled = stoppedAt - 1;
      if (logs.length > 0) return logs;
      // Even alone it has too many: said once, and passed over.
      polled = stoppedAt;
      throw tooManyLogs(stoppedAt);
    } catch (thrown) {
      filter.polled = polled;
      throw thrown;
    }
  };

  const methods: Record<string, Method> = {
    eth_newFilter: (params) =>
      install({ kind: "logs", filter: required(positional(params, 1), 0, logFilter), polled: chain.head() }),
    eth_newBlockFilter: (params) => {
      none(params);
      return install({ kind: "blocks", polled: chain.head() });
    },
    eth_newPendingTransactionFilter: (params) => {
      none(params);
      return install({ kind: "pending", polled: pending.count() });
    },
    eth_getFilterChanges: (params) => {
      const filter = find(positional(params, 1));
      return filter.kind === "pending" ? newHashes(filter) : chain.scan(() => changes(filter));
    },
    eth_getFilterLogs: (params) => {
      const filter = find(positional(params, 1));
      if (filter.kind !== "logs") throw invalidParams("invalid argument 0: not a filter for logs");
      return chain.scan(() => findLogs(chain, filter.filter));
    },
    eth_uninstallFilter: (params) => filters.delete(required(positional(params, 1), 0, quantity)),
  };

  const close = (): void => {
    clearInterval(sweep);
    pending.close();
    filters.clear();
  };
  return { methods, close };
};

/** The newest pending transactions, counted from the start: all filters read the same list. */
const createPendingLog = (chain: Chain) => {
  let hashes: Hex[] = [];
  let dropped = 0;
  const close = chain.services.onPending((nativeId) => {
    hashes.push(nativeId);
    if (hashes.length < 2 * rpcLimits.filterHashes) return;
    dropped += hashes.length - rpcLimits.filterHashes;
    hashes = hashes.slice(-rpcLimits.filterHashes);
  });
  return {
    count: () => dropped + hashes.length,
    since: (polled: number): Hex[] => hashes.slice(Math.max(0, polled - dropped)).slice(-rpcLimits.filterHashes),
    close,
  };
};

/** The part of new blocks that a filter is about. */
const overlap = (filter: LogFilter, from: number, to: number): [from: number, to: number] => {
  if ("blockHash" in filter) return [to + 1, to];
  return [
    typeof filter.from === "number" ? Math.max(filter.from, from) : from,
    typeof filter.to === "number" ? Math.min(filter.to, to) : to,
  ];
};

/** Not to be guessed, as filters of all clients share a space; without leading zeros. */
const newId = (): Hex => {
  const bytes = randomBytes(16);
  bytes[0] = 0x80 | (bytes[0] ?? 0);
  return toHex(bytes);
};

const blockHashes = async (chain: Chain, from: number, to: number): Promise<Hex[]> => {
  const hashes: Hex[] = [];
  for (let number = from; number <= to; number++) {
    const block = await chain.blocks.byNumber(number);
    if (block !== undefined) hashes.push(block.hash);
  }
  return hashes;
};
