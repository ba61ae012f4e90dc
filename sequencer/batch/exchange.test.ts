import { describe, expect, it } from "vitest";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import { Batch } from "../../protocol/batch.ts";
import { equalBytes, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asDomain, asRoot, asValidatorIndex } from "../../protocol/ids.ts";
import { batchSigningRoot, createBatchExchange } from "./exchange.ts";
import { type HeldBatch, holdBatch } from "./held.ts";
import { batchLimits } from "./limits.ts";
import { openBatchStore } from "./store.ts";

const genesis = asRoot(new Uint8Array(32).fill(3));
const index = asValidatorIndex;

const setUp = async (seed: number, link = {}) => {
  const world = createWorld({ seed, nodes: 4, link });
  const signers = [0, 1, 2, 3].map(() => createSigner(generateSecretKey(world.random.bytes(32))));
  const bls = createBlst();
  const parts: {
    exchange: ReturnType<typeof createBatchExchange>;
    store: Awaited<ReturnType<typeof openBatchStore>>;
  }[] = [];
  const boot = (self: number) => async (): Promise<void> => {
    const store = await openBatchStore(world.disk(index(self)));
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
      .exchange.hold([batch.digest], index(0))
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
      .exchange.hold([batchOf(0, 1, "never sent").digest], index(0), wanted.signal)
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
});
