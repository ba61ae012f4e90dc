import { createMerkleProof, createMPT } from "@ethereumjs/mpt";
import { keccak_256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import type { SealedHead } from "../adapter.ts";
import { runBlock } from "../complianceChain.ts";
import { evmAdapter } from "./adapter.ts";
import { emptyTrieRoot, proveInTrie } from "./mpt.ts";
import { verifyProof } from "./proof.ts";
import { type EvmProof, readEvm } from "./reads.ts";
import { encodeRlp, type Rlp } from "./rlp.ts";
import { alice, budget, buildEngine, config, counter, domain, encodeConfig, erin, sign } from "./testChain.ts";

const slot = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;

const flipped = (bytes: Uint8Array, at: number, mask: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ mask : byte));

describe("a trie proof", () => {
  const tries = fc.uniqueArray(
    fc.tuple(fc.uint8Array({ minLength: 3, maxLength: 3 }), fc.uint8Array({ minLength: 1, maxLength: 40 })),
    {
      selector: ([key]) => toHex(key).slice(0, 6),
      maxLength: 30,
    },
  );

  const build = async (entries: readonly (readonly [Uint8Array, Uint8Array])[], key: Uint8Array) => {
    const trie = await createMPT();
    for (const [at, value] of entries) await trie.put(at, value);
    const nodes = await createMerkleProof(trie, key);
    const value = await trie.get(key);
    // That library also lists nodes that stand inside their parents.
    return { root: trie.root(), value, proof: nodes.filter((node, i) => i === 0 || node.length >= 32) };
  };

  it("shows what another implementation's trie has under a key, or that it has nothing", async () => {
    await fc.assert(
      fc.asyncProperty(tries, fc.uint8Array({ minLength: 3, maxLength: 3 }), fc.nat(), async (entries, other, pick) => {
        for (const key of [other, entries[pick % (entries.length || 1)]?.[0] ?? other]) {
          const { root, value, proof } = await build(entries, key);
          expect(proveInTrie(root, key, proof)).toEqual({ ok: true, value: value ?? undefined });
        }
      }),
    );
  });

  it("holds with every byte as it is and no other", async () => {
    await fc.assert(
      fc.asyncProperty(tries, fc.nat(), fc.integer({ min: 1, max: 255 }), async (entries, pick, mask) => {
        const key = entries[pick % (entries.length || 1)]?.[0] ?? Uint8Array.of(1, 2, 3);
        const { root, proof } = await build(entries, key);
        proof.forEach((node, depth) => {
          for (let at = 0; at < node.length; at++) {
            const changed = proof.map((each, i) => (i === depth ? flipped(each, at, mask) : each));
            expect(proveInTrie(root, key, changed).ok).toBe(false);
          }
        });
        expect(proveInTrie(flipped(root, pick % 32, mask), key, proof).ok).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it("has every node and no others", async () => {
    const entries = Array.from({ length: 50 }, (_, i) => [Uint8Array.of(i, i, i), new Uint8Array(40).fill(i)] as const);
    const key = Uint8Array.of(7, 7, 7);
    const { root, proof } = await build(entries, key);
    expect(proof.length).toBeGreaterThan(1);
    expect(proveInTrie(root, key, proof).ok).toBe(true);
    expect(proveInTrie(root, key, proof.slice(0, -1)).ok).toBe(false);
    expect(proveInTrie(root, key, proof.slice(1)).ok).toBe(false);
    expect(proveInTrie(root, key, [...proof, proof[0] ?? root]).ok).toBe(false);
  });

  it("has its paths in the one encoding, and means whole keys", () => {
    const prove = (node: Rlp, key: Uint8Array) => proveInTrie(keccak_256(encodeRlp(node)), key, [encodeRlp(node)]);
    const value = new Uint8Array(40).fill(1);
    const key = Uint8Array.of(0x12);
    const leaf = (...path: number[]): Rlp => [Uint8Array.from(path), value];
    expect(prove(leaf(0x20, 0x12), key)).toEqual({ ok: true, value });
    expect(prove(leaf(0x31), Uint8Array.of(0x12))).toEqual({ ok: true, value: undefined });
    expect(prove(leaf(0x20, 0x12, 0x34), key)).toEqual({ ok: true, value: undefined });
    for (const malformed of [
      leaf(0x2f, 0x12),
      leaf(0x40, 0x12),
      leaf(),
      [Uint8Array.of(0x20, 0x12), new Uint8Array(0)],
    ]) {
      expect(prove(malformed, key).ok).toBe(false);
    }
    const extension = (child: Rlp): Rlp => [Uint8Array.of(0x11), child];
    for (const child of [value, new Uint8Array(0), leaf(0x32), [leaf(0x32)]]) {
      expect(prove(extension(child), key).ok).toBe(false);
    }
    const short = Uint8Array.of(7);
    expect(prove(extension([Uint8Array.of(0x32), short]), key)).toEqual({ ok: true, value: short });
    expect(prove([Uint8Array.of(0x00), [Uint8Array.of(0x20, 0x12), short]], key).ok).toBe(false);
  });

  it("needs no node where the trie is empty, and only there", () => {
    const key = Uint8Array.of(1);
    expect(proveInTrie(emptyTrieRoot, key, [])).toEqual({ ok: true, value: undefined });
    expect(proveInTrie(emptyTrieRoot, key, [Uint8Array.of(0x80)])).toEqual({ ok: true, value: undefined });
    expect(proveInTrie(flipped(emptyTrieRoot, 0, 1), key, []).ok).toBe(false);
  });
});

describe("a proof of an account and its storage", () => {
  let head: SealedHead;
  const proofs = new Map<string, EvmProof>();
  const proofOf = (address: string): EvmProof => {
    const proof = proofs.get(address);
    if (proof === undefined) throw new Error(`no proof of ${address}`);
    return proof;
  };

  beforeAll(async () => {
    await buildEngine();
    const { executor, genesis } = await evmAdapter.open({ domain, config: encodeConfig(config), budget });
    if (genesis === undefined) throw new Error("no genesis");
    const call = await sign(alice, { nonce: 0, to: counter });
    const { seal } = await runBlock(evmAdapter, executor, 1, genesis.blockHash, [call]);
    head = seal;
    for (const address of [alice.address, counter, erin.address]) {
      const answer = await readEvm(executor.read, {
        kind: "prove",
        number: 1,
        address,
        slots: [slot(0), slot(5), slot(9)],
      });
      if (!answer.ok) throw new Error(answer.error.message);
      proofs.set(address, answer.value);
    }
    await executor.close();
  }, 900_000);

  it("shows balances, nonces, code and slots, those that are zero among them", () => {
    expect(verifyProof(head.stateRoot, proofOf(alice.address))).toMatchObject({
      ok: true,
      value: { exists: true, account: { nonce: 1n } },
    });
    expect(verifyProof(head.stateRoot, proofOf(counter))).toMatchObject({ ok: true, value: { exists: true } });
    expect(proofOf(counter).storageProof.map(({ value }) => value)).toEqual([1n, 42n, 0n]);
    expect(proofOf(alice.address).storageProof.map(({ proof }) => proof)).toEqual([[], [], []]);
  });

  it("shows that there is no account", () => {
    expect(verifyProof(head.stateRoot, proofOf(erin.address))).toMatchObject({ ok: true, value: { exists: false } });
    const claimed = { ...proofOf(erin.address), balance: 1n };
    expect(verifyProof(head.stateRoot, claimed)).toMatchObject({ ok: false, error: { code: "refuted" } });
  });

  it("shows nothing under another root", () => {
    for (const proof of proofs.values()) {
      expect(verifyProof(flipped(head.stateRoot, 3, 1), proof)).toMatchObject({
        ok: false,
        error: { code: "bad_proof" },
      });
    }
  });

  it("refutes every claim that is another", () => {
    const proof = proofOf(counter);
    const other = proofOf(alice.address);
    const lies: Partial<EvmProof>[] = [
      { nonce: proof.nonce + 1 },
      { balance: proof.balance + 1n },
      { codeHash: other.codeHash },
      { storageHash: other.storageHash },
      { storageProof: proof.storageProof.map((entry) => ({ ...entry, value: entry.value + 1n })) },
    ];
    for (const lie of lies) {
      expect(verifyProof(head.stateRoot, { ...proof, ...lie })).toMatchObject({
        ok: false,
        error: { code: "refuted" },
      });
    }
    expect(verifyProof(head.stateRoot, { ...proof, address: alice.address }).ok).toBe(false);
    const moved = proof.storageProof.map((entry) => ({ ...entry, key: slot(1) }));
    expect(verifyProof(head.stateRoot, { ...proof, storageProof: moved }).ok).toBe(false);
  });

  it("refuses every flipped byte of every node", () => {
    const flips = (nodes: Hex[]): Hex[][] =>
      nodes.flatMap((node, depth) => {
        const bytes = fromHex(node) ?? new Uint8Array(0);
        return Array.from(bytes, (_, at) =>
          nodes.map((each, i) => (i === depth ? toHex(flipped(bytes, at, 0x10)) : each)),
        );
      });
    let tried = 0;
    for (const proof of proofs.values()) {
      const changed = [
        ...flips(proof.accountProof).map((accountProof) => ({ ...proof, accountProof })),
        ...proof.storageProof.flatMap((entry) =>
          flips(entry.proof).map((nodes) => ({ ...proof, storageProof: [{ ...entry, proof: nodes }] })),
        ),
      ];
      for (const each of changed) {
        expect(verifyProof(head.stateRoot, each)).toMatchObject({ ok: false, error: { code: "bad_proof" } });
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(500);
  });

  it("answers what is not even hexadecimal with a refusal", () => {
    const proof = proofOf(counter);
    expect(verifyProof(head.stateRoot, { ...proof, address: "0x12" }).ok).toBe(false);
    expect(verifyProof(head.stateRoot, { ...proof, accountProof: ["0xzz" as Hex] }).ok).toBe(false);
  });
});
