/** What waits to be sent to one peer on one channel. */
import type { ChannelLimits } from "./limits.ts";

export type SendQueue = {
  /** Appends; returns how many of the oldest had to go for it. */
  push(message: Uint8Array): number;
  shift(): Uint8Array | undefined;
  clear(): void;
  readonly bytes: number;
  readonly messages: number;
};

export const createSendQueue = (limits: Pick<ChannelLimits, "queueBytes" | "queueMessages">): SendQueue => {
  let queue: Uint8Array[] = [];
  let head = 0;
  let bytes = 0;

  const shift = (): Uint8Array | undefined => {
    const message = queue[head];
    if (message === undefined) return undefined;
    head++;
    bytes -= message.length;
    if (head > 64 && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    return message;
  };

  return {
    push: (message) => {
      queue.push(message);
      bytes += message.length;
      let dropped = 0;
      while (bytes > limits.queueBytes || queue.length - head > limits.queueMessages) {
        shift();
        dropped++;
      }
      return dropped;
    },
    shift,
    clear: () => {
      queue = [];
      head = 0;
      bytes = 0;
    },
    get bytes() {
      return bytes;
    },
    get messages() {
      return queue.length - head;
    },
  };
};
