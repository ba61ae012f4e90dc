/**
 * Batches between validators: a producer sends each to all, a holder acknowledges it once it is on
 * a synced disk, and whoever misses one that a header names asks for it.
 */

import { setMaxListeners } from "node:events";
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { createThrottle, type Throttle } from "../../consensus/network/rate.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { Header } from "../../protocol/header.ts";
import {
  asHeight,
  asRoot,
  type Epoch,
  type Height,
  type PublicKey,
  type Root,
  type ValidatorIndex,
} from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Network, Runtime } from "../../protocol/ports.ts";
import { signingRoot } from "../../protocol/signing.ts";
import { tagged } from "../message.ts";
import { decodeBatch, type HeldBatch, peekBatch } from "./held.ts";
import { batchLimits } from "./limits.ts";
import type { BatchStore } from "./store.ts";

const tags = { batch: 1, acknowledge: 2, request: 3 } as const;

/** What a producer signs for a batch. Its epoch is 0: a producer is known by its key, not by a seat. */
export const batchSigningRoot = (genesis: Root, sequence: number, digest: Root): Root =>
  signingRoot({ genesis, kind: "batch", epoch: 0 as Epoch, slot: sequence, revision: 0, root: digest });

export type BatchExchange = {
  /** Stores an own batch, then sends it to all. Resolves when this node holds it. */
  publish(batch: HeldBatch): Promise<void>;
  /** Resolves when `count` other validators hold an own batch on disk; to be called before `publish`. */
  acknowledged(batch: HeldBatch, count: number): Promise<void>;
  /** Resolves when all that a header names are held, asking its proposer and then others; rejects when `signal` fires. */
  hold(header: NamesBatches, signal?: AbortSignal): Promise<HeldBatch[]>;
  /** A finalized block has taken batches, which two thirds hold therefore, and made others void. */
  settled(taken: readonly HeldBatch[], passedOver: readonly HeldBatch[]): void;
  stop(): void;
};

export type NamesBatches = Pick<Header, "height" | "proposer" | "batches">;

export type BatchExchangeOptions = {
  genesis: Root;
  network: Network;
  runtime: Runtime;
  bls: BlsVerifier;
  store: BatchStore;
  /** Whether a key may produce batches now, and the last sequence that the finalized chain took from it. */
  producer(publicKey: PublicKey): { lastSequence: number } | undefined;
  /** Called when a batch has come to be held. */
  onHeld(batch: HeldBatch): void;
  /** Called when the store failed: the node must stop. */
  fatal(error: unknown): void;
};

/** A batch that headers name and that is not held yet. */
type Wanted = { wakes: Set<() => void>; neededAt: Height };
type Acknowledgements = { batch: HeldBatch; from: Set<ValidatorIndex>; wanted: number; resolve(): void };

export const createBatchExchange = (options: BatchExchangeOptions): BatchExchange => {
  const { genesis, network, runtime, bls, store } = options;
  const wanted = new Map<string, Wanted>();
  const acknowledgements = new Map<string, Acknowledgements>();
  /** One check after the other for each producer, so that its batches come to be held in its order. */
  const checks = new Map<string, Promise<void>>();
  const unchecked = new Map<ValidatorIndex, number>();
  const unserved = new Map<ValidatorIndex, { digests: number; served: Promise<void>; throttle: Throttle }>();
  const adding = new Set<string>();
  let stopped = false;

  const admit = async (batch: HeldBatch, neededAt?: Height): Promise<void> => {
    await store.add(batch, runtime.now(), neededAt);
    const waiting = wanted.get(batch.key);
    if (waiting !== undefined) store.need(batch.key, waiting.neededAt);
    for (const wake of waiting?.wakes ?? []) wake();
    options.onHeld(batch);
  };

  /** No valid block above the finalized ones names any other. */
  const mayBeOrdered = (batch: Pick<HeldBatch, "producer" | "sequence">): boolean => {
    const producer = options.producer(batch.producer);
    return producer !== undefined && batch.sequence > producer.lastSequence;
  };

  const check = async (from: ValidatorIndex, batch: HeldBatch): Promise<void> => {
    if (stopped || store.held(batch.key) !== undefined || !mayBeOrdered(batch)) return;
    if (!wanted.has(batch.key) && !store.hasRoom(batch.producer, batch.size)) return;
    const root = batchSigningRoot(genesis, batch.sequence, batch.digest);
    if (!(await bls.verify(batch.producer, root, batch.signature))) {
      network.penalize(from, "a batch whose signature is not its producer's");
      return;
    }
    if (stopped) return;
    const neededAt = wanted.get(batch.key)?.neededAt;
    if (store.hasRoom(batch.producer, batch.size)) await admit(batch);
    else if (neededAt !== undefined) await admit(batch, neededAt);
  };

  const acknowledgeHeld = (to: ValidatorIndex, { key, digest }: Pick<HeldBatch, "key" | "digest">): boolean => {
    const isHeld = store.held(key) !== undefined;
    if (isHeld) network.send(to, "batch", tagged(tags.acknowledge, digest));
    return isHeld;
  };

  const receive = (from: ValidatorIndex, encoded: Uint8Array): void => {
    // What is known or too late costs no decoding, however often it comes.
    const peeked = peekBatch(encoded);
    if (peeked !== undefined) {
      if (acknowledgeHeld(from, peeked)) return;
      if (options.producer(peeked.producer) !== undefined && !mayBeOrdered(peeked)) return;
    }
    const decoded = decodeBatch(encoded);
    if (!decoded.ok) {
      network.penalize(from, `a batch that is none: ${decoded.error.message}`);
      return;
    }
    const batch = decoded.value;
    const waiting = unchecked.get(from) ?? 0;
    if (waiting >= batchLimits.uncheckedPerPeer || adding.has(batch.key)) return;
    unchecked.set(from, waiting + 1);
    adding.add(batch.key);
    const producer = toHex(batch.producer);
    const turn: Promise<void> = (checks.get(producer) ?? Promise.resolve())
      .then(() => check(from, batch))
      .finally(() => {
        unchecked.set(from, (unchecked.get(from) ?? 1) - 1);
        adding.delete(batch.key);
        if (checks.get(producer) === turn) checks.delete(producer);
      })
      .then(() => {
        acknowledgeHeld(from, batch);
      })
      .catch(options.fatal);
    checks.set(producer, turn);
  };

  const serve = async (to: ValidatorIndex, digests: readonly Root[], throttle: Throttle): Promise<void> => {
    for (const digest of digests) {
      const encoded = stopped ? undefined : await store.encoded(digest);
      if (encoded === undefined) continue;
      await throttle(encoded.length);
      if (!stopped) network.send(to, "batch", tagged(tags.batch, encoded));
    }
  };

  /** One batch after the other for each peer; what it asks for beyond a bound it has to ask for again. */
  const request = (from: ValidatorIndex, body: Uint8Array): void => {
    const count = body.length / 32;
    if (!Number.isInteger(count) || count > batchLimits.requestDigests) {
      network.penalize(from, "a malformed request for batches");
      return;
    }
    const waiting = unserved.get(from) ?? {
      digests: 0,
      served: Promise.resolve(),
      throttle: createThrottle({ byteRate: batchLimits.servedRate, byteBurst: batchLimits.servedBurst }, runtime),
    };
    if (waiting.digests + count > batchLimits.unservedPerPeer) return;
    unserved.set(from, waiting);
    waiting.digests += count;
    const digests = Array.from({ length: count }, (_, i) => asRoot(body.slice(32 * i, 32 * i + 32)));
    waiting.served = waiting.served
      .then(() => serve(from, digests, waiting.throttle))
      .then(() => {
        waiting.digests -= count;
      })
      .catch(options.fatal);
  };

  const acknowledge = (from: ValidatorIndex, digest: Uint8Array): void => {
    const awaited = acknowledgements.get(toHex(digest));
    if (awaited === undefined) return;
    awaited.from.add(from);
    if (awaited.from.size >= awaited.wanted) awaited.resolve();
  };

  network.listen("batch", (from, message) => {
    if (stopped) return;
    const body = message.subarray(1);
    if (message[0] === tags.batch) receive(from, body.slice());
    else if (message[0] === tags.acknowledge && body.length === 32) acknowledge(from, body);
    else if (message[0] === tags.request) request(from, body);
    else network.penalize(from, "an unknown message about batches");
  });

  const sendUnacknowledged = (peer: ValidatorIndex): void => {
    for (const { batch, from } of acknowledgements.values()) {
      if (!from.has(peer)) network.send(peer, "batch", tagged(tags.batch, batch.encoded));
    }
  };
  network.onConnect(sendUnacknowledged);

  // A sending may be lost on the way: what lacks acknowledgements goes out again.
  const resend = (): void => {
    if (stopped) return;
    for (const peer of network.peers()) sendUnacknowledged(peer);
    cancelResend = runtime.after(batchLimits.resendMs, resend);
  };
  let cancelResend = runtime.after(batchLimits.resendMs, resend);

  /** Asks one peer after the other until the batch is held. */
  const fetch = (digest: Root, { height, proposer }: NamesBatches, signal: AbortSignal | undefined) =>
    new Promise<HeldBatch>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const key = toHex(digest);
      let attempt = 0;
      let cancel = () => {};
      const { wakes, neededAt } = wanted.get(key) ?? { wakes: new Set<() => void>(), neededAt: height };
      wanted.set(key, { wakes, neededAt: asHeight(Math.max(neededAt, height)) });
      const end = () => {
        cancel();
        wakes.delete(wake);
        if (wakes.size === 0) wanted.delete(key);
        signal?.removeEventListener("abort", abort);
      };
      const wake = () => {
        const batch = store.held(key);
        if (batch === undefined) return;
        end();
        resolve(batch);
      };
      const abort = () => {
        end();
        reject(signal?.reason);
      };
      const ask = () => {
        if (stopped) return;
        const peers = network.peers();
        const peer = attempt === 0 ? proposer : peers[attempt % Math.max(1, peers.length)];
        attempt++;
        if (peer !== undefined && peer !== network.self) network.send(peer, "batch", tagged(tags.request, digest));
        cancel = runtime.after(batchLimits.requestRetryMs, ask);
      };
      // It may have come while the disk was asked for it.
      if (store.held(key) !== undefined) return wake();
      wakes.add(wake);
      signal?.addEventListener("abort", abort, { once: true });
      ask();
    });

  return {
    publish: async (batch) => {
      await admit(batch);
      network.broadcast("batch", tagged(tags.batch, batch.encoded));
    },
    acknowledged: (batch, count) =>
      new Promise((resolve) => {
        if (count === 0) return resolve();
        const end = () => {
          acknowledgements.delete(batch.key);
          resolve();
        };
        acknowledgements.set(batch.key, { batch, from: new Set(), wanted: count, resolve: end });
      }),
    hold: (header, signal) => {
      // Each missing batch listens by itself; Node takes more than ten listeners for a leak.
      if (signal !== undefined) setMaxListeners(limits.batchesPerBlock, signal);
      return Promise.all(
        header.batches.map(async (digest) => {
          store.need(toHex(digest), header.height);
          return (await store.get(digest)) ?? (await fetch(digest, header, signal));
        }),
      );
    },
    settled: (taken, passedOver) => {
      for (const { key } of taken) acknowledgements.get(key)?.resolve();
      for (const { key } of passedOver) acknowledgements.delete(key);
    },
    stop: () => {
      stopped = true;
      cancelResend();
    },
  };
};
