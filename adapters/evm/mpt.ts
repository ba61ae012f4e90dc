/** Membership in a Merkle-Patricia trie, proven by the nodes on the way (Yellow Paper, appendix D). */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { equalBytes } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { decodeRlp, encodeRlp, type Rlp } from "./rlp.ts";

export type TrieRefusal = "bad_proof";

/** Root of a trie without entries: keccak256 of the RLP of an empty string. */
export const emptyTrieRoot = keccak_256(Uint8Array.of(0x80));

const refuse = (problem: string) => failure("bad_proof", `the trie proof does not hold: ${problem}`);

const nibblesOf = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);

/** Hex-prefix decoding; `undefined` for anything but the one encoding of a path. */
const decodePath = (bytes: Uint8Array): { path: number[]; isLeaf: boolean } | undefined => {
  const [flag, second, ...rest] = nibblesOf(bytes);
  if (flag === undefined || second === undefined || flag > 3) return undefined;
  const isOdd = (flag & 1) === 1;
  if (!isOdd && second !== 0) return undefined;
  return { path: isOdd ? [second, ...rest] : rest, isLeaf: flag >= 2 };
};

type Step = { kind: "end"; value: Uint8Array | undefined } | { kind: "child"; child: Rlp; path: number[] };

const end = (value?: Uint8Array): Step => ({ kind: "end", value });

/** One node's word on a path; `undefined` if it is no node. */
const follow = (node: Rlp, path: readonly number[]): Step | undefined => {
  if (node instanceof Uint8Array) return undefined;
  if (node.length === 17) {
    const [nibble, ...rest] = path;
    const child = node[nibble ?? 16];
    if (child === undefined) return undefined;
    if (child instanceof Uint8Array && child.length === 0) return end();
    if (nibble === undefined) return child instanceof Uint8Array ? end(child) : undefined;
    return { kind: "child", child, path: rest };
  }
  const [encoded, content] = node;
  if (node.length !== 2 || !(encoded instanceof Uint8Array) || content === undefined) return undefined;
  const decoded = decodePath(encoded);
  if (decoded === undefined) return undefined;
  const shared = decoded.path.every((nibble, i) => nibble === path[i]);
  if (decoded.isLeaf) {
    if (!(content instanceof Uint8Array) || content.length === 0) return undefined;
    return shared && decoded.path.length === path.length ? end(content) : end();
  }
  if (decoded.path.length === 0) return undefined;
  return shared ? { kind: "child", child: content, path: path.slice(decoded.path.length) } : end();
};

/**
 * The value under `key` in the trie with root `root`, `undefined` where the trie has no such key.
 * `proof` holds the nodes from the root down, every one of them and no others; nodes shorter than 32
 * bytes stand inside their parents. An empty trie needs no node.
 */
export const proveInTrie = (
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): Result<Uint8Array | undefined, TrieRefusal> => {
  if (proof.length === 0) {
    return equalBytes(root, emptyTrieRoot) ? success(undefined) : refuse("there is no node");
  }
  let expected = root;
  let path = nibblesOf(key);
  for (const [depth, bytes] of proof.entries()) {
    const isLast = depth === proof.length - 1;
    if (!equalBytes(keccak_256(bytes), expected)) return refuse(`node ${depth} is not the one its parent names`);
    const decoded = decodeRlp(bytes);
    if (!decoded.ok) return refuse(`node ${depth} is ${decoded.error.message}`);
    if (depth === 0 && isLast && equalBytes(root, emptyTrieRoot)) return success(undefined);
    let step = follow(decoded.value, path);
    while (step?.kind === "child" && !(step.child instanceof Uint8Array)) {
      if (encodeRlp(step.child).length >= 32) return refuse(`node ${depth} holds a node too long to stand inside it`);
      step = follow(step.child, step.path);
    }
    if (step === undefined) return refuse(`node ${depth} is no node of a trie`);
    if (step.kind === "end") return isLast ? success(step.value) : refuse(`nodes follow the end, node ${depth}`);
    if (!(step.child instanceof Uint8Array) || step.child.length !== 32) {
      return refuse(`node ${depth} names no node`);
    }
    expected = step.child;
    path = step.path;
  }
  return refuse("it ends before the key does");
};
