/**
 * Which recoveries bear on a height. A node knows those that its settled order holds; one more has it start anew, so
 * they stay the same for as long as it runs.
 */
import { type Hex, toHex } from "../../protocol/bytes.ts";
import type { Recovery } from "../../protocol/control.ts";
import { asRevision, type Domain, type Height, type Revision } from "../../protocol/ids.ts";
import type { SliceEntry } from "../block/payload.ts";

/** In order of revision. */
export type Recoveries = readonly Recovery[];

/** The revision under which a height is executed. */
export const revisionAt = (recoveries: Recoveries, height: Height): Revision =>
  recoveries.findLast(({ base }) => base < height)?.revision ?? asRevision(0);

/** Ids of a tenant's entries that are left out at a height. */
export const skippedAt = (recoveries: Recoveries, domain: Domain, height: Height): ReadonlySet<Hex> =>
  new Set(
    recoveries.flatMap(({ skip }) =>
      skip.filter((entry) => entry.domain === domain && entry.height === height).map(({ id }) => toHex(id)),
    ),
  );

/** Positions in a slice of what an executor gets as its lane: neither what is skipped nor what is only a leg. */
export const lanePositions = (
  slice: readonly Pick<SliceEntry, "key" | "declarations">[],
  skipped: ReadonlySet<Hex>,
): number[] =>
  slice.flatMap(({ key, declarations }, index) => (declarations.length === 0 || skipped.has(key) ? [] : [index]));
