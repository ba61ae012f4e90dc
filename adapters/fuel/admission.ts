/** What is said of a transaction before it is ordered, in the words that all adapters share. */
import { failure, LockstepError, success } from "../../protocol/errors.ts";
import { type Inspection, type RefusalCode, refusalCodes, type TransactionFacts } from "../adapter.ts";
import { packBytes } from "../byteLists.ts";
import { engineCall, type FuelEngine } from "./engine.ts";
import { type EngineFacts, type EngineInspected, readInspected } from "./packed.ts";
import type { Pending } from "./pending.ts";

/** Prices are tips in billionths of the base asset's unit for a unit of gas. */
const priceScale = 1_000_000_000n;

export const refusalOf = (engineCode: string): RefusalCode => {
  const code = refusalCodes.find((candidate) => candidate === engineCode);
  if (code === undefined) {
    throw new LockstepError("executor_failed", `the Fuel engine refused a transaction with code ${engineCode}`);
  }
  return code;
};

const priceOf = ({ tip, gas }: EngineFacts): bigint => (tip * priceScale) / BigInt(Math.max(gas, 1));

const factsOf = (facts: EngineFacts, price: bigint): TransactionFacts => ({
  nativeId: facts.id,
  sender: facts.sender,
  gas: facts.gas,
  cost: facts.cost,
  price: { max: price, tip: price },
});

/** The engine's word on each transaction. Only if `thorough` are predicates checked. */
export const inspectAll = (
  engine: FuelEngine,
  transactions: readonly Uint8Array[],
  thorough: boolean,
): EngineInspected[] => readInspected(engineCall(() => engine.inspect(packBytes(transactions), thorough)));

/** As far as no state says anything. */
export const inspectionOf = (inspected: EngineInspected): Inspection =>
  "error" in inspected
    ? failure(refusalOf(inspected.error.code), inspected.error.message)
    : success(factsOf(inspected.ok, priceOf(inspected.ok)));

/**
 * The same with the newest sealed state, `number`, and what is pending: every input must be there, or promised by a
 * transaction that this node knows.
 */
export const admit = (inspected: EngineInspected, pending: Pending, number: number): Inspection => {
  if ("error" in inspected) return inspectionOf(inspected);
  const facts = inspected.ok;
  const added = pending.add(facts, priceOf(facts), number);
  if (!added.ok) return added;
  const { price, expected } = added.value;
  return success({ ...factsOf(facts, price), account: { nonce: 0, balance: facts.balance + expected } });
};
