/** Token buckets: how much is taken from one peer on one channel, or spent on it. */
import type { Runtime } from "../../protocol/ports.ts";
import type { ChannelLimits } from "./limits.ts";

/** Takes a message if it may pass at `now` (ms) and returns 0; else takes nothing and returns the ms to wait. */
export type RateLimit = (bytes: number, now: number) => number;

type RateLimits = Pick<ChannelLimits, "messageRate" | "messageBurst" | "byteRate" | "byteBurst">;

export const createRateLimit = (limits: RateLimits): RateLimit => {
  const { messageRate, messageBurst, byteRate, byteBurst } = limits;
  /** In thousandths, so that whole milliseconds refill whole units. */
  let messages = messageBurst * 1000;
  let bytes = byteBurst * 1000;
  let at = 0;

  return (length, now) => {
    const elapsed = Math.max(0, now - at);
    at += elapsed;
    messages = Math.min(messageBurst * 1000, messages + elapsed * messageRate);
    bytes = Math.min(byteBurst * 1000, bytes + elapsed * byteRate);
    const wait = Math.max(Math.ceil((1000 - messages) / messageRate), Math.ceil((length * 1000 - bytes) / byteRate));
    if (wait > 0) return wait;
    messages -= 1000;
    bytes -= length * 1000;
    return 0;
  };
};

/** Resolves when as many bytes may be spent; waits of one throttle are to follow each other. */
export type Throttle = (bytes: number) => Promise<void>;

export const createThrottle = (limits: { byteRate: number; byteBurst: number }, runtime: Runtime): Throttle => {
  const limit = createRateLimit({ messageRate: 1000, messageBurst: 1000, ...limits });
  return async (bytes) => {
    for (let wait = limit(bytes, runtime.now()); wait > 0; wait = limit(bytes, runtime.now())) {
      await new Promise<void>((resolve) => runtime.after(wait, resolve));
    }
  };
};
