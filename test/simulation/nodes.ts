/** Whole validators in a seeded world: real consensus, mempool, pipeline, signatures and engines. */

import { cairoAdapter } from "../../adapters/cairo/adapter.ts";
import { dataAdapter } from "../../adapters/data/adapter.ts";
import { evmAdapter } from "../../adapters/evm/adapter.ts";
import { fuelAdapter } from "../../adapters/fuel/adapter.ts";
import { svmAdapter } from "../../adapters/svm/adapter.ts";
import type { BlsSigner } from "../../consensus/certificate/bls.ts";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { createWorld, type World, type WorldOptions } from "../../consensus/simulator/world.ts";
import { type TenantBudget, usualBudgets } from "../../protocol/budget.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Genesis, Vm } from "../../protocol/genesis.ts";
import {
  asDomain,
  asHeight,
  asRoot,
  asValidatorIndex,
  type Domain,
  type Height,
  type ValidatorIndex,
} from "../../protocol/ids.ts";
import { Summary } from "../../protocol/summary.ts";
import { type Node, startNode } from "../../sequencer/node.ts";
import type { Legs } from "../fixtures/legs/legs.ts";
import { registrationOf } from "../fixtures/registration.ts";
import { type Faults, hostInWorld, noFaults } from "./host.ts";

export const data = asDomain(1);
/** A second one of the same kind. */
export const notes = asDomain(2);
export const svm = asDomain(501);
export const evm = asDomain(31337);

/** An EVM genesis in which these accounts have 1000 ether each. */
export const evmConfig = (funded: readonly string[]): Uint8Array =>
  utf8(
    JSON.stringify({
      chainId: evm,
      feeRecipient: `0x${"fe".repeat(20)}`,
      alloc: Object.fromEntries(funded.map((address) => [address, { balance: (1000n * 10n ** 18n).toString() }])),
    }),
  );

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
  submit(index: ValidatorIndex, text: string, domain?: Domain): void;
  /** The same for a transaction of the EVM, or of another VM. */
  submitRaw(index: ValidatorIndex, raw: Uint8Array, domain?: Domain): void;
  /** Codes of refused transactions. */
  refused: string[];
  /** Runs until all nodes that are up have executed `height`. */
  reach(height: number): Promise<void>;
  executed(index: ValidatorIndex): Height;
  /** Lets the world run until the answer is there: disks answer in virtual time. */
  ask<T>(question: Promise<T>): Promise<T>;
  /** Summary roots of heights 1 to `height` at a node. */
  summaries(index: ValidatorIndex, height: number): Promise<string[]>;
  fatal: unknown[];
  /** Nodes that started anew for a recovery. */
  recoveries: ValidatorIndex[];
  /** What is wrong with a tenant's engine at a node: the same object through all its lives. */
  faults(index: ValidatorIndex, domain: Domain): Faults;
  /** The validators' keys, for who speaks in their name. */
  signers: readonly BlsSigner[];
};

export type NodesOptions = Omit<WorldOptions, "nodes"> & {
  nodes?: number;
  epochLength?: number;
  /** Whether there is a second `data` tenant. */
  notes?: boolean;
  /** Where a tenant has another budget than usual. */
  budgets?: Partial<Record<Vm, TenantBudget>>;
  /** With it, there is an EVM tenant beside the `data` tenant. */
  evm?: Uint8Array;
  /** With it, there is an SVM tenant as well. */
  svm?: Uint8Array;
  /** Tenants beside these. */
  tenants?: readonly Pick<Legs, "adapter" | "domain" | "config" | "budget">[];
  deposits?: Genesis["deposits"];
};

const adapters = {
  data: dataAdapter,
  evm: evmAdapter,
  svm: svmAdapter,
  cairo: cairoAdapter,
  fuel: fuelAdapter,
} as const;

export const createNodes = async (options: NodesOptions): Promise<Nodes> => {
  const count = options.nodes ?? 4;
  const world = createWorld({ ...options, nodes: count });
  const indices = Array.from({ length: count }, (_, index) => asValidatorIndex(index));
  const budgets = { ...usualBudgets, ...options.budgets };
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
    deposits: options.deposits ?? [],
    tenants: [
      registrationOf(data, "data", { budget: budgets.data }),
      ...(options.notes ? [registrationOf(notes, "data", { name: utf8("notes"), budget: budgets.data })] : []),
      ...(options.svm === undefined ? [] : [registrationOf(svm, "svm", { budget: budgets.svm, config: options.svm })]),
      ...(options.evm === undefined ? [] : [registrationOf(evm, "evm", { budget: budgets.evm, config: options.evm })]),
      ...(options.tenants ?? []).map(({ adapter, domain, config, budget }) =>
        registrationOf(domain, adapter.vm, { budget, config }),
      ),
    ].sort((a, b) => a.domain - b.domain),
  };
  const bls = createBlst();
  const running = new Map<ValidatorIndex, Node>();
  const acknowledged = new Set<string>();
  const refused: string[] = [];
  const fatal: unknown[] = [];
  const recoveries: ValidatorIndex[] = [];

  const faultsOf = new Map<string, Faults>();
  const faults = (index: ValidatorIndex, domain: Domain): Faults => {
    const found = faultsOf.get(`${index}/${domain}`) ?? noFaults();
    faultsOf.set(`${index}/${domain}`, found);
    return found;
  };

  const boot = async (index: ValidatorIndex): Promise<void> => {
    const node = await startNode({
      networkStats: () => ({ peers: [], strangers: 0, refused: new Map() }),
      doors: new Map(),
      genesis,
      self: index,
      signer: signers[index] as (typeof signers)[number],
      bls,
      network: world.network(index),
      runtime: world.runtime(index),
      disk: world.disk(index),
      // Loaded before: loading takes real time, of which the world knows nothing.
      loadAdapter: async (vm) => adapters[vm],
      // In this process: a child would live in real time.
      openExecutor: (adapter, hosted) =>
        hostInWorld(world.runtime(index), adapter, hosted, faults(index, hosted.domain)),
      urls: new Map(),
      log: () => {},
      onFatal: (error) => fatal.push(error),
      onRecovery: () => {
        recoveries.push(index);
        crash(index);
        start(index);
      },
    });
    running.set(index, node);
  };

  const crash = (index: ValidatorIndex): void => {
    running.delete(index);
    world.crash(index);
  };
  const start = (index: ValidatorIndex): void => world.restart(index, () => boot(index));
  for (const index of indices) start(index);

  const node = (index: ValidatorIndex): Node => {
    const found = running.get(index);
    if (found === undefined) throw new Error(`node ${index} is down`);
    return found;
  };
  const submit = (index: ValidatorIndex, domain: Domain, bytes: Uint8Array): void => {
    void node(index)
      .service.submit(domain, [bytes])
      .then(([answer]) => {
        if (answer?.ok) acknowledged.add(toHex(answer.value.id));
        else if (answer !== undefined) refused.push(answer.error.code);
      });
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
    crash,
    restart: start,
    acknowledged,
    submit: (index, text, domain = data) => submit(index, domain, utf8(text)),
    submitRaw: (index, raw, domain = evm) => submit(index, domain, raw),
    refused,
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
    recoveries,
    faults,
    signers,
  };
};
