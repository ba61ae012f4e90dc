/** Orders opaque transactions: as many as the network takes, and single ones for their latency. */
import { randomBytes } from "node:crypto";
import { chunksOf, deal, octets } from "./bodies.ts";
import type { EngineRate, EngineRun } from "./engine.ts";
import type { Load, LoadRequest, LoadTimes } from "./load.ts";
import { type Network, startNetwork } from "./network.ts";
import { type Sizes, warmUpShare } from "./options.ts";
import type { Probe, ProbeTimes } from "./probe.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";
import { startWorker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

export const dataDomain = 1;
export const opaqueBytes = 250;
export const opaqueBatch = 500;
/** Connections to each validator, each with one request under way. */
const connectionsEach = 2;
const entriesPerBlock = 2000;

/** The URL of each connection; neighbours go to different validators. */
export const connectionsTo = (urls: readonly string[]): string[] =>
  Array.from({ length: connectionsEach }, () => urls).flat();

const opaque = (count: number): Uint8Array[] => Array.from({ length: count }, () => randomBytes(opaqueBytes));

const loadOf = (apis: readonly string[], count: number, perSecond?: number): Load => {
  const urls = connectionsTo(apis.map((api) => `${api}/v1/transactions?domain=${dataDomain}`));
  const bodies = deal(chunksOf(opaque(count), opaqueBatch).map(octets), urls.length);
  return {
    target: { kind: "lockstep", api: apis[0] ?? "", domain: dataDomain, gas: opaqueBytes },
    connections: urls.map((url, at) => ({ url, contentType: "application/octet-stream", bodies: bodies[at] ?? [] })),
    transactions: count,
    ...(perSecond === undefined ? {} : { intervalMs: (1000 * opaqueBatch) / perSecond }),
  };
};

const measure = (workspace: Workspace, { apis, validators }: Network, count: number): Promise<Throughput> =>
  measureThroughput(workspace, { validator: validators }, (phase) =>
    loadOf(apis, phase === "warmUp" ? warmUpShare * count : count),
  );

export const measureDataEngine = (workspace: Workspace, { engine }: Sizes): Promise<EngineRate> =>
  workspace.using(
    () => startWorker<EngineRun, EngineRate>("./engine.ts"),
    (worker) => {
      const warmUp = warmUpShare * engine.data;
      return worker.ask({ vm: "data", transactions: opaque(engine.data + warmUp), warmUp, perBlock: entriesPerBlock });
    },
  );

const probe = (workspace: Workspace, apis: readonly string[], { latency }: Sizes): Promise<ProbeTimes> =>
  workspace.using(
    () => startWorker<Probe, ProbeTimes>("./probe.ts"),
    (worker) =>
      worker.ask({
        apis,
        domain: dataDomain,
        count: latency.samples,
        bytes: opaqueBytes,
        pauseMs: latency.pauseMs,
      }),
  );

/** Time that the load runs before the first sample and after the last. */
const marginMs = 2000;
/** How much slower single transactions may be under load, for the length of the load. */
const slowdown = 3;

const probeUnderLoad = async (
  workspace: Workspace,
  apis: readonly string[],
  sizes: Sizes,
  perSecond: number,
  idle: ProbeTimes,
): Promise<ProbeTimes> => {
  const { samples, pauseMs } = sizes.latency;
  const idleMs = idle.acknowledged.reduce((sum, ms) => sum + ms, 0);
  const lengthMs = 2 * marginMs + samples * pauseMs + slowdown * idleMs;
  const batches = Math.ceil((lengthMs * perSecond) / 1000 / opaqueBatch);
  const load = loadOf(apis, batches * opaqueBatch, perSecond);
  const withSamples = { ...load, transactions: load.transactions + samples };
  return workspace.using(
    () => startWorker<LoadRequest, LoadTimes>("./load.ts"),
    async (worker) => {
      await worker.ask({ prepare: withSamples });
      const running = worker.ask("run");
      running.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, marginMs));
      const times = await probe(workspace, apis, sizes);
      await running;
      return times;
    },
  );
};

export type Latency = { idle: ProbeTimes; halfLoad: ProbeTimes; halfLoadPerSecond: number };
export type Ordering = { one?: Throughput; four?: Throughput; latency?: Latency };

const perSecondOf = ({ transactions, times }: Throughput): number => (1000 * transactions) / times.executed;

/** Fills `measured` in as it goes. Latency at half load needs to know the load, so throughput with four validators is measured for it, too. */
export const measureOrdering = async (
  workspace: Workspace,
  sizes: Sizes,
  wanted: { throughput: boolean; latency: boolean },
  measured: Ordering,
  say: (text: string) => void,
): Promise<void> => {
  await workspace.using(
    () => startNetwork(workspace, 4, ["data"]),
    async (network) => {
      say("ordering, 4 validators");
      measured.four = await measure(workspace, network, sizes.ordering.four);
      if (!wanted.latency) return;
      say("latency, idle");
      const idle = await probe(workspace, network.apis, sizes);
      say("latency at half load");
      const halfLoadPerSecond = perSecondOf(measured.four) / 2;
      const halfLoad = await probeUnderLoad(workspace, network.apis, sizes, halfLoadPerSecond, idle);
      measured.latency = { idle, halfLoad, halfLoadPerSecond };
    },
  );
  if (!wanted.throughput) return;
  say("ordering, 1 validator");
  await workspace.using(
    () => startNetwork(workspace, 1, ["data"]),
    async (network) => {
      measured.one = await measure(workspace, network, sizes.ordering.one);
    },
  );
};
