/** Validators that run the production code in a world, and an observer that believes none of them. */
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asEpoch, asHeight, asValidatorIndex, type Root, type ValidatorIndex } from "../../protocol/ids.ts";
import type { Network } from "../../protocol/ports.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock } from "../application.ts";
import type { Bls, BlsSigner } from "../certificate/bls.ts";
import { createBlst, createSigner, generateSecretKey } from "../certificate/blst.ts";
import { type Consensus, type ConsensusEvent, createConsensus } from "../consensus.ts";
import type { Adversary } from "./adversaries/adversary.ts";
import { createLedger, genesisHeader, type Ledger } from "./application.ts";
import { createOracle, type Oracle } from "./oracle.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

export type Member = {
  readonly consensus: Consensus;
  readonly ledger: Ledger;
};

export type ClusterOptions = WorldOptions & {
  readonly epochLength?: number;
  readonly thinkMs?: number;
  readonly weights?: readonly number[];
  /** Members that never start. */
  readonly without?: readonly number[];
  /** Members that run, but lie. */
  readonly adversaries?: Readonly<Record<number, Adversary>>;
};

export type Cluster = {
  readonly world: World;
  readonly oracle: Oracle;
  readonly set: ValidatorSet;
  readonly genesis: {
    readonly root: Root;
    readonly header: ReturnType<typeof genesisHeader>;
    readonly epochLength: number;
  };
  /** Neither absent nor adversaries. */
  readonly honest: readonly ValidatorIndex[];
  signerOf(node: ValidatorIndex): BlsSigner;
  /** Throws for a node that is down. */
  member(node: ValidatorIndex): Member;
  isUp(node: ValidatorIndex): boolean;
  /** Finalized heights of the honest nodes that are up, by index. */
  heights(): number[];
  /** Units in finalized blocks. */
  unitsOrdered(): string[];
  /** Gives a unit of work to a node that is up. */
  submit(node: ValidatorIndex): string;
  crash(node: ValidatorIndex): void;
  restart(node: ValidatorIndex): void;
  /** Runs until every honest node that is up has finalized `height`. */
  reach(height: number): Promise<void>;
  eventsOf(node: ValidatorIndex): readonly ConsensusEvent[];
};

/** Certificates are checked by every validator, for the same answer: once is enough in one process. */
const remembering = (bls: Bls): Bls => {
  const answers = new Map<string, Promise<boolean>>();
  const once = (parts: readonly Uint8Array[], ask: () => Promise<boolean>): Promise<boolean> => {
    const key = parts.map(toHex).join();
    const answer = answers.get(key) ?? ask();
    if (answers.size > 10_000) answers.clear();
    answers.set(key, answer);
    return answer;
  };
  return {
    ...bls,
    verify: (key, message, signature) => once([key, message, signature], () => bls.verify(key, message, signature)),
    verifyAggregate: (keys, message, signature) =>
      once([...keys, message, signature], () => bls.verifyAggregate(keys, message, signature)),
  };
};

const bls = remembering(createBlst());
const signers = new Map<number, BlsSigner>();
const signerOf = (node: ValidatorIndex): BlsSigner => {
  let signer = signers.get(node);
  if (signer === undefined) {
    signer = createSigner(generateSecretKey(new Uint8Array(32).fill(node + 1)));
    signers.set(node, signer);
  }
  return signer;
};

export const createCluster = (options: ClusterOptions): Cluster => {
  const { nodes: count, epochLength = 10_000, thinkMs = 1, without = [], weights = [], adversaries = {} } = options;
  const world = createWorld(options);
  const nodes = Array.from({ length: count }, (_, index) => asValidatorIndex(index));
  const honest = nodes.filter((node) => !without.includes(node) && adversaries[node] === undefined);
  const root = sha256(utf8(`genesis ${options.seed}`));
  const set: ValidatorSet = {
    genesis: root,
    epoch: asEpoch(0),
    members: nodes.map((node) => ({ publicKey: signerOf(node).publicKey, weight: weights[node] ?? 1 })),
  };
  const genesis = { root, header: genesisHeader(1_699_999_999_000), epochLength };
  const oracle = createOracle({ genesis: root, set, honest });
  world.onSent(oracle.sent);

  const members = new Map<ValidatorIndex, Member>();
  const events = new Map<ValidatorIndex, ConsensusEvent[]>(nodes.map((node) => [node, []]));
  const finalizedHeight = new Map<ValidatorIndex, number>();
  let units = 0;

  const boot = async (node: ValidatorIndex): Promise<void> => {
    const runtime = world.runtime(node);
    const height = Math.max(0, (finalizedHeight.get(node) ?? 0) - world.random.below(4));
    const executed = oracle.chain()[height - 1];
    const ledger = createLedger({ self: node, runtime, set, epochLength, thinkMs, executed });
    const watched = {
      ...ledger,
      finalized: (block: FinalizedBlock): void => {
        ledger.finalized(block);
        if (honest.includes(node)) oracle.finalized(node, block);
        finalizedHeight.set(node, block.header.height);
      },
    };
    const consensus = createConsensus(
      {
        genesis,
        self: node,
        signer: signerOf(node),
        bls,
        runtime,
        network: portOf(node),
        disk: world.disk(node),
        application: watched,
        log: (event) => {
          if (!honest.includes(node)) return;
          if (event.event === "halted") oracle.complain(`node ${node} halted: ${event.error}`);
          if (event.event === "applicationFailed") oracle.complain(`node ${node}: ${event.call}: ${event.error}`);
          if (event.event === "conflict") oracle.complain(`node ${node} saw conflicting certificates`);
          events.get(node)?.push(event);
        },
      },
      asHeight(height),
    );
    members.set(node, { consensus, ledger });
    if (honest.includes(node)) oracle.booted(node, ledger);
    await consensus.start();
  };

  const portOf = (node: ValidatorIndex): Network => {
    const port = world.network(node);
    const body = { self: node, genesis: root, signer: signerOf(node), random: world.random };
    return adversaries[node]?.(port, body) ?? port;
  };

  const member = (node: ValidatorIndex): Member => {
    const found = members.get(node);
    if (found === undefined) throw new Error(`node ${node} is down`);
    return found;
  };
  const heights = (): number[] => honest.flatMap((node) => members.get(node)?.consensus.status().height ?? []);

  for (const node of nodes) if (!without.includes(node)) world.restart(node, () => boot(node));

  return {
    world,
    oracle,
    set,
    genesis,
    honest,
    signerOf,
    member,
    isUp: (node) => members.has(node),
    heights,
    unitsOrdered: () => oracle.chain().flatMap(({ header }) => header.batches.map(toHex)),
    submit: (node) => {
      const unit = sha256(utf8(`unit ${units++}`));
      const { ledger, consensus } = member(node);
      ledger.submit(unit);
      consensus.workArrived();
      return toHex(unit);
    },
    crash: (node) => {
      members.delete(node);
      world.crash(node);
    },
    restart: (node) => world.restart(node, () => boot(node)),
    reach: (height) => world.run(() => heights().length > 0 && heights().every((reached) => reached >= height)),
    eventsOf: (node) => events.get(node) ?? [],
  };
};
