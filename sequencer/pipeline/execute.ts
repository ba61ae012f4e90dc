/** One tenant at one height: what is applied to it, what comes out, and what the node keeps of that. */
import type {
  Adapter,
  BlockContext,
  BundleStep,
  Execution,
  Executor,
  OrderedEntry,
  Seal,
} from "../../adapters/adapter.ts";
import { fromHex, type Hex, utf8 } from "../../protocol/bytes.ts";
import { type Domain, zeroRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds, inputsRoot } from "../../protocol/inputs.ts";
import type { SliceEntry } from "../block/payload.ts";
import type { BundledPart } from "../bundle/ledger.ts";
import {
  type DepositRecord,
  type ExecutionRecord,
  outcomeKinds,
  type TenantRecord,
  type WriteRecord,
} from "../storage/records.ts";
import { hopelessCounts } from "./hopeless.ts";
import { lanePositions } from "./recoveries.ts";

export type TenantResult = {
  domain: Domain;
  context: BlockContext;
  writes: WriteRecord[];
  slice: readonly SliceEntry[];
  /** In canonical order; legs that were applied come last. */
  executions: Execution[];
  legs: number;
  seal: Seal;
  /** What the store keeps of it. */
  record: TenantRecord;
};

const orderedEntry = ({ bytes, declarations }: SliceEntry): OrderedEntry => ({
  bytes,
  gas: declarations.map(({ gas }) => gas),
});

/** What is left out by agreement comes last, like everything that is not applied. */
const skippedOf = (slice: readonly SliceEntry[], skipped: ReadonlySet<Hex>): Execution[] =>
  slice.flatMap(({ key, declarations }, index): Execution[] =>
    declarations.length > 0 && skipped.has(key) ? [{ kind: "omitted", index, reason: "skipped", hopeless: false }] : [],
  );

export type ToExecute = {
  domain: Domain;
  context: BlockContext;
  slice: readonly SliceEntry[];
  /** Ids of entries that are left out. */
  skipped: ReadonlySet<Hex>;
  /** Executes the bundles of the height, once the lane is; absent where the slice has no legs. */
  bundles?: (executor: Executor) => Promise<BundledPart>;
};

const isApplied = ({ kind }: Execution): boolean => kind === "applied";

/** Writes between legs, each with the number of entries that are applied before it. */
const writesAmong = (steps: readonly BundleStep[], before: number): WriteRecord[] => {
  let after = before;
  return steps.flatMap((step): WriteRecord[] => {
    if (step.kind === "write") return [{ after, bytes: step.bytes }];
    after++;
    return [];
  });
};

/**
 * Runs a whole block. Without bundles nothing is awaited in between, so it costs one round trip to the executor, which
 * never sees what is left out, nor in the lane what is only ordered as a leg.
 */
export const executeTenant = async (
  executor: Executor,
  adapter: Pick<Adapter, "protocolWrites">,
  { domain, context, slice, skipped, bundles }: ToExecute,
): Promise<TenantResult> => {
  const positions = skipped.size === 0 && bundles === undefined ? undefined : lanePositions(slice, skipped);
  const kept = positions?.map((index) => slice[index] as SliceEntry) ?? slice;
  const placed = (execution: Execution): Execution =>
    positions === undefined ? execution : { ...execution, index: positions[execution.index] as number };

  const writes = adapter.protocolWrites(context);
  const begun = executor.begin(context);
  const written = writes.map((write) => executor.write(write));
  const executed = kept.length === 0 ? Promise.resolve([]) : executor.execute(kept.map(orderedEntry));
  const lane = Promise.all([executed, begun, ...written]);
  const first = writes.map((bytes): WriteRecord => ({ after: 0, bytes }));
  const block = { domain, context, slice };

  if (bundles === undefined) {
    const [[done], seal] = await Promise.all([lane, executor.seal()]);
    const executions = positions === undefined ? done : [...done.map(placed), ...skippedOf(slice, skipped)];
    return tenantResult({ ...block, writes: first, executions, legs: 0, seal });
  }
  const [done] = await lane;
  const { steps, executions: legs, left } = await bundles(executor);
  const seal = await executor.seal();
  return tenantResult({
    ...block,
    writes: [...first, ...writesAmong(steps, done.filter(isApplied).length)],
    executions: [...done.map(placed), ...skippedOf(slice, skipped), ...left, ...legs],
    legs: legs.length,
    seal,
  });
};

const none = new Uint8Array();

/** The tenant's inputs: writes, transactions and legs as applied, then what was left out. */
export const inputsOf = (
  writes: readonly WriteRecord[],
  executions: readonly Pick<ExecutionRecord, "kind" | "index" | "reason" | "leg">[],
  slice: readonly Pick<SliceEntry, "bytes">[],
): Input[] => {
  const bytesAt = (index: number): Uint8Array => slice[index]?.bytes ?? none;
  const inputs: Input[] = [];
  const others: Input[] = [];
  let applied = 0;
  let next = 0;
  const addWrites = (): void => {
    for (let write = writes[next]; write !== undefined && write.after <= applied; write = writes[++next]) {
      inputs.push({ kind: inputKinds.write, bytes: write.bytes, reason: none });
    }
  };
  for (const { kind, index, reason, leg } of executions) {
    if (kind === outcomeKinds.applied) {
      addWrites();
      inputs.push({ kind: leg ? inputKinds.leg : inputKinds.transaction, bytes: bytesAt(index), reason: none });
      applied++;
    } else {
      const left = kind === outcomeKinds.returned ? inputKinds.returned : inputKinds.omitted;
      others.push({ kind: left, bytes: bytesAt(index), reason });
    }
  }
  addWrites();
  return [...inputs, ...others];
};

const executionRecord = (execution: Execution, leg: boolean): ExecutionRecord =>
  execution.kind === "applied"
    ? {
        kind: outcomeKinds.applied,
        index: execution.index,
        reason: none,
        nativeId: fromHex(execution.nativeId) ?? none,
        receipt: execution.receipt,
        succeeded: execution.succeeded,
        leg,
      }
    : {
        kind: outcomeKinds[execution.kind],
        index: execution.index,
        reason: utf8(execution.reason),
        nativeId: none,
        receipt: none,
        succeeded: false,
        leg: false,
      };

const mostDeposited = 2n ** 128n - 1n;

/** What was deposited with something in it; a VM may have amounts that no account can. */
const depositsOf = (executions: readonly Execution[]): DepositRecord[] =>
  executions
    .flatMap((execution) => (execution.kind === "applied" ? (execution.deposits ?? []) : []))
    .filter(({ amount }) => amount > 0n)
    .map(({ sponsor, amount }) => ({ sponsor, amount: amount < mostDeposited ? amount : mostDeposited }));

/** What the store keeps. */
const tenantRecord = (result: Omit<TenantResult, "record">): TenantRecord => {
  const { context, writes, slice, executions, legs, seal } = result;
  const firstLeg = executions.length - legs;
  const records = executions.map((execution, i) => executionRecord(execution, i >= firstLeg));
  return {
    height: context.height,
    number: context.number,
    timestampMs: context.timestampMs,
    header: context.header,
    parent: context.parent,
    parentHash: context.parentHash,
    certified: context.certified,
    blockHash: seal.blockHash,
    stateRoot: seal.stateRoot,
    auxRoot: seal.auxRoot,
    receiptsRoot: seal.receiptsRoot,
    inputsRoot: inputsRoot(inputsOf(writes, records, slice)),
    gasUsed: seal.gasUsed,
    block: seal.block,
    writes,
    executions: records,
    deposits: depositsOf(executions),
    hopeless: hopelessCounts(executions, slice),
  };
};

/** A result with its record, which is made once for store, summary and listeners. */
export const tenantResult = (result: Omit<TenantResult, "record">): TenantResult => ({
  ...result,
  record: tenantRecord(result),
});

/** Block 0 of a tenant: nothing is executed in it. */
export const genesisResult = (domain: Domain, context: BlockContext, seal: Seal): TenantResult =>
  tenantResult({
    domain,
    context: { ...context, parentHash: zeroRoot },
    writes: [],
    slice: [],
    executions: [],
    legs: 0,
    seal,
  });
