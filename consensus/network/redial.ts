/** Dials one peer again and again, with growing and scattered delays, for as long as it is wanted. */
import type { Runtime } from "../../protocol/ports.ts";
import { networkLimits } from "./limits.ts";

export type Redial = {
  /** Makes sure that a dial is under way or planned, if one is wanted. */
  ensure(): void;
  /** Forgets failures: the next dial comes soon. */
  reset(): void;
  stop(): void;
};

export const createRedial = ({
  runtime,
  dial,
  isWanted,
  notBefore,
}: {
  runtime: Runtime;
  /** Settles when the attempt is over; failures are its own to report. */
  dial(): Promise<void>;
  isWanted(): boolean;
  /** Least delay of the next dial, ms. */
  notBefore(): number;
}): Redial => {
  const { first, last } = networkLimits.redialMs;
  let failures = 0;
  let planned: (() => void) | undefined;
  let underWay = false;
  let stopped = false;

  const ensure = () => {
    if (stopped || underWay || planned !== undefined || !isWanted()) return;
    const delay = Math.min(first * 2 ** Math.min(failures, 16), last);
    const scatter = 0.5 + (runtime.randomBytes(1)[0] as number) / 510;
    planned = runtime.after(Math.max(delay * scatter, notBefore()), () => {
      planned = undefined;
      if (isWanted()) void attempt();
    });
  };

  const attempt = async () => {
    underWay = true;
    failures++;
    await dial();
    underWay = false;
    ensure();
  };

  return {
    ensure,
    reset: () => {
      failures = 0;
    },
    stop: () => {
      stopped = true;
      planned?.();
    },
  };
};
