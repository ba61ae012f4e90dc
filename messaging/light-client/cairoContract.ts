/** A Cairo tenant's contract: a `starknet_getStorageProof` answer checked against a certified state root. */
import { type ProvenContract, StorageProof, verifyContract } from "../../adapters/cairo/proof.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { failure } from "../../protocol/errors.ts";
import type { Root } from "../../protocol/ids.ts";
import type { Proof } from "./refusal.ts";

/** Parameters of the request, in their order. */
export const storageProofParams = (number: number, address: Hex, keys: readonly Hex[]): unknown[] => [
  { block_number: number },
  [],
  [address],
  [{ contract_address: address, storage_keys: keys }],
];

/**
 * What `answer` proves about the contract at `address` and slots in it under `stateRoot`: class hash, nonce and values,
 * or that there is no contract.
 */
export const proveCairoContract = (
  stateRoot: Root,
  address: Hex,
  keys: readonly Hex[],
  answer: unknown,
): Proof<ProvenContract> => {
  const parsed = StorageProof.safeParse(answer);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") || "answer";
    return failure("malformed_answer", `starknet_getStorageProof's ${where} is malformed: ${issue?.message}`);
  }
  return verifyContract(stateRoot, parsed.data, address, keys);
};
