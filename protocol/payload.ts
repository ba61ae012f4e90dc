/**
 * A header's payload: for each tenant the entries ordered at this height. One proof shows exactly
 * these entries (inclusion and completeness), or that there are none (absence).
 */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { equalBytes } from "./bytes.ts";
import type { Domain, Root } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, gindexOf, proveField, rootFromBranch, sszObject, uint32 } from "./ssz.ts";

/** One tenant's slice: the root over its entries' leaves, and how many there are. */
export type PayloadEntry = { domain: Domain; entriesRoot: Root; count: number };

const payloadEntryType = new ContainerType({ domain: uint32, entriesRoot: bytes32, count: uint32 });
export const PayloadEntry = sszObject<PayloadEntry>("PayloadEntry", payloadEntryType);

/** Strictly increasing by domain; tenants without entries are not listed. */
export const Payload = sszObject<PayloadEntry[]>("Payload", new ListCompositeType(payloadEntryType, limits.tenants));

const Entries = sszObject<Root[]>("Entries", new ListCompositeType(bytes32, limits.sliceEntries));

/** Root over a slice's leaves (`sha256` of each transaction's or leg's bytes), in block order. */
export const entriesRoot = (leaves: readonly Root[]): Root => Entries.root([...leaves]);

/** A list element with its branch; the last sibling of the branch is the list's length. */
export type PayloadWitness = { index: number; entry: PayloadEntry; branch: Root[] };

/**
 * `present`: the tenant's entry. `absent`: the neighbours between which it would stand; either is
 * missing at an end of the list, both when the payload is empty.
 */
export type SliceProof =
  | { kind: "present"; witness: PayloadWitness }
  | { kind: "absent"; before?: PayloadWitness; after?: PayloadWitness };

const witnessOf = (payload: PayloadEntry[], index: number): PayloadWitness => ({
  index,
  entry: payload[index] as PayloadEntry,
  branch: proveField(Payload, payload, [index]),
});

/** Proves what `payload` holds for a tenant. */
export const proveSlice = (payload: PayloadEntry[], domain: Domain): SliceProof => {
  const index = payload.findIndex((entry) => entry.domain >= domain);
  if (index !== -1 && payload[index]?.domain === domain) return { kind: "present", witness: witnessOf(payload, index) };
  const next = index === -1 ? payload.length : index;
  return {
    kind: "absent",
    ...(next > 0 ? { before: witnessOf(payload, next - 1) } : {}),
    ...(next < payload.length ? { after: witnessOf(payload, next) } : {}),
  };
};

/** Length of the list a branch belongs to, read from its last sibling. */
const lengthFrom = (branch: readonly Root[]): number | undefined => {
  const node = branch.at(-1);
  if (node === undefined || node.subarray(4).some((byte) => byte !== 0)) return undefined;
  return new DataView(node.buffer, node.byteOffset).getUint32(0, true);
};

const leadsTo = (witness: PayloadWitness, payloadRoot: Root): boolean => {
  const { index, entry, branch } = witness;
  if (!Number.isInteger(index) || index < 0 || index >= limits.tenants) return false;
  const root = rootFromBranch(PayloadEntry.root(entry), branch, gindexOf(Payload.type, [index]));
  return root !== undefined && equalBytes(root, payloadRoot);
};

/** Why a slice proof doesn't hold. */
export type SliceRefusal = "branch" | "domain" | "entries" | "not_neighbours";

/**
 * Checks that `leaves` are exactly the entries that `payloadRoot` commits to for `domain`, none
 * missing, none added. Returns why not, or `undefined` when proven.
 */
export const refuteSlice = (
  payloadRoot: Root,
  domain: Domain,
  leaves: readonly Root[],
  proof: SliceProof,
): SliceRefusal | undefined => {
  if (proof.kind === "present") {
    const { entry } = proof.witness;
    if (entry.domain !== domain) return "domain";
    if (!leadsTo(proof.witness, payloadRoot)) return "branch";
    const complete = entry.count === leaves.length && equalBytes(entriesRoot(leaves), entry.entriesRoot);
    return complete ? undefined : "entries";
  }
  if (leaves.length !== 0) return "entries";
  const { before, after } = proof;
  if (before === undefined && after === undefined) {
    return equalBytes(payloadRoot, Payload.root([])) ? undefined : "not_neighbours";
  }
  if (before !== undefined && (before.entry.domain >= domain || !leadsTo(before, payloadRoot))) return "branch";
  if (after !== undefined && (after.entry.domain <= domain || !leadsTo(after, payloadRoot))) return "branch";
  const adjacent =
    before === undefined
      ? after?.index === 0
      : after === undefined
        ? lengthFrom(before.branch) === before.index + 1
        : after.index === before.index + 1;
  return adjacent ? undefined : "not_neighbours";
};
