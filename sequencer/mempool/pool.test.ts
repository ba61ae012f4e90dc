import { describe, expect, it } from "vitest";
import { dataAdapter } from "../../adapters/data/adapter.ts";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import type { Batch } from "../../protocol/batch.ts";
import { usualBudgets } from "../../protocol/budget.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import { asDomain, asHeight, asRoot, asSignature, asValidatorIndex } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { createBatchExchange } from "../batch/exchange.ts";
import { type HeldBatch, holdBatch } from "../batch/held.ts";
import { openBatchStore } from "../batch/store.ts";
import { createPool, type Ending, type Pool } from "./pool.ts";
import { openReplication } from "./replication.ts";

const data = asDomain(1);
const self = asValidatorIndex(0);
const fatal = (error: unknown): never => {
  throw error;
};

/** A pool of one `data` tenant at a node whose peers are all away. */
const setUp = async (seed: number) => {
  const world = createWorld({ seed, nodes: 4 });
  const signers = [0, 1].map(() => createSigner(generateSecretKey(world.random.bytes(32))));
  const { executor } = await dataAdapter.open({ domain: data, config: utf8("{}"), budget: usualBudgets.data });
  let pool: Pool | undefined;
  const tenant: { isAway: boolean; inspected: number; height: number; notAfter?: number } = {
    ...{ isAway: false, inspected: 0, height: 1 },
  };
  const ended: Ending[] = [];
  world.restart(self, async () => {
    const [disk, network, runtime] = [world.disk(self), world.network(self), world.runtime(self)];
    const { replication } = await openReplication({ disk, network, runtime, f: 1, fatal });
    const exchange = createBatchExchange({
      genesis: asRoot(new Uint8Array(32)),
      network,
      runtime,
      bls: createBlst(),
      store: await openBatchStore(disk, fatal),
      producer: () => ({ lastSequence: 0 }),
      onHeld: () => {},
      fatal,
    });
    pool = createPool({
      height: () => asHeight(tenant.height),
      tenant: () => success(usualBudgets.data),
      inspect: async (_, transactions) => {
        tenant.inspected += transactions.length;
        if (tenant.isAway) return transactions.map(() => failure("unavailable", "the executor is being restarted"));
        const { notAfter } = tenant;
        const inspections = await executor.inspect(transactions);
        return notAfter === undefined
          ? inspections
          : inspections.map((each) => (each.ok ? success({ ...each.value, notAfter: asHeight(notAfter) }) : each));
      },
      runtime,
      exchange,
      replication,
      f: 1,
      onReady: () => {},
      onEnded: async (endings) => void ended.push(...endings),
      fatal,
    });
  });
  await world.run(() => pool !== undefined);
  const batchOf = (producer: number, texts: readonly string[]): HeldBatch => {
    const batch: Batch = {
      producer: (signers[producer] as (typeof signers)[number]).publicKey,
      sequence: 1,
      transactions: texts.map((text) => ({ domain: data, gas: 1, bytes: utf8(text) })),
      bundles: [],
    };
    return holdBatch({ batch, signature: asSignature(new Uint8Array(96)) });
  };
  return { world, pool: pool as Pool, batchOf, tenant, ended };
};

const ready = (pool: Pool) => pool.take(limits.batchBytes, () => ({ gas: 1_000, bytes: 1_000, legGas: 0 })).entries;

describe("a transaction of a batch that was passed over", () => {
  it("is batched by a holder when its producer doesn't, and once only", async () => {
    const { world, pool, batchOf } = await setUp(1);
    pool.passedOver(batchOf(1, ["x"]));
    await world.run(3_000);
    expect(ready(pool)).toEqual([]);
    await world.run(6_000);
    const [entry] = ready(pool);
    if (entry === undefined) throw new Error("not adopted");
    const batch = batchOf(0, ["x"]);
    pool.publish(batch, [entry]);
    await world.run(100);
    pool.ordered(batch);
    const { id, key, bytes, facts } = entry;
    const execution = {
      kind: "applied",
      index: 0,
      nativeId: facts.nativeId,
      receipt: new Uint8Array(),
      gas: 1,
      gasUsed: 1,
      succeeded: true,
    } as const;
    await Promise.race([pool.executed({ domain: data, executions: [{ id, key, bytes, execution }] }), world.run(100)]);
    await world.run(10_000);
    expect(pool.size().transactions).toBe(0);
  });
});

describe("what is held for others", () => {
  it("is looked at once in a while, each transaction once", async () => {
    const { world, pool, batchOf, tenant } = await setUp(3);
    pool.passedOver(batchOf(1, ["x", "y"]));
    await world.run(3_500);
    expect(tenant.inspected).toBeLessThanOrEqual(2 * 3);
    expect(tenant.inspected).toBeGreaterThan(0);
  });
});

describe("a journaled transaction", () => {
  it("comes back after a start as soon as its tenant's executor does", async () => {
    const { world, pool, tenant } = await setUp(2);
    tenant.isAway = true;
    await pool.restore([{ domain: data, bytes: utf8("x") }], []);
    await world.run(5_000);
    expect(ready(pool)).toEqual([]);
    tenant.isAway = false;
    await world.run(2_000);
    expect(ready(pool).map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(["x"]);
  });
});

describe("a bundle that waits", () => {
  it("ends as expired once its last height is finalized without it", async () => {
    const { world, pool, tenant, ended } = await setUp(4);
    tenant.notAfter = 5;
    await pool.restore([{ domain: data, bytes: utf8("x") }], []);
    await world.run(2_000);
    tenant.height = 5;
    await world.run(2_000);
    expect(ended).toEqual([]);
    tenant.height = 6;
    await world.run(2_000);
    expect(ended).toMatchObject([{ status: "expired", entry: { domain: data } }]);
    expect(pool.size().transactions).toBe(0);
  });
});
