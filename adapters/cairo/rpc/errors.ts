/** Errors of Starknet's JSON-RPC, spec 0.10.2, in its own numbers and words: clients match them. */
import type { Failure } from "../../../protocol/errors.ts";
import { invalidParams, RpcError } from "../../jsonRpc/error.ts";
import type { CairoReadRefusal } from "../reads.ts";

const texts = {
  FAILED_TO_RECEIVE_TXN: [1, "Failed to write transaction"],
  NO_TRACE_AVAILABLE: [10, "No trace available for transaction"],
  CONTRACT_NOT_FOUND: [20, "Contract not found"],
  ENTRYPOINT_NOT_FOUND: [21, "Requested entry point does not exist in the contract"],
  BLOCK_NOT_FOUND: [24, "Block not found"],
  INVALID_TXN_INDEX: [27, "Invalid transaction index in a block"],
  CLASS_HASH_NOT_FOUND: [28, "Class hash not found"],
  TXN_HASH_NOT_FOUND: [29, "Transaction hash not found"],
  PAGE_SIZE_TOO_BIG: [31, "Requested page size is too big"],
  INVALID_CONTINUATION_TOKEN: [33, "The supplied continuation token is invalid or unknown"],
  TOO_MANY_KEYS_IN_FILTER: [34, "Too many keys provided in a filter"],
  CONTRACT_ERROR: [40, "Contract error"],
  TRANSACTION_EXECUTION_ERROR: [41, "Transaction execution error"],
  STORAGE_PROOF_NOT_SUPPORTED: [42, "the node doesn't support storage proofs for blocks that are too far in the past"],
  CLASS_ALREADY_DECLARED: [51, "Class already declared"],
  INVALID_TRANSACTION_NONCE: [52, "Invalid transaction nonce"],
  INSUFFICIENT_RESOURCES_FOR_VALIDATE: [
    53,
    "The transaction's resources don't cover validation or the minimal transaction fee",
  ],
  INSUFFICIENT_ACCOUNT_BALANCE: [
    54,
    "Account balance is smaller than the transaction's maximal fee (calculated as the sum of each resource's limit x max price)",
  ],
  VALIDATION_FAILURE: [55, "Account validation failed"],
  COMPILATION_FAILED: [56, "Compilation failed"],
  CONTRACT_CLASS_SIZE_IS_TOO_LARGE: [57, "Contract class size is too large"],
  NON_ACCOUNT: [58, "Sender address is not an account contract"],
  DUPLICATE_TX: [59, "A transaction with the same hash already exists in the mempool"],
  COMPILED_CLASS_HASH_MISMATCH: [60, "the compiled class hash did not match the one supplied in the transaction"],
  UNSUPPORTED_TX_VERSION: [61, "the transaction version is not supported"],
  UNSUPPORTED_CONTRACT_CLASS_VERSION: [62, "the contract class version is not supported"],
  UNEXPECTED_ERROR: [63, "An unexpected error occurred"],
  REPLACEMENT_TRANSACTION_UNDERPRICED: [64, "Replacement transaction is underpriced"],
  FEE_BELOW_MINIMUM: [65, "Transaction fee below minimum"],
  INVALID_SUBSCRIPTION_ID: [66, "Invalid subscription id"],
  TOO_MANY_ADDRESSES_IN_FILTER: [67, "Too many addresses in filter sender_address filter"],
  TOO_MANY_BLOCKS_BACK: [68, "Cannot go back more than 1024 blocks"],
} as const;
export type StarknetErrorName = keyof typeof texts;

/** The error of that name; `data` where the spec has some. */
export const starknetError = (name: StarknetErrorName, data?: unknown): RpcError => {
  const [code, message] = texts[name];
  return new RpcError(code, message, data);
};

/** The answer to a read that the executor can't do. */
export const readError = ({ code, message }: Failure<CairoReadRefusal>): RpcError =>
  code === "bad_input" ? invalidParams(message) : starknetError("BLOCK_NOT_FOUND", message);

/** Refusals of the VM and of the mempool. */
const submissionErrors: Readonly<Record<string, StarknetErrorName>> = {
  oversized: "CONTRACT_CLASS_SIZE_IS_TOO_LARGE",
  unsupported: "UNSUPPORTED_TX_VERSION",
  bad_signature: "VALIDATION_FAILURE",
  wrong_chain: "VALIDATION_FAILURE",
  not_a_writer: "VALIDATION_FAILURE",
  gas_limit: "INSUFFICIENT_RESOURCES_FOR_VALIDATE",
  intrinsic_gas: "INSUFFICIENT_RESOURCES_FOR_VALIDATE",
  nonce_too_low: "INVALID_TRANSACTION_NONCE",
  nonce_too_high: "INVALID_TRANSACTION_NONCE",
  insufficient_funds: "INSUFFICIENT_ACCOUNT_BALANCE",
  fee_too_low: "FEE_BELOW_MINIMUM",
  duplicate: "DUPLICATE_TX",
  already_known: "DUPLICATE_TX",
  replacement_underpriced: "REPLACEMENT_TRANSACTION_UNDERPRICED",
};

/** What the engine knows closer. */
const detailedErrors: Readonly<Record<string, StarknetErrorName>> = {
  not_deployed: "NON_ACCOUNT",
  class_already_declared: "CLASS_ALREADY_DECLARED",
  compilation_failed: "COMPILATION_FAILED",
  compiled_class_hash_mismatch: "COMPILED_CLASS_HASH_MISMATCH",
};

const entryOf = <T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined =>
  typeof key === "string" && Object.hasOwn(table, key) ? table[key] : undefined;

/** The answer to a transaction that was not taken in; our reason is in `data`. */
export const submissionError = ({ code, message, detail }: Failure): RpcError =>
  starknetError(entryOf(detailedErrors, detail) ?? entryOf(submissionErrors, code) ?? "UNEXPECTED_ERROR", message);
