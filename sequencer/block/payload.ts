/** From a block's batches to each tenant's slice, and to the payload root that the header carries. */
import type { BatchTransaction } from "../../protocol/batch.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { Domain, PublicKey, Root } from "../../protocol/ids.ts";
import { entriesRoot, Payload, type PayloadEntry } from "../../protocol/payload.ts";
import type { HeldBatch } from "../batch/held.ts";

/** Who ordered a transaction, and which gas they declared for it. */
export type Declaration = { readonly producer: PublicKey; readonly gas: number };

/** An ordered entry, its leaf, `sha256(bytes)`, also as map key, and the declarations of all batches that hold it. */
export type SliceEntry = { bytes: Uint8Array; leaf: Root; key: Hex; declarations: readonly Declaration[] };
export type Slices = ReadonlyMap<Domain, readonly SliceEntry[]>;

const deriveSlices = (batches: readonly HeldBatch[]): Slices => {
  const slices = new Map<Domain, Map<Hex, SliceEntry & { declarations: Declaration[] }>>();
  for (const { producer, transactions, leaves, keys } of batches) {
    for (let i = 0; i < transactions.length; i++) {
      const { domain, bytes, gas } = transactions[i] as BatchTransaction;
      const key = keys[i] as Hex;
      const slice = slices.get(domain) ?? new Map();
      if (slice.size === 0) slices.set(domain, slice);
      const known = slice.get(key);
      if (known === undefined)
        slice.set(key, { bytes, leaf: leaves[i] as Root, key, declarations: [{ producer, gas }] });
      else known.declarations.push({ producer, gas });
    }
  }
  return new Map([...slices].map(([domain, slice]) => [domain, [...slice.values()]]));
};

/** A block is proposed, judged and executed from the same batches while these are in memory; by the first of them. */
const derived = new WeakMap<HeldBatch, { batches: readonly HeldBatch[]; slices: Slices }>();
const roots = new WeakMap<Slices, Root>();

/**
 * Entries in batch order for every tenant that has some; repeated leaves count once. All declarations are kept, so
 * that nobody can spoil a transaction by ordering it first with the wrong gas.
 */
export const slicesOf = (batches: readonly HeldBatch[]): Slices => {
  const [first] = batches;
  if (first === undefined) return new Map();
  const known = derived.get(first);
  const isSame = known?.batches.length === batches.length && known.batches.every((batch, i) => batch === batches[i]);
  if (known !== undefined && isSame) return known.slices;
  const slices = deriveSlices(batches);
  derived.set(first, { batches, slices });
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

export const payloadRootOf = (slices: Slices): Root => {
  const root = roots.get(slices) ?? Payload.root(payloadOf(slices));
  roots.set(slices, root);
  return root;
};
