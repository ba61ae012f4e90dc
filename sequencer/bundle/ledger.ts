/**
 * The control ledger's way through the heights. At each height it credits the deposits that have come to be certified, and pays withdrawals that are due. At each height with bundles it waits for the tenants whose legs are to
 * be executed, executes the bundles with them, and settles the sponsors' accounts; what came out of it stands in a
 * record, from which a tenant that comes later, or again, executes the height alone.
 */
import type { BundleStep, BundleSupport, Execution, Executor } from "../../adapters/adapter.ts";
import type { FinalizedBlock } from "../../consensus/application.ts";
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Vm } from "../../protocol/genesis.ts";
import { asHeight, type BundleId, type Domain, type Height, type Root, type Sponsor } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import type { Withdrawal } from "../../protocol/withdrawal.ts";
import type { Order, OrderedBundle, SliceEntry } from "../block/payload.ts";
import {
  type Account,
  type Accounts,
  accountsRoot,
  type Credit,
  credit,
  isNonceUsed,
  keyOf,
  spendableOf,
} from "./accounts.ts";
import { type Funded, fund, legTermsOf, type Terms } from "./funding.ts";
import { type LedgerRecord, reasonOf, stepOf } from "./record.ts";
import { type BundleOutcome, type Participant, placedLeg, runBundle, unplaced } from "./run.ts";
import { type Decided, placesIn, type Release, settleHeight } from "./settle.ts";
import { ledgerWrites, readBundle, readRecord } from "./storage.ts";
import { dueAt, noteWithdrawals, type Payout, payOut, withdrawalsIn } from "./withdrawals.ts";

/** A tenant's part in a height with bundles. */
export type BundledPart = {
  /** Protocol writes and legs as applied, in order. */
  steps: readonly BundleStep[];
  /** What became of the legs among them. */
  executions: readonly Execution[];
  /** Legs of its slice that are not applied. */
  left: readonly Execution[];
};

export type LedgerOptions = {
  genesis: Root;
  disk: Disk;
  /** Accounts after `settled`, the newest height whose bundles are settled on disk. */
  accounts: Accounts;
  settled: Height;
  /** Newest height that may be executed. */
  front(): Height;
  /** What a height up to the front orders. */
  order(height: Height): Promise<{ block: FinalizedBlock; order: Order }>;
  /** Newest height at which all tenants are executed, and its summary is stored. */
  executed(): Height;
  /** What was deposited at such a height, from where it is stored. */
  deposits(height: Height): Promise<readonly Credit[]>;
  /** The VM of a tenant that has a block at a height, and how it takes part in bundles. */
  tenant(domain: Domain, height: Height): { vm: Vm; bundles?: BundleSupport } | undefined;
  skipped(domain: Domain, height: Height): ReadonlySet<Hex>;
  /** Called when a height is settled, with what became of its bundles, if it had some: its summary may be possible now. */
  onSettled(height: Height, bundles?: { record: LedgerRecord; ordered: readonly OrderedBundle[] }): void;
  onStuck(error: unknown): void;
};

export type Ledger = {
  /** Takes note that the front moved, or a height was executed by all tenants. */
  advance(): void;
  /** Newest height whose bundles are settled, here in memory at least. */
  settled(): Height;
  /**
   * A tenant's part at a height; its lane is executed, and the block is open. Rejects with `bundle_interrupted` when another
   * tenant's executor was lost meanwhile: then the tenant begins its block again.
   */
  join(height: Height, domain: Domain, executor: Executor, slice: readonly SliceEntry[]): Promise<BundledPart>;
  /** Whether a tenant without legs at a height has to join all the same: somebody is paid there. */
  concerns(height: Height, domain: Domain): Promise<boolean>;
  /** The record of a settled height with bundles, or with credited deposits. */
  record(height: Height): Promise<LedgerRecord | undefined>;
  /** The same of a bundle, its position among the height's, and whether that is on disk. */
  find(id: BundleId): Promise<{ record: LedgerRecord; index: number; isStored: boolean } | undefined>;
  /**
   * Writes that make everything durable that is settled up to a height and was not given before. Whoever takes them
   * writes them at once, before or with any tenant's result of these heights.
   */
  writes(upTo: Height): DiskWrite[];
  accountsRoot(): Root;
  account(sponsor: Sponsor): Account | undefined;
  /** What a sponsor can spend on bundles. */
  balance(sponsor: Sponsor, domain: Domain): bigint;
  isNonceUsed(sponsor: Sponsor, nonce: number): boolean;
  /** Resolves once it executes nothing any more; whoever waits for it is rejected. */
  stop(): Promise<void>;
};

/** What moves accounts besides bundles. */
type Movements = { credits: readonly Credit[]; asked: readonly Withdrawal[] };

/** Records kept in memory: those that are not on disk yet are among them. */
const keptRecords = 256;

type Joined = { executor: Executor; resolve(part: BundledPart): void; reject(error: unknown): void };

const interrupted = (): LockstepError =>
  new LockstepError(
    "bundle_interrupted",
    "another tenant's executor was lost: the height's bundles are executed again",
  );

const omitted = ({ index, reason }: LedgerRecord["tenants"][number]["left"][number]): Execution => ({
  kind: "omitted",
  index,
  reason: reasonOf(reason),
  hopeless: false,
});

export const createLedger = (options: LedgerOptions): Ledger => {
  let { accounts, settled } = options;
  let root = accountsRoot(accounts);
  /** Records that no writes have been given for yet, and those that may not be on disk yet, by height. */
  let unwritten: LedgerRecord[] = [];
  const recent = new Map<Height, LedgerRecord>();
  /** Height up to which writes have been given. */
  let written = settled;
  /** Height up to which records may not be in memory. */
  let evicted = settled;
  /** Newest height whose deposits are credited: the one that was certified at the settled height. */
  let credited: Height | undefined;
  const joined = new Map<Height, Map<Domain, Joined>>();
  let running = Promise.resolve();
  let isRunning = false;
  let isStopped = false;
  const waiting = new Set<() => void>();
  /** Who has withdrawals that are not paid yet. */
  const withdrawing = new Map<Hex, Account>();
  const keepWithdrawing = (account: Account): void => {
    if (account.pending.length > 0) withdrawing.set(keyOf(account.sponsor), account);
    else withdrawing.delete(keyOf(account.sponsor));
  };
  for (const account of accounts.values()) keepWithdrawing(account);

  const termsAt = (height: Height): Terms => ({
    genesis: options.genesis,
    height,
    legTerms: (domain) => legTermsOf(options.tenant(domain, height)),
    // No block with legs of a tenant that never was one would have been finalized.
    isDropped: (domain) => options.tenant(domain, height) === undefined,
    isSkipped: (domain, key) => options.skipped(domain, height).has(key),
  });

  const record = async (height: Height): Promise<LedgerRecord | undefined> =>
    recent.get(height) ?? (height <= evicted ? await readRecord(options.disk, height) : undefined);

  const partOf = (
    { tenants }: LedgerRecord,
    domain: Domain,
    slice: readonly SliceEntry[],
  ): Pick<BundledPart, "steps" | "left"> => {
    const own = tenants.find((tenant) => tenant.domain === domain);
    const bytesAt = (index: number): Uint8Array => slice[index]?.bytes ?? new Uint8Array();
    return { steps: own?.steps.map((step) => stepOf(step, bytesAt)) ?? [], left: own?.left.map(omitted) ?? [] };
  };

  /** Executes what is recorded of a tenant at a height; it comes out as it did then. */
  const replay = async (executor: Executor, steps: readonly BundleStep[]): Promise<Execution[]> => {
    const executions: Promise<Execution>[] = [];
    const writes: Promise<void>[] = [];
    for (const step of steps) {
      if (step.kind === "write") writes.push(executor.write(step.bytes));
      else executions.push(executor.leg(placedLeg(step.leg)).then(({ execution }) => unplaced(execution)));
    }
    await Promise.all([...writes, ...executions]);
    return await Promise.all(executions);
  };

  const joinRecorded = async (
    recorded: LedgerRecord,
    domain: Domain,
    executor: Executor,
    slice: readonly SliceEntry[],
  ): Promise<BundledPart> => {
    const { steps, left } = partOf(recorded, domain, slice);
    const executions = await replay(executor, steps);
    if (executions.every((execution) => execution.kind === "applied" && execution.succeeded)) {
      return { steps, executions, left };
    }
    const message = `tenant ${domain} executes a committed bundle of height ${recorded.height} differently`;
    throw new LockstepError("executor_failed", message);
  };

  /** Resolves when something has changed that somebody may wait for. */
  const moved = (): Promise<void> => new Promise((resolve) => void waiting.add(resolve));
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };

  /** Resolves once all of these tenants wait at the height; `undefined` when the ledger was stopped. */
  const gather = async (height: Height, domains: ReadonlySet<Domain>): Promise<Map<Domain, Joined> | undefined> => {
    while (!isStopped) {
      const there = joined.get(height);
      if ([...domains].every((domain) => there?.has(domain))) return there ?? new Map();
      await moved();
    }
    return undefined;
  };

  /**
   * Deposits that count from this height on: those of heights whose certificate its header is the first to carry. So they
   * are final, and the same at all validators, whichever of them is late with some tenant.
   */
  const creditsAt = async (block: FinalizedBlock): Promise<Credit[]> => {
    const certified = async (height: Height): Promise<Height> =>
      height === 0 ? height : (await options.order(height)).block.header.certified.height;
    const from = credited ?? (await certified(settled));
    const to = block.header.certified.height;
    while (!isStopped && options.executed() < to) await moved();
    const credits: Credit[] = [];
    for (let height = from + 1; height <= to && !isStopped; height++) {
      credits.push(...(await options.deposits(asHeight(height))));
    }
    credited = to;
    return credits;
  };

  /** Executes bundles side by side where they share no tenant, with the result of their order. */
  const runAll = async (
    funded: readonly Funded[],
    place: (domain: Domain, key: Hex) => number,
    participant: (domain: Domain) => Participant,
  ): Promise<Decided[]> => {
    const tails = new Map<Domain, Promise<unknown>>();
    const runs = funded.map(async (each): Promise<Decided> => {
      if (each.kind === "skip") return { funded: each };
      const { bundle, keys } = each.ordered;
      const places = bundle.legs.map(({ domain }, i) => place(domain, keys[i] as Hex));
      const before = bundle.legs.map(({ domain }) => tails.get(domain));
      const running = Promise.all(before).then(() => runBundle(each.ordered, each.id, places, participant));
      for (const { domain } of bundle.legs) tails.set(domain, running);
      return { funded: each, outcome: await running };
    });
    // Nobody is told before all have come to rest.
    await Promise.allSettled(runs);
    return await Promise.all(runs);
  };

  const supportAt = (domain: Domain, height: Height): BundleSupport | undefined =>
    options.tenant(domain, height)?.bundles;

  /** Withdrawals that are due at a height, where the tenant still has a block. */
  const dueHere = (height: Height): Payout[] =>
    dueAt(withdrawing.values(), height).filter(({ domain }) => supportAt(domain, height) !== undefined);

  /** One attempt with the tenants that wait: first payouts, then bundles. `undefined`, and all were told, where an executor failed. */
  const attempt = async (
    height: Height,
    there: Map<Domain, Joined>,
    payouts: readonly Payout[],
    funded: readonly Funded[],
    place: (domain: Domain, key: Hex) => number,
  ): Promise<Decided[] | undefined> => {
    const broken = new Map<Domain, unknown>();
    const participant = (domain: Domain): Participant => {
      const { executor } = there.get(domain) as Joined;
      const support = supportAt(domain, height) as BundleSupport;
      const watched = <T>(call: Promise<T>): Promise<T> =>
        call.catch((error: unknown) => {
          broken.set(domain, error);
          throw error;
        });
      return {
        support,
        executor: {
          checkpoint: () => watched(executor.checkpoint()),
          commit: (id) => watched(executor.commit(id)),
          revert: (id) => watched(executor.revert(id)),
          write: (write) => watched(executor.write(write)),
          leg: (leg) => watched(executor.leg(leg)),
        },
      };
    };
    try {
      const releases = payouts.flatMap((payout) => {
        const { executor, support } = participant(payout.domain);
        return support.release(payout).map((bytes) => executor.write(bytes));
      });
      const running = [runAll(funded, place, participant), ...releases] as const;
      // Nobody is told before all have come to rest.
      await Promise.allSettled(running);
      const [decided] = await Promise.all(running);
      return decided;
    } catch (error) {
      if (broken.size === 0) throw error;
      const tenants = [...there];
      there.clear();
      for (const [domain, { reject }] of tenants) reject(broken.get(domain) ?? interrupted());
      return undefined;
    }
  };

  /** Takes note that a height is settled. */
  const settle = (height: Height, recorded?: LedgerRecord, after?: Accounts): void => {
    if (recorded !== undefined && after !== undefined) {
      accounts = after;
      root = recorded.accountsRoot;
      unwritten.push(recorded);
      recent.set(height, recorded);
    }
    for (const account of recorded?.after ?? []) keepWithdrawing(account);
    settled = height;
    wake();
  };

  const runHeight = async (
    height: Height,
    { slices, bundles }: Order,
    { credits, asked }: Movements,
  ): Promise<void> => {
    const terms = termsAt(height);
    const noted = noteWithdrawals(credit(accounts, credits), height, asked, (domain) => supportAt(domain, height));
    const due = dueAt(withdrawing.values(), height);
    const { accounts: funds, payouts } = payOut(noted, due, (domain) => supportAt(domain, height) !== undefined);
    const funded = fund(bundles, funds, terms);
    const runnable = funded.flatMap((each): OrderedBundle[] => (each.kind === "run" ? [each.ordered] : []));
    const domains = new Set([
      ...runnable.flatMap(({ bundle }) => bundle.legs.map(({ domain }) => domain)),
      ...payouts.map(({ domain }) => domain),
    ]);
    const place = placesIn(slices);
    let decided: Decided[] | undefined;
    while (decided === undefined) {
      const there = await gather(height, domains);
      if (there === undefined) return;
      decided = await attempt(height, there, payouts, funded, place);
    }
    const releases = payouts.flatMap((payout): Release[] =>
      (supportAt(payout.domain, height)?.release(payout) ?? []).map((bytes) => ({ domain: payout.domain, bytes })),
    );
    const result = settleHeight(decided, { before: accounts, funds, releases }, terms, place);
    settle(height, result.record, result.accounts);
    const outcomes = decided.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]));
    options.onSettled(height, { record: result.record, ordered: bundles });
    tell(height, result.record, outcomes, slices);
  };

  /** Tells all tenants that wait at a settled height what bundles are to them. */
  const tell = (
    height: Height,
    recorded: LedgerRecord,
    outcomes: readonly BundleOutcome[],
    slices: Order["slices"],
  ): void => {
    for (const [domain, { resolve }] of joined.get(height) ?? []) {
      const executions = outcomes.flatMap(({ steps }) => steps.get(domain)?.executions ?? []);
      resolve({ ...partOf(recorded, domain, slices.get(domain) ?? []), executions });
    }
    joined.delete(height);
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    while (!isStopped && settled < options.front()) {
      const height = asHeight(settled + 1);
      const { block, order } = await options.order(height);
      const credits = await creditsAt(block);
      if (isStopped) break;
      const asked = withdrawalsIn(options.genesis, order.slices);
      const isQuiet = order.bundles.length + credits.length + asked.length === 0;
      if (isQuiet && dueAt(withdrawing.values(), height).length === 0) {
        settle(height);
        options.onSettled(height);
      } else await runHeight(height, order, { credits, asked });
      for (const old of recent.keys()) {
        if (recent.size <= keptRecords) break;
        recent.delete(old);
        evicted = old;
      }
    }
    isRunning = false;
  };

  return {
    advance: () => {
      wake();
      if (isRunning || isStopped) return;
      running = run();
      running.catch(options.onStuck);
    },
    settled: () => settled,
    join: async (height, domain, executor, slice) => {
      if (height <= settled) {
        const recorded = await record(height);
        if (recorded === undefined) throw new LockstepError("store_corrupt", `the bundles of ${height} are not stored`);
        return await joinRecorded(recorded, domain, executor, slice);
      }
      return await new Promise<BundledPart>((resolve, reject) => {
        if (isStopped) return reject(interrupted());
        const there = joined.get(height) ?? new Map<Domain, Joined>();
        joined.set(height, there);
        there.set(domain, { executor, resolve, reject });
        wake();
      });
    },
    concerns: async (height, domain) => {
      // What was asked for after that is due later.
      while (!isStopped && settled < height - limits.bundleHeights) await moved();
      if (height > settled) return dueHere(height).some((payout) => payout.domain === domain);
      const recorded = await record(height);
      return recorded?.tenants.some((tenant) => tenant.domain === domain && tenant.steps.length > 0) ?? false;
    },
    record,
    find: async (id) => {
      const stored = await readBundle(options.disk, id);
      if (stored !== undefined) return { ...stored, isStored: true };
      for (const recorded of recent.values()) {
        const index = recorded.bundles.findIndex((bundle) => equalBytes(bundle.id, id));
        if (index !== -1) return { record: recorded, index, isStored: false };
      }
      return undefined;
    },
    writes: (upTo) => {
      const ready = unwritten.filter(({ height }) => height <= upTo);
      unwritten = unwritten.filter(({ height }) => height > upTo);
      const reached = asHeight(Math.min(settled, upTo));
      if (reached <= written) return [];
      written = reached;
      return ledgerWrites(reached, ready);
    },
    accountsRoot: () => root,
    account: (sponsor) => accounts.get(toHex(sponsor)),
    balance: (sponsor, domain) => spendableOf(accounts, sponsor, domain),
    isNonceUsed: (sponsor, nonce) => isNonceUsed(accounts, sponsor, nonce, settled),
    stop: async () => {
      isStopped = true;
      wake();
      for (const there of joined.values()) for (const { reject } of there.values()) reject(interrupted());
      joined.clear();
      await running.catch(() => {});
    },
  };
};
