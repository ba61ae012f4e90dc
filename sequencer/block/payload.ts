/** From a block's batches to each tenant's slice, and to the payload root that the header carries. */
import { type Hex, toHex } from "../../protocol/bytes.ts";
import type { Domain, PublicKey, Root } from "../../protocol/ids.ts";
import { entriesRoot, Payload, type PayloadEntry } from "../../protocol/payload.ts";
import type { HeldBatch } from "../batch/held.ts";

/** Who ordered a transaction, and which gas they declared for it. */
export type Declaration = { readonly producer: PublicKey; readonly gas: number };

/** An ordered entry, its leaf, `sha256(bytes)`, and the declarations of all batches that hold it. */
export type SliceEntry = { bytes: Uint8Array; leaf: Root; declarations: readonly Declaration[] };
export type Slices = ReadonlyMap<Domain, readonly SliceEntry[]>;

/**
 * Entries in batch order for every tenant that has some; repeated leaves count once. All declarations are kept, so
 * that nobody can spoil a transaction by ordering it first with the wrong gas.
 */
export const slicesOf = (batches: readonly HeldBatch[]): Slices => {
  const slices = new Map<Domain, Map<Hex, SliceEntry & { declarations: Declaration[] }>>();
  for (const { producer, transactions, leaves } of batches) {
    for (const [i, { domain, bytes, gas }] of transactions.entries()) {
      const leaf = leaves[i] as Root;
      const key = toHex(leaf);
      const slice = slices.get(domain) ?? new Map();
      slices.set(domain, slice);
      const known = slice.get(key);
      if (known === undefined) slice.set(key, { bytes, leaf, declarations: [{ producer, gas }] });
      else known.declarations.push({ producer, gas });
    }
  }
  return new Map([...slices].map(([domain, slice]) => [domain, [...slice.values()]]));
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
