/** Bundles on whole validators in a seeded world: loss, crashes, executors that die; and everybody comes to the same. */
import { beforeAll, describe, expect, it } from "vitest";
import { type SponsorSigner, sponsorFrom } from "../../client/sponsor.ts";
import { signWithdrawal } from "../../client/withdrawal.ts";
import { type Batch, batchDigest, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { Bundle, bundleId, bundleRates, legCharge, sponsorDigest } from "../../protocol/bundle.ts";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { controlDomain } from "../../protocol/control.ts";
import { Genesis } from "../../protocol/genesis.ts";
import {
  asBundleId,
  asHeight,
  asRoot,
  asValidatorIndex,
  type BundleId,
  type Domain,
  type ValidatorIndex,
} from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { batchSigningRoot } from "../../sequencer/batch/exchange.ts";
import type { BundleStatus } from "../../sequencer/service.ts";
import { evmLegs } from "../fixtures/legs/evm.ts";
import { fuelLegs } from "../fixtures/legs/fuel.ts";
import type { Legs } from "../fixtures/legs/legs.ts";
import { svmLegs } from "../fixtures/legs/svm.ts";
import { expectAgreement } from "./agreement.ts";
import { createNodes, type Nodes } from "./nodes.ts";

const tenants = [svmLegs, fuelLegs, evmLegs];
const sponsor = sponsorFrom(new Uint8Array(32).fill(3));
const index = asValidatorIndex;

beforeAll(async () => {
  for (const { prepare, adapter, domain, config, budget } of tenants) {
    await prepare();
    // Loading an engine takes real time, of which the world knows nothing.
    const { executor } = await adapter.open({ domain, config, budget });
    await executor.close();
  }
}, 900_000);

const deposits = (who: SponsorSigner, amount: bigint): Genesis["deposits"] =>
  tenants.map(({ domain }) => ({ sponsor: who.sponsor, domain, amount })).sort((a, b) => a.domain - b.domain);

const start = (options: Partial<Parameters<typeof createNodes>[0]> & { seed: number }): Promise<Nodes> =>
  createNodes({ tenants, deposits: deposits(sponsor, 10n ** 18n), ...options });

type LegMaker = { legs: Legs; make(id: BundleId): Promise<Uint8Array>; gas: number };

const payment = (legs: Legs, turn: number): LegMaker => ({
  legs,
  make: (id) => legs.payment(id, turn, 5),
  gas: 6_000_000,
});
const failing = (legs: Legs, turn: number): LegMaker => ({
  legs,
  make: (id) => legs.failing(id, turn),
  gas: 6_000_000,
});

const placeholder = asBundleId(new Uint8Array(32).fill(0x77).fill(0, 0, 1));

/** A bundle whose legs stand for themselves: nothing but their markers names it. */
const bundleOf = async (
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

const submit = async (nodes: Nodes, at: ValidatorIndex, bytes: Uint8Array): Promise<BundleId> => {
  const taken = await nodes.ask(nodes.node(at).service.submitBundle(bytes));
  if (!taken.ok) throw new Error(`${taken.error.code}: ${taken.error.message}`);
  return taken.value.id;
};

const isOver = (status: BundleStatus | undefined): status is BundleStatus =>
  status !== undefined && status.status !== "pending" && status.status !== "ordered";

const isUp = (nodes: Nodes, at: ValidatorIndex): boolean => nodes.executed(at) > 0;

/** Runs the world until a node knows a bundle's end. */
const settled = async (nodes: Nodes, at: ValidatorIndex, id: BundleId): Promise<BundleStatus> => {
  for (;;) {
    const status = isUp(nodes, at) ? await nodes.ask(nodes.node(at).service.bundle(id)) : undefined;
    if (isOver(status)) return status;
    await nodes.world.run(50);
  }
};

const balances = (nodes: Nodes, at: ValidatorIndex): string[] =>
  nodes
    .node(at)
    .service.sponsor(sponsor.sponsor)
    .balances.map(({ domain, amount }) => `${domain}: ${amount}`);

/** All nodes know the same of these bundles, of the sponsor's account and of the chain. */
const expectSame = async (nodes: Nodes, ids: readonly BundleId[]): Promise<void> => {
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
const setUp = async (nodes: Nodes): Promise<void> => {
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

const turnOf = new Map<Domain, number>();
const nextTurn = (legs: Legs): number => {
  const turn = turnOf.get(legs.domain) ?? 0;
  turnOf.set(legs.domain, turn + 1);
  return turn;
};

describe("bundles on four validators", () => {
  it.each([1, 2, 3])(
    "are committed or undone the same everywhere, through loss and crashes (seed %i)",
    async (seed) => {
      turnOf.clear();
      const nodes = await start({ seed, link: { loss: 0.02 } });
      await setUp(nodes);
      const ids: BundleId[] = [];
      const expected: string[] = [];
      for (let nonce = 0; nonce < 8; nonce++) {
        const fails = nonce % 3 === 2;
        const makers = fails
          ? [
              payment(svmLegs, 100 + nonce),
              payment(fuelLegs, turnOf.get(fuelLegs.domain) ?? 0),
              failing(evmLegs, turnOf.get(evmLegs.domain) ?? 0),
            ]
          : tenants.map((legs) => payment(legs, nextTurn(legs)));
        const { id, bytes } = await bundleOf(nodes, nonce, makers);
        const at = index(nonce % 3);
        expect(await submit(nodes, at, bytes)).toEqual(id);
        ids.push(id);
        expected.push(fails ? "aborted" : "committed");
        const victim = index(3);
        if (nonce % 2 === 1) nodes.crash(victim);
        expect((await settled(nodes, at, id)).status).toBe(expected[nonce]);
        if (nonce % 2 === 1) nodes.restart(victim);
      }
      await expectSame(nodes, ids);
      expect(balances(nodes, index(0)).every((balance) => !balance.endsWith(`: ${10n ** 18n}`))).toBe(true);
    },
    120_000,
  );

  it("survive the death of an executor in the middle of one, at any node", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 4 });
    await setUp(nodes);
    const ids: BundleId[] = [];
    for (let nonce = 0; nonce < 4; nonce++) {
      const { id, bytes } = await bundleOf(
        nodes,
        nonce,
        tenants.map((legs) => payment(legs, nextTurn(legs))),
      );
      const { legs } = Bundle.decode(bytes);
      const at = index(nonce);
      const leg = legs[nonce % legs.length] as (typeof legs)[number];
      const faults = nodes.faults(at, leg.domain);
      let deaths = 0;
      faults.isDeadly = (transaction) => toHex(transaction) === toHex(leg.transaction) && deaths++ === 0;
      await submit(nodes, index((nonce + 1) % 4), bytes);
      for (const each of nodes.indices) expect((await settled(nodes, each, id)).status).toBe("committed");
      expect(deaths).toBeGreaterThan(1);
      faults.isDeadly = () => false;
      ids.push(id);
    }
    await expectSame(nodes, ids);
  }, 120_000);

  it("wait for a quarantined tenant of theirs, and nothing else does", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 5 });
    await setUp(nodes);
    const { id, bytes } = await bundleOf(nodes, 0, [payment(svmLegs, 0), payment(evmLegs, 0)]);
    const ill = index(3);
    const leg = Bundle.decode(bytes).legs[1]?.transaction ?? new Uint8Array();
    nodes.faults(ill, evmLegs.domain).isDeadly = (transaction) => toHex(transaction) === toHex(leg);
    await submit(nodes, index(0), bytes);
    for (const at of [0, 1, 2]) expect((await settled(nodes, index(at), id)).status).toBe("committed");
    await nodes.world.run(() => nodes.node(ill).service.problems().length > 0);
    const stuck = nodes.executed(ill);
    nodes.submit(index(0), "goes on");
    await nodes.world.run(20_000);
    expect(nodes.executed(ill)).toBe(stuck);
    const fuel = nodes.node(ill).tenants.get(fuelLegs.domain)?.services.heads().executed ?? 0;
    expect(fuel).toBeGreaterThan(stuck + 5);
    nodes.crash(ill);
    nodes.faults(ill, evmLegs.domain).isDeadly = () => false;
    nodes.restart(ill);
    await expectSame(nodes, [id]);
  }, 120_000);

  it("are paid for with what was deposited at the gateways, once that is certified everywhere", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 9, deposits: [] });
    await setUp(nodes);
    const bundle = (nonce: number) => bundleOf(nodes, nonce, [payment(svmLegs, 50), failing(evmLegs, 1)]);
    const early = await nodes.ask(nodes.node(index(0)).service.submitBundle((await bundle(1)).bytes));
    expect(early).toMatchObject({ ok: false, error: { code: "bundle_unfunded" } });

    const amounts = new Map([
      [svmLegs, 10n ** 9n],
      [fuelLegs, 7n],
      [evmLegs, 10n ** 18n],
    ]);
    for (const [legs, amount] of amounts) {
      nodes.submitRaw(index(1), await legs.depositing(0, sponsor.sponsor, amount), legs.domain);
    }
    const all = [...amounts].map(([{ domain }, amount]) => `${domain}: ${amount}`).sort();
    nodes.crash(index(3));
    const isCredited = (at: ValidatorIndex): boolean => balances(nodes, at).sort().join() === all.join();
    await nodes.world.run(() => [0, 1, 2].every((at) => isCredited(index(at))));
    nodes.crash(index(2));
    nodes.restart(index(2));
    nodes.restart(index(3));
    await nodes.world.run(() => nodes.indices.every((at) => isUp(nodes, at) && isCredited(at)));

    const { id, bytes } = await bundle(2);
    await submit(nodes, index(3), bytes);
    const { status, charged } = await settled(nodes, index(3), id);
    expect(status).toBe("aborted");
    await expectSame(nodes, [id]);
    const paid = (domain: Domain): bigint => charged.find((fee) => fee.domain === domain)?.amount ?? 0n;
    expect(paid(evmLegs.domain)).toBeGreaterThan(0n);
    const left = [...amounts].map(([{ domain }, amount]) => `${domain}: ${amount - paid(domain)}`).sort();
    expect(balances(nodes, index(0)).sort()).toEqual(left);
  }, 120_000);

  it("leave to their sponsor what it withdraws, which is paid once none of them can be executed any more", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 10, deposits: [] });
    await nodes.reach(1);
    const paying = [svmLegs, evmLegs];
    for (const legs of paying) {
      nodes.submitRaw(index(0), await legs.depositing(0, sponsor.sponsor, 3_000_000n), legs.domain);
    }
    await nodes.world.run(() => balances(nodes, index(1)).length === paying.length);
    const { service } = nodes.node(index(1));
    const asked = service.status().finalized;
    const genesis = Genesis.root(service.genesis);
    for (const [nonce, { domain, recipient }] of paying.entries()) {
      const request = { sponsor, domain, recipient, amount: nonce === 0 ? 1_000_000n : 10n ** 20n, nonce };
      nodes.submitRaw(index(1), await signWithdrawal(genesis, request, asHeight(asked + 100)), controlDomain);
      const refusals = nodes.refused.length;
      const late = await signWithdrawal(genesis, { ...request, nonce: 9 }, asHeight(asked + 5_000));
      nodes.submitRaw(index(1), late, controlDomain);
      await nodes.world.run(() => nodes.refused.length > refusals);
    }
    expect(nodes.refused).toEqual(["wrong_height", "wrong_height"]);
    const unspendable = await bundleOf(nodes, 7, [payment(svmLegs, 50), payment(evmLegs, 1)]);
    await nodes.world.run(5_000);
    const taken = await nodes.ask(nodes.node(index(2)).service.submitBundle(unspendable.bytes));
    expect(taken).toMatchObject({ ok: false, error: { code: "bundle_unfunded" } });

    const paidTo = async ({ balance, domain, recipient }: Legs, at: ValidatorIndex): Promise<bigint> => {
      const services = nodes.node(at).tenants.get(domain)?.services;
      if (services === undefined) throw new Error("no tenant");
      return await nodes.ask(balance(services, services.heads().executed, recipient));
    };
    expect(await paidTo(svmLegs, index(0))).toBe(0n);
    await nodes.reach(asked + limits.bundleHeights - 5);
    expect(balances(nodes, index(0))).toEqual(["501: 3000000", `${evmLegs.domain}: 3000000`]);
    nodes.crash(index(3));
    await nodes.reach(asked + limits.bundleHeights + 10);
    nodes.restart(index(3));
    nodes.crash(index(2));
    nodes.restart(index(2));
    const height = asked + limits.bundleHeights + 30;
    await nodes.reach(height);
    await expectAgreement(nodes, height);
    for (const at of nodes.indices) {
      expect(balances(nodes, at)).toEqual(["501: 2000000", `${evmLegs.domain}: 0`]);
      expect(await paidTo(svmLegs, at)).toBe(1_000_000n);
    }
    const released = { sponsor: sponsor.sponsor, nonce: 1, recipient: evmLegs.recipient, amount: 3_000_000n };
    const withdrawing = (await evmLegs.withdrawing?.(1, released)) as Uint8Array;
    nodes.submitRaw(index(3), withdrawing, evmLegs.domain);
    for (;;) {
      await nodes.world.run(500);
      if ((await paidTo(evmLegs, index(0))) === 3_000_000n) break;
    }
  }, 240_000);

  it("are refused at the door with what is wrong", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 6, deposits: deposits(sponsor, 10n ** 15n) });
    await setUp(nodes);
    const codeOf = async (bytes: Uint8Array): Promise<string> => {
      const taken = await nodes.ask(nodes.node(index(0)).service.submitBundle(bytes));
      return taken.ok ? "ok" : taken.error.code;
    };
    const makers = [payment(svmLegs, 0), payment(fuelLegs, 0)];
    const { id, bytes } = await bundleOf(nodes, 7, makers);
    const bundle = Bundle.decode(bytes);
    const approved = async (change: Partial<Bundle>): Promise<Uint8Array> => {
      const changed = { ...bundle, ...change };
      return Bundle.encode({ ...changed, signature: await sponsor.sign(sponsorDigest(id, changed)) });
    };
    const garbled = bundle.legs.map((leg, i) =>
      i === 0 ? { ...leg, transaction: leg.transaction.map((byte, at) => (at === 10 ? byte ^ 1 : byte)) } : leg,
    );
    expect(await codeOf(new Uint8Array(10))).toBe("bundle_undecodable");
    expect(await codeOf(new Uint8Array(600_000))).toBe("bundle_oversized");
    expect(await codeOf(Bundle.encode({ ...bundle, signature: new Uint8Array(64) }))).toBe("bundle_signature");
    expect(await codeOf(Bundle.encode({ ...bundle, legs: garbled }))).toBe("bundle_signature");
    expect(await codeOf(await approved({ legs: garbled }))).toBe("bad_signature");
    expect(await codeOf(await approved({ legs: [...bundle.legs].reverse() }))).toBe("bundle_marker");
    expect(await codeOf(await approved({ legs: [bundle.legs[0] as Bundle["legs"][number]] }))).toBe(
      "bundle_one_domain",
    );
    expect(await codeOf(await approved({ nonce: 8 }))).toBe("bundle_marker");
    expect(await codeOf(await approved({ notAfter: asHeight(bundle.notAfter + 1) }))).toBe("bundle_marker");
    const moved = bundle.legs.map((leg) => ({ ...leg, idOffsets: leg.idOffsets.map((at) => at + 1) }));
    expect(await codeOf(await approved({ legs: moved }))).toBe("bundle_marker");
    expect(await codeOf(await approved({ fee: bundle.fee.map((fee) => ({ ...fee, amount: 1n })) }))).toBe("bundle_fee");
    expect(await codeOf(await approved({ fee: bundle.fee.map((fee) => ({ ...fee, amount: 10n ** 17n })) }))).toBe(
      "bundle_unfunded",
    );
    for (const { domain, transaction } of bundle.legs) {
      const [plain] = await nodes.ask(nodes.node(index(0)).service.submit(domain, [transaction]));
      expect(plain).toMatchObject({ ok: false, error: { code: "bundle_only" } });
    }
    expect(await codeOf(bytes)).toBe("ok");
    expect((await settled(nodes, index(0), id)).status).toBe("committed");
    expect(await codeOf(bytes)).toBe("bundle_duplicate");
    expect(fromHex(toHex(id))?.[0]).toBe(0);
  }, 120_000);
});

describe("a producer's bundles that are none", () => {
  /** What a validator that is gone has others order, in its name. */
  const producerOf = (nodes: Nodes) => {
    const at = index(3);
    nodes.crash(at);
    nodes.world.restart(at, async () => {});
    const signer = nodes.signers[3] as (typeof nodes.signers)[number];
    const genesis = nodes.node(index(0)).service.genesisRoot;
    let sequence = 0;
    return (transactions: Batch["transactions"], bundles: Batch["bundles"]): void => {
      sequence++;
      const batch: Batch = { producer: signer.publicKey, sequence, transactions, bundles };
      const signature = signer.sign(batchSigningRoot(genesis, sequence, batchDigest(batch)));
      nodes.world.network(at).broadcast("batch", Uint8Array.of(1, ...SignedBatch.encode({ batch, signature })));
    };
  };

  it("touch nobody's nonce or funds: a leg alone, in another bundle, reordered, moved, exchanged, garbled", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 7 });
    await setUp(nodes);
    const order = producerOf(nodes);
    const before = balances(nodes, index(0));
    const [wanted, others] = [
      await bundleOf(nodes, 1, [payment(svmLegs, 0), payment(evmLegs, 0)]),
      await bundleOf(nodes, 2, [payment(svmLegs, 1), payment(evmLegs, 0)]),
    ];
    const [bundle, other] = [Bundle.decode(wanted.bytes), Bundle.decode(others.bytes)];
    type Leg = Bundle["legs"][number];
    const [svmLeg, evmLeg, strange] = [bundle.legs[0], bundle.legs[1], other.legs[0]] as [Leg, Leg, Leg];
    const garbled = evmLeg.transaction.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte));
    const moved = { ...svmLeg, idOffsets: [(svmLeg.idOffsets[0] ?? 0) + 1] };
    const variants: Bundle[] = [
      { ...bundle, legs: [evmLeg, svmLeg] },
      { ...bundle, legs: [moved, evmLeg] },
      { ...bundle, legs: [strange, evmLeg] },
      { ...bundle, legs: [svmLeg, { ...evmLeg, transaction: garbled }] },
      { ...bundle, legs: [svmLeg, evmLeg, evmLeg] },
      { ...bundle, nonce: 9 },
      { ...bundle, signature: other.signature },
      { ...bundle, fee: bundle.fee.map((fee) => ({ ...fee, amount: 0n })) },
    ];
    const gas = (of: Bundle): number[] =>
      of.legs.map(({ domain }) => (domain === svmLegs.domain ? 400_000 : 1_500_000));
    order(
      [
        { domain: svmLegs.domain, gas: 400_000, bytes: svmLeg.transaction },
        { domain: evmLegs.domain, gas: 1_500_000, bytes: evmLeg.transaction },
      ],
      variants.map((each) => ({ gas: gas(each), bytes: Bundle.encode(each) })),
    );
    await nodes.world.run(4_000);
    const statusOf = (bytes: Uint8Array) => nodes.ask(nodes.node(index(0)).service.transaction(transactionId(bytes)));
    const ordered = await statusOf(evmLeg.transaction);
    expect(ordered).toMatchObject({ status: "omitted" });
    const summary = await nodes.ask(nodes.node(index(0)).service.summary(asHeight(ordered?.height ?? 0)));
    expect(summary?.bundles).toEqual([]);
    expect(summary?.tenants.map(({ gasUsed }) => gasUsed)).toEqual([0, 0, 0, 0]);
    expect(summary?.hopeless.map(({ count }) => count)).toEqual([2 + variants.length]);
    expect(balances(nodes, index(0))).toEqual(before);
    expect(await nodes.ask(nodes.node(index(0)).service.bundle(wanted.id))).toBeUndefined();

    expect(await submit(nodes, index(0), wanted.bytes)).toEqual(wanted.id);
    expect((await settled(nodes, index(0), wanted.id)).status).toBe("committed");
    order([], [{ gas: gas(bundle), bytes: wanted.bytes }]);
    await nodes.world.run(4_000);
    expect((await settled(nodes, index(1), wanted.id)).status).toBe("committed");
    expect(balances(nodes, index(1))).toEqual(before);
    expect(nodes.fatal).toEqual([]);
  }, 120_000);

  it("that abort in a flood cost their sponsor what they used, and leave lanes their room", async () => {
    turnOf.clear();
    const nodes = await start({ seed: 8 });
    await setUp(nodes);
    const flood: BundleId[] = [];
    for (let nonce = 0; nonce < 60; nonce++) {
      const { id, bytes } = await bundleOf(nodes, nonce, [payment(svmLegs, nonce), failing(evmLegs, 0)]);
      void nodes.node(index(nonce % 4)).service.submitBundle(bytes);
      flood.push(id);
    }
    const heights: number[] = [];
    for (let round = 0; round < 10; round++) {
      const from = nodes.executed(index(0));
      const before = nodes.acknowledged.size;
      nodes.submit(index(round % 4), `beside the flood ${round}`);
      await nodes.world.run(() => nodes.acknowledged.size > before);
      const id = [...nodes.acknowledged].at(-1) as string;
      let height: number | undefined;
      while (height === undefined) {
        await nodes.world.run(20);
        const status = await nodes.ask(
          nodes.node(index(0)).service.transaction(asRoot(fromHex(id as Hex) as Uint8Array)),
        );
        if (status?.status === "executed") height = status.height;
      }
      heights.push(height - from);
    }
    expect(Math.max(...heights)).toBeLessThanOrEqual(5);
    const charged = new Map<number, bigint>();
    for (const id of flood) {
      const status = await settled(nodes, index(0), id);
      expect(status).toMatchObject({ status: "aborted", failedLeg: 1 });
      for (const { domain, amount } of status.charged) charged.set(domain, (charged.get(domain) ?? 0n) + amount);
    }
    const left = nodes.node(index(0)).service.sponsor(sponsor.sponsor).balances;
    for (const { domain, amount } of left) expect(amount).toBe(10n ** 18n - (charged.get(domain) ?? 0n));
    const leastEvm = BigInt(flood.length) * legCharge(bundleRates.evm ?? { baseGas: 0, price: 0n }, 21_000);
    expect(charged.get(evmLegs.domain)).toBeGreaterThan(leastEvm);
    await expectSame(nodes, flood);
  }, 180_000);
});
