/** From a block's batches to each tenant's slice, and to the payload root that the header carries. */
import { toHex } from "../../protocol/bytes.ts";
import type { Domain, Root } from "../../protocol/ids.ts";
import { entriesRoot, Payload, type PayloadEntry } from "../../protocol/payload.ts";
import type { HeldBatch } from "../batch/held.ts";

/** An ordered entry and its leaf, `sha256(bytes)`. */
export type SliceEntry = { bytes: Uint8Array; leaf: Root };
export type Slices = ReadonlyMap<Domain, readonly SliceEntry[]>;

/** Entries in batch order for every tenant that has some; repeated leaves count once. */
export const slicesOf = (batches: readonly HeldBatch[]): Slices => {
  const slices = new Map<Domain, SliceEntry[]>();
  const seen = new Map<Domain, Set<string>>();
  for (const { transactions, leaves } of batches) {
    for (const [i, { domain, bytes }] of transactions.entries()) {
      const leaf = leaves[i] as Root;
      const known = seen.get(domain) ?? new Set();
      const key = toHex(leaf);
      if (known.has(key)) continue;
      known.add(key);
      seen.set(domain, known);
      const slice = slices.get(domain);
      if (slice === undefined) slices.set(domain, [{ bytes, leaf }]);
      else slice.push({ bytes, leaf });
    }
  }
  return slices;
};

/** The list that `payloadRoot` is the root of. */
export const payloadOf = (slices: Slices): PayloadEntry[] =>
  [...slices]
    .sort(([a], [b]) => a - b)
    .map(([domain, entries]) => ({
      domain,
      entriesRoot: entriesRoot(entries.map(({ leaf }) => leaf)),
      count: entries.length,
    }));

export const payloadRootOf = (slices: Slices): Root => Payload.root(payloadOf(slices));
