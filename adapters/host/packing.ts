/**
 * Transactions and receipts on their way to a child process and back. A structured clone takes as long over each small
 * byte string as over a large one, so that those of a call cross as one.
 */
import type {
  BlockContext,
  BundleStep,
  Execution,
  Executor,
  Inspection,
  OrderedEntry,
  SimulatedLeg,
} from "../adapter.ts";
import { packBytes, unpackBytes } from "../byteLists.ts";
import type { Simulating } from "../simulate.ts";

type PackedEntries = { bytes: Uint8Array; gas: (readonly number[])[] };

type Unreceipted<E extends Execution = Execution> = E extends { receipt: Uint8Array } ? Omit<E, "receipt"> : E;
type PackedExecutions = { executions: Unreceipted[]; receipts: Uint8Array };

/** An executor whose bulky arguments and answers are packed. */
export type PackedExecutor = Omit<Executor, "inspect" | "execute"> & {
  inspect(transactions: Uint8Array): Promise<Inspection[]>;
  execute(entries: PackedEntries): Promise<PackedExecutions>;
  simulate(simulation: Simulation): Promise<SimulatedLeg | undefined>;
};

export type Simulation = { context: BlockContext; steps: readonly BundleStep[] };

const unreceipted = (execution: Execution): Unreceipted => {
  if (execution.kind !== "applied") return execution;
  const { receipt: _, ...rest } = execution;
  return rest;
};

/** At the side of the executor. */
export const packed = (executor: Simulating): PackedExecutor => ({
  ...executor,
  inspect: (transactions) => executor.inspect(unpackBytes(transactions)),
  execute: async ({ bytes, gas }) => {
    const entries = unpackBytes(bytes).map((each, i) => ({ bytes: each, gas: gas[i] ?? [] }));
    const executions = await executor.execute(entries);
    const receipts = executions.flatMap((execution) => (execution.kind === "applied" ? [execution.receipt] : []));
    return { executions: executions.map(unreceipted), receipts: packBytes(receipts) };
  },
  simulate: ({ context, steps }) => executor.simulate(context, steps),
});

/** At the other side. */
export const packEntries = (entries: readonly OrderedEntry[]): PackedEntries => ({
  bytes: packBytes(entries.map(({ bytes }) => bytes)),
  gas: entries.map(({ gas }) => gas),
});

/** @throws LockstepError `undecodable` */
export const unpackExecutions = ({ executions, receipts }: PackedExecutions): Execution[] => {
  const next = unpackBytes(receipts).values();
  return executions.map((execution) =>
    execution.kind === "applied" ? { ...execution, receipt: next.next().value ?? new Uint8Array() } : execution,
  );
};
