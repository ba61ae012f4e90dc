/** Another validator: what waits for it, how it behaves, and the link to it while there is one. */
import type { Connection, Stream } from "@libp2p/interface";
import { equalBytes } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { ValidatorIndex } from "../../protocol/ids.ts";
import { type Channel, channels, type Runtime } from "../../protocol/ports.ts";
import { channelLimits, networkLimits } from "./limits.ts";
import { createLink, type Link, type ProvenConnection } from "./link.ts";
import type { Log } from "./log.ts";
import { createRateLimit } from "./rate.ts";
import { createSendQueue } from "./sendQueue.ts";
import { createStanding } from "./standing.ts";

export type ChannelStats = {
  queuedBytes: number;
  queuedMessages: number;
  sent: number;
  received: number;
  /** Messages that had no room in the queue, or no link to go over. */
  dropped: number;
  /** Milliseconds for which the rates held the peer back. */
  throttledMs: number;
};

export type PeerStats = {
  validator: ValidatorIndex;
  connected: boolean;
  score: number;
  /** Milliseconds since the Unix epoch; in the past unless the peer is banned now. */
  bannedUntil: number;
  /** Times that it was penalized and banned. */
  penalties: number;
  bans: number;
  channels: Readonly<Record<Channel, ChannelStats>>;
};

export type Peer = {
  readonly validator: ValidatorIndex;
  readonly isConnected: boolean;
  /** Milliseconds until the peer may be connected again; 0 when it may now. */
  banLeft(): number;
  /** @throws LockstepError `message_too_large` */
  send(channel: Channel, message: Uint8Array): void;
  /** Makes a connection the link to this peer, unless the present one stays. */
  attach(proven: ProvenConnection): boolean;
  /** Whether `connection` is the link to this peer. */
  owns(connection: Connection): boolean;
  accept(channel: Channel, stream: Stream): void;
  penalize(points: number, reason: string): void;
  disconnect(reason: string): void;
  stats(): PeerStats;
};

export type PeerEnvironment = {
  runtime: Runtime;
  log: Log;
  received(channel: Channel, message: Uint8Array): void;
  /** The link is gone after so many ms. */
  disconnected(lastedMs: number): void;
};

const perChannel = <T>(make: (channel: Channel) => T): Readonly<Record<Channel, T>> =>
  Object.fromEntries(channels.map((channel) => [channel, make(channel)])) as Record<Channel, T>;

/**
 * Of two connections between the same two processes, dialed from both sides, both ends keep the one
 * that the lower index dialed; in every other case the older one is stale.
 */
const staysBeside = (present: ProvenConnection, added: ProvenConnection): boolean =>
  equalBytes(present.session, added.session) && present.dialer < added.dialer;

export const createPeer = (validator: ValidatorIndex, environment: PeerEnvironment): Peer => {
  const { runtime, log, received, disconnected } = environment;
  const queues = perChannel((channel) => createSendQueue(channelLimits[channel]));
  const rateLimits = perChannel((channel) => createRateLimit(channelLimits[channel]));
  const counts = perChannel(() => ({ sent: 0, received: 0, dropped: 0, throttledMs: 0 }));
  const standing = createStanding();
  const takeover = createRateLimit({
    messageRate: networkLimits.takeoverRate,
    messageBurst: networkLimits.takeoverBurst,
    byteRate: 1,
    byteBurst: 1,
  });
  let penalties = 0;
  let link: Link | undefined;

  const penalize = (points: number, reason: string) => {
    penalties++;
    const ban = standing.penalize(points, runtime.now());
    log.debug({ validator, points, reason }, "peer penalized");
    if (ban === 0) return;
    log.warn({ validator, reason, ms: ban }, "peer banned for a while");
    link?.close(`banned: ${reason}`);
  };

  const receive = (channel: Channel, message: Uint8Array) => {
    counts[channel].received++;
    try {
      received(channel, message);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      penalize(networkLimits.offencePoints, `${channel}: ${reason}`);
    }
  };

  const throttled = (channel: Channel, ms: number) => {
    const seconds = () => Math.floor(counts[channel].throttledMs / 1000);
    const before = seconds();
    counts[channel].throttledMs += ms;
    const points = (seconds() - before) * channelLimits[channel].floodPoints;
    if (points > 0) penalize(points, `it sends more on ${channel} than is taken`);
  };

  const attach = (proven: ProvenConnection): boolean => {
    if (link !== undefined && staysBeside(link.proven, proven)) return false;
    if (takeover(0, runtime.now()) > 0) {
      penalize(networkLimits.offencePoints, "it connects again and again");
      return false;
    }
    const former = link;
    const since = runtime.now();
    const added: Link = createLink(proven, {
      runtime,
      queues,
      rateLimits,
      sent: (channel) => {
        counts[channel].sent++;
      },
      received: receive,
      throttled,
      violated: (reason) => penalize(networkLimits.violationPoints, reason),
      closed: (reason) => {
        if (link !== added) return;
        link = undefined;
        for (const channel of channels) queues[channel].clear();
        log.info({ validator, reason }, "peer disconnected");
        disconnected(runtime.now() - since);
      },
    });
    link = added;
    former?.close("another connection took over");
    for (const channel of channels) added.wake(channel);
    log.info({ validator, address: proven.connection.remoteAddr.toString() }, "peer connected");
    return true;
  };

  return {
    validator,
    get isConnected() {
      return link !== undefined;
    },
    banLeft: () => Math.max(0, standing.bannedUntil - runtime.now()),
    send: (channel, message) => {
      const limit = channelLimits[channel].frameBytes;
      if (message.length > limit) {
        throw new LockstepError("message_too_large", `${message.length} bytes for ${channel}, which takes ${limit}`, {
          channel,
          length: message.length,
          limit,
        });
      }
      if (link === undefined) {
        counts[channel].dropped++;
        return;
      }
      counts[channel].dropped += queues[channel].push(message);
      link.wake(channel);
    },
    attach,
    owns: (connection) => link?.proven.connection === connection,
    accept: (channel, stream) => link?.accept(channel, stream),
    penalize,
    disconnect: (reason) => link?.close(reason),
    stats: () => ({
      validator,
      connected: link !== undefined,
      score: standing.score(runtime.now()),
      bannedUntil: standing.bannedUntil,
      penalties,
      bans: standing.bans,
      channels: perChannel((channel) => ({
        queuedBytes: queues[channel].bytes,
        queuedMessages: queues[channel].messages,
        ...counts[channel],
      })),
    }),
  };
};
