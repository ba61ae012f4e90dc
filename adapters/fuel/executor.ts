/** Executes a Fuel tenant on the engine: canonical order, protocol writes, seals. */
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asRoot, type Domain } from "../../protocol/ids.ts";
import { entriesRoot } from "../../protocol/payload.ts";
import type { Execution, Executor, LegExecution, OrderedEntry, OrderedLeg, Seal, SealedHead } from "../adapter.ts";
import { packBytes } from "../byteLists.ts";
import { leftOutLeg } from "../legs.ts";
import { asDeclared, canonicalOrder, leftOut } from "../order.ts";
import { onlyWriters } from "../writers.ts";
import { admit, inspectAll, inspectionOf, refusalOf } from "./admission.ts";
import { answerRead } from "./answers.ts";
import { tai64 } from "./block.ts";
import { bufferOf, type EngineHead, type EngineSeal, engineCall, type FuelEngine } from "./engine.ts";
import { explainLeg, legExecution, legOf, refuseMarked, withFuelDeposits } from "./legs.ts";
import { type Dependent, dependencyOrder } from "./order.ts";
import { type EngineExecuted, type EngineInspected, readExecuted } from "./packed.ts";
import { createPending } from "./pending.ts";
import { decodeWrite } from "./protocolWrites.ts";

const rootOf = (bytes: Uint8Array) => asRoot(Uint8Array.from(bytes));

export const headOf = ({ number, blockHash, stateRoot }: EngineHead): SealedHead => ({
  number,
  blockHash: rootOf(blockHash),
  stateRoot: rootOf(stateRoot),
});

export const sealOf = (seal: EngineSeal): Seal => ({
  ...headOf(seal),
  auxRoot: rootOf(seal.auxRoot),
  receiptsRoot: entriesRoot(
    Array.from({ length: seal.receipts.length / 32 }, (_, i) => rootOf(seal.receipts.subarray(32 * i, 32 * i + 32))),
  ),
  gasUsed: seal.gasUsed,
  block: Uint8Array.from(seal.block),
  diff: Uint8Array.from(seal.diff),
});

const executionOf = (index: number, executed: EngineExecuted | undefined): Execution => {
  if (executed === undefined) throw new LockstepError("executor_failed", "the Fuel engine gave too few answers");
  if ("applied" in executed) {
    const { id: nativeId, gas, gasUsed, succeeded, receipt } = executed.applied;
    return { kind: "applied", index, nativeId, receipt: Uint8Array.from(receipt), gas, gasUsed, succeeded };
  }
  const reason = refusalOf(executed.invalid.code);
  return reason === "block_full" ? { kind: "returned", index, reason } : leftOut(index, reason);
};

const dependentOf = (inspected: EngineInspected): Dependent =>
  "error" in inspected
    ? { id: "0x", parents: [] }
    : { id: inspected.ok.id, parents: inspected.ok.coins.map(({ utxo }) => utxo.slice(0, 66) as Hex) };

/**
 * @param baseAssetId asset of the fees
 * @param writers owners of coins whose transactions are taken; absent: anybody's
 */
export const createExecutor = (
  domain: Domain,
  engine: FuelEngine,
  baseAssetId: Hex,
  writers: readonly Hex[] | undefined,
): Executor => {
  const checkWriter = onlyWriters(writers);
  const pending = createPending(baseAssetId);
  /** What the open block executed or left out: pending until it is sealed. */
  const settled = new Set<Hex>();
  let isOpen = false;

  const head = (): SealedHead => headOf(engineCall(() => engine.head()));

  const requireOpen = (): void => {
    if (!isOpen) throw new LockstepError("wrong_state", "no block is open: call begin first");
  };

  const executeAll = (entries: readonly OrderedEntry[]): Execution[] => {
    const raw = entries.map(({ bytes }) => bytes);
    const inspected = inspectAll(engine, raw, false);
    const inspections = inspected.map((each, i) =>
      asDeclared(refuseMarked(checkWriter(inspectionOf(each)), raw[i] as Uint8Array), entries[i] as OrderedEntry),
    );
    const placed = canonicalOrder(
      inspections.map((each) => (each.ok ? { ok: true, value: unordered(each.value) } : each)),
    );
    const refused = placed.filter(({ refusal }) => refusal !== undefined);
    const taken = placed.filter(({ refusal }) => refusal === undefined).map(({ index }) => index);
    const dependents = taken.map((index) => dependentOf(inspected[index] as EngineInspected));
    const order = dependencyOrder(dependents).map((position) => taken[position] as number);
    const packed = packBytes(order.map((index) => raw[index] as Uint8Array));
    const executed = readExecuted(engineCall(() => engine.execute(packed, order)));
    const executions = new Map(
      order.map((index, i) => [index, withFuelDeposits(domain, executionOf(index, executed[i]))]),
    );
    for (const [index, { kind }] of executions) {
      const inspection = inspections[index];
      if (inspection?.ok && kind !== "returned") settled.add(inspection.value.nativeId as Hex);
    }
    for (const { index, refusal } of refused) executions.set(index, leftOut(index, refusal ?? "invalid"));
    // What is refused stands where it was; the rest fills the other places in the order of its execution.
    const next = order.values();
    return placed.map(({ index, refusal }) => {
      const at = refusal === undefined ? (next.next().value as number) : index;
      return executions.get(at) as Execution;
    });
  };

  const executeLeg = (leg: OrderedLeg): LegExecution => {
    const [inspected] = inspectAll(engine, [leg.bytes], false);
    const inspection = legOf(asDeclared(checkWriter(inspectionOf(inspected as EngineInspected)), leg), leg);
    if (!inspection.ok) return leftOutLeg(leg, inspection.error);
    const [executed] = readExecuted(engineCall(() => engine.execute(packBytes([leg.bytes]), [leg.index])));
    return legExecution(domain, executionOf(leg.index, executed));
  };

  return {
    inspect: async (transactions) => {
      const { number } = head();
      const inspected = inspectAll(engine, transactions, true);
      const inspections = inspected.map((each, i) =>
        refuseMarked(checkWriter(inspectionOf(each)), transactions[i] as Uint8Array),
      );
      for (const index of dependencyOrder(inspected.map(dependentOf))) {
        if (inspections[index]?.ok) inspections[index] = admit(inspected[index] as EngineInspected, pending, number);
      }
      return inspections;
    },

    begin: async ({ number, timestampMs, height, header, parentHash }) => {
      const parent = head();
      if (!equalBytes(parentHash, parent.blockHash)) {
        throw new LockstepError("wrong_state", `block ${number} does not follow block ${parent.number}`, {
          parentHash: toHex(parentHash),
          head: toHex(parent.blockHash),
        });
      }
      const time = tai64(Math.floor(timestampMs / 1000));
      engineCall(() => engine.begin(number, time, height, bufferOf(header)));
      isOpen = true;
    },

    write: async (write) => {
      const { slot, value } = decodeWrite(write);
      engineCall(() => engine.write(bufferOf(slot), bufferOf(value)));
    },

    execute: async (entries) => {
      requireOpen();
      return executeAll(entries);
    },

    inspectLegs: async (transactions) =>
      inspectAll(engine, transactions, true).map((each) => checkWriter(inspectionOf(each))),
    leg: async (leg) => {
      requireOpen();
      return executeLeg(leg);
    },
    explain: async (_, executed) => explainLeg(executed),

    checkpoint: async () => engineCall(() => engine.checkpoint()),
    commit: async (id) => engineCall(() => engine.commit(id)),
    revert: async (id) => engineCall(() => engine.revert(id)),

    seal: async () => {
      requireOpen();
      const seal = sealOf(engineCall(() => engine.seal()));
      isOpen = false;
      for (const id of settled) pending.remove(id);
      settled.clear();
      pending.expire(seal.number);
      return seal;
    },

    discard: async () => {
      if (!isOpen) return;
      engineCall(() => engine.discard());
      settled.clear();
      isOpen = false;
    },

    read: async (request) => answerRead(engine, request),

    close: async () => {
      isOpen = false;
    },
  };
};

/** Transactions have no nonces: those of one sender keep their order. */
const unordered = ({ nativeId, sender }: { nativeId: Hex; sender: string }) => ({ nativeId, sender });
