import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeAccount, rentExempt, type SvmAccount } from "./account.ts";
import type { KeyedAccount } from "./engine.ts";
import { type SvmProof, verifyAccount } from "./proof.ts";
import { buildTree } from "./state.ts";
import { buildEngine } from "./testChain.ts";
import { bufferOf, loadTreeModule, type SvmTree } from "./tree.ts";

const accountOf = (index: number): SvmAccount => ({
  lamports: BigInt(index + 1),
  data: new Uint8Array(index % 7).fill(index),
  owner: new Uint8Array(32).fill(index % 3),
  executable: index % 2 === 0,
  rentEpoch: rentExempt,
});
const keyOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1, 0, 1 + (index % 32)).fill(index, 16);
const stored: KeyedAccount[] = Array.from({ length: 60 }, (_, i) => ({ key: keyOf(i), account: accountOf(i) }));
const absent = Array.from({ length: 60 }, (_, i) => keyOf(i + 100));

let tree: SvmTree;
let root: Uint8Array;
beforeAll(async () => {
  await buildEngine();
  tree = buildTree(await loadTreeModule(), 0, stored);
  root = Uint8Array.from(tree.root(0));
}, 900_000);

const proofOf = (key: Uint8Array): SvmProof => {
  const { siblings, other } = tree.prove(0, bufferOf(key));
  const account = stored.find((each) => bufferOf(each.key).equals(key))?.account;
  const [path, value] = other ?? [];
  return {
    ...(account === undefined ? {} : { account: encodeAccount(account) }),
    siblings: siblings.map((hash) => Uint8Array.from(hash)),
    ...(path === undefined || value === undefined
      ? {}
      : { other: { path: Uint8Array.from(path), value: Uint8Array.from(value) } }),
  };
};

describe("a proof of an account", () => {
  it("shows what is there, and that nothing else is", () => {
    for (const { key, account } of stored) {
      expect(verifyAccount(root, key, proofOf(key))).toEqual({ ok: true, value: account });
    }
    for (const key of absent) expect(verifyAccount(root, key, proofOf(key))).toEqual({ ok: true, value: undefined });
  });

  it("proves nothing about another account, or under another root", () => {
    const [first, second] = stored as [KeyedAccount, KeyedAccount];
    const proof = proofOf(first.key);
    expect(verifyAccount(root, second.key, proof).ok).toBe(false);
    expect(verifyAccount(root.toReversed(), first.key, proof).ok).toBe(false);
    const { account: _, ...without } = proof;
    expect(verifyAccount(root, first.key, without).ok).toBe(false);
    expect(verifyAccount(root, first.key, { ...proof, other: { path: root, value: root } }).ok).toBe(false);
    const missing = proofOf(absent[0] as Uint8Array);
    expect(verifyAccount(root, first.key, missing).ok).toBe(false);
  });

  it("does not hold with any byte changed", () => {
    const keys = [...stored.map(({ key }) => key), ...absent];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), fc.integer({ min: 1, max: 255 }), (key, place, change) => {
        const proof = proofOf(key);
        const parts = [
          ...(proof.account ? [proof.account] : []),
          ...proof.siblings,
          ...Object.values(proof.other ?? {}),
        ];
        const part = parts[place % parts.length];
        if (part === undefined) return;
        const at = place % part.length;
        part[at] = (part[at] as number) ^ change;
        expect(verifyAccount(root, key, proof).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
