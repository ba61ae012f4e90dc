/**
 * From finalized headers to summaries. Tenants execute a height side by side, and all of it is stored in one
 * synced write. A tenant that is away falls behind: the others' results are stored without it, it catches up
 * from what was ordered, and a height's summary follows once every tenant's result is there.
 */

import type { BlockContext } from "../../adapters/adapter.ts";
import type { FinalizedBlock } from "../../consensus/application.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { Disk, DiskWrite, Runtime } from "../../protocol/ports.ts";
import { Summary } from "../../protocol/summary.ts";
import type { SliceEntry, Slices } from "../block/payload.ts";
import type { Roster } from "../roster/roster.ts";
import type { TenantRecord } from "../storage/records.ts";
import { summaryOf, type TenantResult } from "./execute.ts";
import { pipelineLimits } from "./limits.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Tenant } from "./tenants.ts";
import { createTrack, type Track } from "./track.ts";
import { omittedIds, orderWrites, summaryWrites, tenantWrites } from "./writes.ts";

/** A finalized block whose batches are held. */
export type OrderedBlock = {
  block: FinalizedBlock;
  /** Ordering state after the block. */
  state: OrderingState;
  /** What settling its order changes in the store. */
  writes: readonly DiskWrite[];
};

/** A height at which every tenant is executed. */
export type ExecutedBlock = { block: FinalizedBlock; summary: Summary; summaryRoot: Root };

export type PipelineOptions = {
  disk: Disk;
  runtime: Runtime;
  roster: Pick<Roster, "tenants" | "due">;
  /** Newest height whose order is stored. */
  ordered: Height;
  /** Newest height at which all tenants are executed, and the root of its summary. */
  executed: { height: Height; summaryRoot: Root };
  finalizedBlock(height: Height): Promise<FinalizedBlock | undefined>;
  /** What was ordered at a height, from batches in memory or on disk. */
  slices(block: FinalizedBlock): Promise<Slices>;
  record(domain: Domain, number: number): Promise<TenantRecord | undefined>;
  /** An executed block of a tenant as it was ordered, from the store. */
  stored(domain: Domain, number: number): Promise<{ context: BlockContext; slice: readonly SliceEntry[] }>;
  /** Which of these ids stored blocks of the tenant have applied. */
  appliedBefore(domain: Domain, ids: readonly Root[]): Promise<ReadonlySet<Hex>>;
  /** Further writes to make with a summary: the attestation. */
  seal(executed: ExecutedBlock): DiskWrite[];
  /** Called in order, once a height's order is stored with the results of those who kept pace. */
  onOrdered(ordered: OrderedBlock): void;
  /** Called for each tenant in order, once its result is stored. */
  onTenant(result: TenantResult): void;
  /** Called in order, once a summary is stored. */
  onExecuted(executed: ExecutedBlock): void;
  /** Called when a tenant's quarantine begins or ends. */
  onQuarantine(): void;
  /** Called when disk or store give no more: nothing is executed after that. */
  onStuck(error: unknown): void;
  log(event: { event: string; [field: string]: unknown }): void;
};

export type Pipeline = {
  /** Lets tenants that are behind the stored order catch up. */
  start(): void;
  /** Executes a tenant that has come to be active. */
  add(tenant: Tenant): void;
  push(ordered: OrderedBlock): void;
  /** Blocks that wait for their turn. */
  backlog(): number;
  quarantines(): ReadonlyMap<Domain, Quarantine>;
  stop(): void;
};

/** The height that the tenants who keep pace execute now. */
type Step = { ordered: OrderedBlock; slices: Slices; results: TenantResult[]; isOpen: boolean; stored: Promise<void> };

export const createPipeline = (options: PipelineOptions): Pipeline => {
  const { disk, runtime } = options;
  const { tenants } = options.roster;
  const queue: OrderedBlock[] = [];
  let ordered = options.ordered;
  let executed = options.executed;
  let step: Step | undefined;
  /** Called whenever the step may be over. */
  let lookAtStep = (): void => {};
  let isRunning = false;
  let isSummarizing = false;
  let isStopped = false;

  const heightOf = ({ block }: OrderedBlock): Height => block.header.height;

  const resultWrites = async (result: TenantResult): Promise<DiskWrite[]> =>
    tenantWrites(result, await options.appliedBefore(result.domain, omittedIds(result)));

  /** A tenant's result is on disk. */
  const settle = (result: TenantResult): void => {
    const tenant = tenants.get(result.domain);
    if (tenant === undefined) return;
    tenant.stored = result.context.height;
    tenant.head = result.seal.blockHash;
    if (!isStopped) options.onTenant(result);
  };

  /** Stored with the others' results where the tenant kept pace, else alone. */
  const store = async (result: TenantResult): Promise<void> => {
    if (step?.isOpen && heightOf(step.ordered) === result.context.height) {
      step.results.push(result);
      lookAtStep();
      return await step.stored;
    }
    await disk.write(await resultWrites(result));
    settle(result);
    summarize();
  };

  const blockAt = async (height: Height): Promise<FinalizedBlock> => {
    const block = await options.finalizedBlock(height);
    if (block === undefined) throw new LockstepError("store_corrupt", `finalized height ${height} is not stored`);
    return block;
  };

  const trackOf = (tenant: Tenant): Track =>
    createTrack({
      tenant,
      runtime,
      front: () => (step === undefined ? ordered : heightOf(step.ordered)),
      ordered: async (height, domain) => {
        const newest = step !== undefined && heightOf(step.ordered) === height ? step : undefined;
        const block = newest?.ordered.block ?? (await blockAt(height));
        const slices = newest?.slices ?? (await options.slices(block));
        return { block, slice: slices.get(domain) ?? [] };
      },
      executed: options.stored,
      store,
      onAway: () => lookAtStep(),
      onQuarantine: options.onQuarantine,
      log: options.log,
      onStuck: options.onStuck,
    });
  const tracks: Track[] = [...tenants.values()].map(trackOf);

  /** Resolves when nobody executes the height any more, or after a while. */
  const stepOver = (height: Height): Promise<void> =>
    new Promise((resolve) => {
      const cancel = runtime.after(pipelineLimits.paceMs, resolve);
      lookAtStep = () => {
        if (tracks.some((track) => track.isExecuting(height))) return;
        cancel();
        resolve();
      };
      for (const track of tracks) track.advance();
      lookAtStep();
    });

  const execution = (
    block: FinalizedBlock,
    records: ReadonlyMap<Domain, TenantRecord>,
  ): { executed: ExecutedBlock; writes: DiskWrite[] } => {
    const summary = summaryOf(block, executed.summaryRoot, options.roster.due(block.header.height), records);
    const next = { block, summary, summaryRoot: Summary.root(summary) };
    return { executed: next, writes: [...summaryWrites(summary), ...options.seal(next)] };
  };

  const announce = (next: ExecutedBlock): void => {
    executed = { height: next.summary.height, summaryRoot: next.summaryRoot };
    if (!isStopped) options.onExecuted(next);
  };

  const summarizeAll = async (): Promise<void> => {
    isSummarizing = true;
    const whole = (): number => Math.min(ordered, ...tracks.map((track) => track.reached()));
    while (!isStopped && executed.height < whole()) {
      const block = await blockAt(asHeight(executed.height + 1));
      const records = new Map<Domain, TenantRecord>();
      for (const { domain, number } of options.roster.due(block.header.height)) {
        const record = await options.record(domain, number);
        if (record !== undefined) records.set(domain, record);
      }
      const next = execution(block, records);
      await disk.write(next.writes);
      announce(next.executed);
    }
    isSummarizing = false;
  };

  /** Makes the summaries of heights at which the last tenant has arrived. */
  const summarize = (): void => {
    if (!isSummarizing && !isStopped) summarizeAll().catch(options.onStuck);
  };

  const storeStep = async ({ ordered: next, results }: Step): Promise<void> => {
    const { block, state, writes } = next;
    const { height } = block.header;
    const tenantsWrites = await Promise.all(results.map(resultWrites));
    const records = new Map(
      [...tenants.keys()].flatMap((domain) => {
        const result = results.find((one) => one.domain === domain);
        return result === undefined ? [] : [[domain, result.record] as const];
      }),
    );
    const isWhole =
      options.roster.due(height).every(({ domain }) => records.has(domain)) && executed.height === height - 1;
    const whole = isWhole ? execution(block, records) : undefined;
    await disk.write([...writes, ...orderWrites(block, state), ...tenantsWrites.flat(), ...(whole?.writes ?? [])]);
    ordered = height;
    queue.shift();
    if (!isStopped) options.onOrdered(next);
    for (const result of results) settle(result);
    if (whole !== undefined) announce(whole.executed);
    else summarize();
  };

  const runStep = async (next: OrderedBlock): Promise<void> => {
    const slices = await options.slices(next.block);
    let done = (): void => {};
    const stored = new Promise<void>((resolve) => {
      done = resolve;
    });
    const current: Step = { ordered: next, slices, results: [], isOpen: true, stored };
    step = current;
    await stepOver(heightOf(next));
    current.isOpen = false;
    if (isStopped) return;
    await storeStep(current);
    done();
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    for (let next = queue[0]; next !== undefined && !isStopped; next = queue[0]) await runStep(next);
    isRunning = false;
  };

  return {
    start: () => {
      for (const track of tracks) track.advance();
      summarize();
    },
    add: (tenant) => {
      if (!isStopped) tracks.push(trackOf(tenant));
    },
    push: (next) => {
      if (isStopped) return;
      const newest = queue.at(-1);
      const last = newest === undefined ? ordered : heightOf(newest);
      if (heightOf(next) !== last + 1) {
        throw new LockstepError("pipeline_order", `height ${heightOf(next)} does not follow ${last}`);
      }
      queue.push(next);
      if (!isRunning) run().catch(options.onStuck);
    },
    backlog: () => queue.length,
    quarantines: () =>
      new Map(
        tracks.flatMap((track) => {
          const quarantine = track.quarantine();
          return quarantine === undefined ? [] : [[track.tenant.domain, quarantine] as const];
        }),
      ),
    stop: () => {
      isStopped = true;
      queue.length = 0;
      for (const track of tracks) track.stop();
    },
  };
};
