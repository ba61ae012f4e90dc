/** From a block's batches to each tenant's slice, and to the payload root that the header carries. */
import type { BatchTransaction } from "../../protocol/batch.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { Domain, PublicKey, Root } from "../../protocol/ids.ts";
import { entriesRoot, Payload, type PayloadEntry } from "../../protocol/payload.ts";
import type { HeldBatch, HeldBundle } from "../batch/held.ts";

/** Who ordered a transaction, and which gas they declared for it. */
export type Declaration = { readonly producer: PublicKey; readonly gas: number };

/**
 * An ordered entry, its leaf, `sha256(bytes)`, also as map key, and the declarations of all batches that hold it as a
 * transaction: none where it is only a leg.
 */
export type SliceEntry = { bytes: Uint8Array; leaf: Root; key: Hex; declarations: readonly Declaration[] };
export type Slices = ReadonlyMap<Domain, readonly SliceEntry[]>;

/** A bundle of a block, and what all batches that hold it declare for its legs. */
export type OrderedBundle = Omit<HeldBundle, "gas"> & {
  declarations: readonly { readonly producer: PublicKey; readonly gas: readonly number[] }[];
};

/** What a block orders. */
export type Order = { slices: Slices; bundles: readonly OrderedBundle[] };

type OpenEntry = SliceEntry & { declarations: Declaration[] };
type OpenBundle = OrderedBundle & { declarations: { producer: PublicKey; gas: readonly number[] }[] };

const deriveOrder = (batches: readonly HeldBatch[]): Order => {
  const slices = new Map<Domain, Map<Hex, OpenEntry>>();
  const bundles = new Map<Hex, OpenBundle>();
  const enter = (domain: Domain, bytes: Uint8Array, leaf: Root, key: Hex): OpenEntry => {
    const slice = slices.get(domain) ?? new Map<Hex, OpenEntry>();
    if (slice.size === 0) slices.set(domain, slice);
    const known = slice.get(key);
    if (known !== undefined) return known;
    const entry: OpenEntry = { bytes, leaf, key, declarations: [] };
    slice.set(key, entry);
    return entry;
  };
  for (const batch of batches) {
    const { producer, transactions, leaves, keys } = batch;
    for (let i = 0; i < transactions.length; i++) {
      const { domain, bytes, gas } = transactions[i] as BatchTransaction;
      enter(domain, bytes, leaves[i] as Root, keys[i] as Hex).declarations.push({ producer, gas });
    }
    for (const { gas, ...held } of batch.bundles) {
      for (const [i, { domain, transaction }] of held.bundle.legs.entries()) {
        enter(domain, transaction, held.leaves[i] as Root, held.keys[i] as Hex);
      }
      const known = bundles.get(held.key);
      if (known === undefined) bundles.set(held.key, { ...held, declarations: [{ producer, gas }] });
      else known.declarations.push({ producer, gas });
    }
  }
  return {
    slices: new Map([...slices].map(([domain, slice]) => [domain, [...slice.values()]])),
    bundles: [...bundles.values()],
  };
};

/** A block is proposed, judged and executed from the same batches while these are in memory; by the first of them. */
const derived = new WeakMap<HeldBatch, { batches: readonly HeldBatch[]; order: Order }>();
const roots = new WeakMap<Slices, Root>();
const nothing: Order = { slices: new Map(), bundles: [] };

/**
 * Entries in batch order for every tenant that has some, in each batch transactions before legs, and the bundles that
 * the legs are of; repeated leaves count once, and so do repeated bundles. All declarations are kept, so that nobody
 * can spoil a transaction or a bundle by ordering it first with the wrong gas.
 */
export const orderOf = (batches: readonly HeldBatch[]): Order => {
  const [first] = batches;
  if (first === undefined) return nothing;
  const known = derived.get(first);
  const isSame = known?.batches.length === batches.length && known.batches.every((batch, i) => batch === batches[i]);
  if (known !== undefined && isSame) return known.order;
  const order = deriveOrder(batches);
  derived.set(first, { batches, order });
  return order;
};

export const slicesOf = (batches: readonly HeldBatch[]): Slices => orderOf(batches).slices;

/** What a block orders for one tenant, and whether legs are among it. */
export type TenantOrder = { slice: readonly SliceEntry[]; hasLegs: boolean };

export const tenantOrder = ({ slices, bundles }: Order, domain: Domain): TenantOrder => ({
  slice: slices.get(domain) ?? [],
  hasLegs: bundles.some(({ bundle }) => bundle.legs.some((leg) => leg.domain === domain)),
});

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
