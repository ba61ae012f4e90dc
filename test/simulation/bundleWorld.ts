/** Bundles in a simulated network: their legs, their sponsor, and what nodes say of them. */
import { expect } from "vitest";
import { type SponsorSigner, sponsorFrom } from "../../client/sponsor.ts";
import { Bundle, bundleId, bundleRates, legCharge, sponsorDigest } from "../../protocol/bundle.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { asBundleId, asHeight, asValidatorIndex, type BundleId, type ValidatorIndex } from "../../protocol/ids.ts";
import type { BundleStatus } from "../../sequencer/service.ts";
import { evmLegs } from "../fixtures/legs/evm.ts";
import { fuelLegs } from "../fixtures/legs/fuel.ts";
import type { Legs } from "../fixtures/legs/legs.ts";
import { svmLegs } from "../fixtures/legs/svm.ts";
import { expectAgreement } from "./agreement.ts";
import { createNodes, type Nodes } from "./nodes.ts";

export const tenants = [svmLegs, fuelLegs, evmLegs];
export const sponsor = sponsorFrom(new Uint8Array(32).fill(3));
export const index = asValidatorIndex;

/** Builds and loads the engines: that takes real time, of which the world knows nothing. */
export const loadEngines = async (): Promise<void> => {
  for (const { prepare, adapter, domain, config, budget } of tenants) {
    await prepare();
    const { executor } = await adapter.open({ domain, config, budget });
    await executor.close();
  }
};

export const deposits = (who: SponsorSigner, amount: bigint): Genesis["deposits"] =>
  tenants.map(({ domain }) => ({ sponsor: who.sponsor, domain, amount })).sort((a, b) => a.domain - b.domain);

export const start = (options: Partial<Parameters<typeof createNodes>[0]> & { seed: number }): Promise<Nodes> =>
  createNodes({ tenants, deposits: deposits(sponsor, 10n ** 18n), ...options });

export type LegMaker = { legs: Legs; make(id: BundleId): Promise<Uint8Array>; gas: number };

export const payment = (legs: Legs, turn: number): LegMaker => ({
  legs,
  make: (id) => legs.payment(id, turn, 5),
  gas: 6_000_000,
});
export const failing = (legs: Legs, turn: number): LegMaker => ({
  legs,
  make: (id) => legs.failing(id, turn),
  gas: 6_000_000,
});

const placeholder = asBundleId(new Uint8Array(32).fill(0x77).fill(0, 0, 1));

/** A bundle whose legs stand for themselves: nothing but their markers names it. */
export const bundleOf = async (
  nodes: Nodes,
  nonce: number,
  makers: readonly LegMaker[],
): Promise<{ id: BundleId; bytes: Uint8Array }> => {
  const service = nodes.node(index(0)).service;
  const notAfter = asHeight(service.status().finalized + 500);
  const placed = await Promise.all(
    makers.map(async ({ legs, make }) => {
      const leg = legs.adapter.bundles?.readLeg(await make(placeholder));
      if (!leg?.ok) throw new Error("no leg");
      return { domain: legs.domain, unsigned: leg.value.unsigned, idOffsets: [leg.value.marker] };
    }),
  );
  const genesis = Genesis.root(service.genesis);
  const id = bundleId({ genesis, sponsor: sponsor.sponsor, nonce, notAfter, legs: placed });
  const legs = await Promise.all(
    makers.map(async ({ make }, i) => ({
      domain: (placed[i] as (typeof placed)[number]).domain,
      transaction: await make(id),
      idOffsets: (placed[i] as (typeof placed)[number]).idOffsets,
    })),
  );
  const domains = [...new Set(legs.map(({ domain }) => domain))].sort((a, b) => a - b);
  const fee = domains.map((domain) => {
    const own = makers.filter((maker) => maker.legs.domain === domain);
    const rate = bundleRates[own[0]?.legs.adapter.vm ?? "data"] ?? { baseGas: 0, price: 0n };
    return { domain, amount: own.reduce((sum, { gas }) => sum + legCharge(rate, gas), 0n) };
  });
  const bundle: Bundle = {
    legs,
    notAfter,
    sponsor: sponsor.sponsor,
    nonce,
    fee,
    fills: [],
    signature: new Uint8Array(64),
  };
  return { id, bytes: Bundle.encode({ ...bundle, signature: await sponsor.sign(sponsorDigest(id, bundle)) }) };
};

export const submit = async (nodes: Nodes, at: ValidatorIndex, bytes: Uint8Array): Promise<BundleId> => {
  const taken = await nodes.ask(nodes.node(at).service.submitBundle(bytes));
  if (!taken.ok) throw new Error(`${taken.error.code}: ${taken.error.message}`);
  return taken.value.id;
};

export const isOver = (status: BundleStatus | undefined): status is BundleStatus =>
  status !== undefined && status.status !== "pending" && status.status !== "ordered";

export const isUp = (nodes: Nodes, at: ValidatorIndex): boolean => nodes.executed(at) > 0;

/** Runs the world until a node knows a bundle's end. */
export const settled = async (nodes: Nodes, at: ValidatorIndex, id: BundleId): Promise<BundleStatus> => {
  for (;;) {
    const status = isUp(nodes, at) ? await nodes.ask(nodes.node(at).service.bundle(id)) : undefined;
    if (isOver(status)) return status;
    await nodes.world.run(50);
  }
};

export const balances = (nodes: Nodes, at: ValidatorIndex): string[] =>
  nodes
    .node(at)
    .service.sponsor(sponsor.sponsor)
    .balances.map(({ domain, amount }) => `${domain}: ${amount}`);

/** All nodes know the same of these bundles, of the sponsor's account and of the chain. */
export const expectSame = async (nodes: Nodes, ids: readonly BundleId[]): Promise<void> => {
  const statuses = async (at: ValidatorIndex) => {
    const known: BundleStatus[] = [];
    for (const id of ids) known.push(await settled(nodes, at, id));
    return known;
  };
  const first = await statuses(index(0));
  for (const at of nodes.indices.slice(1)) expect(await statuses(at)).toEqual(first);
  const height = Math.max(...nodes.indices.map((at) => nodes.executed(at)));
  await nodes.reach(height);
  await expectAgreement(nodes, height);
  for (const at of nodes.indices) expect(balances(nodes, at)).toEqual(balances(nodes, index(0)));
};

/** The contract that fails stands in every tenant before the first bundle. */
export const setUp = async (nodes: Nodes): Promise<void> => {
  await nodes.reach(1);
  for (const legs of tenants) {
    for (const raw of await legs.setUp()) {
      const before = nodes.acknowledged.size;
      nodes.submitRaw(index(0), raw, legs.domain);
      await nodes.world.run(() => nodes.acknowledged.size > before || nodes.refused.length > 0);
      await nodes.world.run(500);
    }
  }
  expect(nodes.refused).toEqual([]);
};
