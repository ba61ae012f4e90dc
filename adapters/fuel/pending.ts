/**
 * Transactions that this node found good and that are not executed yet, as far as others depend on them: what they will put
 * out can be spent by a later transaction, what they spend can't be spent again. Local, bounded, and no part of consensus.
 */
import type { Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { RefusalCode } from "../adapter.ts";
import { executorLimits } from "./limits.ts";
import type { EngineFacts, SpentCoin } from "./packed.ts";

/** `price` is the lowest tip of it and of those it depends on: a lane that puts higher tips first never turns them round. */
type Known = { facts: EngineFacts; price: bigint; since: number };

export type Pending = {
  /**
   * Takes a transaction in, or says which of its inputs is not there. Gives what a unit of its gas is worth, and how much
   * of the base asset the sender is to get from pending ones.
   *
   * @param price tip for a unit of gas
   * @param number newest sealed block
   */
  add(facts: EngineFacts, price: bigint, number: number): Result<{ price: bigint; expected: bigint }, RefusalCode>;
  /** It was executed or left out. */
  remove(id: Hex): void;
  /** Forgets what has waited too long. */
  expire(number: number): void;
};

/** @param baseAssetId asset of the fees */
export const createPending = (baseAssetId: Hex): Pending => {
  /** Oldest first. */
  const known = new Map<Hex, Known>();
  const spenders = new Map<Hex, Hex>();
  const creators = new Map<Hex, Hex>();

  const remove = (id: Hex): void => {
    const entry = known.get(id);
    if (entry === undefined) return;
    known.delete(id);
    for (const { utxo } of entry.facts.coins) if (spenders.get(utxo) === id) spenders.delete(utxo);
    for (const output of entry.facts.outputs) {
      if (output.kind === "contract" && creators.get(output.contractId) === id) creators.delete(output.contractId);
    }
  };

  /** The pending transaction that will put a coin out, if it will be this one. */
  const sourceOf = ({ utxo, owner, assetId, amount }: SpentCoin): Known | undefined => {
    const source = known.get(utxo.slice(0, 66) as Hex);
    const output = source?.facts.outputs[Number.parseInt(utxo.slice(66), 16)];
    if (output?.kind === "unknown") return source;
    const isIt =
      output?.kind === "coin" && output.owner === owner && output.assetId === assetId && output.amount === amount;
    return isIt ? source : undefined;
  };

  const refuseCoins = ({ id, coins }: EngineFacts, price: bigint) => {
    for (const coin of coins) {
      const { utxo, standing } = coin;
      if (standing === "different") {
        return failure("invalid", `coin ${utxo} has another owner, amount or asset than its input says`);
      }
      if (standing === "missing" && sourceOf(coin) === undefined) {
        return failure(
          "insufficient_funds",
          `coin ${utxo} is spent, or neither put out nor promised by a pending transaction`,
        );
      }
      const other = known.get(spenders.get(utxo) ?? id);
      if (other !== undefined && other.facts.id !== id && price * 10n < other.price * 11n + 1n) {
        return failure(
          "duplicate",
          `coin ${utxo} is spent by pending transaction ${other.facts.id}: offer a higher tip`,
        );
      }
    }
    return undefined;
  };

  return {
    add: (facts, ownPrice, number) => {
      const refusal = refuseCoins(facts, ownPrice);
      if (refusal !== undefined) return refusal;
      const missing = facts.contracts.find(({ contractId, isThere }) => !isThere && !creators.has(contractId));
      if (missing !== undefined) {
        return failure("invalid", `there is no contract ${missing.contractId}, and no pending transaction creates it`);
      }
      const sources = facts.coins.flatMap((coin) =>
        coin.standing === "missing" ? [{ coin, from: sourceOf(coin) }] : [],
      );
      const makers = facts.contracts.map(({ contractId }) => known.get(creators.get(contractId) ?? facts.id));
      const price = [...sources.map(({ from }) => from), ...makers].reduce(
        (least, from) => (from !== undefined && from.facts.id !== facts.id && from.price < least ? from.price : least),
        ownPrice,
      );
      const expected = sources
        .filter(({ coin }) => coin.owner === facts.sender && coin.assetId === baseAssetId)
        .reduce((sum, { coin }) => sum + coin.amount, 0n);
      remove(facts.id);
      known.set(facts.id, { facts, price, since: number });
      for (const { utxo } of facts.coins) spenders.set(utxo, facts.id);
      for (const output of facts.outputs) if (output.kind === "contract") creators.set(output.contractId, facts.id);
      const [oldest] = known.keys();
      if (oldest !== undefined && known.size > executorLimits.pendingTransactions) remove(oldest);
      return success({ price, expected });
    },
    remove,
    expire: (number) => {
      for (const [id, { since }] of known) {
        if (number - since <= executorLimits.pendingBlocks) return;
        remove(id);
      }
    },
  };
};
