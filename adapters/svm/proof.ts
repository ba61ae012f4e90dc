/**
 * Accounts proven against a state root, present or absent. Runs anywhere: no I/O, and nothing is believed
 * but the root.
 *
 * The state is a sparse Merkle tree of depth 256 over sha256(key) → sha256(encoded account), in the shape
 * of `fuel-merkle`: leaf = sha256(0 ‖ path ‖ value), node = sha256(1 ‖ left ‖ right), 32 zero bytes for an empty
 * subtree, and a leaf that is alone in its subtree stands for it.
 */
import { concatBytes, equalBytes } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { decodeAccount, type SvmAccount } from "./account.ts";
import { fromBase58, toBase58 } from "./base58.ts";

export type ProvenSvmAccount = SvmAccount;

export type SvmProof = {
  /** Encoded; absent where the proof shows that there is none. */
  account?: Uint8Array;
  /** From the leaf up, 32 bytes each. */
  siblings: Uint8Array[];
  /** For an absent account: path and value of the leaf that stands for the subtree it would be in. */
  other?: { path: Uint8Array; value: Uint8Array };
};

const depth = 256;
const [leafTag, nodeTag] = [Uint8Array.of(0), Uint8Array.of(1)];
const empty = new Uint8Array(32);

const isRight = (path: Uint8Array, level: number): boolean =>
  (((path[level >> 3] as number) >> (7 - (level & 7))) & 1) === 1;

const leafOf = (path: Uint8Array, value: Uint8Array): Uint8Array => sha256(concatBytes(leafTag, path, value));

const badProof = (problem: string) => failure("bad_proof", problem);

/** The account at `key` (32 bytes) under `stateRoot`; `undefined` where it is proven that there is none. */
export const verifyAccount = (
  stateRoot: Uint8Array,
  key: Uint8Array,
  { account, siblings, other }: SvmProof,
): Result<SvmAccount | undefined, "bad_proof"> => {
  if (
    siblings.length > depth ||
    [...siblings, ...(other === undefined ? [] : Object.values(other))].some((hash) => hash.length !== 32)
  ) {
    return badProof(`a proof has at most ${depth} hashes of 32 bytes`);
  }
  const path = sha256(key);
  if (account !== undefined && other !== undefined) return badProof("it shows the account, and another in its place");
  if (other !== undefined && equalBytes(other.path, path)) return badProof("the leaf in its place is its own");
  let node: Uint8Array = empty;
  if (account !== undefined) node = leafOf(path, sha256(account));
  else if (other !== undefined) node = leafOf(other.path, other.value);
  siblings.forEach((sibling, i) => {
    const parts = isRight(path, siblings.length - 1 - i) ? [sibling, node] : [node, sibling];
    node = sha256(concatBytes(nodeTag, ...parts));
  });
  if (!equalBytes(node, stateRoot)) return badProof("the proof leads to another state root");
  if (account === undefined) return success(undefined);
  try {
    return success(decodeAccount(account));
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return badProof(`the proven account is malformed: ${error.message}`);
  }
};

/** The 32 bytes of an address in base58; `undefined` where it is none. */
export const addressBytes = (text: string): Uint8Array | undefined => fromBase58(text, 32);

export const addressText = (key: Uint8Array): string => toBase58(key);
