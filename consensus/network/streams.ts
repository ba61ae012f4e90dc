/** Messages over libp2p streams: flow control in both directions. */
import type { Connection, Stream } from "@libp2p/interface";
import { concatBytes } from "../../protocol/bytes.ts";
import type { Runtime } from "../../protocol/ports.ts";
import { createFrameReader, frameHeader } from "./frames.ts";
import { networkLimits } from "./limits.ts";
import type { RateLimit } from "./rate.ts";

const partsOf = (data: Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> =>
  data instanceof Uint8Array ? [data] : data;

/** Resolves once all that was written has left the stream; rejects when it closes or nothing moves for too long. */
const emptied = (stream: Stream, runtime: Runtime): Promise<void> => {
  const isEmpty = () => stream.writeBufferLength === 0 && !stream.writableNeedsDrain;
  if (isEmpty()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      cancel();
      stream.removeEventListener("drain", check);
      stream.removeEventListener("idle", check);
      stream.removeEventListener("close", closed);
      error === undefined ? resolve() : reject(error);
    };
    const check = () => {
      if (isEmpty()) settle();
    };
    const closed = () => settle(new Error("the stream was closed"));
    const cancel = runtime.after(networkLimits.stalledMs, () => settle(new Error("the peer reads too slowly")));
    stream.addEventListener("drain", check);
    stream.addEventListener("idle", check);
    stream.addEventListener("close", closed);
  });
};

/** Writes one message, piece by piece, as fast as the peer reads. */
export const writeMessage = async (stream: Stream, message: Uint8Array, runtime: Runtime): Promise<void> => {
  const { pieceBytes } = networkLimits;
  stream.send(concatBytes(frameHeader(message.length), message.subarray(0, pieceBytes)));
  await emptied(stream, runtime);
  for (let offset = pieceBytes; offset < message.length; offset += pieceBytes) {
    stream.send(message.subarray(offset, offset + pieceBytes));
    await emptied(stream, runtime);
  }
};

export type Inbound = {
  stream: Stream;
  frameBytes: number;
  runtime: Runtime;
  rateLimit: RateLimit;
  deliver(message: Uint8Array): void;
  /** The rate holds the peer back for so long. */
  throttled(ms: number): void;
  /** The peer broke the framing; nothing more is delivered. */
  violated(reason: string): void;
};

/** libp2p throws when a stream or connection that has just been closed is paused, resumed or aborted. */
const whileOpen = (act: () => void) => {
  try {
    act();
  } catch (error) {
    if ((error as Error).name !== "StreamStateError") throw error;
  }
};

/** Ends a connection, whatever state it is in: one that the peer is just closing can't be told why any more. */
export const cutOff = (connection: Pick<Connection, "abort">, reason: string): void =>
  whileOpen(() => connection.abort(new Error(reason)));

/** Delivers what arrives, no faster than the rate: the stream is paused meanwhile, which holds the sender back. */
export const readMessages = ({
  stream,
  frameBytes,
  runtime,
  rateLimit,
  deliver,
  throttled,
  violated,
}: Inbound): void => {
  const reader = createFrameReader(frameBytes);
  let waiting: Uint8Array | undefined;
  let cancel: (() => void) | undefined;
  let ended = false;

  const proceed = () => {
    while (!ended) {
      try {
        waiting ??= reader.next();
      } catch (error) {
        ended = true;
        violated((error as Error).message);
        return;
      }
      if (waiting === undefined) return;
      const delay = rateLimit(waiting.length, runtime.now());
      if (delay > 0) {
        whileOpen(() => stream.pause());
        cancel = runtime.after(delay, resume);
        throttled(delay);
        return;
      }
      const message = waiting;
      waiting = undefined;
      deliver(message);
    }
  };

  const resume = () => {
    cancel = undefined;
    proceed();
    if (cancel === undefined && !ended) whileOpen(() => stream.resume());
  };

  stream.addEventListener("message", ({ data }) => {
    for (const part of partsOf(data)) reader.push(part);
    if (cancel === undefined) proceed();
  });
  stream.addEventListener("close", () => {
    ended = true;
    cancel?.();
  });
};

/** A stream on which single messages are awaited in turn. */
export type Conversation = {
  say(message: Uint8Array): void;
  /** @throws LockstepError `frame_too_large`, Error when the stream closes first */
  hear(): Promise<Uint8Array>;
};

/** For a few short messages: a peer that sends more than it is heard for is cut off. */
export const converse = (stream: Stream, frameBytes: number): Conversation => {
  const reader = createFrameReader(frameBytes);
  let room = 4 * frameBytes;
  let wake: (() => void) | undefined;
  let closed = false;
  stream.addEventListener("message", ({ data }) => {
    for (const part of partsOf(data)) {
      room -= part.length;
      if (room >= 0) reader.push(part);
    }
    if (room < 0) stream.abort(new Error("the peer says too much"));
    wake?.();
  });
  stream.addEventListener("close", () => {
    closed = true;
    wake?.();
  });
  return {
    say: (message) => {
      stream.send(concatBytes(frameHeader(message.length), message));
    },
    hear: async () => {
      for (;;) {
        const message = reader.next();
        if (message !== undefined) return message;
        if (closed) throw new Error("the peer closed the connection");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
};
