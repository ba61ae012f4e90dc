/** Storage proofs as Starknet's RPC has them (`starknet_getStorageProof`). */
import * as z from "zod";
import { feltSchema } from "./felt.ts";

const ProofNode = z.strictObject({
  node_hash: feltSchema,
  node: z.union([
    z.strictObject({ left: feltSchema, right: feltSchema }),
    z.strictObject({ path: feltSchema, length: z.int().min(1).max(251), child: feltSchema }),
  ]),
});
/** A node of a Patricia trie: two children, or a path of `length` bits to the one below. */
export type ProofNode = z.infer<typeof ProofNode>;

export const StorageProof = z.strictObject({
  classes_proof: z.array(ProofNode),
  contracts_proof: z.strictObject({
    nodes: z.array(ProofNode),
    /** Of each address asked for; zeros where nothing is there. */
    contract_leaves_data: z.array(
      z.strictObject({ nonce: feltSchema, class_hash: feltSchema, storage_root: feltSchema }),
    ),
  }),
  /** Of each contract whose slots were asked for. */
  contracts_storage_proofs: z.array(z.array(ProofNode)),
  global_roots: z.strictObject({
    contracts_tree_root: feltSchema,
    classes_tree_root: feltSchema,
    block_hash: feltSchema,
  }),
});
export type StorageProof = z.infer<typeof StorageProof>;
