/**
 * From finalized headers to summaries: every tenant's slice is executed, tenants side by side, and
 * the result is on disk before anybody sees it.
 */
import type { BlockContext } from "../../adapters/adapter.ts";
import type { FinalizedBlock } from "../../consensus/application.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asRevision, type Domain, type Height, type Root, zeroRoot } from "../../protocol/ids.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import { Summary } from "../../protocol/summary.ts";
import type { SliceEntry, Slices } from "../block/payload.ts";
import type { OrderingState } from "../control/state.ts";
import { executeTenant, hopelessCounts, type TenantResult, tenantSummary } from "./execute.ts";
import type { Tenant, Tenants } from "./tenants.ts";
import { heightWrites, omittedIds, tenantWrites } from "./writes.ts";

/** A finalized block whose batches are held. */
export type OrderedBlock = {
  block: FinalizedBlock;
  /** Ordering state after the block. */
  state: OrderingState;
  /** What settling its order changes in the store: written along with its execution. */
  writes: readonly DiskWrite[];
};

export type ExecutedBlock = {
  ordered: OrderedBlock;
  summary: Summary;
  summaryRoot: Root;
  results: readonly TenantResult[];
};

export type PipelineOptions = {
  disk: Disk;
  tenants: Tenants;
  /** Newest executed height, and the root of its summary. */
  executed: { height: Height; summaryRoot: Root };
  /** What was ordered at a height, from batches in memory or on disk. */
  slices(block: FinalizedBlock): Promise<Slices>;
  /** An executed block of a tenant as it was ordered, from the store. */
  stored(domain: Domain, number: number): Promise<{ context: BlockContext; slice: readonly SliceEntry[] }>;
  /** Which of these ids stored blocks of the tenant have applied. */
  appliedBefore(domain: Domain, ids: readonly Root[]): Promise<ReadonlySet<Hex>>;
  /** Further writes to make with the height: the attestation. */
  seal(executed: ExecutedBlock): DiskWrite[];
  /** Called in order, once a height is on disk. */
  onExecuted(executed: ExecutedBlock): void;
  /** Called when a height can't be executed here: nothing after it is. */
  onStuck(error: unknown): void;
  log(event: { event: string; [field: string]: unknown }): void;
};

export type Pipeline = {
  push(ordered: OrderedBlock): void;
  /** Blocks that wait for their execution. */
  backlog(): number;
  stop(): void;
};

/** How often a tenant's block is begun again when its executor's process dies under it. */
const maxAttempts = 5;

export const createPipeline = (options: PipelineOptions): Pipeline => {
  const { disk, tenants } = options;
  const queue: OrderedBlock[] = [];
  let { height, summaryRoot } = options.executed;
  let running = false;
  let stopped = false;

  /** Brings an executor that was started again to the block before `number`, from stored inputs alone. */
  const catchUp = async (tenant: Tenant, number: number): Promise<void> => {
    const started = await tenant.ready();
    if (started === tenant.startedFrom) return;
    for (let missing = started.number + 1; missing < number; missing++) {
      const { context, slice } = await options.stored(tenant.domain, missing);
      await executeTenant(tenant.executor, tenant.adapter, tenant.domain, context, slice);
    }
    tenant.startedFrom = started;
  };

  const runTenant = async (tenant: Tenant, ordered: OrderedBlock, slices: Slices): Promise<TenantResult> => {
    const { header, root } = ordered.block;
    const context: BlockContext = {
      height: header.height,
      number: header.height - tenant.activatedAt,
      timestampMs: header.timestampMs,
      header: root,
      parent: header.parent,
      parentHash: tenant.head,
      certified: Math.max(0, header.certified.height - tenant.activatedAt),
    };
    const slice = slices.get(tenant.domain) ?? [];
    for (let attempt = 1; ; attempt++) {
      try {
        await catchUp(tenant, context.number);
        return await executeTenant(tenant.executor, tenant.adapter, tenant.domain, context, slice);
      } catch (error) {
        const died = error instanceof LockstepError && error.code === "executor_died";
        if (!died || attempt === maxAttempts) throw error;
        options.log({ event: "executor_died", domain: tenant.domain, height: header.height, attempt });
      }
    }
  };

  const execute = async (ordered: OrderedBlock): Promise<ExecutedBlock> => {
    const { header, root } = ordered.block;
    const slices = await options.slices(ordered.block);
    const results = await Promise.all([...tenants.values()].map((tenant) => runTenant(tenant, ordered, slices)));
    const summary: Summary = {
      epoch: header.epoch,
      height: header.height,
      revision: asRevision(0),
      header: root,
      previous: summaryRoot,
      timestampMs: header.timestampMs,
      accountsRoot: zeroRoot,
      tenants: results.map(tenantSummary),
      bundles: [],
      hopeless: hopelessCounts(results),
    };
    return { ordered, summary, summaryRoot: Summary.root(summary), results };
  };

  const store = async (executed: ExecutedBlock): Promise<void> => {
    const { ordered, summary, results } = executed;
    const appliedBefore = await Promise.all(
      results.map((result) => options.appliedBefore(result.domain, omittedIds(result))),
    );
    await disk.write([
      ...ordered.writes,
      ...results.flatMap((result, i) => tenantWrites(result, appliedBefore[i] ?? new Set())),
      ...heightWrites(summary.height, summary, ordered.state),
      ...options.seal(executed),
    ]);
  };

  const run = async (): Promise<void> => {
    running = true;
    for (let next = queue[0]; next !== undefined && !stopped; next = queue[0]) {
      const executed = await execute(next);
      for (const { domain, seal } of executed.results) {
        const tenant = tenants.get(domain);
        if (tenant !== undefined) tenant.head = seal.blockHash;
      }
      height = executed.summary.height;
      summaryRoot = executed.summaryRoot;
      await store(executed);
      queue.shift();
      if (!stopped) options.onExecuted(executed);
    }
    running = false;
  };

  return {
    push: (ordered) => {
      if (stopped) return;
      const newest = queue.at(-1)?.block.header.height ?? height;
      if (ordered.block.header.height !== newest + 1) {
        throw new LockstepError("pipeline_order", `height ${ordered.block.header.height} does not follow ${newest}`);
      }
      queue.push(ordered);
      if (!running) run().catch((error) => options.onStuck(error));
    },
    backlog: () => queue.length,
    stop: () => {
      stopped = true;
      queue.length = 0;
    },
  };
};
