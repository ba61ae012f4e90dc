/** Summaries, one height after the other: with the last tenant's result where all kept pace, else afterwards from the store. */
import type { FinalizedBlock } from "../../consensus/application.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import { Summary } from "../../protocol/summary.ts";
import type { Ledger } from "../bundle/ledger.ts";
import type { LedgerRecord } from "../bundle/record.ts";
import type { Roster } from "../roster/roster.ts";
import type { TenantRecord } from "../storage/records.ts";
import { type Recoveries, revisionAt } from "./recoveries.ts";
import { summaryOf } from "./summary.ts";
import { reached } from "./tenants.ts";
import { summaryWrites } from "./writes.ts";

/** A height at which every tenant is executed. */
export type ExecutedBlock = { block: FinalizedBlock; summary: Summary; summaryRoot: Root };

export type SummarizerOptions = {
  disk: Disk;
  roster: Pick<Roster, "tenants" | "entries" | "due">;
  recoveries: Recoveries;
  /** Newest height at which all tenants are executed, the root of its summary, and that of the accounts in it. */
  executed: { height: Height; summaryRoot: Root; accountsRoot: Root };
  /** Newest height whose order is stored. */
  ordered(): Height;
  ledger: Pick<Ledger, "settled" | "record">;
  blockAt(height: Height): Promise<FinalizedBlock>;
  record(domain: Domain, number: number): Promise<TenantRecord | undefined>;
  /** Further writes to make with a summary: the attestation. */
  seal(executed: ExecutedBlock): DiskWrite[];
  /** Called in order, once a summary is stored. */
  onExecuted(executed: ExecutedBlock): void;
  /** Called when disk or store give no more: nothing is executed after that. */
  onStuck(error: unknown): void;
};

/** A summary, and what makes it durable. */
export type Draft = { executed: ExecutedBlock; writes: DiskWrite[] };

export type Summarizer = {
  /** The summary of a height with results of all tenants; `undefined` while one of a height before is missing. */
  draft(
    block: FinalizedBlock,
    records: ReadonlyMap<Domain, TenantRecord>,
    /** Of a height that the ledger has one of. */
    bundles: LedgerRecord | undefined,
  ): Draft | undefined;
  /** The writes of a draft are on disk. */
  stored(draft: Draft): void;
  /** Makes the summaries of heights at which the last tenant has arrived meanwhile. */
  catchUp(): void;
  /** Newest height of a stored summary. */
  executed(): Height;
  /** Resolves once nothing is written any more. */
  stop(): Promise<void>;
};

export const createSummarizer = (options: SummarizerOptions): Summarizer => {
  const { roster, ledger } = options;
  let { executed } = options;
  let running = Promise.resolve();
  let isRunning = false;
  let isStopped = false;

  const draft: Summarizer["draft"] = (block, records, bundles) => {
    const { height } = block.header;
    const due = roster.due(height);
    const isWhole = due.every(({ domain }) => records.has(domain)) && ledger.settled() >= height;
    if (!isWhole || executed.height + 1 !== height) return undefined;
    const summary = summaryOf(block, {
      revision: revisionAt(options.recoveries, height),
      previous: executed.summaryRoot,
      accountsRoot: bundles?.accountsRoot ?? executed.accountsRoot,
      due,
      records,
      bundles,
    });
    const next = { block, summary, summaryRoot: Summary.root(summary) };
    return { executed: next, writes: [...summaryWrites(summary), ...options.seal(next)] };
  };

  const stored = ({ executed: next }: Draft): void => {
    const { height, accountsRoot } = next.summary;
    executed = { height, summaryRoot: next.summaryRoot, accountsRoot };
    if (!isStopped) options.onExecuted(next);
  };

  /** Newest height at which nothing is missing of any tenant. */
  const whole = (): number =>
    Math.min(options.ordered(), ledger.settled(), ...[...roster.tenants.values()].map(reached));

  const run = async (): Promise<void> => {
    isRunning = true;
    while (!isStopped && executed.height < whole()) {
      const block = await options.blockAt(asHeight(executed.height + 1));
      const records = new Map<Domain, TenantRecord>();
      for (const { domain, number } of roster.due(block.header.height)) {
        const record = await options.record(domain, number);
        if (record !== undefined) records.set(domain, record);
      }
      const next = draft(block, records, await ledger.record(block.header.height));
      if (next === undefined) throw new LockstepError("store_corrupt", `height ${block.header.height} lacks a result`);
      await options.disk.write(next.writes);
      stored(next);
    }
    isRunning = false;
  };

  return {
    draft,
    stored,
    catchUp: () => {
      if (isRunning || isStopped) return;
      running = run();
      running.catch(options.onStuck);
    },
    executed: () => executed.height,
    stop: async () => {
      isStopped = true;
      await running.catch(() => {});
    },
  };
};
