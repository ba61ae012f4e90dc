/** One height: what is applied to a tenant, what comes out, what the node keeps of that, and what all come to. */
import type { Adapter, BlockContext, Execution, Executor, OrderedEntry, Seal } from "../../adapters/adapter.ts";
import type { KnownHeader } from "../../consensus/application.ts";
import { compareBytes, fromHex, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { asRevision, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds, inputsRoot } from "../../protocol/inputs.ts";
import type { HopelessCount, Summary, TenantStatus, TenantSummary } from "../../protocol/summary.ts";
import type { SliceEntry } from "../block/payload.ts";
import type { Due } from "../roster/entry.ts";
import { type ExecutionRecord, outcomeKinds, type TenantRecord } from "../storage/records.ts";

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

/** Runs a whole block; nothing is awaited in between, so it costs one round trip to the executor. */
export const executeTenant = async (
  executor: Executor,
  adapter: Pick<Adapter, "protocolWrites">,
  domain: Domain,
  context: BlockContext,
  slice: readonly SliceEntry[],
): Promise<TenantResult> => {
  const writes = adapter.protocolWrites(context);
  const begun = executor.begin(context);
  const written = writes.map((write) => executor.write(write));
  const executed = slice.length === 0 ? Promise.resolve([]) : executor.execute(slice.map(orderedEntry));
  const sealed = executor.seal();
  const [executions, seal] = await Promise.all([executed, sealed, begun, ...written]);
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

/** Adds up what each producer has; increasing by producer. */
const addUp = (counts: readonly HopelessCount[]): HopelessCount[] => {
  const sums = new Map<Hex, HopelessCount>();
  for (const { producer, count } of counts) {
    const key = toHex(producer);
    sums.set(key, { producer, count: count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()].sort((a, b) => compareBytes(a.producer, b.producer));
};

/** How often each producer ordered what was hopeless, or declared another gas than a transaction has. */
const hopelessCounts = (executions: readonly Execution[], slice: readonly SliceEntry[]): HopelessCount[] =>
  addUp(
    executions.flatMap((execution) =>
      (slice[execution.index]?.declarations ?? [])
        .filter(({ gas }) =>
          execution.kind === "omitted" ? execution.hopeless : execution.kind === "applied" && gas !== execution.gas,
        )
        .map(({ producer }) => ({ producer, count: 1 })),
    ),
  );

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

/** The tenant's line in the summary. It has no outbox yet, so that stays empty. */
const tenantSummary = (domain: Domain, record: TenantRecord, status: TenantStatus): TenantSummary => ({
  domain,
  number: record.number,
  blockHash: record.blockHash,
  stateRoot: record.stateRoot,
  auxRoot: record.auxRoot,
  receiptsRoot: record.receiptsRoot,
  inputsRoot: record.inputsRoot,
  outboxRoot: zeroRoot,
  outboxCount: 0,
  gasUsed: record.gasUsed,
  status,
});

/** The summary of a height, from its header and the record of every tenant that has a block there. */
export const summaryOf = (
  { header, root }: KnownHeader,
  previous: Root,
  due: readonly Due[],
  records: ReadonlyMap<Domain, TenantRecord>,
): Summary => ({
  epoch: header.epoch,
  height: header.height,
  revision: asRevision(0),
  header: root,
  previous,
  timestampMs: header.timestampMs,
  accountsRoot: zeroRoot,
  tenants: due.flatMap(({ domain, status }) => {
    const record = records.get(domain);
    return record === undefined ? [] : [tenantSummary(domain, record, status)];
  }),
  bundles: [],
  hopeless: addUp([...records.values()].flatMap(({ hopeless }) => hopeless)),
});
