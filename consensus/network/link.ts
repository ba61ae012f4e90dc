/** A connection to a proven peer: a stream in each direction for every channel. */
import type { Connection, Stream } from "@libp2p/interface";
import type { ValidatorIndex } from "../../protocol/ids.ts";
import type { Channel, Runtime } from "../../protocol/ports.ts";
import { channelLimits } from "./limits.ts";
import type { RateLimit } from "./rate.ts";
import type { SendQueue } from "./sendQueue.ts";
import { cutOff, readMessages, writeMessage } from "./streams.ts";

/** A connection on which both ends have proven who they are. */
export type ProvenConnection = {
  connection: Connection;
  /** Start of the peer's process that this connection belongs to. */
  session: Uint8Array;
  dialer: ValidatorIndex;
};

export type Link = {
  readonly proven: ProvenConnection;
  /** Sends what is queued for a channel. */
  wake(channel: Channel): void;
  /** Takes a stream that the peer has opened for a channel. */
  accept(channel: Channel, stream: Stream): void;
  close(reason: string): void;
};

export const channelProtocol = (channel: Channel): string => `/lockstep/1/${channel}`;

export type LinkEnvironment = {
  runtime: Runtime;
  queues: Readonly<Record<Channel, SendQueue>>;
  rateLimits: Readonly<Record<Channel, RateLimit>>;
  sent(channel: Channel): void;
  received(channel: Channel, message: Uint8Array): void;
  throttled(channel: Channel, ms: number): void;
  /** The peer did what no honest peer does. */
  violated(reason: string): void;
  closed(reason: string): void;
};

export const createLink = (proven: ProvenConnection, environment: LinkEnvironment): Link => {
  const { connection } = proven;
  const { runtime, queues, rateLimits, sent, received, throttled, violated, closed } = environment;
  const outbound = new Map<Channel, Stream>();
  const busy = new Set<Channel>();
  let open = true;

  const close = (reason: string) => {
    if (!open) return;
    open = false;
    cutOff(connection, reason);
    closed(reason);
  };

  const streamFor = async (channel: Channel): Promise<Stream> => {
    const known = outbound.get(channel);
    if (known !== undefined) return known;
    const stream = await connection.newStream(channelProtocol(channel));
    stream.addEventListener("message", () => violated(`the peer wrote to a stream that is not its own (${channel})`));
    stream.addEventListener("close", () => close(`the peer closed the ${channel} stream`));
    outbound.set(channel, stream);
    return stream;
  };

  const pump = async (channel: Channel) => {
    if (busy.has(channel) || !open) return;
    busy.add(channel);
    try {
      while (open && queues[channel].messages > 0) {
        const stream = await streamFor(channel);
        const message = queues[channel].shift();
        if (message === undefined) break;
        await writeMessage(stream, message, runtime);
        sent(channel);
      }
    } catch (error) {
      close((error as Error).message);
    } finally {
      busy.delete(channel);
    }
  };

  connection.addEventListener("close", () => close("the connection was closed"));

  return {
    proven,
    wake: (channel) => {
      void pump(channel);
    },
    accept: (channel, stream) => {
      stream.addEventListener("close", () => close(`the peer closed the ${channel} stream`));
      readMessages({
        stream,
        frameBytes: channelLimits[channel].frameBytes,
        runtime,
        rateLimit: rateLimits[channel],
        deliver: (message) => {
          if (open) received(channel, message);
        },
        throttled: (ms) => throttled(channel, ms),
        violated: (reason) => violated(`${reason} (${channel})`),
      });
    },
    close,
  };
};
