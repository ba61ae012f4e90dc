/** Waiting for single transactions to be executed. */
import type { Hex } from "../../../protocol/bytes.ts";
import { errorCodes, RpcError } from "../../jsonRpc/error.ts";
import type { ChainBlock } from "./blockCache.ts";
import type { Chain } from "./chain.ts";
import { rpcLimits } from "./limits.ts";
import { findTransaction } from "./transactions.ts";

export type Found = { block: ChainBlock; index: number };

export type Executions = {
  /** @throws RpcError when too many wait already */
  admit(): void;
  /** Where the transaction was executed; `undefined` when it wasn't in time. */
  of(nativeId: Hex, timeoutMs: number): Promise<Found | undefined>;
  close(): void;
};

export const createExecutions = (chain: Chain): Executions => {
  const waiting = new Map<Hex, Set<(found: Found | undefined) => void>>();
  let count = 0;

  const stop = chain.onBlock((block) => {
    if (waiting.size === 0) return;
    for (const [index, { nativeId }] of block.transactions.entries()) {
      for (const finish of [...(waiting.get(nativeId) ?? [])]) finish({ block, index });
    }
  });

  const of: Executions["of"] = (nativeId, timeoutMs) =>
    new Promise((resolve, reject) => {
      const others = waiting.get(nativeId) ?? new Set();
      const finish = (found: Found | undefined): void => {
        if (!others.delete(finish)) return;
        if (others.size === 0) waiting.delete(nativeId);
        count--;
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      waiting.set(nativeId, others.add(finish));
      count++;
      findTransaction(chain, nativeId).then((found) => found && finish(found), reject);
    });

  return {
    admit: () => {
      if (count >= rpcLimits.syncWaiters) {
        throw new RpcError(errorCodes.limitExceeded, "too many requests wait for execution: try again later");
      }
    },
    of,
    close: () => {
      stop();
      for (const finishes of [...waiting.values()]) for (const finish of [...finishes]) finish(undefined);
    },
  };
};
