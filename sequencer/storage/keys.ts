/** Where everything stands in the node's store. Numbers are big-endian so that keys sort by them. */
import type { BundleId, Domain, Height, Root, Sponsor } from "../../protocol/ids.ts";

/** Raised when the meaning of stored bytes changes; a store of another version is refused. */
export const schemaVersion = 6;

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  for (let i = 3, rest = value; i >= 0; i--, rest >>>= 8) bytes[i] = rest;
  return bytes;
};

const u64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};

/**
 * In Node's pool of memory, since every block writes thousands of keys: LevelDB would have an array of its own moved
 * out of the JavaScript heap first.
 */
const prefixed = (prefix: string, ...parts: Uint8Array[]): Uint8Array => {
  const key = Buffer.allocUnsafe(parts.reduce((length, part) => length + part.length, prefix.length));
  for (let i = 0; i < prefix.length; i++) key[i] = prefix.charCodeAt(i);
  let offset = prefix.length;
  for (const part of parts) {
    key.set(part, offset);
    offset += part.length;
  }
  return key;
};

/** Consensus keeps its own keys under `c/`. */
export const keys = {
  schema: (): Uint8Array => prefixed("schema"),
  genesis: (): Uint8Array => prefixed("genesis"),
  batch: (digest: Root): Uint8Array => prefixed("b/", digest),
  /** Batches that no finalized block has taken yet: digest → empty. */
  openBatch: (digest: Root): Uint8Array => prefixed("o/", digest),
  /** Transactions in the mempool that are in no batch. */
  pooled: (domain: Domain, id: Root): Uint8Array => prefixed("p/", u32(domain), id),
  /** The newest height whose order is settled here: the root of its header, and the ordering state after it. */
  ordered: (): Uint8Array => prefixed("ordered"),
  /** What became of a transaction at a tenant, by Lockstep id: anybody may give the same bytes to several tenants. */
  outcome: (domain: Domain, id: Root): Uint8Array => prefixed("t/", id, u32(domain)),
  /** Lockstep id by native id. */
  native: (domain: Domain, nativeId: Uint8Array): Uint8Array => prefixed("n/", u32(domain), nativeId),
  summary: (height: Height): Uint8Array => prefixed("s/", u64(height)),
  /** Newest height at which all tenants are executed: that of the newest summary. */
  executed: (): Uint8Array => prefixed("executed"),
  /** What a tenant was registered with, and how its status changed. */
  roster: (domain: Domain): Uint8Array => prefixed("r/", u32(domain)),
  /** What the validators agreed to execute again, by revision. */
  recovery: (revision: number): Uint8Array => prefixed("v/", u32(revision)),
  /** Number of a tenant's newest block. Tenants may be ahead of the newest summary, each by itself. */
  tenantHead: (domain: Domain): Uint8Array => prefixed("e/", u32(domain)),
  tenantBlock: (domain: Domain, number: number): Uint8Array => prefixed("k/", u32(domain), u64(number)),
  tenantHash: (domain: Domain, hash: Root): Uint8Array => prefixed("h/", u32(domain), hash),
  inputs: (domain: Domain, height: Height): Uint8Array => prefixed("i/", u32(domain), u64(height)),
  /** Flat state of a tenant at its newest sealed block. */
  state: (domain: Domain, key: Uint8Array): Uint8Array => prefixed("f/", u32(domain), key),
  /** Diff of a tenant's sealed block, for reads at past heights. */
  diff: (domain: Domain, number: number): Uint8Array => prefixed("d/", u32(domain), u64(number)),
  /** Height up to which bundles are settled, what came out of each height that had some, and the accounts then. */
  ledger: (): Uint8Array => prefixed("ledger"),
  ledgerRecord: (height: Height): Uint8Array => prefixed("l/", u64(height)),
  account: (sponsor: Sponsor): Uint8Array => prefixed("a/", sponsor),
  /** Where a bundle's record stands: one that was executed, and one that was not. */
  bundle: (id: BundleId): Uint8Array => prefixed("u/", id),
  skippedBundle: (id: BundleId): Uint8Array => prefixed("x/", id),
  /** Own newest attestation, and the newest execution certificate assembled here. */
  attestation: (): Uint8Array => prefixed("attestation"),
  certificate: (): Uint8Array => prefixed("certificate"),
  /** Height of the finalized header that carries the newest final execution certificate. */
  carrier: (): Uint8Array => prefixed("carrier"),
} as const;

/** Bounds of all keys that begin with `prefix`, of which some byte is below 255. */
export const below = (prefix: Uint8Array): { gte: Uint8Array; lt: Uint8Array } => {
  const end = Uint8Array.from(prefix.subarray(0, prefix.findLastIndex((byte) => byte < 255) + 1));
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return { gte: prefix, lt: end };
};

export const prefixes = {
  roster: (): Uint8Array => prefixed("r/"),
  recoveries: (): Uint8Array => prefixed("v/"),
  openBatches: (): Uint8Array => prefixed("o/"),
  pooled: (): Uint8Array => prefixed("p/"),
  accounts: (): Uint8Array => prefixed("a/"),
  ledgerRecords: (): Uint8Array => prefixed("l/"),
  outcomes: (id: Root): Uint8Array => prefixed("t/", id),
  state: (domain: Domain): Uint8Array => prefixed("f/", u32(domain)),
  diffs: (domain: Domain): Uint8Array => prefixed("d/", u32(domain)),
} as const;

export const encodeHeight = u64;

export const decodeHeight = (bytes: Uint8Array): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0));
