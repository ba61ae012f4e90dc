/**
 * A sparse Merkle tree of depth 256 over sha256(key) → sha256(value), in the shape of `fuel-merkle`: leaf =
 * sha256(0 ‖ path ‖ value), node = sha256(1 ‖ left ‖ right), 32 zero bytes for an empty subtree, and a leaf that is
 * alone in its subtree stands for it. Roots are computed by the engines; here proofs are checked.
 */
import { concatBytes, equalBytes } from "../protocol/bytes.ts";
import { failure, type Result, success } from "../protocol/errors.ts";
import { sha256 } from "../protocol/hash.ts";

export type SparseProof = {
  /** Absent where the proof shows that there is none. */
  value?: Uint8Array;
  /** From the leaf up, 32 bytes each. */
  siblings: Uint8Array[];
  /** For an absent key: path and value of the leaf that stands for the subtree it would be in. */
  other?: { path: Uint8Array; value: Uint8Array };
};

const depth = 256;
const [leafTag, nodeTag] = [Uint8Array.of(0), Uint8Array.of(1)];
const empty = new Uint8Array(32);

const isRight = (path: Uint8Array, level: number): boolean =>
  (((path[level >> 3] as number) >> (7 - (level & 7))) & 1) === 1;

const leafOf = (path: Uint8Array, value: Uint8Array): Uint8Array => sha256(concatBytes(leafTag, path, value));

export const badProof = (problem: string) => failure("bad_proof", problem);

/** The value of `key` under `root`; `undefined` where it is proven that there is none. */
export const verifySparse = (
  root: Uint8Array,
  key: Uint8Array,
  { value, siblings, other }: SparseProof,
): Result<Uint8Array | undefined, "bad_proof"> => {
  const hashes = [...siblings, ...(other === undefined ? [] : [other.path, other.value])];
  if (siblings.length > depth || hashes.some((hash) => hash.length !== 32)) {
    return badProof(`a proof has at most ${depth} hashes of 32 bytes`);
  }
  const path = sha256(key);
  if (value !== undefined && other !== undefined) return badProof("it shows the value, and another in its place");
  if (other !== undefined && equalBytes(other.path, path)) return badProof("the leaf in its place is its own");
  let node: Uint8Array = empty;
  if (value !== undefined) node = leafOf(path, sha256(value));
  else if (other !== undefined) node = leafOf(other.path, other.value);
  siblings.forEach((sibling, i) => {
    const parts = isRight(path, siblings.length - 1 - i) ? [sibling, node] : [node, sibling];
    node = sha256(concatBytes(nodeTag, ...parts));
  });
  return equalBytes(node, root) ? success(value) : badProof("the proof leads to another state root");
};
