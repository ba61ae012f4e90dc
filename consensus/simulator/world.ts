/**
 * A seeded world: the second implementation of `Runtime`, `Network` and `Disk`, for any number of nodes in
 * one process and in virtual time. The same seed gives the same run, which `audit` proves.
 *
 * Code under test must do nothing asynchronous but through these ports and promises.
 */
import { createHash } from "node:crypto";
import { toHex } from "../../protocol/bytes.ts";
import { asValidatorIndex, type ValidatorIndex } from "../../protocol/ids.ts";
import { channels, type Disk, type Network, type Runtime } from "../../protocol/ports.ts";
import { endOfTurn } from "../runtime/turn.ts";
import { createDisk, type DiskOptions } from "./disk.ts";
import { createNetwork, type Link, type WireMessage } from "./network.ts";
import { createRandom, type Random } from "./random.ts";
import { createSchedule } from "./schedule.ts";

export type WorldOptions = {
  readonly seed: number;
  readonly nodes: number;
  readonly link?: Partial<Link>;
  readonly disk?: Partial<DiskOptions>;
  /** Milliseconds since the Unix epoch at the beginning. */
  readonly startMs?: number;
  /** Events and virtual milliseconds after which `run` gives up with an error. */
  readonly maxEvents?: number;
  readonly maxMs?: number;
};

export type World = {
  /** Virtual milliseconds since the beginning. */
  elapsed(): number;
  readonly random: Random;
  /** Ports of a node's present life. Asked for anew after `crash`. */
  runtime(node: ValidatorIndex): Runtime;
  network(node: ValidatorIndex): Network;
  disk(node: ValidatorIndex): Disk;
  /** Runs until `done` answers true, checked after every event, or for so many milliseconds. */
  run(until: number | (() => boolean)): Promise<void>;
  /** Plans something for the world itself. */
  after(ms: number, happen: () => void): void;
  /** The node stops at once; its disk keeps what was synced and a random prefix of what was not. */
  crash(node: ValidatorIndex): void;
  /** Starts the node again after a crash; `boot` makes it from fresh ports. */
  restart(node: ValidatorIndex, boot: () => Promise<void>): void;
  isUp(node: ValidatorIndex): boolean;
  breakDisk(node: ValidatorIndex): void;
  setLink(from: ValidatorIndex, to: ValidatorIndex, change: Partial<Link>): void;
  partition(...groups: readonly (readonly ValidatorIndex[])[]): void;
  heal(): void;
  /** Called for everything that any node sends. */
  onSent(observer: (wire: WireMessage) => void): void;
  readonly penalties: readonly { by: ValidatorIndex; peer: ValidatorIndex; reason: string }[];
  readonly events: () => number;
  /** Hash of all that happened so far. */
  audit(): string;
};

const defaultLink: Link = { latencyMs: 10, jitterMs: 5, loss: 0, duplication: 0 };
const defaultDisk: DiskOptions = { syncMs: 3, readMs: 0 };

type Life = { network: Network | undefined; disk: Disk | undefined; readonly cancels: Set<() => void>; up: boolean };

export const createWorld = (options: WorldOptions): World => {
  const { seed, nodes: count, startMs = 1_700_000_000_000, maxEvents = 2_000_000, maxMs = 3_600_000 } = options;
  const nodes = Array.from({ length: count }, (_, index) => asValidatorIndex(index));
  const random = createRandom(seed);
  const schedule = createSchedule(startMs);
  const hash = createHash("sha256").update(`${seed}`);
  const observers: ((wire: WireMessage) => void)[] = [];
  const penalties: { by: ValidatorIndex; peer: ValidatorIndex; reason: string }[] = [];
  let events = 0;
  let bootFailure: unknown;

  const record = (...facts: (string | number | Uint8Array)[]): void => {
    hash.update(`${schedule.now()}`);
    for (const fact of facts) hash.update(typeof fact === "number" ? `,${fact}` : fact);
  };

  const network = createNetwork(
    schedule,
    createRandom(random.below(2 ** 32)),
    nodes,
    { ...defaultLink, ...options.link },
    {
      sent: (wire) => {
        for (const observer of observers) observer(wire);
      },
      delivered: ({ from, to, channel, message }) => record("d", from, to, channels.indexOf(channel), message),
      penalized: (by, peer, reason) => {
        record("p", by, peer, reason);
        penalties.push({ by, peer, reason });
      },
    },
  );
  const disks = nodes.map(() =>
    createDisk(schedule, createRandom(random.below(2 ** 32)), { ...defaultDisk, ...options.disk }),
  );
  const newLife = (): Life => ({ network: undefined, disk: undefined, cancels: new Set(), up: true });
  const lives = nodes.map(newLife);

  const at = <T>(list: readonly T[], node: ValidatorIndex): T => {
    const item = list[node];
    if (item === undefined) throw new Error(`the world has no node ${node}`);
    return item;
  };

  const runtime = (node: ValidatorIndex): Runtime => {
    const life = at(lives, node);
    return {
      now: () => Math.floor(schedule.now()),
      after: (ms, callback) => {
        const cancel = schedule.after(ms, () => {
          life.cancels.delete(cancel);
          record("t", node);
          if (life.up) callback();
        });
        life.cancels.add(cancel);
        return () => {
          life.cancels.delete(cancel);
          cancel();
        };
      },
      randomBytes: (length) => random.bytes(length),
    };
  };

  const run = async (until: number | (() => boolean)): Promise<void> => {
    const end = typeof until === "number" ? schedule.now() + until : Number.POSITIVE_INFINITY;
    const isDone = typeof until === "number" ? () => false : until;
    await endOfTurn();
    while (!isDone()) {
      if (bootFailure !== undefined) throw bootFailure;
      if (events >= maxEvents) throw new Error(`${events} events and no end (seed ${seed})`);
      if (schedule.now() - startMs >= maxMs) throw new Error(`${maxMs} virtual milliseconds and no end (seed ${seed})`);
      if (!schedule.advance(end)) {
        if (typeof until === "number") return;
        throw new Error(`nothing happens any more (seed ${seed})`);
      }
      events += 1;
      await endOfTurn();
    }
  };

  return {
    elapsed: () => schedule.now() - startMs,
    random,
    runtime,
    network: (node) => {
      const life = at(lives, node);
      life.network ??= network.join(node);
      return life.network;
    },
    disk: (node) => {
      const life = at(lives, node);
      life.disk ??= at(disks, node).open();
      return life.disk;
    },
    run,
    after: (ms, happen) => {
      schedule.after(ms, happen);
    },
    crash: (node) => {
      record("c", node);
      const life = at(lives, node);
      life.up = false;
      for (const cancel of life.cancels) cancel();
      network.leave(node);
      at(disks, node).crash();
    },
    restart: (node, boot) => {
      record("r", node);
      lives[node] = newLife();
      boot().catch((error: unknown) => {
        bootFailure = error;
      });
    },
    isUp: (node) => at(lives, node).up,
    breakDisk: (node) => at(disks, node).break(),
    setLink: network.setLink,
    partition: (...groups) => {
      record("x", JSON.stringify(groups));
      network.partition(groups);
    },
    heal: () => {
      record("h");
      network.heal();
    },
    onSent: (observer) => {
      observers.push(observer);
    },
    penalties,
    events: () => events,
    audit: () => toHex(hash.copy().digest()),
  };
};
