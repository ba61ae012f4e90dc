/**
 * One tenant's way through the heights, apart from all others: executes what is ordered and not stored yet,
 * one block after the other, and sees its executor through deaths.
 */
import type { BlockContext, Executor, Place } from "../../adapters/adapter.ts";
import type { KnownHeader } from "../../consensus/application.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height } from "../../protocol/ids.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { TenantOrder } from "../block/payload.ts";
import type { Ledger } from "../bundle/ledger.ts";
import { legPlaces } from "../bundle/run.ts";
import { retiredAt } from "../roster/entry.ts";
import { executeTenant, genesisResult, type TenantResult } from "./execute.ts";
import { pipelineLimits } from "./limits.ts";
import { countDeath, type Deaths, describePlace, isTooMany, type Quarantine } from "./quarantine.ts";
import { lanePositions } from "./recoveries.ts";
import type { Tenant } from "./tenants.ts";

export type TrackOptions = {
  tenant: Tenant;
  runtime: Runtime;
  /** Newest height that may be executed. */
  front(): Height;
  /** What was ordered for the tenant at a height up to the front. */
  ordered(height: Height, domain: Domain): Promise<TenantOrder & { block: KnownHeader }>;
  /** An executed block of the tenant as it was ordered, from the store. */
  executed(domain: Domain, number: number): Promise<TenantOrder & { context: BlockContext }>;
  /** Executes the bundles of a height with the tenant (`bundle/ledger.ts`). */
  join: Ledger["join"];
  /** Whether it has to join at a height at which it has no legs. */
  concerns: Ledger["concerns"];
  /** Ids of what is left out of the tenant's slice at a height. */
  skipped(domain: Domain, height: Height): ReadonlySet<Hex>;
  /** Resolves once the result is stored, and the tenant's `stored` and `head` are those of it. */
  store(result: TenantResult): Promise<void>;
  /** Called when it stops to execute a height without a result. */
  onAway(): void;
  /** Called when a quarantine begins or ends. */
  onQuarantine(): void;
  log(event: { event: string; [field: string]: unknown }): void;
  /** Called when the store gives no more. */
  onStuck(error: unknown): void;
};

export type Track = {
  tenant: Tenant;
  /** Takes note that the front moved. */
  advance(): void;
  /** Whether it executes this height now. */
  isExecuting(height: Height): boolean;
  quarantine(): Quarantine | undefined;
  /** Resolves once it executes and stores nothing any more. */
  stop(): Promise<void>;
};

const placeOf = (error: LockstepError): Place | undefined => error.failure.place as Place | undefined;
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const isDeath = (error: unknown): error is LockstepError =>
  error instanceof LockstepError && error.code === "executor_died";
const isInterruption = (error: unknown): boolean =>
  error instanceof LockstepError && error.code === "bundle_interrupted";

export const createTrack = (options: TrackOptions): Track => {
  const { tenant, runtime } = options;
  const { domain, executor, activatedAt } = tenant;
  let executing: Height | undefined;
  let deaths: Deaths | undefined;
  let quarantine: Quarantine | undefined;
  let running = Promise.resolve();
  let isRunning = false;
  let isStopped = false;
  let wake = (): void => {};

  /** Executes a block of the tenant, with its part in the height's bundles. */
  const executeBlock = async (context: BlockContext, { slice, hasLegs }: TenantOrder): Promise<TenantResult> => {
    const { height } = context;
    const joins = hasLegs || (await options.concerns(height, domain));
    const skipped = options.skipped(domain, height);
    const bundles = (running: Executor) => options.join(height, domain, running, slice);
    return await executeTenant(executor, tenant.adapter, {
      domain,
      context,
      slice,
      skipped,
      ...(joins ? { bundles } : {}),
    });
  };

  /** Brings an executor that was started again to the block before `number`, from stored inputs alone. */
  const catchUp = async (number: number): Promise<void> => {
    const started = await tenant.ready();
    if (started === tenant.startedFrom) return;
    for (let missing = started.number + 1; missing < number; missing++) {
      const { context, ...order } = await options.executed(domain, missing);
      await executeBlock(context, order);
    }
    tenant.startedFrom = started;
  };

  const executeOnce = async (height: Height): Promise<TenantResult> => {
    if (tenant.isUp()) executing = height;
    if (height > activatedAt) await catchUp(height - activatedAt);
    const block0 = height === activatedAt ? await tenant.genesis?.() : undefined;
    executing = height;
    const { block, ...order } = await options.ordered(height, domain);
    const { header, root } = block;
    const context: BlockContext = {
      height,
      number: height - activatedAt,
      timestampMs: header.timestampMs,
      header: root,
      parent: header.parent,
      parentHash: tenant.head,
      certified: Math.max(0, header.certified.height - activatedAt),
    };
    if (block0 !== undefined) return genesisResult(domain, context, block0);
    return await executeBlock(context, order);
  };

  const beginQuarantine = (height: Height, reason: string): void => {
    quarantine = { height, reason };
    options.log({ event: "tenant_quarantined", domain, height, reason });
    options.onQuarantine();
  };

  const endQuarantine = (): void => {
    if (quarantine === undefined) return;
    options.log({ event: "tenant_back", domain, height: quarantine.height });
    quarantine = undefined;
    options.onQuarantine();
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = runtime.after(pipelineLimits.quarantineMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  /** Which entry of a slice an executor died of: who is to have it skipped has to name it. */
  const entryAt = async (height: Height, at: Place["at"]): Promise<string> => {
    if (typeof at !== "number") return "";
    const { slice, hasLegs } = await options.ordered(height, domain);
    const skipped = options.skipped(domain, height);
    const isWhole = skipped.size === 0 && !hasLegs;
    const position = isWhole || at >= legPlaces ? at % legPlaces : lanePositions(slice, skipped)[at];
    const entry = position === undefined ? undefined : slice[position];
    return entry === undefined ? "" : `, ${entry.key}`;
  };

  /** After an attempt that gave no result: sees to it that the next one finds a sound executor. */
  const recover = async (height: Height, error: unknown): Promise<void> => {
    if (isInterruption(error)) await executor.discard().catch(() => {});
    else if (isDeath(error)) {
      const place = placeOf(error);
      if (place === undefined) return;
      deaths = countDeath(deaths, place);
      options.log({ event: "executor_died", domain, ...deaths });
      if (!isTooMany(deaths)) return;
      const entry = await entryAt(height, place.at);
      beginQuarantine(height, `its executor died ${deaths.count} times ${describePlace(place)}${entry}`);
      await pause();
    } else {
      beginQuarantine(height, textOf(error));
      await pause();
      // Whatever it made of the height so far is not to be trusted.
      if (!isStopped) await tenant.restart();
    }
  };

  /** Tries until there is a result; `undefined` when the track was stopped. */
  const execute = async (height: Height): Promise<TenantResult | undefined> => {
    while (!isStopped) {
      try {
        const result = await executeOnce(height);
        endQuarantine();
        return result;
      } catch (error) {
        executing = undefined;
        options.onAway();
        if (!isStopped) await recover(height, error);
      }
    }
    return undefined;
  };

  const lastDue = (): number => Math.min(options.front(), retiredAt(tenant.entry) ?? Number.POSITIVE_INFINITY);

  const run = async (): Promise<void> => {
    isRunning = true;
    while (!isStopped && tenant.stored < lastDue()) {
      const result = await execute(asHeight(tenant.stored + 1));
      executing = undefined;
      if (result !== undefined) await options.store(result);
    }
    isRunning = false;
  };

  return {
    tenant,
    advance: () => {
      if (isStopped) return;
      // Also where it is about to learn that its last result is stored: it goes on at once.
      const isNext = tenant.stored + 1 === options.front();
      if (isNext && quarantine === undefined && tenant.isUp()) executing = options.front();
      if (isRunning) return;
      running = run();
      running.catch(options.onStuck);
    },
    isExecuting: (height) => executing === height,
    quarantine: () => quarantine,
    stop: async () => {
      isStopped = true;
      wake();
      await running.catch(() => {});
    },
  };
};
