import { describe, expect, it } from "vitest";
import { dataAdapter } from "../../adapters/data/adapter.ts";
import type { FinalizedBlock } from "../../consensus/application.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import { usualBudgets } from "../../protocol/budget.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { emptyCertificate } from "../../protocol/certificate.ts";
import { Genesis, vms } from "../../protocol/genesis.ts";
import { Header } from "../../protocol/header.ts";
import { asDomain, asEpoch, asHeight, asRoot, asValidatorIndex, asView, zeroRoot } from "../../protocol/ids.ts";
import { assembleHeader } from "../block/assembly.ts";
import { genesisHeader } from "../block/genesis.ts";
import { genesisState } from "../control/state.ts";
import { createPipeline, type OrderedBlock, type Pipeline } from "./pipeline.ts";
import type { Tenant } from "./tenants.ts";

const data = asDomain(1);
const genesis: Genesis = {
  salt: asRoot(new Uint8Array(32).fill(5)),
  timestampMs: 1_700_000_000_000,
  epochLength: 100,
  validators: [],
  tenants: [{ domain: data, vm: vms.data, name: utf8("data"), config: utf8("{}"), budget: usualBudgets.data }],
};
const state = genesisState(genesis, Genesis.root(genesis));

const emptyBlockOn = (parent: Header): OrderedBlock => {
  const header = assembleHeader({
    parent,
    parentRoot: Header.root(parent),
    state,
    candidates: [],
    certified: parent.certified,
    summaries: [],
    proposer: asValidatorIndex(0),
    nowMs: 0,
  });
  const root = Header.root(header);
  const proposal = { epoch: asEpoch(0), view: asView(header.height), parentView: asView(0), headerRoot: root };
  const block: FinalizedBlock = { header, root, proposal, kind: "finalize", certificate: emptyCertificate() };
  return { block, state, writes: [] };
};

const setUp = async (onExecuted: (pipeline: Pipeline, height: number) => void) => {
  const world = createWorld({ seed: 1, nodes: 1 });
  const { executor, sealed } = await dataAdapter.open({ domain: data, config: utf8("{}"), budget: usualBudgets.data });
  const tenant: Tenant = {
    domain: data,
    name: "data",
    adapter: dataAdapter,
    config: utf8("{}"),
    budget: usualBudgets.data,
    activatedAt: asHeight(0),
    executor,
    ready: async () => sealed,
    startedFrom: sealed,
    head: sealed.blockHash,
  };
  const pipeline = createPipeline({
    disk: world.disk(asValidatorIndex(0)),
    tenants: new Map([[data, { ...tenant, ready: async () => tenant.startedFrom }]]),
    executed: { height: asHeight(0), summaryRoot: zeroRoot },
    slices: async () => new Map(),
    stored: async () => {
      throw new Error("nothing was executed before");
    },
    appliedBefore: async () => new Set(),
    seal: () => [],
    onExecuted: ({ summary }) => onExecuted(pipeline, summary.height),
    onStuck: (error) => {
      throw error;
    },
    log: () => {},
  });
  return { world, pipeline };
};

describe("the pipeline", () => {
  it("takes a block that comes in the moment the one before is done", async () => {
    const first = emptyBlockOn(genesisHeader(genesis));
    const second = emptyBlockOn(first.block.header);
    const executed: number[] = [];
    const { world, pipeline } = await setUp((running, height) => {
      executed.push(height);
      if (height === 1) queueMicrotask(() => running.push(second));
    });
    pipeline.push(first);
    await world.run(100);
    expect(executed).toEqual([1, 2]);
  });

  it("keeps nothing once it stopped", async () => {
    const { world, pipeline } = await setUp(() => {});
    const first = emptyBlockOn(genesisHeader(genesis));
    pipeline.stop();
    pipeline.push(first);
    await world.run(100);
    expect(pipeline.backlog()).toBe(0);
  });
});
