/** A sealed block as its `Seal.block` holds it: the header as JSON, under the names of Starknet's RPC. */
import * as z from "zod";
import { feltSchema } from "./felt.ts";
import { decodeRecord } from "./json.ts";

const uint = z.int().nonnegative();

const CairoBlock = z.strictObject({
  block_number: uint,
  block_hash: feltSchema,
  parent_hash: feltSchema,
  /** Seconds: the floor of the shared clock. */
  timestamp: uint,
  sequencer_address: feltSchema,
  /** The state commitment after the block. */
  new_root: feltSchema,
  /** Prices of a unit in fri; what they would be in wei, fees being paid in STRK alone, is the same. */
  l1_gas_price: feltSchema,
  l1_data_gas_price: feltSchema,
  l2_gas_price: feltSchema,
  /** Compiled class hashes are Blake2s from "0.14.1" on. */
  starknet_version: z.string(),
  transaction_commitment: feltSchema,
  event_commitment: feltSchema,
  receipt_commitment: feltSchema,
  state_diff_commitment: feltSchema,
  transaction_count: uint,
  event_count: uint,
  state_diff_length: uint,
});
export type CairoBlock = z.infer<typeof CairoBlock>;

/** @throws LockstepError `undecodable` on anything but a header made by the engine */
export const decodeBlock = (bytes: Uint8Array): CairoBlock => decodeRecord(CairoBlock, bytes, "a block header");
