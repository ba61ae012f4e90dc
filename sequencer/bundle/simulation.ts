/** A bundle as it would come out on top of each tenant's newest block, without effect. */
import type { BlockContext, BundleStep, SimulatedLeg, TransactionFacts } from "../../adapters/adapter.ts";
import type { Bundle } from "../../protocol/bundle.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { asHeight, type BundleId, type Domain, type Height, zeroRoot } from "../../protocol/ids.ts";
import type { Tenants } from "../pipeline/tenants.ts";
import type { BundleSimulation } from "../service.ts";
import type { BundleAdmission } from "./admission.ts";
import { inspectBundle } from "./admission.ts";
import { domainsOf, identify } from "./judge.ts";
import { createExchange, failureOf } from "./run.ts";
import { chargesOf } from "./settle.ts";

export type SimulationOptions = Pick<BundleAdmission, "genesis" | "tenant" | "legTerms" | "inspectLegs"> & {
  tenants: Tenants;
  /** Shared time of the block that it would be in, and the newest certified height. */
  timestampMs(): number;
  certified(): Height;
};

type Simulated = { executed: SimulatedLeg[]; failed: BundleSimulation["failure"] };

/** The block after a tenant's newest one. Its shared header is not known yet. */
const nextContext = (options: SimulationOptions, domain: Domain): BlockContext => {
  const tenant = options.tenants.get(domain);
  if (tenant === undefined) throw new LockstepError("unavailable", `this node does not run domain ${domain}`);
  const { stored, activatedAt, head } = tenant;
  return {
    height: asHeight(stored + 1),
    number: stored + 1 - activatedAt,
    timestampMs: options.timestampMs(),
    header: zeroRoot,
    parent: zeroRoot,
    parentHash: head,
    certified: Math.max(0, options.certified() - activatedAt),
  };
};

/** Executes the legs in order; every leg runs behind everything that was applied to its tenant before it. */
const simulateLegs = async (
  options: SimulationOptions,
  { legs }: Bundle,
  id: BundleId,
  facts: readonly TransactionFacts[],
): Promise<Simulated> => {
  const steps = new Map<Domain, BundleStep[]>();
  const supportOf = (domain: Domain) => options.tenants.get(domain)?.adapter.bundles;
  const write = (domain: Domain, writes: readonly Uint8Array[] = []): void => {
    for (const bytes of writes) steps.get(domain)?.push({ kind: "write", bytes });
  };
  for (const domain of domainsOf({ legs })) {
    steps.set(domain, []);
    const support = supportOf(domain);
    if (support !== undefined) write(domain, [support.setBundle(id)]);
  }
  const exchange = createExchange();
  const executed: SimulatedLeg[] = [];
  for (const [i, { domain, transaction }] of legs.entries()) {
    const own = steps.get(domain) ?? [];
    own.push({ kind: "leg", leg: { bytes: transaction, gas: [facts[i]?.gas ?? 0], bundle: id, index: i } });
    const result = await options.tenants.get(domain)?.simulate(nextContext(options, domain), own);
    if (result === undefined) throw new LockstepError("unavailable", `this node does not run domain ${domain}`);
    executed.push(result);
    const failed = failureOf(result, i) ?? exchange.take(result, i);
    if (failed !== undefined) return { executed, failed };
    for (const message of result.sent) write(message.destination, supportOf(message.destination)?.deliver(message));
  }
  return { executed, failed: exchange.end() };
};

/** What is worth another try: a block came in between, or an executor is being started again. */
const isPassing = (error: unknown): error is LockstepError =>
  error instanceof LockstepError &&
  ["wrong_state", "executor_died", "executor_busy", "unavailable"].includes(error.code);

const attempts = 3;

/** Codes: those of `BundleRefusal` and `RefusalCode`, and `unavailable`. */
export const simulateBundle = async (options: SimulationOptions, bundle: Bundle): Promise<Result<BundleSimulation>> => {
  const identified = identify(options.genesis, bundle, (domain) => options.legTerms(domain)?.readLeg);
  if (!identified.ok) return identified;
  const inspected = await inspectBundle(options, bundle);
  if (!inspected.ok) return inspected;
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      const { executed, failed } = await simulateLegs(options, bundle, identified.value, inspected.value);
      const charged = failed === undefined ? [] : chargesOf({ bundle }, { legs: executed }, options.legTerms);
      return success({
        id: identified.value,
        committed: failed === undefined,
        ...(failed === undefined ? {} : { failure: failed }),
        legs: executed,
        charged,
      });
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
  return failure(
    "unavailable",
    "an executor that the bundle needs is busy or being started again: try again in a moment",
  );
};
