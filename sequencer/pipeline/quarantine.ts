/**
 * When a tenant is not executed any more: its executor died twice of one and the same thing. Deaths at
 * different places say nothing, whoever caused them.
 */
import type { Place } from "../../adapters/adapter.ts";
import type { Height } from "../../protocol/ids.ts";
import { pipelineLimits } from "./limits.ts";

/** Deaths in a row at one place. */
export type Deaths = { place: Place; count: number };

/** Height that a tenant can't be executed at by this node, and why. */
export type Quarantine = { height: Height; reason: string };

const isSame = (a: Place, b: Place): boolean => a.height === b.height && a.at === b.at;

export const countDeath = (before: Deaths | undefined, place: Place): Deaths => ({
  place,
  count: before !== undefined && isSame(before.place, place) ? before.count + 1 : 1,
});

export const isTooMany = ({ count }: Deaths): boolean => count >= pipelineLimits.deathsAtPlace;

/** The place in words. */
export const describePlace = ({ height, at }: Place): string => {
  if (at === "writes") return `in the protocol writes of height ${height}`;
  return at === "seal" ? `sealing height ${height}` : `executing entry ${at} of height ${height}`;
};
