/** Bundles through a network: as many as it takes, and single ones for their latency. */
import { setTimeout as pause } from "node:timers/promises";
import { type ApprovedBundle, connect, type Lockstep, type SentBundle } from "../../../client/bundle.ts";
import { type SponsorSigner, sponsorFrom } from "../../../client/sponsor.ts";
import { devWallets, type Wallets } from "../../../devnet/wallets.ts";
import { followHeights, type Heights } from "../heights.ts";
import { type Network, startNetwork } from "../network.ts";
import { type Sizes, warmUpShare } from "../options.ts";
import type { Workspace } from "../workspace.ts";
import { type BundleCase, bundleCases, draftsOf } from "./cases.ts";

export type BundleRate = BundleCase & {
  bundles: number;
  /** From the first submission until all were executed, and certified. */
  executedMs: number;
  certifiedMs: number;
};

export type Bundles = {
  rates: BundleRate[];
  /** Milliseconds from sending a single bundle of four VMs, by stage. */
  latency: Record<"acknowledged" | "executed" | "certified", number[]>;
};

/** Accounts that send bundles side by side, each its own in their order; each is a sponsor. */
const payers = 10;

type Payer = { wallets: Wallets; sponsor: SponsorSigner };

const payersOf = ({ rpcs }: Network): Payer[] =>
  Array.from({ length: payers }, (_, index) => {
    const { evm = "", svm = "", cairo = "", fuel = "" } = rpcs[0] ?? {};
    const wallets = devWallets({ evm, svm, cairo, fuel }, index);
    return { wallets, sponsor: sponsorFrom(wallets.svm.keypair.secretKey) };
  });

const approve = async (
  lockstep: Lockstep,
  { wallets, sponsor }: Payer,
  kind: BundleCase,
  count: number,
): Promise<ApprovedBundle[]> => {
  const approved: ApprovedBundle[] = [];
  for (const legs of await draftsOf(wallets, kind, count)) {
    const prepared = await lockstep.prepare({ sponsor, legs, heights: 1000 });
    approved.push(await (await prepared.sign()).approve());
  }
  return approved;
};

/** The height of a bundle that ended as it had to. */
const heightOf = async (sent: SentBundle, { ends }: BundleCase): Promise<number> => {
  const { status, reason, failure, height = 0 } = await sent.settled();
  if (status !== ends) throw new Error(`a bundle is ${status}, not ${ends}: ${reason ?? ""} ${failure ?? ""}`);
  return height;
};

/** Resolves once a height is certified. */
const reached = async (heights: Heights, height: number): Promise<{ executed: number; certified: number }> => {
  await heights.until(() => heights.certifiedAt(height) !== undefined);
  return { executed: heights.executedAt(height) ?? Number.NaN, certified: heights.certifiedAt(height) ?? Number.NaN };
};

const measureRate = async (
  lockstep: Lockstep,
  heights: Heights,
  all: readonly Payer[],
  kind: BundleCase,
  each: number,
): Promise<BundleRate> => {
  const signed = await Promise.all(all.map((payer) => approve(lockstep, payer, kind, each)));
  const began = performance.now();
  const sent = await Promise.all(
    signed.map(async (own) => {
      const done: SentBundle[] = [];
      for (const bundle of own) done.push(await bundle.send());
      return done;
    }),
  );
  let last = 0;
  for (const bundle of sent.flat()) last = Math.max(last, await heightOf(bundle, kind));
  const { executed, certified } = await reached(heights, last);
  return { ...kind, bundles: each * all.length, executedMs: executed - began, certifiedMs: certified - began };
};

const measureLatency = async (
  lockstep: Lockstep,
  heights: Heights,
  payer: Payer,
  count: number,
): Promise<Bundles["latency"]> => {
  const latency: Bundles["latency"] = { acknowledged: [], executed: [], certified: [] };
  const kind: BundleCase = { legs: ["evm", "svm", "fuel", "cairo"], ends: "committed" };
  for (let i = 0; i < count; i++) {
    const [approved] = await approve(lockstep, payer, kind, 1);
    if (approved === undefined) break;
    // The network is idle again.
    await pause(300);
    const began = performance.now();
    const sent = await approved.send();
    latency.acknowledged.push(performance.now() - began);
    const { executed, certified } = await reached(heights, await heightOf(sent, kind));
    latency.executed.push(executed - began);
    latency.certified.push(certified - began);
  }
  return latency;
};

/** Through four validators with one tenant of each VM. */
export const measureBundles = (
  workspace: Workspace,
  { bundles }: Pick<Sizes, "bundles">,
  say: (text: string) => void,
): Promise<Bundles> =>
  workspace.using(
    () => startNetwork(workspace, 4, ["svm", "cairo", "fuel", "evm"]),
    async (network) => {
      const [api = ""] = network.apis;
      const lockstep = await connect(api);
      const heights = await followHeights(api);
      try {
        const all = payersOf(network);
        const rates: BundleRate[] = [];
        for (const kind of bundleCases) {
          say(`bundles of ${kind.legs.join(", ")}, ${kind.ends}`);
          await measureRate(lockstep, heights, all, kind, Math.ceil(warmUpShare * bundles.each));
          rates.push(await measureRate(lockstep, heights, all, kind, bundles.each));
        }
        say("latency of bundles");
        return { rates, latency: await measureLatency(lockstep, heights, all[0] as Payer, bundles.samples) };
      } finally {
        heights.close();
      }
    },
  );
