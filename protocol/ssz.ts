/**
 * SSZ objects: one strict encoding each, a sha256 root each, and a Merkle branch for any field.
 * https://github.com/ethereum/consensus-specs/blob/dev/ssz/simple-serialize.md
 */
import "./buffer.ts";
import "./hash.ts";
import { Tree } from "@chainsafe/persistent-merkle-tree";
import { ByteVectorType, type CompositeType, type JsonPath, UintBigintType, UintNumberType } from "@chainsafe/ssz";
import { equalBytes } from "./bytes.ts";
import { LockstepError } from "./errors.ts";
import { sha256 } from "./hash.ts";
import { asRoot, type Root } from "./ids.ts";

/** A type of the wire format: values of `T`, encoded strictly in one way only. */
export type SszObject<T> = {
  readonly name: string;
  readonly type: SszType;
  encode(value: T): Uint8Array;
  /** @throws LockstepError `undecodable` on anything but the one encoding of a value within its limits */
  decode(bytes: Uint8Array): T;
  root(value: T): Root;
};

// biome-ignore lint/suspicious/noExplicitAny: the library's own type parameters, erased at this one place
export type SszType = CompositeType<any, unknown, unknown>;

/** uint64 that refuses what a JavaScript number can't hold exactly. */
class SafeUint64 extends UintNumberType {
  constructor() {
    super(8);
  }

  override value_deserializeFromBytes(
    data: Parameters<UintNumberType["value_deserializeFromBytes"]>[0],
    start: number,
    end: number,
  ): number {
    const value = super.value_deserializeFromBytes(data, start, end);
    if (!Number.isSafeInteger(value)) throw new Error(`integer ${value} is above 2^53 - 1`);
    return value;
  }
}

export const uint8 = new UintNumberType(1);
export const uint32 = new UintNumberType(4);
export const uint64 = new SafeUint64();
export const uint128 = new UintBigintType(16);
export const bytes32 = new ByteVectorType(32);
export const bytes48 = new ByteVectorType(48);
export const bytes96 = new ByteVectorType(96);

/** Makes an object of the wire format from its SSZ type. `T` must have the fields of `type`. */
export const sszObject = <T>(name: string, type: unknown): SszObject<T> => {
  const ssz = type as SszType;
  return {
    name,
    type: ssz,
    encode: (value) => ssz.serialize(value),
    decode: (bytes) => {
      let value: T;
      try {
        value = ssz.deserialize(bytes) as T;
      } catch (cause) {
        throw new LockstepError("undecodable", `not a ${name}: ${(cause as Error).message}`, { object: name }, cause);
      }
      if (!equalBytes(ssz.serialize(value), bytes)) {
        throw new LockstepError("undecodable", `not the canonical encoding of a ${name}`, { object: name });
      }
      return value;
    },
    root: (value) => asRoot(ssz.hashTreeRoot(value)),
  };
};

/** Generalized index of a field, a list element or anything nested below an object. */
export const gindexOf = (type: SszType, path: JsonPath): bigint => type.getPathInfo(path).gindex;

/** Sibling hashes from the node at `path` up to the root, lowest first. */
export const proveField = <T>(object: SszObject<T>, value: T, path: JsonPath): Root[] => {
  const tree = new Tree(object.type.value_toTree(value));
  return tree.getSingleProof(gindexOf(object.type, path)).map(asRoot);
};

/** Root that `leaf` at `gindex` and its branch lead to; `undefined` when the branch has another length. */
export const rootFromBranch = (leaf: Root, branch: readonly Root[], gindex: bigint): Root | undefined => {
  let index = gindex;
  let node = leaf;
  for (const sibling of branch) {
    if (index <= 1n) return undefined;
    const pair = new Uint8Array(64);
    const right = (index & 1n) === 1n;
    pair.set(node, right ? 32 : 0);
    pair.set(sibling, right ? 0 : 32);
    node = sha256(pair);
    index >>= 1n;
  }
  return index === 1n ? node : undefined;
};

/** Whether `leaf` is the root of the node at `path` below an object with root `root`. */
export const verifyField = <T>(
  object: SszObject<T>,
  path: JsonPath,
  leaf: Root,
  branch: readonly Root[],
  root: Root,
): boolean => {
  const computed = rootFromBranch(leaf, branch, gindexOf(object.type, path));
  return computed !== undefined && equalBytes(computed, root);
};
