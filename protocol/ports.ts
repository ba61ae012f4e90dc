/**
 * The outside world, as the rest of the code sees it. Each port has two implementations: the real
 * one, and that of the simulator.
 */
import type { ValidatorIndex } from "./ids.ts";

/** Clock, timers and randomness. */
export type Runtime = {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `callback` once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
  randomBytes(length: number): Uint8Array;
};

/** What travels between validators; a channel has a queue and limits of its own. */
export const channels = ["consensus", "sync", "batch", "pool", "attestation", "summary"] as const;
export type Channel = (typeof channels)[number];

/**
 * Authenticated messages between validators. Delivery is best effort: a message may be lost, never
 * forged or altered, and queues are bounded.
 */
export type Network = {
  readonly self: ValidatorIndex;
  /** Validators that can be reached now. */
  peers(): ValidatorIndex[];
  send(to: ValidatorIndex, channel: Channel, message: Uint8Array): void;
  /** To every other validator. */
  broadcast(channel: Channel, message: Uint8Array): void;
  /** One handler per channel. What it throws counts against the sender. */
  listen(channel: Channel, handler: (from: ValidatorIndex, message: Uint8Array) => void): void;
  /** Called when a validator becomes reachable. */
  onConnect(handler: (peer: ValidatorIndex) => void): void;
  /** Counts misbehaviour; peers that go on are cut off for a while. */
  penalize(peer: ValidatorIndex, reason: string): void;
};

export type DiskWrite =
  | { readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly key: Uint8Array; readonly value: undefined };

/** Ordered keys on a disk. */
export type Disk = {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Pairs with `gte <= key < lt`, in order (or in reverse), at most `limit`. */
  range(bounds: {
    gte: Uint8Array;
    lt: Uint8Array;
    reverse?: boolean;
    limit?: number;
  }): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /**
   * Writes all or nothing, and resolves once that is on stable storage. Writes take effect in the
   * order of the calls; those of one turn of the event loop share one sync. A rejected write means
   * the disk is not to be trusted any more: the process must stop.
   */
  write(writes: readonly DiskWrite[]): Promise<void>;
  close(): Promise<void>;
};
