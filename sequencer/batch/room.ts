/**
 * How much of each tenant's capacity a producer asks for. Batches that don't all fit the next block hold up
 * everything in them, other tenants' transactions too, so producers divide what there is without a word: an equal
 * share for each, and for one after the other a reserve besides, large enough for the largest transaction or, where that
 * is most of the burst, half of it: else nothing would be left to share, and everybody would wait for a turn. Pure.
 */

import { equalBytes } from "../../protocol/bytes.ts";
import { controlDomain } from "../../protocol/control.ts";
import type { Domain, PublicKey } from "../../protocol/ids.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import { type Loads, legAllowance } from "../control/capacity.ts";
import { capacityOf, meet, takesOnlyControl } from "../control/state.ts";

/** `legGas`: of the gas, what may go to legs of bundles. */
export type Room = { gas: number; bytes: number; legGas: number };

/** Heights for which the reserve is one producer's. */
const turnHeights = 4;

export type Division = {
  /** Ordering state after the newest finalized block, and its height. */
  state: OrderingState;
  height: number;
  nowMs: number;
  self: PublicKey;
  /** What the producer's own batches that no block has taken yet ask for, and those of each other producer. */
  own: Loads;
  others: readonly Loads[];
};

/** Room for one more batch of a producer. */
export const roomFor = ({ state, height, nowMs, self, own, others }: Division): ((domain: Domain) => Room) => {
  const timestampMs = Math.max(state.timestampMs + 1, nowMs);
  const met = meet(state, { timestampMs, certified: state.certified }, []);
  const count = met.validators.length;
  const seat = met.validators.findIndex(({ publicKey }) => equalBytes(publicKey, self));
  const hasTurn = Math.floor(height / turnHeights) % count === seat;

  const roomIn = (unit: keyof Room, domain: Domain, capacity: number, largest: number, burst: number): number => {
    const reserve = Math.min(capacity, largest, Math.floor(burst / 2));
    const share = Math.floor((capacity - reserve) / count);
    const isIdle = [own, ...others].every((loads) => (loads.get(domain)?.[unit] ?? 0) === 0);
    // A transaction that is larger than share and reserve goes when nothing else is on its way.
    if (hasTurn && isIdle && share + reserve < largest) return capacity;
    const taken = others.reduce((sum, loads) => sum + Math.max(0, (loads.get(domain)?.[unit] ?? 0) - share), 0);
    const besides = hasTurn ? Math.max(0, reserve - taken) : 0;
    return Math.max(0, share + besides - (own.get(domain)?.[unit] ?? 0));
  };

  return (domain) => {
    const of = capacityOf(met, domain);
    const isClosed = domain !== controlDomain && takesOnlyControl(height + 1, met.certified);
    if (of === undefined || isClosed) return { gas: 0, bytes: 0, legGas: 0 };
    const { budget, capacity, largestBytes } = of;
    const legs = Math.min(legAllowance(budget), capacity.gas);
    return {
      gas: roomIn("gas", domain, capacity.gas, budget.gas.largest, budget.gas.burst),
      bytes: roomIn("bytes", domain, capacity.bytes, largestBytes, budget.bytes.burst),
      legGas: roomIn("legGas", domain, legs, Math.min(legs, budget.gas.largest), legs),
    };
  };
};
