/** Follows a network or a peer until everything that was submitted is executed. */
import { setTimeout as pause } from "node:timers/promises";
import { followHeights } from "./heights.ts";
import { call, callAll } from "./http.ts";

export type Target =
  /** `gas` is what one transaction of the load uses, so gas counts transactions. */
  | { kind: "lockstep"; api: string; domain: number; gas: number }
  | { kind: "anvil"; url: string; senders: readonly string[] }
  | { kind: "cometbft"; url: string };

/** Times on the clock of `performance.now()`; what a peer doesn't have is absent. */
export type Reached = {
  executed: number;
  finalized?: number;
  certified?: number;
  /** How many were executed when. */
  steps?: { at: number; transactions: number }[];
};

export type Progress = {
  /** Resolves when as many transactions as that were executed since `followProgress`. */
  reached(transactions: number): Promise<Reached>;
  close(): void;
};

const pollMs = 20;
const patienceMs = 120_000;

const followLockstep = async ({ api, domain, gas }: Target & { kind: "lockstep" }): Promise<Progress> => {
  const heights = await followHeights(api);
  return {
    reached: async (transactions) => {
      await heights.until(() => heights.gasOf(domain) >= transactions * gas);
      const height = heights.lastOf(domain);
      await heights.until(() => heights.certifiedAt(height) !== undefined);
      const [finalized, executed, certified] = [
        heights.finalizedAt(height) ?? Number.NaN,
        heights.executedAt(height) ?? Number.NaN,
        heights.certifiedAt(height) ?? Number.NaN,
      ];
      const count = heights.gasOf(domain) / gas;
      if (count !== transactions) throw new Error(`${transactions} transactions were submitted, ${count} executed`);
      const steps = heights.stepsOf(domain).map((step) => ({ at: step.at, transactions: step.gas / gas }));
      return { finalized, executed, certified, steps };
    },
    close: heights.close,
  };
};

const followAnvil = async ({ url, senders }: Target & { kind: "anvil" }): Promise<Progress> => {
  const count = async () => {
    const params = senders.map((sender) => [sender, "latest"]);
    const counts = await callAll(url, "eth_getTransactionCount", params);
    return counts.reduce<number>((sum, each) => sum + Number(each), 0);
  };
  const before = await count();
  return {
    reached: async (transactions) => {
      for (const deadline = performance.now() + patienceMs; performance.now() < deadline; ) {
        await call(url, "evm_mine", []);
        const executed = (await count()) - before;
        if (executed >= transactions) return { executed: performance.now() };
      }
      throw new Error(`anvil executed ${(await count()) - before} of ${transactions} transactions`);
    },
    close: () => {},
  };
};

type CometStatus = { sync_info: { latest_block_height: string } };
type CometChain = { block_metas: { num_txs: string }[] };
/** Most blocks that one answer of `blockchain` holds. */
const metasAtOnce = 20;

const followCometBft = async ({ url }: Target & { kind: "cometbft" }): Promise<Progress> => {
  const height = async () => Number(((await call(url, "status", {})) as CometStatus).sync_info.latest_block_height);
  let counted = await height();
  let executed = 0;
  return {
    reached: async (transactions) => {
      let progressAt = performance.now();
      while (performance.now() - progressAt < patienceMs) {
        const newest = await height();
        const at = performance.now();
        while (counted < newest) {
          const to = Math.min(newest, counted + metasAtOnce);
          const params = { minHeight: String(counted + 1), maxHeight: String(to) };
          const { block_metas } = (await call(url, "blockchain", params)) as CometChain;
          const found = block_metas.reduce((sum, { num_txs }) => sum + Number(num_txs), 0);
          if (found > 0) progressAt = at;
          executed += found;
          counted = to;
        }
        if (executed >= transactions) {
          executed -= transactions;
          return { executed: at };
        }
        await pause(pollMs);
      }
      throw new Error(`CometBFT executed ${executed} of ${transactions} transactions`);
    },
    close: () => {},
  };
};

export const followProgress = (target: Target): Promise<Progress> => {
  switch (target.kind) {
    case "lockstep":
      return followLockstep(target);
    case "anvil":
      return followAnvil(target);
    case "cometbft":
      return followCometBft(target);
  }
};
