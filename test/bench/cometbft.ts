/** CometBFT: four nodes of its key-value store on this machine, set up to order as fast as they can. */
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { chunksOf, deal } from "./bodies.ts";
import { call, rpcBatch } from "./http.ts";
import type { Load } from "./load.ts";
import { type Sizes, warmUpShare } from "./options.ts";
import { connectionsTo, opaqueBatch, opaqueBytes } from "./ordering.ts";
import { freePorts, type Peer, startPeer, untilAnswers } from "./peer.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";
import type { Workspace } from "./workspace.ts";

export const howToInstall =
  "to measure CometBFT here: go install github.com/cometbft/cometbft/cmd/cometbft@v1.0.1, then put it on the path or name it in $COMETBFT";

/** Transactions a second at which four nodes on a machine with two cores saturated, in an earlier measurement. */
export const publishedPerSecond = 3700;

const nodes = 4;

/** Its program and version, if there is one. */
export const findCometBft = (): { program: string; version: string } | undefined => {
  const program = process.env.COMETBFT || "cometbft";
  try {
    return { program, version: execFileSync(program, ["version"], { encoding: "utf8" }).trim() };
  } catch {
    return undefined;
  }
};

/** Replaces the value of a key in a section of a TOML file; the top of the file is section "". */
export const setToml = (toml: string, section: string, key: string, value: string): string => {
  let current = "";
  let found = false;
  const lines = toml.split("\n").map((line) => {
    current = /^\[(.+)\]$/.exec(line)?.[1] ?? current;
    if (current !== section || !line.startsWith(`${key} = `)) return line;
    found = true;
    return `${key} = ${value}`;
  });
  if (!found) throw new Error(`the configuration of CometBFT has no ${section}.${key}`);
  return lines.join("\n");
};

/** No pause after a block, and caps on requests and mempool no narrower than those of Lockstep. */
const settings: readonly (readonly [section: string, key: string, value: string])[] = [
  ["", "proxy_app", '"kvstore"'],
  ["", "log_level", '"error"'],
  ["rpc", "max_request_batch_size", "1000"],
  ["rpc", "max_body_bytes", "16000000"],
  ["mempool", "size", "65536"],
  ["mempool", "max_txs_bytes", "134217728"],
  ["mempool", "cache_size", "200000"],
  ["consensus", "timeout_commit", '"0s"'],
  ["tx_index", "indexer", '"null"'],
];

const configure = async (file: string, p2p: readonly number[], index: number, rpc: number): Promise<void> => {
  let toml = settings.reduce((text, setting) => setToml(text, ...setting), await readFile(file, "utf8"));
  let peer = 0;
  const peers = /^persistent_peers = (.*)$/m.exec(toml)?.[1] ?? '""';
  const local = peers.replace(/@[^,"]+/g, () => `@127.0.0.1:${p2p[peer++]}`);
  toml = setToml(toml, "p2p", "persistent_peers", local);
  toml = setToml(toml, "p2p", "laddr", `"tcp://127.0.0.1:${p2p[index]}"`);
  toml = setToml(toml, "rpc", "laddr", `"tcp://127.0.0.1:${rpc}"`);
  await writeFile(file, toml);
};

type Cluster = { peers: readonly Peer[]; end(): Promise<void> };

type Status = { sync_info: { latest_block_height: string } };

const startCluster = async (workspace: Workspace, program: string): Promise<Cluster> => {
  const home = await workspace.folder("cometbft");
  await promisify(execFile)(program, [
    "testnet",
    ...["--v", String(nodes), "--o", home, "--starting-ip-address", "127.0.0.1"],
  ]);
  const ports = await freePorts(2 * nodes);
  const [p2p, rpc] = [ports.slice(0, nodes), ports.slice(nodes)];
  const folders = rpc.map((_, i) => join(home, `node${i}`));
  await Promise.all(folders.map((folder, i) => configure(join(folder, "config", "config.toml"), p2p, i, rpc[i] ?? 0)));
  const peers = folders.map((folder, i) => startPeer(program, ["node", "--home", folder], rpc[i] ?? 0));
  const end = async () => {
    await Promise.all(peers.map((peer) => peer.end()));
  };
  try {
    const hasBlocks = (status: unknown) => Number((status as Status).sync_info.latest_block_height) > 1;
    await Promise.all(peers.map(({ url }) => untilAnswers(url, "status", hasBlocks)));
    return { peers, end };
  } catch (error) {
    await end();
    throw error;
  }
};

/** The store takes `key=value` only; each is as long as Lockstep's opaque transactions. */
const keyValue = (): string =>
  `${randomBytes(16).toString("hex")}=${randomBytes(125).toString("hex")}`.slice(0, opaqueBytes);

const transaction = (): { tx: string } => ({ tx: Buffer.from(keyValue()).toString("base64") });

const loadOf = (urls: readonly string[], count: number): Load => {
  const all = connectionsTo(urls);
  const batches = chunksOf(Array.from({ length: count }, transaction), opaqueBatch);
  const bodies = deal(
    batches.map((batch) => rpcBatch("broadcast_tx_sync", batch)),
    all.length,
  );
  return {
    target: { kind: "cometbft", url: urls[0] ?? "" },
    connections: all.map((url, at) => ({ url, contentType: "application/json", bodies: bodies[at] ?? [] })),
    transactions: count,
  };
};

/** Milliseconds from submission to the answer that tells of the block. */
const committedTimes = async (urls: readonly string[], { latency }: Sizes): Promise<number[]> => {
  const times: number[] = [];
  for (let i = 0; i < latency.samples; i++) {
    await pause(latency.pauseMs);
    const start = performance.now();
    await call(urls[i % urls.length] ?? "", "broadcast_tx_commit", transaction());
    times.push(performance.now() - start);
  }
  return times;
};

export type CometBft = { version: string; throughput: Throughput; committedIdle: number[] };

export const measureCometBft = async (
  workspace: Workspace,
  { program, version }: { program: string; version: string },
  sizes: Sizes,
): Promise<CometBft> =>
  workspace.using(
    () => startCluster(workspace, program),
    async ({ peers }) => {
      const urls = peers.map(({ url }) => url);
      const committedIdle = await committedTimes(urls, sizes);
      const count = sizes.ordering.cometbft;
      const processes = { validator: peers.map(({ pid }) => pid) };
      return {
        version,
        committedIdle,
        throughput: await measureThroughput(workspace, processes, (phase) =>
          loadOf(urls, phase === "warmUp" ? Math.round(warmUpShare * count) : count),
        ),
      };
    },
  );
