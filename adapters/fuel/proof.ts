/**
 * Coins and contract slots proven against a state root, present or absent. Runs anywhere: no I/O, and nothing is believed but
 * the root.
 *
 * The state is a sparse Merkle tree (`adapters/sparseMerkle.ts`) over the keys and values of the flat state:
 *
 *     "u" ‖ transaction 32 ‖ index u16     owner 32 ‖ asset 32 ‖ amount u64 ‖ height u32 ‖ place in the block u16
 *     "s" ‖ contract 32 ‖ slot 32          the value, of any length
 */
import { concatBytes, fromHex, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { type Result, success } from "../../protocol/errors.ts";
import { badProof, type SparseProof, verifySparse } from "../sparseMerkle.ts";

/** Its value is as stored. */
export type FuelProof = SparseProof;

export type ProvenCoin = {
  owner: Hex;
  assetId: Hex;
  amount: bigint;
  /** Block that it was put out in, and the transaction's place there. */
  txPointer: { height: number; index: number };
};

const coinBytes = 78;
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
  const verified = verifySparse(stateRoot, key, proof);
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
  return verifySparse(stateRoot, concatBytes(utf8("s"), contract, place), proof);
};
