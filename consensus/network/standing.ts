/** How a peer behaves: points that decay, and bans that grow. */
import { networkLimits } from "./limits.ts";

export type Standing = {
  /**
   * Adds points at `now` (ms); returns for how many ms the peer is banned from now on, 0 if it is not, or is already:
   * what it did before its ban and shows only now has been paid for.
   */
  penalize(points: number, now: number): number;
  score(now: number): number;
  /** When the newest ban ends, ms. */
  readonly bannedUntil: number;
  /** Bans so far. */
  readonly bans: number;
};

export const createStanding = (): Standing => {
  const { banScore, scoreHalfLifeMs, banMs, forgiveMs } = networkLimits;
  let points = 0;
  let at = 0;
  let bans = 0;
  /** Bans since it last behaved for long. */
  let row = 0;
  let bannedUntil = 0;

  const score = (now: number): number => points * 2 ** (-Math.max(0, now - at) / scoreHalfLifeMs);

  return {
    score,
    penalize: (added, now) => {
      if (now < bannedUntil) return 0;
      points = score(now) + added;
      at = now;
      if (points < banScore) return 0;
      if (now - bannedUntil > forgiveMs) row = 0;
      const duration = Math.min(banMs.first * 2 ** row, banMs.last);
      row++;
      bans++;
      points = 0;
      bannedUntil = now + duration;
      return duration;
    },
    get bannedUntil() {
      return bannedUntil;
    },
    get bans() {
      return bans;
    },
  };
};
