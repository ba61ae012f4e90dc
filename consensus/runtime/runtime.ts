/** The `Runtime` port on the machine's own clock, timers and randomness. */
import { randomBytes } from "node:crypto";
import type { Runtime } from "../../protocol/ports.ts";

/** Longest delay that Node's timers take; a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

export const createRuntime = (): Runtime => ({
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), maxDelayMs));
    return () => clearTimeout(timer);
  },
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
});
