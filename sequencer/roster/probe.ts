/**
 * Whether this node's engine takes a registration, and the block 0 that it makes of it. Asking takes a process of its
 * own, and anybody may ask: one registration is looked at after the other, and what was found is remembered.
 */
import type { Seal } from "../../adapters/adapter.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { Registration } from "../../protocol/tenant.ts";
import { rosterLimits } from "./limits.ts";

export type Probe = (registration: Registration) => Promise<Result<Seal>>;

/** @param open gives block 0, or throws a `LockstepError` that says why the engine doesn't take it */
export const createProbe = (open: (registration: Registration) => Promise<Seal>): Probe => {
  const known = new Map<Hex, Promise<Result<Seal>>>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const ask = async (registration: Registration): Promise<Result<Seal>> => {
    try {
      return success(await open(registration));
    } catch (error) {
      if (error instanceof LockstepError) return { ok: false, error: error.failure };
      throw error;
    }
  };

  /** An engine that was missing may be there the next time. */
  const remember = (key: Hex, answer: Promise<Result<Seal>>): void => {
    known.set(key, answer);
    answer.then(
      ({ ok }) => ok || known.delete(key),
      () => known.delete(key),
    );
    const [oldest] = known.keys();
    if (known.size > rosterLimits.probes && oldest !== undefined) known.delete(oldest);
  };

  return (registration) => {
    const key = toHex(Registration.root(registration));
    const asked = known.get(key);
    if (asked !== undefined) return asked;
    if (waiting >= rosterLimits.probes) {
      return Promise.resolve(
        failure("unavailable", "too many registrations are being looked at; try again in a moment"),
      );
    }
    waiting++;
    const answer = last.then(() => ask(registration)).finally(() => waiting--);
    last = answer.catch(() => {});
    remember(key, answer);
    return answer;
  };
};
