/** Whole validators in a seeded world: real consensus, mempool, pipeline and signatures, `data` as tenant. */

import { dataAdapter } from "../../adapters/data/adapter.ts";
import { openDataExecutor } from "../../adapters/data/executor.ts";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { createWorld, type World, type WorldOptions } from "../../consensus/simulator/world.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import { asDomain, asHeight, asRoot, asValidatorIndex, type Height, type ValidatorIndex } from "../../protocol/ids.ts";
import { Summary } from "../../protocol/summary.ts";
import { type Node, startNode } from "../../sequencer/node.ts";

export const data = asDomain(1);

export type Nodes = {
  world: World;
  indices: readonly ValidatorIndex[];
  /** The node's present life; throws while it is down. */
  node(index: ValidatorIndex): Node;
  crash(index: ValidatorIndex): void;
  restart(index: ValidatorIndex): void;
  /** Ids that some node acknowledged. */
  acknowledged: Set<string>;
  /** Hands one transaction to a node; the answer may come much later, or never if the node crashes. */
  submit(index: ValidatorIndex, text: string): void;
  /** Runs until all nodes that are up have executed `height`. */
  reach(height: number): Promise<void>;
  executed(index: ValidatorIndex): Height;
  /** Lets the world run until the answer is there: disks answer in virtual time. */
  ask<T>(question: Promise<T>): Promise<T>;
  /** Summary roots of heights 1 to `height` at a node. */
  summaries(index: ValidatorIndex, height: number): Promise<string[]>;
  fatal: unknown[];
};

export type NodesOptions = Omit<WorldOptions, "nodes"> & { nodes?: number; epochLength?: number };

export const createNodes = async (options: NodesOptions): Promise<Nodes> => {
  const count = options.nodes ?? 4;
  const world = createWorld({ ...options, nodes: count });
  const indices = Array.from({ length: count }, (_, index) => asValidatorIndex(index));
  const signers = indices.map(() => createSigner(generateSecretKey(world.random.bytes(32))));
  const genesis: Genesis = {
    salt: asRoot(world.random.bytes(32)),
    timestampMs: 1_699_999_999_000,
    epochLength: options.epochLength ?? 20,
    validators: signers.map((signer) => ({
      publicKey: signer.publicKey,
      weight: 1,
      possession: signer.provePossession(),
    })),
    tenants: [{ domain: data, vm: 0, name: utf8("data"), config: utf8("{}") }],
  };
  const bls = createBlst();
  const running = new Map<ValidatorIndex, Node>();
  const acknowledged = new Set<string>();
  const fatal: unknown[] = [];

  const boot = async (index: ValidatorIndex): Promise<void> => {
    const node = await startNode({
      genesis,
      self: index,
      signer: signers[index] as (typeof signers)[number],
      bls,
      network: world.network(index),
      runtime: world.runtime(index),
      disk: world.disk(index),
      adapters: { data: dataAdapter },
      openExecutor: async (_, { domain, source }) => {
        const { sealed, ...opened } = await openDataExecutor(domain, source());
        return { ...opened, ready: async () => sealed };
      },
      urls: new Map(),
      log: () => {},
      onFatal: (error) => fatal.push(error),
    });
    running.set(index, node);
  };

  const start = (index: ValidatorIndex): void => world.restart(index, () => boot(index));
  for (const index of indices) start(index);

  const node = (index: ValidatorIndex): Node => {
    const found = running.get(index);
    if (found === undefined) throw new Error(`node ${index} is down`);
    return found;
  };
  const ask = async <T>(question: Promise<T>): Promise<T> => {
    let answered = false;
    const done = question.finally(() => {
      answered = true;
    });
    await world.run(() => answered);
    return done;
  };
  const executed = (index: ValidatorIndex): Height => running.get(index)?.service.status().executed ?? asHeight(0);

  return {
    world,
    indices,
    node,
    crash: (index) => {
      running.delete(index);
      world.crash(index);
    },
    restart: start,
    acknowledged,
    submit: (index, text) => {
      void node(index)
        .service.submit(data, [utf8(text)])
        .then(([answer]) => {
          if (answer?.ok) acknowledged.add(toHex(answer.value.id));
        });
    },
    executed,
    ask,
    reach: (height) =>
      world.run(() => fatal.length > 0 || indices.every((index) => !world.isUp(index) || executed(index) >= height)),
    summaries: async (index, height) => {
      const roots: string[] = [];
      for (let at = 1; at <= height; at++) {
        const summary = await ask(node(index).service.summary(asHeight(at)));
        roots.push(summary === undefined ? "none" : toHex(Summary.root(summary)));
      }
      return roots;
    },
    fatal,
  };
};
