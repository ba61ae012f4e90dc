/** Whether a bundle could be executed as things stand: what is refused at the door costs its sponsor nothing. */
import type { Inspection, TransactionFacts } from "../../adapters/adapter.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import { Bundle, type BundleFee, legCharge } from "../../protocol/bundle.ts";
import { toHex } from "../../protocol/bytes.ts";
import { failure, type LockstepError, type Result, success } from "../../protocol/errors.ts";
import { asHeight, type BundleId, type Domain, type Height, type Root, type Sponsor } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { legAllowance } from "../control/capacity.ts";
import { refuseOversized } from "../mempool/refusals.ts";
import type { LegTerms } from "./funding.ts";
import { domainsOf, judgeBundle } from "./judge.ts";

/** What a leg asks of its tenant's capacity. */
export type LegLoad = { domain: Domain; gas: number; bytes: number };

/** A bundle as the mempool knows it: its native id is the bundle's, its sender the sponsor. */
export type BundleFacts = TransactionFacts & { notAfter: Height; legs: LegLoad[] };

export type BundleAdmission = {
  genesis: Root;
  /** Newest height whose order is settled. */
  height(): Height;
  /** The budget of a domain that takes transactions now, or why it takes none. */
  tenant(domain: Domain): Result<TenantBudget>;
  legTerms(domain: Domain): LegTerms | undefined;
  /** Besides the adapter's refusals: `unavailable` while the tenant's executor is down. */
  inspectLegs(domain: Domain, legs: readonly Uint8Array[]): Promise<Result<TransactionFacts>[]>;
  balance(sponsor: Sponsor, domain: Domain): bigint;
  isNonceUsed(sponsor: Sponsor, nonce: number): boolean;
};

/** @returns the bundle, if these bytes are one. Codes: `bundle_oversized`, `bundle_undecodable` */
export const decodeBundle = (bytes: Uint8Array): Result<Bundle> => {
  if (bytes.length > limits.bundleBytes) {
    return failure("bundle_oversized", `${bytes.length} bytes, a bundle has at most ${limits.bundleBytes}`);
  }
  try {
    return success(Bundle.decode(bytes));
  } catch (error) {
    return failure("bundle_undecodable", (error as LockstepError).message);
  }
};

/** Why a leg can't be ordered, whatever it does. */
const refuseLeg = (budget: TenantBudget, size: number, inspection: Inspection): Result<TransactionFacts> => {
  const sized = refuseOversized(budget, size, inspection);
  if (!sized.ok) return sized;
  const { gas, nonce, account } = sized.value;
  const most = legAllowance(budget);
  if (gas > most) return failure("gas_limit", `its gas limit is ${gas}, the legs of a block have ${most}`, { gas });
  if (nonce !== undefined && account !== undefined && nonce < account.nonce) {
    return failure("nonce_too_low", `nonce ${nonce} is used, the next is ${account.nonce}`, { nonce });
  }
  return sized;
};

/** Facts of each leg in order, from the executors of their tenants; or the first refusal, with its `leg`. */
export const inspectBundle = async (
  options: Pick<BundleAdmission, "tenant" | "inspectLegs">,
  { legs }: Bundle,
): Promise<Result<TransactionFacts[]>> => {
  const facts: TransactionFacts[] = [];
  for (const domain of domainsOf({ legs })) {
    const positions = legs.flatMap((leg, i) => (leg.domain === domain ? [i] : []));
    const budget = options.tenant(domain);
    if (!budget.ok) return failure(budget.error.code, budget.error.message, { leg: positions[0] });
    const transactions = positions.map((i) => (legs[i] as Bundle["legs"][number]).transaction);
    const inspections = await options.inspectLegs(domain, transactions);
    for (const [i, leg] of positions.entries()) {
      const inspection = inspections[i] as Inspection;
      const refused = refuseLeg(budget.value, (transactions[i] as Uint8Array).length, inspection);
      if (!refused.ok) return failure(refused.error.code, `leg ${leg}: ${refused.error.message}`, { leg });
      facts[leg] = refused.value;
    }
  }
  return success(facts);
};

/** The least fee that covers what undoing a bundle may cost, domain by domain. */
export const worstFee = (
  { legs }: Pick<Bundle, "legs">,
  facts: readonly Pick<TransactionFacts, "gas">[],
  legTerms: BundleAdmission["legTerms"],
): BundleFee[] =>
  domainsOf({ legs }).map((domain) => {
    const rate = legTerms(domain)?.rate;
    const amount = legs.reduce(
      (sum, leg, i) => (leg.domain === domain && rate ? sum + legCharge(rate, facts[i]?.gas ?? 0) : sum),
      0n,
    );
    return { domain, amount };
  });

const whole = 1_000_000n;

/** The largest part of what the sponsor has at some tenant that the bundle may cost, in millionths, rounded up. */
const partOf = ({ sponsor, fee }: Bundle, balance: BundleAdmission["balance"]): bigint =>
  fee.reduce((largest, { domain, amount }) => {
    const has = balance(sponsor, domain);
    const part = amount === 0n ? 0n : has === 0n ? whole + 1n : (amount * whole + has - 1n) / has;
    return part > largest ? part : largest;
  }, 0n);

const refuseTime = ({ notAfter }: Bundle, height: Height): Result<never> | undefined => {
  if (notAfter <= height) {
    return failure("bundle_expired", `its newest height is ${notAfter}, the next is ${height + 1}: sign it anew`);
  }
  const most = asHeight(height + limits.bundleHeights);
  return notAfter <= most
    ? undefined
    : failure("bundle_too_far", `its newest height is ${notAfter}; it may be ${most} at most`);
};

const factsOf = (options: BundleAdmission, bundle: Bundle, id: BundleId, legs: LegLoad[]): BundleFacts => ({
  nativeId: toHex(id),
  sender: toHex(bundle.sponsor),
  gas: 0,
  // The lane adds up what its pending bundles may cost the sponsor.
  cost: partOf(bundle, options.balance),
  account: { nonce: 0, balance: whole },
  price: { max: 0n, tip: 0n },
  notAfter: bundle.notAfter,
  legs,
});

const inspectOne = async (options: BundleAdmission, bytes: Uint8Array): Promise<Result<BundleFacts>> => {
  const decoded = decodeBundle(bytes);
  if (!decoded.ok) return decoded;
  const bundle = decoded.value;
  const { sponsor, nonce, fee } = bundle;
  const judged = judgeBundle(options.genesis, bundle, (domain) => options.legTerms(domain)?.readLeg);
  if (!judged.ok) return judged;
  const late = refuseTime(bundle, options.height());
  if (late !== undefined) return late;
  if (options.isNonceUsed(sponsor, nonce)) {
    return failure("bundle_duplicate", `a bundle of this sponsor with nonce ${nonce} was executed: take another nonce`);
  }
  const inspected = await inspectBundle(options, bundle);
  if (!inspected.ok) return inspected;
  const short = worstFee(bundle, inspected.value, options.legTerms).find(
    ({ amount }, i) => amount > (fee[i]?.amount ?? 0n),
  );
  if (short !== undefined) {
    const message = `undoing it may cost ${short.amount} at domain ${short.domain}: its fee must cover that`;
    return failure("bundle_fee", message, { domain: short.domain, amount: short.amount.toString() });
  }
  const poor = fee.find(({ domain, amount }) => options.balance(sponsor, domain) < amount);
  if (poor !== undefined) {
    const has = options.balance(sponsor, poor.domain);
    const message = `the sponsor has ${has} at domain ${poor.domain}, the bundle may cost ${poor.amount}: deposit more`;
    return failure("bundle_unfunded", message, { domain: poor.domain, balance: has.toString() });
  }
  const legs = bundle.legs.map(({ domain, transaction }, i): LegLoad => {
    return { domain, gas: inspected.value[i]?.gas ?? 0, bytes: transaction.length };
  });
  return success(factsOf(options, bundle, judged.value, legs));
};

/** What the mempool asks of encoded bundles. Codes: those of `BundleRefusal`, of `RefusalCode`, `unavailable`. */
export const inspectBundles = (
  options: BundleAdmission,
  bundles: readonly Uint8Array[],
): Promise<Result<BundleFacts>[]> => Promise.all(bundles.map((bytes) => inspectOne(options, bytes)));
