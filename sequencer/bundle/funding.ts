/**
 * Which bundles of a block are executed: one pass in block order reserves the most that each may cost its sponsor, and
 * leaves out what is void, late, repeated or unfunded. So bundles can be executed side by side afterwards. Pure.
 */
import type { Adapter, Exclusion } from "../../adapters/adapter.ts";
import { type BundleRate, bundleRates, legCharge, type ReadLeg } from "../../protocol/bundle.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import type { BundleId, Domain, Height, Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderedBundle } from "../block/payload.ts";
import { type Accounts, balanceOf, isNonceUsed, liveNonces } from "./accounts.ts";
import { judgeBundle } from "./judge.ts";

/** How a tenant takes part in bundles. */
export type LegTerms = { readLeg: ReadLeg; rate: BundleRate };

/** Absent for a VM that takes no part. */
export const legTermsOf = (adapter: Pick<Adapter, "vm" | "bundles"> | undefined): LegTerms | undefined => {
  const rate = adapter && bundleRates[adapter.vm];
  const readLeg = adapter?.bundles?.readLeg;
  return rate === undefined || readLeg === undefined ? undefined : { rate, readLeg };
};

export type Terms = {
  genesis: Root;
  height: Height;
  /** Absent for tenants that take no part. */
  legTerms(domain: Domain): LegTerms | undefined;
  /** Whether the validators agreed to go on without a tenant, after the block was ordered. */
  isDropped(domain: Domain): boolean;
  /** Whether the validators agreed to leave a leg out, by its leaf as map key. */
  isSkipped(domain: Domain, key: Hex): boolean;
};

/** `hopeless`: whoever ordered it could have known. */
export type Funded =
  | { kind: "run"; ordered: OrderedBundle; id: BundleId }
  | { kind: "skip"; ordered: OrderedBundle; id?: BundleId; reason: Exclusion; hopeless: boolean };

/** Least gas that any producer declared for a leg: with the others' the executor would not agree. */
const leastGas = ({ declarations }: OrderedBundle, leg: number): number =>
  Math.min(...declarations.map(({ gas }) => gas[leg] ?? Number.MAX_SAFE_INTEGER));

/** Whether the fee covers what undoing the bundle may cost at each tenant. */
const coversWorst = (ordered: OrderedBundle, { legTerms }: Terms): boolean => {
  const { fee, legs } = ordered.bundle;
  return fee.every(({ domain, amount }) => {
    const worst = legs.reduce((sum, leg, i) => {
      const rate = leg.domain === domain ? legTerms(domain)?.rate : undefined;
      return rate === undefined ? sum : sum + legCharge(rate, leastGas(ordered, i));
    }, 0n);
    return amount >= worst;
  });
};

/** Decides on each bundle of a block, in block order. */
export const fund = (bundles: readonly OrderedBundle[], accounts: Accounts, terms: Terms): Funded[] => {
  const { height } = terms;
  const reserved = new Map<string, bigint>();
  const used = new Map<Hex, Set<number>>();

  const exclude = (ordered: OrderedBundle): { reason: Exclusion; hopeless: boolean } | undefined => {
    const { bundle, keys } = ordered;
    const { sponsor, nonce, notAfter, fee } = bundle;
    const hopeless = { hopeless: true };
    const harmless = { hopeless: false };
    if (bundle.legs.some(({ domain }, i) => terms.isSkipped(domain, keys[i] as Hex))) {
      return { reason: "skipped", ...harmless };
    }
    if (notAfter < height) return { reason: "bundle_expired", ...harmless };
    if (notAfter > height + limits.bundleHeights || !coversWorst(ordered, terms)) {
      return { reason: "bundle_void", ...hopeless };
    }
    const key = toHex(sponsor);
    const nonces = used.get(key) ?? new Set();
    if (nonces.has(nonce) || isNonceUsed(accounts, sponsor, nonce, height)) {
      return { reason: "bundle_duplicate", ...harmless };
    }
    const account = accounts.get(key);
    const isFull = account !== undefined && liveNonces(account, height).length + nonces.size >= limits.sponsorNonces;
    const isFunded = fee.every(({ domain, amount }) => {
      const left = balanceOf(accounts, sponsor, domain) - (reserved.get(`${domain}/${key}`) ?? 0n);
      return left >= amount;
    });
    if (isFull || !isFunded) return { reason: "bundle_unfunded", ...harmless };
    for (const { domain, amount } of fee) {
      const place = `${domain}/${key}`;
      reserved.set(place, (reserved.get(place) ?? 0n) + amount);
    }
    used.set(key, nonces.add(nonce));
    return undefined;
  };

  return bundles.map((ordered): Funded => {
    const isDropped = ordered.bundle.legs.some(({ domain }) => terms.isDropped(domain));
    if (isDropped) return { kind: "skip", ordered, reason: "skipped", hopeless: false };
    const judged = judgeBundle(terms.genesis, ordered.bundle, (domain) => terms.legTerms(domain)?.readLeg);
    if (!judged.ok) return { kind: "skip", ordered, reason: "bundle_void", hopeless: true };
    const id = judged.value;
    const excluded = exclude(ordered);
    return excluded === undefined ? { kind: "run", ordered, id } : { kind: "skip", ordered, id, ...excluded };
  });
};
