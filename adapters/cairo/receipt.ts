/** Receipts: JSON under the names of Starknet's RPC, in the field order that the engine writes. */
import * as z from "zod";
import { feltSchema } from "./felt.ts";
import { decodeRecord } from "./json.ts";

const felts = z.array(feltSchema);
const uint = z.int().nonnegative();

const CairoReceipt = z.strictObject({
  type: z.enum(["INVOKE", "DECLARE", "DEPLOY_ACCOUNT"]),
  transaction_hash: feltSchema,
  sender_address: feltSchema,
  /** In fri (10^-18 STRK). */
  actual_fee: feltSchema,
  execution_status: z.enum(["SUCCEEDED", "REVERTED"]),
  /** Absent where it succeeded. */
  revert_reason: z.string().optional(),
  events: z.array(z.strictObject({ from_address: feltSchema, keys: felts, data: felts })),
  messages_sent: z.array(z.strictObject({ from_address: feltSchema, to_address: feltSchema, payload: felts })),
  execution_resources: z.strictObject({ l1_gas: uint, l1_data_gas: uint, l2_gas: uint }),
  /** Of a DEPLOY_ACCOUNT. */
  contract_address: feltSchema.optional(),
  /** Of a DECLARE. */
  class_hash: feltSchema.optional(),
});
export type CairoReceipt = z.infer<typeof CairoReceipt>;
export type CairoEvent = CairoReceipt["events"][number];

/** @throws LockstepError `undecodable` on anything but a receipt made by the engine */
export const decodeReceipt = (bytes: Uint8Array): CairoReceipt => decodeRecord(CairoReceipt, bytes, "a receipt");
