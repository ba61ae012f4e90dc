/** Methods about fees. */
import { invalidParams } from "../../jsonRpc/error.ts";
import { expected, list, none, optional, positional, type Reader, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { ChainBlock } from "./blockCache.ts";
import { blockPlace } from "./blockTag.ts";
import type { Chain } from "./chain.ts";
import { blockNotFound } from "./errors.ts";
import { hexOf } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { looseInteger } from "./params.ts";

/** What is suggested while nobody pays more, wei. */
const leastTip = 1_000_000n;
/** Of the tips paid lately, how many the suggestion exceeds. */
const tipPercentile = 60;

export const feeMethods = (chain: Chain): Record<string, Method> => {
  const suggestTip = createTipSuggestion(chain);

  return {
    eth_gasPrice: async (params) => {
      none(params);
      const [tip, baseFee] = await Promise.all([suggestTip(), chain.read({ kind: "nextBaseFee", afterMs: 0 })]);
      return hexOf(tip + baseFee);
    },
    eth_maxPriorityFeePerGas: async (params) => {
      none(params);
      return hexOf(await suggestTip());
    },
    eth_feeHistory: async (params) => {
      const values = positional(params, 3);
      const asked = required(values, 0, looseInteger);
      const newest = chain.numberOf(required(values, 1, blockPlace));
      const percentiles = optional(values, 2, percentileList);
      if (newest > chain.head()) throw blockNotFound();
      const count = Math.min(asked, newest + 1, rpcLimits.feeHistoryBlocks);
      return chain.scan(() => feeHistory(chain, newest, count, percentiles));
    },
  };
};

const percentile: Reader<number> = (value, name) => {
  if (typeof value !== "number" || !(value >= 0 && value <= 100)) throw expected(name, "a number from 0 to 100", value);
  return value;
};

const percentileList: Reader<number[]> = (value, name) => {
  const percentiles = list(percentile, rpcLimits.feeHistoryPercentiles)(value, name);
  if (percentiles.some((p, i) => p < (percentiles[i - 1] ?? 0))) {
    throw invalidParams(`invalid ${name}: percentiles must not decrease`);
  }
  return percentiles;
};

const feeHistory = async (chain: Chain, newest: number, count: number, percentiles: number[] | undefined) => {
  const oldest = count === 0 ? newest : newest - count + 1;
  const baseFeePerGas: string[] = [];
  const gasUsedRatio: number[] = [];
  const reward: string[][] = [];
  for (let number = oldest; number < oldest + count; number++) {
    const block = await chain.blocks.byNumber(number);
    if (block === undefined) throw blockNotFound();
    baseFeePerGas.push(hexOf(block.header.baseFeePerGas));
    gasUsedRatio.push(block.header.gasUsed / block.header.gasLimit);
    if (percentiles !== undefined) reward.push(rewardsOf(block, percentiles));
  }
  if (count > 0) baseFeePerGas.push(hexOf(await nextBaseFee(chain, newest)));
  return {
    oldestBlock: hexOf(oldest),
    baseFeePerGas,
    gasUsedRatio,
    ...(percentiles === undefined ? {} : { reward }),
  };
};

const nextBaseFee = async (chain: Chain, number: number): Promise<bigint> => {
  const next = await chain.blocks.byNumber(number + 1);
  return next?.header.baseFeePerGas ?? chain.read({ kind: "nextBaseFee", afterMs: 0 });
};

/** Tips at percentiles of the block's gas, cheapest first; zeros for a block without transactions. */
const rewardsOf = (block: ChainBlock, percentiles: readonly number[]): string[] => {
  const { gasUsed, gasPrice } = block.outline();
  const paid = gasPrice
    .map((price, index) => ({ tip: price - block.header.baseFeePerGas, gas: gasUsed[index] ?? 0 }))
    .sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  let at = 0;
  let passed = paid[0]?.gas ?? 0;
  return percentiles.map((p) => {
    const threshold = (block.header.gasUsed * p) / 100;
    while (passed < threshold && at < paid.length - 1) passed += paid[++at]?.gas ?? 0;
    return hexOf(paid[at]?.tip ?? 0n);
  });
};

/** A tip that 60 % of the transactions of the last blocks didn't exceed; computed once a block. */
const createTipSuggestion = (chain: Chain): (() => Promise<bigint>) => {
  let computed: { head: number; tip: Promise<bigint> } | undefined;

  const compute = async (head: number): Promise<bigint> => {
    const tips: bigint[] = [];
    for (let number = head; number > Math.max(0, head - rpcLimits.tipBlocks); number--) {
      const block = await chain.blocks.byNumber(number);
      if (block === undefined || block.transactions.length === 0) continue;
      const { gasPrice } = block.outline();
      tips.push(...gasPrice.slice(0, rpcLimits.tipTransactions).map((price) => price - block.header.baseFeePerGas));
    }
    tips.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const tip = tips[Math.floor(((tips.length - 1) * tipPercentile) / 100)] ?? leastTip;
    return tip > leastTip ? tip : leastTip;
  };

  return () => {
    const head = chain.head();
    if (computed?.head !== head) {
      const tip = compute(head);
      computed = { head, tip };
      tip.catch(() => {
        computed = undefined;
      });
    }
    return computed.tip;
  };
};
