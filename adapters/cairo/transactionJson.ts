/** Transactions in the JSON of Starknet's RPC. */
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { addressSchema, feltSchema, uint64Schema, uint128Schema } from "./felt.ts";
import { SierraClass } from "./sierraClass.ts";
import type { CairoTransaction } from "./transaction.ts";

const felts = z.array(feltSchema);
const nothing = z.array(z.unknown()).max(0).optional();
const onL1 = z.union([z.literal("L1"), z.literal(0)]).optional();
const bounds = z.strictObject({ max_amount: uint64Schema, max_price_per_unit: uint128Schema });

/** The version of a transaction that is only to be simulated has bit 128 set. */
export const queryVersion: Hex = "0x100000000000000000000000000000003";
export const version: Hex = "0x3";

const common = {
  version: z.enum([version, queryVersion]),
  nonce: feltSchema,
  resource_bounds: z.strictObject({ l1_gas: bounds, l1_data_gas: bounds, l2_gas: bounds }),
  tip: uint64Schema,
  signature: felts,
  paymaster_data: nothing,
  nonce_data_availability_mode: onL1,
  fee_data_availability_mode: onL1,
};

const Broadcasted = z.discriminatedUnion("type", [
  z.object({
    ...common,
    type: z.literal("INVOKE"),
    sender_address: addressSchema,
    calldata: felts,
    account_deployment_data: nothing,
    proof_facts: nothing,
    proof: z.union([nothing, z.literal("")]),
  }),
  z.object({
    ...common,
    type: z.literal("DECLARE"),
    sender_address: addressSchema,
    compiled_class_hash: feltSchema,
    contract_class: SierraClass,
    account_deployment_data: nothing,
  }),
  z.object({
    ...common,
    type: z.literal("DEPLOY_ACCOUNT"),
    class_hash: feltSchema,
    contract_address_salt: feltSchema,
    constructor_calldata: felts,
  }),
]);

/** A transaction, and whether its version says that it is only to be simulated. */
export type BroadcastedTransaction = { transaction: CairoTransaction; query: boolean };

/** Reads a `BROADCASTED_TXN`. L1 handlers and old versions are `unsupported`: nobody may send them. */
export const transactionFromJson = (json: unknown): Result<BroadcastedTransaction, "unsupported" | "undecodable"> => {
  const kind = z.looseObject({ type: z.string(), version: z.string() }).safeParse(json);
  if (kind.success && kind.data.type === "L1_HANDLER") {
    return failure("unsupported", "only the protocol itself sends an L1_HANDLER");
  }
  if (kind.success && kind.data.version !== version && kind.data.version !== queryVersion) {
    return failure("unsupported", `version ${kind.data.version.slice(0, 40)} is not taken: send version 0x3`);
  }
  const parsed = Broadcasted.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return failure("undecodable", `not a transaction: ${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  const query = parsed.data.version === queryVersion;
  const { nonce, resource_bounds, tip, signature } = parsed.data;
  const shared = { nonce, resource_bounds, tip, signature };
  switch (parsed.data.type) {
    case "INVOKE": {
      const { type, sender_address, calldata } = parsed.data;
      return success({ query, transaction: { type, ...shared, sender_address, calldata } });
    }
    case "DECLARE": {
      const { type, sender_address, compiled_class_hash, contract_class } = parsed.data;
      return success({ query, transaction: { type, ...shared, sender_address, compiled_class_hash, contract_class } });
    }
    case "DEPLOY_ACCOUNT": {
      const { type, class_hash, contract_address_salt, constructor_calldata } = parsed.data;
      return success({
        query,
        transaction: { type, ...shared, class_hash, contract_address_salt, constructor_calldata },
      });
    }
  }
};

const constants = {
  version,
  paymaster_data: [],
  nonce_data_availability_mode: "L1",
  fee_data_availability_mode: "L1",
} as const;

/**
 * The `TXN` that the RPC shows, without its hash.
 *
 * @param classHash of the class that a DECLARE declares; its receipt names it
 */
export const transactionToJson = (transaction: CairoTransaction, classHash?: Hex): Record<string, unknown> => {
  switch (transaction.type) {
    case "INVOKE":
      return { ...transaction, ...constants, account_deployment_data: [] };
    case "DEPLOY_ACCOUNT":
      return { ...transaction, ...constants };
    case "DECLARE": {
      const { contract_class: _, ...rest } = transaction;
      return { ...rest, ...constants, account_deployment_data: [], class_hash: classHash };
    }
  }
};
