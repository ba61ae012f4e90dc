import { pedersen, poseidonHashMany } from "@scure/starknet";
import { describe, expect, test } from "vitest";
import { feltBytes, feltOf, prime, shortString } from "../../adapters/cairo/felt.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { asRoot } from "../../protocol/ids.ts";
import { proveCairoContract, storageProofParams } from "./cairoContract.ts";

/** A state with one contract in it, and in that one slot: each trie is a single edge. */
const edge = (key: bigint, leaf: bigint) => {
  const hash = (BigInt(pedersen(leaf, key)) + 251n) % prime;
  return { hash, nodes: [{ node_hash: feltOf(hash), node: { path: feltOf(key), length: 251, child: feltOf(leaf) } }] };
};
const address: Hex = "0xa11ce";
const [classHash, nonce, key, value] = [0xc1a55n, 3n, 0x5107n, 42n];
const storage = edge(key, value);
const leaf = [storage.hash, nonce, 0n].reduce((sum, next) => BigInt(pedersen(sum, next)), classHash);
const contracts = edge(BigInt(address), leaf);
const root = poseidonHashMany([BigInt(shortString("STARKNET_STATE_V0")), contracts.hash, 0n]);
const stateRoot = asRoot(feltBytes(feltOf(root)));

const leafData = { nonce: feltOf(nonce), class_hash: feltOf(classHash), storage_root: feltOf(storage.hash) };
const answer = {
  classes_proof: [],
  contracts_proof: { nodes: contracts.nodes, contract_leaves_data: [leafData] },
  contracts_storage_proofs: [storage.nodes],
  global_roots: { contracts_tree_root: feltOf(contracts.hash), classes_tree_root: "0x0", block_hash: "0x1" },
};
const nothing = { nonce: "0x0", class_hash: "0x0", storage_root: "0x0" };

describe("a starknet_getStorageProof answer", () => {
  test("is asked for as Starknet's RPC has it", () => {
    expect(storageProofParams(7, address, ["0x1"])).toEqual([
      { block_number: 7 },
      [],
      [address],
      [{ contract_address: address, storage_keys: ["0x1"] }],
    ]);
  });

  test("proves a contract and its slots, present or not", () => {
    expect(proveCairoContract(stateRoot, address, [feltOf(key), "0x1"], answer)).toEqual({
      ok: true,
      value: { exists: true, classHash: feltOf(classHash), nonce: "0x3", slots: ["0x2a", "0x0"] },
    });
  });

  test("proves that there is no contract", () => {
    const absent = { ...answer, contracts_proof: { ...answer.contracts_proof, contract_leaves_data: [nothing] } };
    expect(proveCairoContract(stateRoot, "0xb0b", [], absent)).toMatchObject({ ok: true, value: { exists: false } });
    expect(proveCairoContract(stateRoot, "0xb0b", [], answer)).toMatchObject({
      ok: false,
      error: { code: "bad_proof" },
    });
    expect(proveCairoContract(stateRoot, address, [], absent)).toMatchObject({
      ok: false,
      error: { code: "bad_proof" },
    });
  });

  test("proves nothing under another root", () => {
    const other = asRoot(stateRoot.map((byte, i) => (i === 31 ? byte ^ 1 : byte)));
    expect(proveCairoContract(other, address, [], answer)).toMatchObject({ ok: false, error: { code: "bad_proof" } });
  });

  test.each([
    ["nothing", undefined],
    ["an error", { code: 42 }],
    ["a number that is no felt", { ...answer, global_roots: { ...answer.global_roots, classes_tree_root: "0xg" } }],
    [
      "a path that is too long",
      { ...answer, classes_proof: [{ node_hash: "0x1", node: { path: "0x1", length: 252, child: "0x1" } }] },
    ],
  ])("that is malformed is refused: %s", (_, json) => {
    expect(proveCairoContract(stateRoot, address, [], json)).toMatchObject({
      ok: false,
      error: { code: "malformed_answer" },
    });
  });
});
