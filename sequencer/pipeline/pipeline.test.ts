import { describe, expect, it } from "vitest";
import { dataAdapter } from "../../adapters/data/adapter.ts";
import type { FinalizedBlock } from "../../consensus/application.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import { type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { emptyCertificate } from "../../protocol/certificate.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { Header } from "../../protocol/header.ts";
import {
  asDomain,
  asEpoch,
  asHeight,
  asPublicKey,
  asRoot,
  asSignature,
  asValidatorIndex,
  asView,
  type Domain,
} from "../../protocol/ids.ts";
import { Summary } from "../../protocol/summary.ts";
import { registrationOf } from "../../test/fixtures/registration.ts";
import { hostInWorld, noFaults } from "../../test/simulation/host.ts";
import { type HeldBatch, holdBatch } from "../batch/held.ts";
import { assembleHeader } from "../block/assembly.ts";
import { genesisHeader } from "../block/genesis.ts";
import { boot } from "../boot.ts";
import { genesisState } from "../control/state.ts";
import { dueAt } from "../roster/entry.ts";
import { createHistory } from "../storage/history.ts";
import { keys } from "../storage/keys.ts";
import { pipelineLimits } from "./limits.ts";
import { createPipeline, type OrderedBlock, type Pipeline } from "./pipeline.ts";

const sound = asDomain(1);
const ill = asDomain(2);
const producer = asPublicKey(new Uint8Array(48).fill(9));
const node = asValidatorIndex(0);
const genesis: Genesis = {
  salt: asRoot(new Uint8Array(32).fill(5)),
  timestampMs: 1_700_000_000_000,
  epochLength: 10_000,
  validators: [{ publicKey: producer, weight: 1, possession: asSignature(new Uint8Array(96)) }],
  deposits: [],
  tenants: [sound, ill].map((domain) => registrationOf(domain, "data", { name: utf8(`tenant-${domain}`) })),
};
const state = genesisState(genesis, Genesis.root(genesis));

/** Blocks that order one transaction for each tenant: "<height> <domain>". */
const createOrder = () => {
  const batches = new Map<Hex, HeldBatch>();
  const blocks = new Map<number, FinalizedBlock>();
  let parent: Header = genesisHeader(genesis);
  const next = (): OrderedBlock => {
    const texts = [sound, ill].map((domain) => ({ domain, bytes: utf8(`${parent.height + 1} ${domain}`) }));
    const batch = {
      producer,
      sequence: parent.height + 1,
      transactions: texts.map(({ domain, bytes }) => ({ domain, bytes, gas: bytes.length })),
      bundles: [],
    };
    const held = holdBatch({ batch, signature: asSignature(new Uint8Array(96)) });
    batches.set(held.key, held);
    const header = {
      ...assembleHeader({
        parent,
        parentRoot: Header.root(parent),
        state,
        candidates: [],
        certified: parent.certified,
        summaries: [],
        proposer: node,
        nowMs: 0,
      }),
      batches: [held.digest],
    };
    const root = Header.root(header);
    const proposal = { epoch: asEpoch(0), view: asView(header.height), parentView: asView(0), headerRoot: root };
    const block: FinalizedBlock = { header, root, proposal, kind: "finalize", certificate: emptyCertificate() };
    blocks.set(header.height, block);
    parent = header;
    return { block, state, writes: [] };
  };
  return { batches, blocks, next };
};

/** One node's pipeline over a disk that outlives it. */
const setUp = () => {
  const world = createWorld({ seed: 1, nodes: 1, maxMs: 10 * pipelineLimits.quarantineMs });
  const order = createOrder();
  const faults = new Map([
    [sound, noFaults()],
    [ill, noFaults()],
  ]);
  const told: string[] = [];
  let pipeline: Pipeline | undefined;
  let stored: (domain: Domain) => number = () => 0;

  const start = async (): Promise<void> => {
    const [disk, runtime] = [world.disk(node), world.runtime(node)];
    const { roster, tenants, ordered, executed, recoveries, ledger } = await boot({
      disk,
      genesis,
      runtime,
      loadAdapter: async () => dataAdapter,
      openExecutor: (adapter, options) =>
        hostInWorld(runtime, adapter, options, faults.get(options.domain) ?? noFaults()),
    });
    stored = (domain) => tenants.get(domain)?.stored ?? 0;
    const finalizedBlock = async (height: number) => order.blocks.get(height);
    const history = createHistory(disk, { get: async (digest) => order.batches.get(toHex(digest)) }, finalizedBlock);
    pipeline = createPipeline({
      disk,
      runtime,
      roster: { tenants, entries: roster, due: (height) => dueAt(roster, height) },
      recoveries,
      certified: () => ordered.height,
      onRecovery: () => {},
      ordered: ordered.height,
      executed,
      finalizedBlock,
      genesis: Genesis.root(genesis),
      ledger,
      order: history.order,
      onBundles: () => {},
      record: history.record,
      stored: history.ordered,
      appliedBefore: history.appliedAmong,
      seal: () => [],
      onOrdered: ({ block }) => told.push(`order ${block.header.height}`),
      onTenant: ({ domain, context }) => told.push(`tenant ${domain} ${context.height}`),
      onExecuted: ({ summary }) => {
        told.push(`summary ${summary.height}`);
        expect(summary.tenants.map(({ number }) => number)).toEqual([summary.height, summary.height]);
      },
      onQuarantine: () => {},
      onStuck: (error) => {
        throw error;
      },
      log: () => {},
    });
    for (let height = ordered.height + 1; order.blocks.has(height); height++) {
      pipeline.push({ block: order.blocks.get(height) as FinalizedBlock, state, writes: [] });
    }
    pipeline.start();
  };

  const running = (): Pipeline => {
    if (pipeline === undefined) throw new Error("the node is down");
    return pipeline;
  };
  world.restart(node, start);
  return {
    world,
    order,
    faults: faults.get(ill) as ReturnType<typeof noFaults>,
    told,
    stored: (domain: Domain) => stored(domain),
    running,
    /** Orders so many blocks, one every 10 ms. */
    push: async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        running().push(order.next());
        await world.run(10);
      }
    },
    crash: async (): Promise<void> => {
      world.crash(node);
      pipeline = undefined;
      world.restart(node, start);
      await world.run(() => pipeline !== undefined);
    },
    /** Summaries 1 to `height` as they are on disk. */
    chain: async (height: number): Promise<Summary[]> => {
      const found: Summary[] = [];
      const read = async (): Promise<void> => {
        for (let at = 1; at <= height; at++) {
          found.push(Summary.decode((await world.disk(node).get(keys.summary(asHeight(at)))) ?? new Uint8Array()));
        }
      };
      let isRead = false;
      const reading = read().finally(() => {
        isRead = true;
      });
      await world.run(() => isRead);
      await reading;
      return found;
    },
    /** Summaries that were told of, in order. */
    summaries: () => told.filter((line) => line.startsWith("summary")),
    upTo: (height: number) => Array.from({ length: height }, (_, i) => `summary ${i + 1}`),
  };
};

const started = async () => {
  const node = setUp();
  await node.world.run(1_000);
  return node;
};

const isPoison = (height: number) => (bytes: Uint8Array) => new TextDecoder().decode(bytes) === `${height} ${ill}`;

describe("the pipeline", () => {
  it("stores a height whole while all tenants keep pace", async () => {
    const { push, told, world } = await started();
    await push(2);
    await world.run(1_000);
    expect(told).toEqual([
      ...["order 1", "tenant 1 1", "tenant 2 1", "summary 1"],
      ...["order 2", "tenant 1 2", "tenant 2 2", "summary 2"],
    ]);
  });

  it("stores heights whole also when many wait", async () => {
    const { running, order, told, world } = await started();
    for (let i = 0; i < 50; i++) running().push(order.next());
    await world.run(1_000);
    const whole = Array.from({ length: 50 }, (_, i) => i + 1).flatMap((height) => [
      `order ${height}`,
      `tenant 1 ${height}`,
      `tenant 2 ${height}`,
      `summary ${height}`,
    ]);
    expect(told).toEqual(whole);
  });

  it("takes heights in their order only", async () => {
    const { push, running } = await started();
    await push(1);
    const other = createOrder();
    expect(() => running().push(other.next())).toThrow("does not follow");
  });

  it("keeps nothing once it stopped", async () => {
    const { push, running, told, world } = await started();
    running().stop();
    await push(3);
    await world.run(1_000);
    expect(running().backlog()).toBe(0);
    expect(told).toEqual([]);
  });
});

describe("a tenant whose executor is away", () => {
  it("falls behind at once, catches up, and summaries follow in order", async () => {
    const { push, faults, told, world, summaries, upTo } = await started();
    await push(1);
    faults.kill();
    await push(20);
    const back = told.indexOf("tenant 2 2");
    expect(told.slice(0, back)).toContain("tenant 1 8");
    await world.run(2_000);
    expect(summaries()).toEqual(upTo(21));
    await push(1);
    await world.run(100);
    expect(told.slice(-4)).toEqual(["order 22", "tenant 1 22", "tenant 2 22", "summary 22"]);
  });

  it("holds the others up once and no longer than the pace when it hangs", async () => {
    const { push, faults, stored, world, summaries, upTo } = await started();
    faults.hangsOn = isPoison(1);
    await push(1);
    await world.run(pipelineLimits.paceMs - 20);
    expect(stored(sound)).toBe(0);
    await world.run(40);
    expect(stored(sound)).toBe(1);
    await push(50);
    expect(stored(sound)).toBe(51);
    faults.hangsOn = () => false;
    await world.run(60_000);
    expect(summaries()).toEqual(upTo(51));
  });

  it("keeps nothing in memory of what it has to catch up with", async () => {
    const { push, faults, running, stored } = await started();
    faults.isDeadly = isPoison(1);
    await push(200);
    expect(stored(sound)).toBeGreaterThan(190);
    expect(running().backlog()).toBeLessThan(5);
  });
});

describe("quarantine", () => {
  const quarantined = async () => {
    const node = await started();
    node.faults.isDeadly = isPoison(3);
    await node.push(10);
    await node.world.run(2_000);
    return node;
  };

  it("begins with the second death at one place, which it names", async () => {
    const { running, stored } = await quarantined();
    expect([...running().quarantines()]).toEqual([
      [
        ill,
        { height: 3, reason: expect.stringMatching(/died 2 times executing entry 0 of height 3, 0x[0-9a-f]{64}$/) },
      ],
    ]);
    expect(stored(ill)).toBe(2);
    expect(stored(sound)).toBe(10);
  });

  it("is left for one try after every pause, and for good once that succeeds", async () => {
    const { running, world, faults, stored, summaries, upTo } = await quarantined();
    await world.run(pipelineLimits.quarantineMs);
    expect(running().quarantines().get(ill)?.reason).toContain("died 3 times");
    faults.isDeadly = () => false;
    await world.run(pipelineLimits.quarantineMs - 10_000);
    expect(stored(ill)).toBe(2);
    await world.run(20_000);
    expect(running().quarantines().size).toBe(0);
    expect(summaries()).toEqual(upTo(10));
  });

  it("does not outlive the node's process", async () => {
    const { crash, running, world, faults, stored, summaries, upTo } = await quarantined();
    faults.isDeadly = () => false;
    await crash();
    await world.run(1_000);
    expect(running().quarantines().size).toBe(0);
    expect(stored(ill)).toBe(10);
    expect(summaries()).toEqual(upTo(10));
  });

  it("begins at once when the engine fails without dying, and then starts it again", async () => {
    const node = await started();
    await node.push(1);
    node.faults.isRefused = isPoison(2);
    await node.push(3);
    expect([...node.running().quarantines()]).toEqual([[ill, { height: 2, reason: "the engine is confused" }]]);
    node.faults.isRefused = () => false;
    await node.world.run(pipelineLimits.quarantineMs + 1_000);
    expect(node.summaries()).toEqual(node.upTo(4));
  });
});

describe("a crash of the node", () => {
  it("at any instant, while a tenant catches up, loses no result and makes none twice", async () => {
    const { push, crash, faults, stored, world, summaries, chain } = await started();
    faults.isDeadly = isPoison(1);
    await push(60);
    faults.isDeadly = () => false;
    faults.msPerCall = 1;
    for (let round = 0; round < 25; round++) {
      await crash();
      await world.run(world.random.below(30));
    }
    await crash();
    await world.run(3_000);
    expect([stored(sound), stored(ill)]).toEqual([60, 60]);
    expect(new Set(summaries()).size).toBe(summaries().length);
    const onDisk = await chain(60);
    expect(onDisk.slice(1).map(({ previous }) => toHex(previous))).toEqual(
      onDisk.slice(0, -1).map((summary) => toHex(Summary.root(summary))),
    );
  });
});
