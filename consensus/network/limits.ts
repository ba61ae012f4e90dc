/** Every cap of the transport. None is part of the wire format, except what a frame may hold. */
import { limits } from "../../protocol/limits.ts";
import type { Channel } from "../../protocol/ports.ts";
import { messageLimits } from "../simplex/limits.ts";
import { syncLimits } from "../sync/limits.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

export type ChannelLimits = {
  /** Largest message. A longer one is a violation. */
  frameBytes: number;
  /** What may wait for one peer. Beyond it the oldest goes. */
  queueBytes: number;
  queueMessages: number;
  /** What is taken from one peer: rates a second, and how far a burst may exceed them. */
  messageRate: number;
  messageBurst: number;
  byteRate: number;
  byteBurst: number;
  /**
   * Points for each second for which the rates held a peer back. None where the users of a node decide how much
   * there is: nobody can get an honest node banned by using it.
   */
  floodPoints: number;
};

/**
 * Dropping the oldest is harmless on every channel, because each is repeated by its user as long as it
 * matters: votes and proposals by the timers of a view, sync and batch requests by who asked,
 * pool entries until they are acknowledged, attestations until the height is certified, what can't be executed
 * as long as that lasts, summaries by who asked.
 */
export const channelLimits: Readonly<Record<Channel, ChannelLimits>> = {
  consensus: {
    frameBytes: messageLimits.bytes,
    queueBytes: 8 * MiB,
    queueMessages: 4096,
    messageRate: 1000,
    messageBurst: 4096,
    byteRate: MiB,
    byteBurst: 8 * MiB,
    floodPoints: 2,
  },
  sync: {
    frameBytes: syncLimits.messageBytes,
    queueBytes: 40 * MiB,
    queueMessages: 64,
    messageRate: 50,
    messageBurst: 200,
    byteRate: 64 * MiB,
    byteBurst: 64 * MiB,
    floodPoints: 2,
  },
  batch: {
    frameBytes: limits.batchBytes + 64 * KiB,
    queueBytes: 64 * MiB,
    queueMessages: 4096,
    messageRate: 2000,
    messageBurst: 4096,
    byteRate: 64 * MiB,
    byteBurst: 64 * MiB,
    floodPoints: 0,
  },
  pool: {
    frameBytes: limits.batchBytes + 64 * KiB,
    queueBytes: 32 * MiB,
    queueMessages: 16_384,
    messageRate: 4000,
    messageBurst: 16_384,
    byteRate: 16 * MiB,
    byteBurst: 32 * MiB,
    floodPoints: 0,
  },
  attestation: {
    frameBytes: KiB,
    queueBytes: MiB,
    queueMessages: 1024,
    messageRate: 500,
    messageBurst: 2000,
    byteRate: MiB,
    byteBurst: 4 * MiB,
    floodPoints: 2,
  },
  summary: {
    frameBytes: MiB,
    queueBytes: 8 * MiB,
    queueMessages: 256,
    messageRate: 500,
    messageBurst: 2000,
    byteRate: 8 * MiB,
    byteBurst: 32 * MiB,
    floodPoints: 2,
  },
};

export const networkLimits = {
  /** A message enters the muxer in pieces, so that a vote passes a batch that is on its way. */
  pieceBytes: 64 * KiB,
  /** What libp2p buffers per stream, received and not yet handed over. */
  streamWindowBytes: 4 * MiB,
  /** No piece accepted by a peer for so long: it reads too slowly and is cut off. */
  stalledMs: 10_000,

  helloFrameBytes: KiB,
  /** From an open connection to proven keys. */
  helloMs: 10_000,
  /** Inbound connections that have not proven a key: so many at a time, each of so many bytes. */
  unprovenConnections: 48,
  unprovenBytes: 16 * KiB,
  /** Inbound connections of one host a second. */
  inboundConnectionRate: 64,

  dialMs: 5_000,
  redialMs: { first: 100, last: 5_000 },
  /** A connection that lasted so long starts the next row of dials without delay. */
  settledMs: 10_000,
  /** Connections of one peer that take over from each other: a second, and at a time. One more is an offence. */
  takeoverRate: 1,
  takeoverBurst: 32,
  /** Refused connections that are logged: a second, and at a time. All are counted. */
  refusalLogRate: 1,
  refusalLogBurst: 32,

  /** Points; a peer with as many is cut off. They halve every `scoreHalfLifeMs`. */
  banScore: 8,
  /** What cannot happen between honest peers. */
  violationPoints: 8,
  /** What may be a mistake: a message that a handler refuses. */
  offencePoints: 1,
  scoreHalfLifeMs: 60_000,
  /** Doubles from ban to ban; a peer that behaved for `forgiveMs` starts anew. */
  banMs: { first: 2_000, last: 600_000 },
  forgiveMs: 1_800_000,
} as const;
