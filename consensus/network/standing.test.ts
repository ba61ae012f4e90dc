import { expect, test } from "vitest";
import { networkLimits } from "./limits.ts";
import { createStanding } from "./standing.ts";

const { banScore, scoreHalfLifeMs, banMs, forgiveMs } = networkLimits;

test("points add up to a ban, and halve with time", () => {
  const standing = createStanding();
  expect(standing.penalize(banScore - 1, 0)).toBe(0);
  expect(standing.score(scoreHalfLifeMs)).toBe((banScore - 1) / 2);
  expect(standing.penalize(banScore / 2, scoreHalfLifeMs)).toBe(0);
  expect(standing.penalize(banScore / 2, scoreHalfLifeMs)).toBe(banMs.first);
  expect(standing.bannedUntil).toBe(scoreHalfLifeMs + banMs.first);
  expect(standing.score(scoreHalfLifeMs)).toBe(0);
});

test("bans double up to the longest, until the peer behaved for long", () => {
  const standing = createStanding();
  let now = 0;
  const bans = Array.from({ length: 12 }, () => {
    const ban = standing.penalize(banScore, now);
    now += ban;
    return ban;
  });
  expect(bans.slice(0, 4)).toEqual([1, 2, 4, 8].map((factor) => factor * banMs.first));
  expect(bans.at(-1)).toBe(banMs.last);
  expect(standing.penalize(banScore, now + forgiveMs + 1)).toBe(banMs.first);
});

test("what shows during a ban neither prolongs it nor counts after it", () => {
  const standing = createStanding();
  standing.penalize(banScore, 0);
  expect(standing.penalize(banScore, banMs.first - 1)).toBe(0);
  expect(standing.bannedUntil).toBe(banMs.first);
  expect(standing.score(banMs.first)).toBe(0);
  expect(standing.bans).toBe(1);
});
