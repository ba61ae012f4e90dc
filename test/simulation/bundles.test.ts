/** Bundles on whole validators in a seeded world: loss, crashes, executors that die; and everybody comes to the same. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Batch, batchDigest, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { Bundle, bundleRates, legCharge, sponsorDigest } from "../../protocol/bundle.ts";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { asHeight, asRoot, type BundleId, type Domain } from "../../protocol/ids.ts";
import { batchSigningRoot } from "../../sequencer/batch/exchange.ts";
import { evmLegs } from "../fixtures/legs/evm.ts";
import { fuelLegs } from "../fixtures/legs/fuel.ts";
import type { Legs } from "../fixtures/legs/legs.ts";
import { svmLegs } from "../fixtures/legs/svm.ts";
import {
  balances,
  bundleOf,
  deposits,
  expectSame,
  failing,
  index,
  loadEngines,
  payment,
  settled,
  setUp,
  sponsor,
  start,
  submit,
  tenants,
} from "./bundleWorld.ts";
import type { Nodes } from "./nodes.ts";

beforeAll(loadEngines, 900_000);

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
