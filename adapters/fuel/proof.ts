/**
 * Coins and contract slots proven against a state root, present or absent. Runs anywhere: no I/O, and nothing is believed but
 * the root.
 *
 * The state is a sparse Merkle tree of depth 256 over sha256(key) → sha256(value), in the shape of `fuel-merkle`:
 * leaf = sha256(0 ‖ path ‖ value), node = sha256(1 ‖ left ‖ right), 32 zero bytes for an empty subtree, and a leaf that is
 * alone in its subtree stands for it. Keys and values are those of the flat state:
 *
 *     "u" ‖ transaction 32 ‖ index u16     owner 32 ‖ asset 32 ‖ amount u64 ‖ height u32 ‖ place in the block u16
 *     "s" ‖ contract 32 ‖ slot 32          the value, of any length
 */
import { concatBytes, equalBytes, fromHex, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";

export type FuelProof = {
  /** As stored; absent where the proof shows that there is none. */
  value?: Uint8Array;
  /** From the leaf up, 32 bytes each. */
  siblings: Uint8Array[];
  /** For an absent key: path and value of the leaf that stands for the subtree it would be in. */
  other?: { path: Uint8Array; value: Uint8Array };
};

export type ProvenCoin = {
  owner: Hex;
  assetId: Hex;
  amount: bigint;
  /** Block that it was put out in, and the transaction's place there. */
  txPointer: { height: number; index: number };
};

const depth = 256;
const coinBytes = 78;
const [leafTag, nodeTag] = [Uint8Array.of(0), Uint8Array.of(1)];
const empty = new Uint8Array(32);

const isRight = (path: Uint8Array, level: number): boolean =>
  (((path[level >> 3] as number) >> (7 - (level & 7))) & 1) === 1;

const leafOf = (path: Uint8Array, value: Uint8Array): Uint8Array => sha256(concatBytes(leafTag, path, value));

const badProof = (problem: string) => failure("bad_proof", problem);

const verifyKey = (
  stateRoot: Uint8Array,
  key: Uint8Array,
  { value, siblings, other }: FuelProof,
): Result<Uint8Array | undefined, "bad_proof"> => {
  if (
    siblings.length > depth ||
    [...siblings, ...(other === undefined ? [] : [other.path, other.value])].some((hash) => hash.length !== 32)
  ) {
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
  return equalBytes(node, stateRoot) ? success(value) : badProof("the proof leads to another state root");
};

const decodeCoin = (value: Uint8Array): ProvenCoin | undefined => {
  if (value.length !== coinBytes) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    owner: toHex(value.subarray(0, 32)),
    assetId: toHex(value.subarray(32, 64)),
    amount: view.getBigUint64(64),
    txPointer: { height: view.getUint32(72), index: view.getUint16(76) },
  };
};

const key32 = (hex: Hex): Uint8Array | undefined => {
  const bytes = fromHex(hex);
  return bytes?.length === 32 ? bytes : undefined;
};

/** The coin under `stateRoot`; `undefined` where it is proven that there is none: never put out, or spent. */
export const verifyCoin = (
  stateRoot: Uint8Array,
  { txId, index }: { txId: Hex; index: number },
  proof: FuelProof,
): Result<ProvenCoin | undefined, "bad_proof"> => {
  const transaction = key32(txId);
  if (transaction === undefined || !Number.isInteger(index) || index < 0 || index > 0xffff) {
    return badProof("an utxo id is a transaction's id and an index below 65536");
  }
  const key = concatBytes(utf8("u"), transaction, Uint8Array.of(index >> 8, index & 0xff));
  const verified = verifyKey(stateRoot, key, proof);
  if (!verified.ok || verified.value === undefined) return verified as Result<undefined, "bad_proof">;
  const coin = decodeCoin(verified.value);
  return coin === undefined ? badProof("the proven coin is malformed") : success(coin);
};

/** What a contract stores in a slot under `stateRoot`; `undefined` where it is proven that there is nothing. */
export const verifySlot = (
  stateRoot: Uint8Array,
  contractId: Hex,
  slot: Hex,
  proof: FuelProof,
): Result<Uint8Array | undefined, "bad_proof"> => {
  const [contract, place] = [key32(contractId), key32(slot)];
  if (contract === undefined || place === undefined) return badProof("contract and slot have 32 bytes each");
  return verifyKey(stateRoot, concatBytes(utf8("s"), contract, place), proof);
};
