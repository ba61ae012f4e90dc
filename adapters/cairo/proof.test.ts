import { pedersen, poseidonHash, poseidonHashMany } from "@scure/starknet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import { asRoot } from "../../protocol/ids.ts";
import type { Executor, Seal } from "../adapter.ts";
import { createStore, runBlock, type Store } from "../complianceChain.ts";
import { cairoAdapter } from "./adapter.ts";
import { contract } from "./contracts/classes.ts";
import { selectorOf } from "./contracts/classHash.ts";
import { feltBytes, feltFromBytes, shortString } from "./felt.ts";
import { strkAddress } from "./genesis.ts";
import { StorageProof, verifyClass, verifyContract } from "./proof.ts";
import { readCairo } from "./reads.ts";
import { alice, bob, budget, buildEngine, config, domain, encodeConfig, erin, invoke, strk } from "./testChain.ts";
import { balanceOf, balanceSlots } from "./token.ts";

let executor: Executor;
let head: Seal;
let store: Store;

beforeAll(async () => {
  await buildEngine();
  const opened = await cairoAdapter.open({ domain, config: encodeConfig(config), budget });
  if (opened.genesis === undefined) throw new Error("no genesis");
  executor = opened.executor;
  store = createStore();
  store.save(opened.genesis);
  const pay = { to: strkAddress, entrypoint: "transfer", calldata: [bob.address, 12n, 0] };
  const { bytes } = invoke(alice, { nonce: 0 }, pay);
  head = (await runBlock(cairoAdapter, executor, 1, opened.genesis.blockHash, [bytes])).seal;
  store.save(head);
}, 900_000);

afterAll(() => executor.close());

const prove = async (address: Hex, keys: Hex[], classHashes: Hex[] = []): Promise<StorageProof> => {
  const request = { classHashes, addresses: [address], slots: [{ address, keys }] };
  const answer = await readCairo(executor.read, { kind: "prove", number: head.number, ...request });
  if (!answer.ok) throw new Error(answer.error.message);
  return StorageProof.parse(answer.value);
};

const { classHash } = contract("account");

describe("a storage proof", () => {
  it("shows a contract with its class, nonce and slots", async () => {
    const keys = [selectorOf("Account_public_key"), "0x5" as Hex];
    const verified = verifyContract(head.stateRoot, await prove(alice.address, keys), alice.address, keys);
    expect(verified).toEqual({
      ok: true,
      value: { exists: true, classHash, nonce: "0x1", slots: [alice.publicKey, "0x0"] },
    });
  });

  it("shows what an account has", async () => {
    const slots = balanceSlots(bob.address);
    const verified = verifyContract(head.stateRoot, await prove(strkAddress, slots), strkAddress, slots);
    expect(verified.ok && balanceOf(verified.value.slots)).toBe(1000n * strk + 12n);
  });

  it("shows that there is no contract", async () => {
    const verified = verifyContract(head.stateRoot, await prove(erin.address, ["0x1"]), erin.address, ["0x1"]);
    expect(verified).toEqual({ ok: true, value: { exists: false, classHash: "0x0", nonce: "0x0", slots: ["0x0"] } });
  });

  it("shows whether a class is declared, and what it is compiled to", async () => {
    const diff = await readCairo(executor.read, { kind: "stateDiff", number: 0 });
    if (!diff.ok) throw new Error(diff.error.message);
    const compiled = diff.value.declared_classes.find(
      ({ class_hash }) => class_hash === classHash,
    )?.compiled_class_hash;
    if (compiled === undefined) throw new Error("not declared");
    const present = await prove(alice.address, [], [classHash]);
    expect(verifyClass(head.stateRoot, present, classHash, compiled)).toEqual({ ok: true, value: { declared: true } });
    expect(verifyClass(head.stateRoot, present, classHash, "0x7")).toMatchObject({ error: { code: "bad_proof" } });
    const absent = await prove(alice.address, [], ["0x77"]);
    expect(verifyClass(head.stateRoot, absent, "0x77", compiled)).toEqual({ ok: true, value: { declared: false } });
  });

  it("holds under no other root, and for no other contract or slot", async () => {
    const keys = [selectorOf("Account_public_key")];
    const proof = await prove(alice.address, keys);
    const refused = { ok: false, error: { code: "bad_proof" } };
    const other = asRoot(head.stateRoot.map((byte, i) => (i === 20 ? byte ^ 1 : byte)));
    expect(verifyContract(other, proof, alice.address, keys)).toMatchObject(refused);
    expect(verifyContract(head.stateRoot, proof, bob.address, keys)).toMatchObject(refused);
    const absent = verifyContract(head.stateRoot, proof, alice.address, ["0x0"]);
    if (absent.ok) expect(absent.value.slots).toEqual(["0x0"]);
  });

  it("is refuted when any of its numbers changes", async () => {
    const keys = [selectorOf("ERC20_name"), selectorOf("nothing")];
    const proof = await prove(strkAddress, keys, []);
    const valid = verifyContract(head.stateRoot, proof, strkAddress, keys);
    expect(valid.ok).toBe(true);
    const text = JSON.stringify({ ...proof, global_roots: { ...proof.global_roots, block_hash: "0x0" } });
    const numbers = [...text.matchAll(/"0x([0-9a-f]+)"/g)].filter(([, digits]) => digits !== "0");
    expect(numbers.length).toBeGreaterThan(20);
    for (const { 1: digits = "", index } of numbers) {
      const flipped = (Number.parseInt(digits.slice(-1), 16) ^ 1).toString(16);
      const at = index + 2 + digits.length;
      const changed = StorageProof.parse(JSON.parse(`${text.slice(0, at)}${flipped}${text.slice(at + 1)}`));
      expect(verifyContract(head.stateRoot, changed, strkAddress, keys)).toMatchObject({ ok: false });
    }
  });
});

/** Starknet's tries written down once more, in the plainest way: all leaves at once, from the top. */
const rootOf = (leaves: ReadonlyMap<bigint, bigint>, hash: (a: bigint, b: bigint) => bigint): bigint => {
  const below = (keys: readonly bigint[], depth: number): bigint => {
    const [first = 0n] = keys;
    if (depth === 251) return leaves.get(first) ?? 0n;
    const bit = (key: bigint, at: number) => (key >> BigInt(250 - at)) & 1n;
    let fork = depth;
    while (fork < 251 && keys.every((key) => bit(key, fork) === bit(first, fork))) fork++;
    if (fork > depth) {
      const length = BigInt(fork - depth);
      const path = (first >> BigInt(251 - fork)) & ((1n << length) - 1n);
      return hash(below(keys, fork), path) + length;
    }
    const [left, right] = [0n, 1n].map((side) => keys.filter((key) => bit(key, depth) === side));
    return hash(below(left ?? [], depth + 1), below(right ?? [], depth + 1));
  };
  return leaves.size === 0 ? 0n : below([...leaves.keys()], 0);
};

const prime = 2n ** 251n + 17n * 2n ** 192n + 1n;
const pedersenHash = (a: bigint, b: bigint) => BigInt(pedersen(a % prime, b % prime));

describe("the state root", () => {
  it("is that of the flat state, computed without the engine", async () => {
    const number = (bytes: Uint8Array) => BigInt(feltFromBytes(bytes));
    const contracts = new Map<bigint, { classHash: bigint; nonce: bigint; slots: Map<bigint, bigint> }>();
    const contractAt = (address: bigint) => {
      const found = contracts.get(address) ?? { classHash: 0n, nonce: 0n, slots: new Map() };
      contracts.set(address, found);
      return found;
    };
    const classes = new Map<bigint, bigint>();
    const classTag = BigInt(shortString("CONTRACT_CLASS_LEAF_V0"));
    const source = store.source();
    if (source === undefined) throw new Error("nothing is stored");
    for await (const [key, value] of source.state()) {
      const rest = key.subarray(1);
      if (key[0] === 0x61) {
        const found = contractAt(number(rest));
        [found.classHash, found.nonce] = [number(value.subarray(0, 32)), number(value.subarray(32))];
      } else if (key[0] === 0x73)
        contractAt(number(rest.subarray(0, 32))).slots.set(number(rest.subarray(32)), number(value));
      else if (key[0] === 0x63) classes.set(number(rest), poseidonHash(classTag, number(value.subarray(0, 32))));
    }
    const leaves = [...contracts].map(([address, { classHash, nonce, slots }]) => {
      const storage = rootOf(slots, pedersenHash);
      return [address, pedersenHash(pedersenHash(pedersenHash(classHash, storage), nonce), 0n)] as const;
    });
    const tag = BigInt(shortString("STARKNET_STATE_V0"));
    const roots = [
      rootOf(new Map(leaves), pedersenHash),
      rootOf(classes, (a, b) => poseidonHash(a % prime, b % prime)),
    ];
    const root = poseidonHashMany([tag, ...roots.map((each) => each % prime)]);
    expect(feltBytes(`0x${root.toString(16)}`)).toEqual(head.stateRoot);
  });
});
