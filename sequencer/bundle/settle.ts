/** From what became of a height's bundles to its record: who pays what, and what each tenant leaves out. Pure. */

import { type BundleFee, legCharge } from "../../protocol/bundle.ts";
import { fromHex, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { asBundleId, asRoot, type Domain, type PublicKey, zeroRoot } from "../../protocol/ids.ts";
import type { HopelessCount } from "../../protocol/summary.ts";
import type { OrderedBundle, Slices } from "../block/payload.ts";
import { addUp } from "../pipeline/hopeless.ts";
import { type Account, type Accounts, accountsRoot, keyOf, settleAccount } from "./accounts.ts";
import type { Funded, Terms } from "./funding.ts";
import { type BundleRecord, bundleEndings, type LedgerRecord, recordStep, type TenantSteps } from "./record.ts";
import type { BundleOutcome } from "./run.ts";

/** A bundle with its decision and, where it was executed, its outcome. */
export type Decided = { funded: Funded; outcome?: BundleOutcome };

/** Position of every leg in its tenant's slice. */
export const placesIn = (slices: Slices): ((domain: Domain, key: Hex) => number) => {
  const places = new Map<Domain, Map<Hex, number>>();
  return (domain, key) => {
    const known = places.get(domain) ?? new Map((slices.get(domain) ?? []).map((entry, index) => [entry.key, index]));
    places.set(domain, known);
    return known.get(key) ?? 0;
  };
};

/** What an undone bundle costs at each tenant: for each leg the base, and the gas of those that were executed. */
export const chargesOf = (
  { bundle }: Pick<OrderedBundle, "bundle">,
  { legs }: Pick<BundleOutcome, "legs">,
  legTerms: Terms["legTerms"],
): BundleFee[] =>
  bundle.fee.flatMap(({ domain, amount }): BundleFee[] => {
    const rate = legTerms(domain)?.rate;
    if (rate === undefined) return [];
    const used = bundle.legs.reduce((sum, leg, i) => {
      const execution = legs[i]?.execution;
      const gas = execution?.kind === "applied" ? execution.gasUsed : 0;
      return leg.domain === domain ? sum + legCharge(rate, gas) : sum;
    }, 0n);
    return [{ domain, amount: used < amount ? used : amount }];
  });

/** Producers who declared another gas for a leg than it has: once for each. */
const misdeclared = (ordered: OrderedBundle, { legs }: BundleOutcome): PublicKey[] =>
  ordered.declarations
    .filter(({ gas }) =>
      legs.some(({ execution }, i) =>
        execution.kind === "applied"
          ? execution.gas !== gas[i]
          : execution.kind === "omitted" && execution.reason === "gas_mismatch",
      ),
    )
    .map(({ producer }) => producer);

/** One whose gas nobody declared right is void: that is its producers' fault, not its sponsor's. */
const isVoid = ({ failure }: BundleOutcome): boolean => failure?.code === "gas_mismatch";

type Ended = Pick<BundleRecord, "id" | "ending" | "reason" | "failedLeg" | "failure" | "charged">;

const none = new Uint8Array();

const skipped = (id: BundleRecord["id"], reason: string): Ended => ({
  id,
  ending: bundleEndings.skipped,
  reason: utf8(reason),
  failedLeg: [],
  failure: none,
  charged: [],
});

const endOf = ({ funded, outcome }: Decided, legTerms: Terms["legTerms"]): Ended => {
  const noId = asBundleId(zeroRoot);
  if (funded.kind === "skip") return skipped(funded.id ?? noId, funded.reason);
  if (outcome === undefined || isVoid(outcome)) return skipped(funded.id, "bundle_void");
  const { failure } = outcome;
  if (failure === undefined) {
    return { ...skipped(funded.id, ""), ending: bundleEndings.committed };
  }
  return {
    id: funded.id,
    ending: bundleEndings.aborted,
    reason: utf8(failure.code),
    failedLeg: failure.leg === undefined ? [] : [failure.leg],
    failure: utf8(failure.message).subarray(0, 1024),
    charged: chargesOf(funded.ordered, outcome, legTerms),
  };
};

/** Payouts, then the steps of all committed bundles in block order, and the legs of the others. */
const tenantSteps = (
  releases: readonly Release[],
  decided: readonly Decided[],
  records: readonly BundleRecord[],
): TenantSteps[] => {
  const tenants = new Map<Domain, TenantSteps>();
  const of = (domain: Domain): TenantSteps => {
    const known = tenants.get(domain) ?? { domain, steps: [], left: [] };
    tenants.set(domain, known);
    return known;
  };
  for (const { domain, bytes } of releases) of(domain).steps.push(recordStep({ kind: "write", bytes }));
  const applied = new Set<string>();
  for (const [i, { outcome }] of decided.entries()) {
    if (records[i]?.ending !== bundleEndings.committed) continue;
    for (const [domain, { steps }] of outcome?.steps ?? []) of(domain).steps.push(...steps.map(recordStep));
    for (const { domain, index } of records[i]?.legs ?? []) applied.add(`${domain}/${index}`);
  }
  for (const { ending, reason, legs } of records) {
    for (const { domain, index } of legs) {
      const place = `${domain}/${index}`;
      if (applied.has(place)) continue;
      applied.add(place);
      of(domain).left.push({ index, reason: ending === bundleEndings.aborted ? utf8("bundle_aborted") : reason });
    }
  }
  return [...tenants.values()].sort((a, b) => a.domain - b.domain);
};

/** A protocol write that pays a withdrawal. */
export type Release = { domain: Domain; bytes: Uint8Array };

/**
 * The accounts after the height, and its record.
 *
 * @param funds what became of the accounts `before` by deposits and withdrawals, of which `releases` pay some
 */
export const settleHeight = (
  decided: readonly Decided[],
  { before, funds, releases }: { before: Accounts; funds: Accounts; releases: readonly Release[] },
  terms: Terms,
  place: (domain: Domain, key: Hex) => number,
): { accounts: Accounts; record: LedgerRecord } => {
  const bundles = decided.map((each): BundleRecord => {
    const { key, keys, bundle } = each.funded.ordered;
    const legs = bundle.legs.map(({ domain }, i) => ({ domain, index: place(domain, keys[i] as Hex) }));
    return { key: asRoot(fromHex(key) as Uint8Array), ...endOf(each, terms.legTerms), legs };
  });
  const after = new Map(funds);
  for (const [i, { funded }] of decided.entries()) {
    const { ending, charged } = bundles[i] as BundleRecord;
    const key = toHex(funded.ordered.bundle.sponsor);
    const account = after.get(key);
    if (ending === bundleEndings.skipped || account === undefined) continue;
    after.set(key, settleAccount(account, terms.height, funded.ordered.bundle, charged));
  }
  const hopeless: HopelessCount[] = decided.flatMap(({ funded, outcome }) => {
    const isHopeless = funded.kind === "skip" && funded.hopeless;
    const { declarations } = funded.ordered;
    const producers = isHopeless ? declarations.map(({ producer }) => producer) : [];
    const wrong = outcome === undefined ? [] : misdeclared(funded.ordered, outcome);
    return [...producers, ...wrong].map((producer) => ({ producer, count: 1 }));
  });
  const byIndex = (a: Account, b: Account): number => a.index - b.index;
  const changed = [...after.values()].filter((account) => before.get(keyOf(account.sponsor)) !== account).sort(byIndex);
  return {
    accounts: after,
    record: {
      height: terms.height,
      accountsRoot: accountsRoot(after),
      bundles,
      tenants: tenantSteps(releases, decided, bundles),
      hopeless: addUp(hopeless),
      after: changed,
      before: changed.flatMap(({ sponsor }) => before.get(keyOf(sponsor)) ?? []),
    },
  };
};
