/** How a peer behaves: points that decay, and bans that grow. */
import { networkLimits } from "./limits.ts";

export type Standing = {
  /** Adds points at `now` (ms); returns for how many ms the peer is now banned, 0 if it is not. */
  penalize(points: number, now: number): number;
  score(now: number): number;
  /** When the newest ban ends, ms. */
  readonly bannedUntil: number;
};

export const createStanding = (): Standing => {
  const { banScore, scoreHalfLifeMs, banMs, forgiveMs } = networkLimits;
  let points = 0;
  let at = 0;
  let bans = 0;
  let bannedUntil = 0;

  const score = (now: number): number => points * 2 ** (-Math.max(0, now - at) / scoreHalfLifeMs);

  return {
    score,
    penalize: (added, now) => {
      points = score(now) + added;
      at = now;
      if (points < banScore) return 0;
      if (now - bannedUntil > forgiveMs) bans = 0;
      const duration = Math.min(banMs.first * 2 ** bans, banMs.last);
      bans++;
      points = 0;
      bannedUntil = now + duration;
      return duration;
    },
    get bannedUntil() {
      return bannedUntil;
    },
  };
};
