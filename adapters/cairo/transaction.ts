/**
 * Starknet transactions of version 3 in the one encoding that they are ordered in (`binary.ts` has its parts):
 *
 *     3 ‖ 0   INVOKE          sender_address, nonce, bounds, tip, signature, calldata
 *     3 ‖ 1   DECLARE         sender_address, nonce, bounds, tip, signature, compiled_class_hash, class
 *     3 ‖ 2   DEPLOY_ACCOUNT  class_hash, contract_address_salt, nonce, bounds, tip, signature, constructor_calldata
 *
 * where bounds are max_amount and max_price_per_unit of l1_gas, l1_data_gas and l2_gas, and class is sierra_program,
 * contract_class_version, the entry points CONSTRUCTOR, EXTERNAL, L1_HANDLER (selector, function_idx) and abi.
 * Paymaster data, account deployment data, data availability on L2 and proof facts, which Starknet doesn't take either,
 * have no place in it. The chain isn't named: its id is in the hash that is signed.
 */
import type { Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import { createReader, createWriter, Malformed, Oversized, type Reader, type Writer } from "./binary.ts";
import { addressBound, prime } from "./felt.ts";
import { encodingLimits } from "./limits.ts";
import { readClass, type SierraClass, writeClass } from "./sierraClass.ts";

export type ResourceBounds = { max_amount: Hex; max_price_per_unit: Hex };

/** Fields under the names of Starknet's RPC, which also has constants beside them (`transactionJson.ts`). */
type Common = {
  nonce: Hex;
  resource_bounds: { l1_gas: ResourceBounds; l1_data_gas: ResourceBounds; l2_gas: ResourceBounds };
  tip: Hex;
  signature: Hex[];
};

export type CairoInvoke = Common & { type: "INVOKE"; sender_address: Hex; calldata: Hex[] };

export type CairoDeclare = Common & {
  type: "DECLARE";
  sender_address: Hex;
  compiled_class_hash: Hex;
  contract_class: SierraClass;
};

export type CairoDeployAccount = Common & {
  type: "DEPLOY_ACCOUNT";
  class_hash: Hex;
  contract_address_salt: Hex;
  constructor_calldata: Hex[];
};

export type CairoTransaction = CairoInvoke | CairoDeclare | CairoDeployAccount;

export type CodecRefusal = "undecodable" | "oversized" | "unsupported";

const version = 3;
const kinds = ["INVOKE", "DECLARE", "DEPLOY_ACCOUNT"] as const;

const writeCommon = (writer: Writer, { nonce, resource_bounds, tip, signature }: Common): void => {
  writer.number(nonce);
  for (const bounds of [resource_bounds.l1_gas, resource_bounds.l1_data_gas, resource_bounds.l2_gas]) {
    writer.number(bounds.max_amount).number(bounds.max_price_per_unit);
  }
  writer.number(tip).list(signature, writer.number);
};

const readCommon = (reader: Reader): Common => {
  const uint64 = (what: string): Hex => reader.felt(2n ** 64n, what);
  const bounds = (resource: string): ResourceBounds => ({
    max_amount: uint64(`max_amount of ${resource}`),
    max_price_per_unit: reader.felt(2n ** 128n, `max_price_per_unit of ${resource}`),
  });
  return {
    nonce: reader.felt(prime, "nonce"),
    resource_bounds: { l1_gas: bounds("l1_gas"), l1_data_gas: bounds("l1_data_gas"), l2_gas: bounds("l2_gas") },
    tip: uint64("tip"),
    signature: reader.list(() => reader.felt(prime, "an element of the signature"), encodingLimits.signature),
  };
};

/** The bytes under which a transaction is ordered; they may be longer than a transaction is allowed to be. */
export const encodeTransaction = (transaction: CairoTransaction): Uint8Array => {
  const writer = createWriter(Uint8Array.of(version, kinds.indexOf(transaction.type)));
  switch (transaction.type) {
    case "INVOKE":
      writer.number(transaction.sender_address);
      writeCommon(writer, transaction);
      writer.list(transaction.calldata, writer.number);
      break;
    case "DECLARE":
      writer.number(transaction.sender_address);
      writeCommon(writer, transaction);
      writer.number(transaction.compiled_class_hash);
      writeClass(writer, transaction.contract_class);
      break;
    case "DEPLOY_ACCOUNT":
      writer.number(transaction.class_hash).number(transaction.contract_address_salt);
      writeCommon(writer, transaction);
      writer.list(transaction.constructor_calldata, writer.number);
      break;
  }
  return writer.bytes();
};

const readTransaction = (type: (typeof kinds)[number], reader: Reader): CairoTransaction => {
  const felt = (what: string) => reader.felt(prime, what);
  const sender = () => reader.felt(addressBound, "sender_address");
  const calldata = () => reader.list(() => felt("an element of the calldata"), encodingLimits.calldata);
  switch (type) {
    case "INVOKE":
      return { type, sender_address: sender(), ...readCommon(reader), calldata: calldata() };
    case "DECLARE":
      return {
        ...{ type, sender_address: sender(), ...readCommon(reader) },
        compiled_class_hash: felt("compiled_class_hash"),
        contract_class: readClass(reader),
      };
    case "DEPLOY_ACCOUNT":
      return {
        ...{ type, class_hash: felt("class_hash"), contract_address_salt: felt("contract_address_salt") },
        ...readCommon(reader),
        constructor_calldata: calldata(),
      };
  }
};

/** Every transaction has one encoding; whatever else stands in the bytes is refused. */
export const decodeTransaction = (bytes: Uint8Array): Result<CairoTransaction, CodecRefusal> => {
  if (bytes.length > transactionLimits.cairo) {
    return failure("oversized", `it has ${bytes.length} bytes, at most ${transactionLimits.cairo} are allowed`);
  }
  if (bytes.length > 0 && bytes[0] !== version) {
    return failure("unsupported", `its version is ${bytes[0]}, and only version 3 is taken`);
  }
  const type = kinds[bytes[1] ?? kinds.length];
  if (type === undefined) {
    return failure("undecodable", "it is neither INVOKE, DECLARE nor DEPLOY_ACCOUNT, of which users have a say");
  }
  try {
    const reader = createReader(bytes, 2);
    const transaction = readTransaction(type, reader);
    reader.end();
    return success(transaction);
  } catch (error) {
    if (error instanceof Oversized) return failure("oversized", error.message);
    if (!(error instanceof Malformed)) throw error;
    return failure("undecodable", `not an encoded ${type}: ${error.message}`);
  }
};
