/** Methods about the node and the chain. */

import { positional } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { toBase58 } from "../base58.ts";
import { slotsPerEpoch } from "../engine.ts";
import type { Chain } from "./chain.ts";
import { checkContextSlot, commitmentOf, configAt } from "./params.ts";

/** What Agave's answers say of the version whose rules hold here. */
const version = { "solana-core": "4.0.0", "feature-set": 0 } as const;

export const clusterMethods = (chain: Chain): Record<string, Method> => {
  const constant =
    (answer: unknown): Method =>
    (params) => {
      positional(params, 0);
      return answer;
    };

  /** Number of the newest block at the commitment that the config at `index` asks for. */
  const numberFor = (params: readonly unknown[], index = 0): number => {
    const config = configAt(params, index);
    const number = chain.numberAt(commitmentOf(config));
    checkContextSlot(config, number);
    return number;
  };

  const height: Method = (params) => numberFor(positional(params, 1));

  return {
    getVersion: constant(version),
    getHealth: constant("ok"),
    getGenesisHash: constant(toBase58(chain.genesisHash)),
    getIdentity: constant({ identity: chain.config.feeRecipient }),
    getFirstAvailableBlock: constant(0),
    minimumLedgerSlot: constant(0),
    getEpochSchedule: constant({
      slotsPerEpoch,
      leaderScheduleSlotOffset: slotsPerEpoch,
      warmup: false,
      firstNormalEpoch: 0,
      firstNormalSlot: 0,
    }),
    // No slot is skipped: the slot of a block is its height.
    getSlot: height,
    getBlockHeight: height,
    getSlotLeader: (params) => {
      numberFor(positional(params, 1));
      return chain.config.feeRecipient;
    },
    getTransactionCount: async (params) => {
      const { block } = await chain.block(numberFor(positional(params, 1)));
      return block.transactions;
    },
    getEpochInfo: async (params) => {
      const number = numberFor(positional(params, 1));
      const { block } = await chain.block(number);
      return {
        absoluteSlot: number,
        blockHeight: number,
        epoch: Math.floor(number / slotsPerEpoch),
        slotIndex: number % slotsPerEpoch,
        slotsInEpoch: slotsPerEpoch,
        transactionCount: block.transactions,
      };
    },
  };
};
