/** A leg on its way into a bundle: what the wallet of each VM gives the builder. */
import type { BundleId, Domain } from "../protocol/ids.ts";

/** Nonce, fees and blockhash are settled; only the bundle's id is open. */
export type PreparedLeg = {
  readonly domain: Domain;
  /** Largest gas (compute units, L2 gas) it can use, as its VM's node reads it. */
  readonly gas: number;
  /** The unsigned native bytes with this id wherever the leg names its bundle; the same for the same id. */
  unsigned(id: BundleId): Uint8Array;
  /** The signed native bytes. Asks the wallet. */
  sign(id: BundleId): Promise<Uint8Array>;
};

/** What someone wants to do on a tenant, marker included. */
export type LegDraft = {
  readonly domain: Domain;
  /** Asks the tenant's own node for what the leg needs. */
  prepare(): Promise<PreparedLeg>;
};
