/** One tenant at one height: what is applied to it, what comes out, and what the node keeps of that. */
import type { Adapter, BlockContext, Execution, Executor, OrderedEntry, Seal } from "../../adapters/adapter.ts";
import { fromHex, type Hex, utf8 } from "../../protocol/bytes.ts";
import { type Domain, zeroRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds, inputsRoot } from "../../protocol/inputs.ts";
import type { SliceEntry } from "../block/payload.ts";
import { type ExecutionRecord, outcomeKinds, type TenantRecord } from "../storage/records.ts";
import { hopelessCounts } from "./hopeless.ts";
import { keptPositions } from "./recoveries.ts";

export type TenantResult = {
  domain: Domain;
  context: BlockContext;
  writes: Uint8Array[];
  slice: readonly SliceEntry[];
  /** In canonical order. */
  executions: Execution[];
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
  slice.flatMap(({ key }, index): Execution[] =>
    skipped.has(key) ? [{ kind: "omitted", index, reason: "skipped", hopeless: false }] : [],
  );

/**
 * Runs a whole block; nothing is awaited in between, so it costs one round trip to the executor, which never
 * sees the `skipped` entries.
 */
export const executeTenant = async (
  executor: Executor,
  adapter: Pick<Adapter, "protocolWrites">,
  domain: Domain,
  context: BlockContext,
  slice: readonly SliceEntry[],
  skipped: ReadonlySet<Hex>,
): Promise<TenantResult> => {
  const positions = skipped.size === 0 ? undefined : keptPositions(slice, skipped);
  const kept = positions?.map((index) => slice[index] as SliceEntry) ?? slice;
  const writes = adapter.protocolWrites(context);
  const begun = executor.begin(context);
  const written = writes.map((write) => executor.write(write));
  const executed = kept.length === 0 ? Promise.resolve([]) : executor.execute(kept.map(orderedEntry));
  const sealed = executor.seal();
  const [done, seal] = await Promise.all([executed, sealed, begun, ...written]);
  const executions =
    positions === undefined
      ? done
      : [
          ...done.map((execution) => ({ ...execution, index: positions[execution.index] as number })),
          ...skippedOf(slice, skipped),
        ];
  return tenantResult({ domain, context, writes, slice, executions, seal });
};

const none = new Uint8Array();

/** The tenant's inputs: writes and transactions as applied, then what was left out. */
export const inputsOf = (
  writes: readonly Uint8Array[],
  executions: readonly Pick<ExecutionRecord, "kind" | "index" | "reason">[],
  slice: readonly Pick<SliceEntry, "bytes">[],
): Input[] => {
  const bytesAt = (index: number): Uint8Array => slice[index]?.bytes ?? none;
  const applied: Input[] = [];
  const others: Input[] = [];
  for (const { kind, index, reason } of executions) {
    if (kind === outcomeKinds.applied) {
      applied.push({ kind: inputKinds.transaction, bytes: bytesAt(index), reason: none });
    } else {
      const left = kind === outcomeKinds.returned ? inputKinds.returned : inputKinds.omitted;
      others.push({ kind: left, bytes: bytesAt(index), reason });
    }
  }
  return [...writes.map((bytes) => ({ kind: inputKinds.write, bytes, reason: none })), ...applied, ...others];
};

const executionRecord = (execution: Execution): ExecutionRecord =>
  execution.kind === "applied"
    ? {
        kind: outcomeKinds.applied,
        index: execution.index,
        reason: none,
        nativeId: fromHex(execution.nativeId) ?? none,
        receipt: execution.receipt,
        succeeded: execution.succeeded,
      }
    : {
        kind: outcomeKinds[execution.kind],
        index: execution.index,
        reason: utf8(execution.reason),
        nativeId: none,
        receipt: none,
        succeeded: false,
      };

/** What the store keeps. */
const tenantRecord = ({ context, writes, slice, executions, seal }: Omit<TenantResult, "record">): TenantRecord => {
  const records = executions.map(executionRecord);
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
  tenantResult({ domain, context: { ...context, parentHash: zeroRoot }, writes: [], slice: [], executions: [], seal });
