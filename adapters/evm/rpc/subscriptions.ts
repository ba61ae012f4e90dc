/** eth_subscribe: new heads, logs and pending transactions, pushed over a WebSocket. */
import { invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { boolean, expected, object, optional, positional, type Reader, required } from "../../jsonRpc/params.ts";
import type { Method, Session } from "../../jsonRpc/service.ts";
import type { ChainBlock } from "./blockCache.ts";
import type { Chain } from "./chain.ts";
import { serverError } from "./errors.ts";
import { formatHeader, hexOf } from "./format.ts";
import { allLogs, type LogQuery, logQuery, matchingLogs, mayHave } from "./logQuery.ts";
import { quantity } from "./params.ts";

const kinds = ["newHeads", "logs", "newPendingTransactions"] as const;
const kind: Reader<(typeof kinds)[number]> = (value, name) => {
  const known = kinds.find((candidate) => candidate === value);
  if (known === undefined) throw expected(name, `one of ${kinds.join(", ")}`, value);
  return known;
};

/** `result` is JSON already: many subscribers share it. */
const notification = (id: number, result: string): string =>
  `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${hexOf(id)}","result":${result}}}`;

export const subscriptionMethods = (chain: Chain): Record<string, Method> => {
  const heads = createHeads(chain);

  const newHeads = (session: Session) => (id: number) => heads((head) => session.send(notification(id, head)));

  const logs = (session: Session, query: LogQuery) => (id: number) =>
    chain.onBlock((block) => {
      if (block.bloom === undefined || !mayHave(query, block.bloom)) return;
      const logs = matchingLogs(block, query, allLogs());
      if (logs === undefined) session.cutOff("a block has more logs for a subscription than can be sent");
      for (const log of logs ?? []) session.send(notification(id, JSON.stringify(log)));
    });

  const pending = (session: Session) => (id: number) =>
    chain.services.onPending((nativeId) => session.send(notification(id, JSON.stringify(nativeId))));

  return {
    eth_subscribe: (params, session) => {
      const values = positional(params, 2);
      const wanted = required(values, 0, kind);
      if (session === undefined) throw new RpcError(serverError, "notifications not supported: open a WebSocket");
      if (wanted === "newHeads") return hexOf(session.subscribe(newHeads(session)));
      if (wanted === "logs") {
        const query = logQuery(optional(values, 1, object) ?? {}, "argument 1");
        return hexOf(session.subscribe(logs(session, query)));
      }
      if (optional(values, 1, boolean) === true) {
        throw invalidParams("invalid argument 1: whole pending transactions aren't pushed, only their hashes");
      }
      return hexOf(session.subscribe(pending(session)));
    },
    eth_unsubscribe: (params, session) => {
      const id = Number(required(positional(params, 1), 0, quantity));
      if (session?.unsubscribe(id) !== true) throw new RpcError(serverError, "subscription not found");
      return true;
    },
  };
};

/** Listeners for heads in JSON, written once a block. */
const createHeads = (chain: Chain) => {
  const listeners = new Set<(head: string) => void>();
  const publish = (block: ChainBlock): void => {
    const head = JSON.stringify(formatHeader(block));
    for (const listener of [...listeners]) listener(head);
  };
  let stop = (): void => {};
  return (listener: (head: string) => void): (() => void) => {
    if (listeners.size === 0) stop = chain.onBlock(publish);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) stop();
    };
  };
};
