/**
 * From finalized headers to summaries. Tenants execute a height side by side, and all of it is stored in one
 * synced write. A tenant that is away falls behind: the others' results are stored without it, it catches up
 * from what was ordered, and a height's summary follows once every tenant's result is there.
 */

import type { FinalizedBlock } from "../../consensus/application.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { Recovery } from "../../protocol/control.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import type { DiskWrite, Runtime } from "../../protocol/ports.ts";
import { type Order, type OrderedBundle, tenantOrder } from "../block/payload.ts";
import { createDeposits } from "../bundle/deposits.ts";
import { createLedger, type Ledger, type LedgerOptions } from "../bundle/ledger.ts";
import type { LedgerRecord } from "../bundle/record.ts";
import { rewindLedger } from "../bundle/storage.ts";
import { hasBlockAt } from "../roster/entry.ts";
import type { TenantResult } from "./execute.ts";
import { pipelineLimits } from "./limits.ts";
import type { Quarantine } from "./quarantine.ts";
import { skippedAt } from "./recoveries.ts";
import { rewindSummaries, rewindTenant } from "./rewind.ts";
import { createSummarizer, type SummarizerOptions } from "./summarizer.ts";
import type { Tenant } from "./tenants.ts";
import { createTrack, type Track, type TrackOptions } from "./track.ts";
import { omittedIds, orderWrites, recoveryWrite, tenantWrites } from "./writes.ts";

/** A finalized block whose batches are held. */
export type OrderedBlock = {
  block: FinalizedBlock;
  /** Ordering state after the block. */
  state: OrderingState;
  /** What settling its order changes in the store. */
  writes: readonly DiskWrite[];
  /** What the block has executed again. */
  recovery?: Recovery;
};

export type PipelineOptions = Omit<SummarizerOptions, "ordered" | "ledger" | "blockAt"> & {
  genesis: Root;
  runtime: Runtime;
  /** The control ledger as it is stored. */
  ledger: Pick<LedgerOptions, "accounts" | "settled">;
  /** Newest height whose order is stored. */
  ordered: Height;
  /** Newest certified height. */
  certified(): Height;
  finalizedBlock(height: Height): Promise<FinalizedBlock | undefined>;
  /** What was ordered at a height, from batches in memory or on disk. */
  order(block: FinalizedBlock): Promise<Order>;
  /** An executed block of a tenant as it was ordered, from the store. */
  stored: TrackOptions["executed"];
  /** Which of these ids stored blocks of the tenant have applied. */
  appliedBefore(domain: Domain, ids: readonly Root[]): Promise<ReadonlySet<Hex>>;
  /** Called in order, once a height's order is stored with the results of those who kept pace. */
  onOrdered(ordered: OrderedBlock): void;
  /** Called for each tenant in order, once its result is stored. */
  onTenant(result: TenantResult): void;
  /** Called for each height with bundles in order, once it is settled. */
  onBundles(record: LedgerRecord, ordered: readonly OrderedBundle[]): void;
  /** Called when a tenant's quarantine begins or ends. */
  onQuarantine(): void;
  /** Called once the store stands at a recovery's base: whatever is in memory is of what was taken back. */
  onRecovery(recovery: Recovery): void;
  log(event: { event: string; [field: string]: unknown }): void;
};

export type Pipeline = {
  ledger: Pick<Ledger, "find" | "account" | "balance" | "isNonceUsed">;
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
type Step = { ordered: OrderedBlock; order: Order; results: TenantResult[]; isOpen: boolean; stored: Promise<void> };

export const createPipeline = (options: PipelineOptions): Pipeline => {
  const { disk, runtime } = options;
  const { tenants } = options.roster;
  const queue: OrderedBlock[] = [];
  let ordered = options.ordered;
  let step: Step | undefined;
  /** Called whenever the step may be over. */
  let lookAtStep = (): void => {};
  let isRunning = false;
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
    deposits.take(result.domain, result.record);
    if (!isStopped) options.onTenant(result);
  };

  /** Stored with the others' results where the tenant kept pace, else alone. */
  const store = async (result: TenantResult): Promise<void> => {
    if (step?.isOpen && heightOf(step.ordered) === result.context.height) {
      step.results.push(result);
      lookAtStep();
      return await step.stored;
    }
    const writes = await resultWrites(result);
    await disk.write([...ledger.writes(result.context.height), ...writes]);
    settle(result);
    summarizer.catchUp();
  };

  const blockAt = async (height: Height): Promise<FinalizedBlock> => {
    const block = await options.finalizedBlock(height);
    if (block === undefined) throw new LockstepError("store_corrupt", `finalized height ${height} is not stored`);
    return block;
  };

  const front = (): Height => {
    const newest = step === undefined ? ordered : heightOf(step.ordered);
    return asHeight(Math.min(newest, options.certified() + pipelineLimits.heightsAhead));
  };

  const orderAt = async (height: Height): Promise<{ block: FinalizedBlock; order: Order }> => {
    const newest = step !== undefined && heightOf(step.ordered) === height ? step : undefined;
    const block = newest?.ordered.block ?? (await blockAt(height));
    return { block, order: newest?.order ?? (await options.order(block)) };
  };

  const deposits = createDeposits({
    stored: new Map([...tenants].map(([domain, { stored }]) => [domain, stored])),
    due: options.roster.due,
    record: options.record,
  });

  const ledger = createLedger({
    genesis: options.genesis,
    disk,
    ...options.ledger,
    front,
    order: orderAt,
    executed: () => summarizer.executed(),
    deposits: deposits.at,
    tenant: (domain, height) => {
      const tenant = tenants.get(domain);
      return tenant !== undefined && hasBlockAt(tenant.entry, height) ? tenant.adapter : undefined;
    },
    skipped: (domain, height) => skippedAt(options.recoveries, domain, height),
    onSettled: (_, bundles) => {
      if (isStopped) return;
      if (bundles !== undefined && bundles.ordered.length > 0) options.onBundles(bundles.record, bundles.ordered);
      summarizer.catchUp();
    },
    onStuck: options.onStuck,
  });

  const trackOf = (tenant: Tenant): Track =>
    createTrack({
      tenant,
      runtime,
      front,
      ordered: async (height, domain) => {
        const { block, order } = await orderAt(height);
        return { block, ...tenantOrder(order, domain) };
      },
      executed: options.stored,
      join: ledger.join,
      concerns: ledger.concerns,
      skipped: (domain, height) => skippedAt(options.recoveries, domain, height),
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
      ledger.advance();
      for (const track of tracks) track.advance();
      lookAtStep();
    });

  const summarizer = createSummarizer({
    ...options,
    ordered: () => ordered,
    ledger,
    blockAt,
    onExecuted: (executed) => {
      options.onExecuted(executed);
      ledger.advance();
    },
  });

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
    // A record that is not there now may be there in a moment: then the summary is made afterwards.
    const isSettled = ledger.settled() >= height;
    const draft = isSettled ? summarizer.draft(block, records, await ledger.record(height)) : undefined;
    await disk.write([
      ...writes,
      ...orderWrites(block, state),
      ...ledger.writes(height),
      ...tenantsWrites.flat(),
      ...(draft?.writes ?? []),
    ]);
    ordered = height;
    queue.shift();
    if (!isStopped) options.onOrdered(next);
    for (const result of results) settle(result);
    if (draft === undefined) summarizer.catchUp();
    else summarizer.stored(draft);
  };

  const runStep = async (next: OrderedBlock): Promise<void> => {
    const order = await options.order(next.block);
    let done = (): void => {};
    const stored = new Promise<void>((resolve) => {
      done = resolve;
    });
    const current: Step = { ordered: next, order, results: [], isOpen: true, stored };
    step = current;
    await stepOver(heightOf(next));
    current.isOpen = false;
    if (isStopped) return;
    await storeStep(current);
    done();
  };

  /** Ends all execution; resolves once nothing of it is written any more. */
  const stop = async (): Promise<void> => {
    isStopped = true;
    queue.length = 0;
    await Promise.all([summarizer.stop(), ledger.stop(), ...tracks.map((track) => track.stop())]);
  };

  /** Takes the store back to the base, in the write that settles the order of the block; the next start goes on from there. */
  const recover = async ({ block, state, writes }: OrderedBlock, recovery: Recovery): Promise<void> => {
    const stopped = stop();
    // An engine that hangs would hold this up.
    for (const { executor } of tenants.values()) await executor.close();
    await stopped;
    const ordered = async (height: Height, domain: Domain) =>
      (await options.order(await blockAt(height))).slices.get(domain) ?? [];
    const rewinding = [...options.roster.entries.values()].map((entry) =>
      rewindTenant({ disk, ordered }, entry, recovery.base),
    );
    const back = (await Promise.all(rewinding)).flat();
    const summaries = rewindSummaries(summarizer.executed(), recovery.base);
    const accounts = await rewindLedger(disk, recovery.base);
    await disk.write([
      ...writes,
      ...orderWrites(block, state),
      recoveryWrite(recovery),
      ...accounts,
      ...back,
      ...summaries,
    ]);
    options.onRecovery(recovery);
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    for (let next = queue[0]; next !== undefined && !isStopped; next = queue[0]) {
      await (next.recovery === undefined ? runStep(next) : recover(next, next.recovery));
    }
    isRunning = false;
  };

  return {
    ledger,
    start: () => {
      ledger.advance();
      for (const track of tracks) track.advance();
      summarizer.catchUp();
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
    stop: () => void stop(),
  };
};
