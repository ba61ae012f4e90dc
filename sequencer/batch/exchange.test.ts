import { describe, expect, it } from "vitest";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import { Batch } from "../../protocol/batch.ts";
import { equalBytes, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asDomain, asHeight, asRevision, asRoot, asValidatorIndex } from "../../protocol/ids.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import { batchSigningRoot, createBatchExchange } from "./exchange.ts";
import { type HeldBatch, holdBatch } from "./held.ts";
import { batchLimits } from "./limits.ts";
import { openBatchStore } from "./store.ts";

const genesis = asRoot(new Uint8Array(32).fill(3));
const index = asValidatorIndex;

const setUp = async (seed: number, link = {}, disk = {}) => {
  const world = createWorld({ seed, nodes: 4, link, disk });
  const signers = [0, 1, 2, 3].map(() => createSigner(generateSecretKey(world.random.bytes(32))));
  const bls = createBlst();
  const parts: {
    exchange: ReturnType<typeof createBatchExchange>;
    store: Awaited<ReturnType<typeof openBatchStore>>;
  }[] = [];
  const boot = (self: number) => async (): Promise<void> => {
    const store = await openBatchStore(world.disk(index(self)), (error) => {
      throw error;
    });
    const exchange = createBatchExchange({
      genesis,
      network: world.network(index(self)),
      runtime: world.runtime(index(self)),
      bls,
      store,
      producer: (key) =>
        signers.some(({ publicKey }) => equalBytes(publicKey, key)) ? { lastSequence: 0 } : undefined,
      onHeld: () => {},
      fatal: (error) => {
        throw error;
      },
    });
    parts[self] = { exchange, store };
  };
  for (const self of [0, 1, 2, 3]) world.restart(index(self), boot(self));
  await world.run(() => [0, 1, 2, 3].every((self) => parts[self] !== undefined));

  const batchOf = (producer: number, sequence: number, text: string, signedBy = producer): HeldBatch => {
    const signer = (at: number) => signers[at] as (typeof signers)[number];
    const batch: Batch = {
      producer: signer(producer).publicKey,
      sequence,
      transactions: [{ domain: asDomain(1), gas: 1, bytes: utf8(text) }],
      bundles: [],
    };
    const digest = sha256(Batch.encode(batch));
    return holdBatch({ batch, signature: signer(signedBy).sign(batchSigningRoot(genesis, sequence, digest)) });
  };
  const part = (self: number) => parts[self] as (typeof parts)[number];
  return { world, part, batchOf, boot };
};

/** A header of validator 0 at `height` over these batches. */
const naming = (height: number, batches: readonly HeldBatch[]) => ({
  height: asHeight(height),
  proposer: index(0),
  batches: batches.map(({ digest }) => digest),
});

describe("batches between validators", () => {
  it("are acknowledged once others hold them on disk, and held by all in the end", async () => {
    const { world, part, batchOf } = await setUp(1);
    const batch = batchOf(0, 1, "x");
    let acknowledged = false;
    void part(0)
      .exchange.acknowledged(batch, 1)
      .then(() => {
        acknowledged = true;
      });
    void part(0).exchange.publish(batch);
    await world.run(() => acknowledged);
    await world.run(() => [1, 2, 3].every((at) => part(at).store.held(batch.key) !== undefined));
  });

  it("are acknowledged whenever they come again", async () => {
    const { world, part, batchOf } = await setUp(11);
    const batch = batchOf(0, 1, "x");
    void part(0).exchange.publish(batch);
    await world.run(() => part(1).store.held(batch.key) !== undefined);
    let acknowledged = false;
    void part(0)
      .exchange.acknowledged(batch, 3)
      .then(() => {
        acknowledged = true;
      });
    await world.run(() => acknowledged);
  });

  it("get through links that lose most messages", async () => {
    const { world, part, batchOf } = await setUp(2, { loss: 0.7 });
    const batch = batchOf(0, 1, "x");
    let acknowledged = false;
    void part(0)
      .exchange.acknowledged(batch, 3)
      .then(() => {
        acknowledged = true;
      });
    void part(0).exchange.publish(batch);
    await world.run(() => acknowledged);
    for (const at of [1, 2, 3]) expect(part(at).store.held(batch.key)).toBeDefined();
  });

  it("survive a crash of their holder", async () => {
    const { world, part, batchOf, boot } = await setUp(3);
    const batch = batchOf(0, 1, "x");
    void part(0).exchange.publish(batch);
    await world.run(() => part(1).store.held(batch.key) !== undefined);
    world.crash(index(1));
    const before = part(1);
    world.restart(index(1), boot(1));
    await world.run(() => part(1) !== before);
    expect(part(1).store.held(batch.key)?.transactions).toEqual(batch.transactions);
  });

  it("are fetched from whoever has them when a header names them", async () => {
    const { world, part, batchOf } = await setUp(4);
    const batch = batchOf(0, 1, "x");
    world.partition([index(0), index(1)], [index(2), index(3)]);
    void part(0).exchange.publish(batch);
    await world.run(() => part(1).store.held(batch.key) !== undefined);
    world.crash(index(0));
    world.heal();
    let held: HeldBatch[] = [];
    void part(2)
      .exchange.hold(naming(1, [batch]))
      .then((all) => {
        held = all;
      });
    await world.run(() => held.length > 0);
    expect(held[0]?.key).toBe(batch.key);
  });

  it("stop being asked for when nobody wants them any more", async () => {
    const { world, part, batchOf } = await setUp(5);
    const wanted = new AbortController();
    let reason: unknown;
    part(2)
      .exchange.hold(naming(1, [batchOf(0, 1, "never sent")]), wanted.signal)
      .catch((error) => {
        reason = error;
      });
    await world.run(1_000);
    wanted.abort("no longer");
    await world.run(100);
    expect(reason).toBe("no longer");
  });

  it("with another's signature, or of no validator, are not held", async () => {
    const { world, part, batchOf } = await setUp(6);
    const forged = batchOf(0, 1, "forged", 2);
    world.network(index(2)).broadcast("batch", Uint8Array.of(1, ...forged.encoded));
    await world.run(1_000);
    for (const at of [0, 1, 3]) expect(part(at).store.held(forged.key)).toBeUndefined();
    expect(world.penalties.map(({ peer }) => peer)).toEqual([2, 2, 2]);
  });

  it("that are garbage count against their sender", async () => {
    const { world, part } = await setUp(7);
    for (const message of [[], [1, 2, 3], [2, 1], [3, 1], [9]]) {
      world.network(index(3)).send(index(0), "batch", Uint8Array.from(message));
    }
    await world.run(500);
    expect(world.penalties).toHaveLength(5);
    expect(world.penalties.every(({ by, peer }) => by === 0 && peer === 3)).toBe(true);
    expect(part(0).store.open()).toEqual([]);
  });

  it("of one producer are bounded as long as no block takes them", async () => {
    const { world, part, batchOf } = await setUp(8);
    const sent = batchLimits.openBatches + 8;
    for (let sequence = 1; sequence <= sent; sequence++)
      void part(0).exchange.publish(batchOf(0, sequence, `${sequence}`));
    await world.run(3_000);
    expect(part(1).store.open()).toHaveLength(batchLimits.openBatches);
  });

  it("are not sent again once a block has taken them or passed over them", async () => {
    const { world, part, batchOf } = await setUp(9);
    world.partition([index(0)], [index(1), index(2), index(3)]);
    const [taken, passedOver] = [batchOf(0, 1, "taken"), batchOf(0, 2, "passed over")];
    let acknowledged: string[] = [];
    for (const batch of [taken, passedOver]) {
      void part(0)
        .exchange.acknowledged(batch, 1)
        .then(() => {
          acknowledged = [...acknowledged, batch.key];
        });
      void part(0).exchange.publish(batch);
    }
    await world.run(100);
    part(0).exchange.settled([taken], [passedOver]);
    world.heal();
    await world.run(3 * batchLimits.resendMs);
    expect(acknowledged).toEqual([taken.key]);
    for (const at of [1, 2, 3]) expect(part(at).store.open()).toEqual([]);
  });

  it("are open when a block takes them, even if the disk shows them before", async () => {
    const { world, part, batchOf } = await setUp(10);
    const batch = batchOf(0, 1, "x");
    const added = part(1).store.add(batch, 0);
    const found = part(1)
      .store.get(batch.digest)
      .then((held) => [held?.key, part(1).store.open().length]);
    await world.run(100);
    await added;
    expect(await found).toEqual([batch.key, 1]);
  });

  it("are not asked for when nobody wants them even before the first request", async () => {
    const { world, part, batchOf } = await setUp(11);
    const wanted = new AbortController();
    let asked = 0;
    world.onSent(({ from, message }) => {
      if (from === 2 && message[0] === 3) asked++;
    });
    const held = part(2).exchange.hold(naming(1, [batchOf(0, 1, "never sent")]), wanted.signal);
    held.catch(() => {});
    wanted.abort("no longer");
    await world.run(2_000);
    expect(asked).toBe(0);
    await expect(held).rejects.toBe("no longer");
  });

  it("are served to a peer that asks for too many at once only as far as a bound", async () => {
    const { world, part, batchOf } = await setUp(12, {}, { readMs: 5 });
    const batch = batchOf(0, 1, "x");
    void part(0).store.add(batch, 0);
    await world.run(100);
    part(0).store.release([batch.key]);
    let served = 0;
    world.onSent(({ from, to, message }) => {
      if (from === 0 && to === 3 && message[0] === 1) served++;
    });
    const request = Uint8Array.from([3, ...Array.from({ length: 64 }, () => [...batch.digest]).flat()]);
    for (let i = 0; i < 50; i++) world.network(index(3)).send(index(0), "batch", request);
    await world.run(10_000);
    expect(served).toBe(batchLimits.unservedPerPeer);
  });

  describe("beyond their producer's room", () => {
    const fill = async (seed: number) => {
      const parts = await setUp(seed);
      const { world, part, batchOf } = parts;
      for (let sequence = 1; sequence <= batchLimits.openBatches; sequence++) {
        void part(0).exchange.publish(batchOf(0, sequence, `${sequence}`));
      }
      await world.run(3_000);
      const extra = batchOf(0, 100, "extra");
      void part(0).store.add(extra, 0);
      void part(1).exchange.hold(naming(5, [extra]));
      await world.run(() => part(1).store.held(extra.key) !== undefined);
      return { ...parts, extra };
    };
    const nothingTaken = new Set<never>();
    const stateWith = ({ producer }: HeldBatch): OrderingState => ({
      genesis,
      epochLength: 4,
      timestampMs: 0,
      certified: asHeight(0),
      revision: asRevision(0),
      control: { gas: 0, bytes: 0, uncertified: [] },
      tenants: [],
      validators: [],
      nextValidators: [],
      producers: [{ publicKey: producer, sequence: 0, penalty: 0 }],
    });

    it("are held as long as a block that names them may be finalized", async () => {
      const { world, part, extra } = await fill(13);
      part(1).store.settle(stateWith(extra), asHeight(4), nothingTaken);
      expect(part(1).store.held(extra.key)).toBeDefined();
      void part(1).exchange.hold(naming(6, [extra]));
      part(1).store.settle(stateWith(extra), asHeight(5), nothingTaken);
      expect(part(1).store.held(extra.key)).toBeDefined();
      part(1).store.settle(stateWith(extra), asHeight(6), nothingTaken);
      expect(part(1).store.held(extra.key)).toBeUndefined();
      expect(part(1).store.open()).toHaveLength(batchLimits.openBatches);
      let found: HeldBatch | undefined | string = "not yet";
      void part(1)
        .store.get(extra.digest)
        .then((batch) => {
          found = batch;
        });
      await world.run(100);
      expect(found).toBeUndefined();
    });
  });

  it("of no validator are not taken even where a header names them", async () => {
    const { world, part, batchOf } = await setUp(14);
    const stranger = createSigner(generateSecretKey(world.random.bytes(32)));
    const { transactions } = batchOf(0, 1, "x");
    const batch: Batch = { producer: stranger.publicKey, sequence: 1, transactions: [...transactions], bundles: [] };
    const digest = sha256(Batch.encode(batch));
    const signed = holdBatch({ batch, signature: stranger.sign(batchSigningRoot(genesis, 1, digest)) });
    void part(0).exchange.hold(naming(1, [signed]));
    await world.run(100);
    world.network(index(3)).send(index(0), "batch", Uint8Array.of(1, ...signed.encoded));
    await world.run(500);
    expect(part(0).store.held(signed.key)).toBeUndefined();
  });
});
