/** What a node answers about bundles. */
import type { FinalizedBlock } from "../../consensus/application.ts";
import { transactionId } from "../../protocol/batch.ts";
import { bundleLane } from "../../protocol/bundle.ts";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { asBundleId, type BundleId, type Height } from "../../protocol/ids.ts";
import type { PoolEntry } from "../mempool/entry.ts";
import type { Pool } from "../mempool/pool.ts";
import type { BundleStatus, NodeService } from "../service.ts";
import type { History } from "../storage/history.ts";
import { type OutcomeKind, outcomeKind } from "../storage/records.ts";
import { decodeBundle } from "./admission.ts";
import type { Ledger } from "./ledger.ts";
import { type SimulationOptions, simulateBundle } from "./simulation.ts";
import { statusOf } from "./status.ts";

export type BundleServiceOptions = SimulationOptions & {
  pool: Pick<Pool, "submit" | "findNative">;
  history: Pick<History, "order" | "outcome" | "idOf">;
  ledger: Pick<Ledger, "find" | "account">;
  finalizedBlock(height: Height): Promise<FinalizedBlock | undefined>;
};

const legsOf = (bytes: Uint8Array): BundleStatus["legs"] => {
  const decoded = decodeBundle(bytes);
  return decoded.ok
    ? decoded.value.legs.map(({ domain, transaction }) => ({ domain, id: transactionId(transaction) }))
    : [];
};

const pendingStatus = (id: BundleId, { phase, bytes }: PoolEntry): BundleStatus => ({
  id,
  status: phase === "ordered" ? "ordered" : "pending",
  legs: legsOf(bytes),
  charged: [],
});

const endingStatus: Partial<Record<OutcomeKind, BundleStatus["status"]>> = { expired: "expired", evicted: "evicted" };

export const createBundleService = (
  options: BundleServiceOptions,
): Pick<NodeService, "submitBundle" | "simulateBundle" | "bundle" | "sponsor"> => {
  const { pool, history, ledger } = options;

  const submit = async (bytes: Uint8Array): Promise<Result<{ id: BundleId }>> => {
    const [taken] = await pool.submit(bundleLane, [bytes]);
    if (taken === undefined)
      return failure("unavailable", "this node takes nothing in just now: try again in a moment");
    if (taken.ok) return success({ id: asBundleId(fromHex(taken.value.nativeId) ?? new Uint8Array()) });
    if (taken.error.code !== "insufficient_funds") return taken;
    return failure("bundle_unfunded", "the sponsor's pending bundles may cost all it has: deposit more, or wait");
  };

  const ended = async (id: BundleId): Promise<BundleStatus | undefined> => {
    const found = await ledger.find(id);
    if (found === undefined) return undefined;
    const { record, index, isStored } = found;
    const block = await options.finalizedBlock(record.height);
    const bundle = block && (await history.order(block)).bundles[index];
    if (bundle === undefined) return undefined;
    if (!isStored) return { id, status: "ordered", legs: legsOf(bundle.bytes), charged: [] };
    const nativeIds = await Promise.all(
      bundle.bundle.legs.map(async ({ domain }, i): Promise<Hex | undefined> => {
        const outcome = await history.outcome(domain, bundle.leaves[i] as BundleStatus["legs"][number]["id"]);
        return outcome === undefined || outcome.nativeId.length === 0 ? undefined : toHex(outcome.nativeId);
      }),
    );
    return statusOf(record, index, bundle, nativeIds);
  };

  /** What never was in a block: of its legs nothing is kept. */
  const unordered = async (id: BundleId): Promise<BundleStatus | undefined> => {
    const key = await history.idOf(bundleLane, toHex(id));
    const outcome = key && (await history.outcome(bundleLane, key));
    if (outcome === undefined) return undefined;
    const status = endingStatus[outcomeKind(outcome.kind)] ?? "skipped";
    return { id, status, legs: [], reason: new TextDecoder().decode(outcome.reason), charged: [] };
  };

  return {
    submitBundle: submit,
    simulateBundle: (bundle) => simulateBundle(options, bundle),
    bundle: async (id) => {
      const entry = pool.findNative(bundleLane, toHex(id));
      return (await ended(id)) ?? (entry ? pendingStatus(id, entry) : await unordered(id));
    },
    sponsor: (sponsor) => {
      const { balances, pending } = ledger.account(sponsor) ?? { balances: [], pending: [] };
      const withdrawals = pending.map(({ domain, amount, recipient, due }) => ({ domain, amount, recipient, due }));
      return { sponsor, balances, withdrawals };
    },
  };
};
