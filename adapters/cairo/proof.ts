/**
 * Checks storage proofs as `starknet_getStorageProof` gives them: of a contract, of slots in it, of a class, and that
 * there is none. Pure, and runs in a browser. (https://docs.starknet.io/architecture/state/)
 */
import { pedersen, poseidonHash, poseidonHashMany } from "@scure/starknet";
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { addressBound, feltFromBytes, feltOf, feltSchema, prime, shortString } from "./felt.ts";

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

export type ProofRefusal = "bad_proof";

/** A contract of a proven state; one that isn't there has zeros everywhere. */
export type ProvenContract = { exists: boolean; classHash: Hex; nonce: Hex; slots: Hex[] };

const height = 251;
const stateTag = BigInt(shortString("STARKNET_STATE_V0"));
const classTag = BigInt(shortString("CONTRACT_CLASS_LEAF_V0"));

type Hash = (left: bigint, right: bigint) => bigint;

const pedersenHash: Hash = (left, right) => BigInt(pedersen(left, right));
const poseidon: Hash = (left, right) => poseidonHash(left, right);

class Refuted extends Error {}

const refute = (problem: string): never => {
  throw new Refuted(problem);
};

const hashOf = ({ node }: ProofNode, hash: Hash): bigint => {
  if ("left" in node) return hash(BigInt(node.left), BigInt(node.right));
  return (hash(BigInt(node.child), BigInt(node.path)) + BigInt(node.length)) % prime;
};

/** What stands at a key of the trie with this root; zero where nothing does. */
const valueAt = (nodes: readonly ProofNode[], root: bigint, key: bigint, hash: Hash): bigint => {
  if (root === 0n) return 0n;
  const byHash = new Map(nodes.map((node) => [BigInt(node.node_hash), node]));
  let expected = root;
  let depth = 0;
  while (depth < height) {
    const found = byHash.get(expected) ?? refute(`the node ${feltOf(expected)} is missing`);
    if (hashOf(found, hash) !== expected) refute(`the node ${found.node_hash} has another hash`);
    const { node } = found;
    if ("left" in node) {
      const right = (key >> BigInt(height - depth - 1)) & 1n;
      expected = BigInt(right === 1n ? node.right : node.left);
      depth += 1;
      continue;
    }
    const below = height - depth - node.length;
    if (node.length < 1 || below < 0 || BigInt(node.path) >> BigInt(node.length) !== 0n) {
      refute(`the path of the node ${found.node_hash} does not fit`);
    }
    const own = (key >> BigInt(below)) & ((1n << BigInt(node.length)) - 1n);
    if (own !== BigInt(node.path)) return 0n;
    expected = BigInt(node.child);
    depth += node.length;
  }
  return expected;
};

/** Checks that the two tries make up the state root. */
const rootsOf = (stateRoot: Uint8Array, { global_roots }: StorageProof): { contracts: bigint; classes: bigint } => {
  const contracts = BigInt(global_roots.contracts_tree_root);
  const classes = BigInt(global_roots.classes_tree_root);
  const root = contracts === 0n && classes === 0n ? 0n : poseidonHashMany([stateTag, contracts, classes]);
  if (root !== BigInt(feltFromBytes(stateRoot))) refute("its roots don't make up the state root");
  return { contracts, classes };
};

const attempt = <T>(check: () => T): Result<T, ProofRefusal> => {
  try {
    return success(check());
  } catch (error) {
    if (error instanceof Refuted) return failure("bad_proof", `not a proof of this: ${error.message}`);
    throw error;
  }
};

/**
 * @param stateRoot 32 bytes, of a certified summary
 * @param proof of one contract, and of `keys` in it, read as `StorageProof`
 */
export const verifyContract = (
  stateRoot: Uint8Array,
  proof: StorageProof,
  address: Hex,
  keys: readonly Hex[],
): Result<ProvenContract, ProofRefusal> =>
  attempt(() => {
    if ([address, ...keys].some((each) => BigInt(each) >= addressBound)) refute("no address or key is that large");
    const { contracts } = rootsOf(stateRoot, proof);
    const [data] = proof.contracts_proof.contract_leaves_data;
    if (data === undefined) return refute("the contract's leaf is missing");
    const leaf = valueAt(proof.contracts_proof.nodes, contracts, BigInt(address), pedersenHash);
    const [classHash, storageRoot, nonce] = [data.class_hash, data.storage_root, data.nonce].map(BigInt) as [
      bigint,
      bigint,
      bigint,
    ];
    if (leaf === 0n) {
      if (classHash + storageRoot + nonce !== 0n) refute("a contract that isn't there has a leaf");
      return { exists: false, classHash: "0x0", nonce: "0x0", slots: keys.map((): Hex => "0x0") };
    }
    const expected = pedersenHash(pedersenHash(pedersenHash(classHash, storageRoot), nonce), 0n);
    if (expected !== leaf) refute("the contract's leaf is another one");
    const nodes = proof.contracts_storage_proofs[0] ?? [];
    const slots = keys.map((key) => feltOf(valueAt(nodes, storageRoot, BigInt(key), pedersenHash)));
    return { exists: true, classHash: feltOf(classHash), nonce: feltOf(nonce), slots };
  });

/**
 * Whether a class is declared.
 *
 * @param compiledClassHash what it has to be compiled to
 */
export const verifyClass = (
  stateRoot: Uint8Array,
  proof: StorageProof,
  classHash: Hex,
  compiledClassHash: Hex,
): Result<{ declared: boolean }, ProofRefusal> =>
  attempt(() => {
    const { classes } = rootsOf(stateRoot, proof);
    const leaf = valueAt(proof.classes_proof, classes, BigInt(classHash) & ((1n << 251n) - 1n), poseidon);
    if (leaf === 0n) return { declared: false };
    if (leaf !== poseidon(classTag, BigInt(compiledClassHash))) refute("the class is compiled to something else");
    return { declared: true };
  });
