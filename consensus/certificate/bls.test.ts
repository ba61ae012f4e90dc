import { bls12_381 } from "@noble/curves/bls12-381.js";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { asPublicKey, asSignature, type PublicKey, type Signature } from "../../protocol/ids.ts";
import { possessionMessage, signatureDst } from "../../protocol/signing.ts";
import type { BlsVerifier } from "./bls.ts";
import { createBlst, createSigner, generateSecretKey } from "./blst.ts";
import { createNobleVerifier } from "./noble.ts";
import { createBlsPool } from "./pool.ts";

const { longSignatures, G1, G2, fields } = bls12_381;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const signerFrom = (seed: Uint8Array) => createSigner(generateSecretKey(seed));
const signerOf = (index: number) => signerFrom(new Uint8Array(32).fill(index + 1));
const message = new Uint8Array(32).fill(7);
const flipped = (whole: Uint8Array, bit: number) =>
  Uint8Array.from(whole, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

const blst = createBlst();
const pool = createBlsPool({ threads: 1 });
afterAll(() => pool.close());

const verifiers: Record<string, BlsVerifier> = { blst, noble: createNobleVerifier(), pool };
/** The one answer that every implementation gives. */
const unanimous = async (ask: (verifier: BlsVerifier) => Promise<boolean>): Promise<boolean> => {
  const answers = await Promise.all(Object.values(verifiers).map(ask));
  expect(new Set(answers).size, JSON.stringify(answers)).toBe(1);
  return answers[0] as boolean;
};

const infinityKey = asPublicKey(Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0)));
const infinitySignature = asSignature(Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0)));

/** Points of the curves that lie outside the groups of prime order. */
const strayKey = (): PublicKey => {
  const { Fp } = fields;
  for (let x = 1n; ; x++) {
    const right = Fp.add(Fp.pow(x, 3n), 4n);
    const encoded = asPublicKey(Fp.toBytes(x));
    encoded[0] = (encoded[0] as number) | 0x80;
    if (Fp.eql(Fp.pow(right, (Fp.ORDER - 1n) / 2n), 1n)) return encoded;
  }
};
const straySignature = (): Signature => {
  const { Fp, Fp2 } = fields;
  for (let x = 1n; ; x++) {
    const at = Fp2.create({ c0: x, c1: 0n });
    const right = Fp2.add(Fp2.mul(Fp2.sqr(at), at), Fp2.create({ c0: 4n, c1: 4n }));
    const encoded = asSignature(new Uint8Array(96));
    encoded.set(Fp.toBytes(x), 48);
    encoded[0] = 0x80;
    try {
      Fp2.sqrt(right);
    } catch {
      continue;
    }
    return encoded;
  }
};

test("blst signs what noble signs, with the same public keys", () => {
  fc.assert(
    fc.property(bytes(32), fc.uint8Array({ maxLength: 100 }), (seed, text) => {
      const secret = generateSecretKey(seed);
      const signer = createSigner(secret);
      const byNoble = longSignatures.sign(longSignatures.hash(text, signatureDst), secret);
      expect(signer.publicKey).toEqual(longSignatures.getPublicKey(secret).toBytes(true));
      expect(signer.sign(text)).toEqual(byNoble.toBytes(true));
      expect(signer.provePossession()).toEqual(signer.sign(possessionMessage(signer.publicKey)));
    }),
    { numRuns: 10 },
  );
});

test("all implementations accept what was signed, alone and aggregated, and refuse any other message or key", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(bytes(32), { minLength: 2, maxLength: 5, selector: String }),
      bytes(32),
      bytes(32),
      async (seeds, text, other) => {
        fc.pre(String(text) !== String(other));
        const signers = seeds.map(signerFrom);
        const [first, second] = signers as [(typeof signers)[0], (typeof signers)[0]];
        const keys = signers.map(({ publicKey }) => publicKey);
        const sum = blst.aggregate(signers.map((signer) => signer.sign(text)));
        expect(await unanimous((v) => v.verify(first.publicKey, text, first.sign(text)))).toBe(true);
        expect(await unanimous((v) => v.verify(first.publicKey, other, first.sign(text)))).toBe(false);
        expect(await unanimous((v) => v.verify(second.publicKey, text, first.sign(text)))).toBe(false);
        expect(await unanimous((v) => v.verifyAggregate(keys, text, sum))).toBe(true);
        expect(await unanimous((v) => v.verifyAggregate(keys, other, sum))).toBe(false);
        expect(await unanimous((v) => v.verifyAggregate(keys.slice(1), text, sum))).toBe(false);
        expect(await unanimous((v) => v.verifyAggregate([...keys, first.publicKey], text, sum))).toBe(false);
        expect(await unanimous((v) => v.verifyPossession(first.publicKey, first.provePossession()))).toBe(true);
        expect(await unanimous((v) => v.verifyPossession(second.publicKey, first.provePossession()))).toBe(false);
        expect(await unanimous((v) => v.verifyPossession(first.publicKey, first.sign(text)))).toBe(false);
      },
    ),
    { numRuns: 5 },
  );
}, 60_000);

describe("all implementations refuse, without throwing,", () => {
  const signer = signerOf(0);
  const signature = signer.sign(message);

  test.each<[string, PublicKey, Signature]>([
    ["a signature of infinity", signer.publicKey, infinitySignature],
    ["a key of infinity", infinityKey, signature],
    ["key and signature of infinity", infinityKey, infinitySignature],
    ["a signature outside the group", signer.publicKey, straySignature()],
    ["a key outside the group", strayKey(), signature],
    ["a key that is too short", asPublicKey(signer.publicKey.subarray(1)), signature],
    ["a key that is not compressed", asPublicKey(G1.Point.fromBytes(signer.publicKey).toBytes(false)), signature],
    ["a signature that is too long", signer.publicKey, asSignature(new Uint8Array(97))],
    ["a signature that is not compressed", signer.publicKey, asSignature(G2.Point.fromBytes(signature).toBytes(false))],
    ["empty bytes", asPublicKey(new Uint8Array()), asSignature(new Uint8Array())],
    ["zeros", asPublicKey(new Uint8Array(48)), asSignature(new Uint8Array(96))],
    [
      "an x coordinate above the field",
      asPublicKey(new Uint8Array(48).fill(0xff)),
      asSignature(new Uint8Array(96).fill(0xff)),
    ],
  ])("%s", async (_, key, given) => {
    expect(await unanimous((v) => v.verify(key, message, given))).toBe(false);
    expect(await unanimous((v) => v.verifyAggregate([signer.publicKey, key], message, given))).toBe(false);
    expect(await unanimous((v) => v.verifyPossession(key, given))).toBe(false);
  });

  test("no keys at all", async () => {
    expect(await unanimous((v) => v.verifyAggregate([], message, signature))).toBe(false);
    expect(await unanimous((v) => v.verifyAggregate([], message, infinitySignature))).toBe(false);
  });

  test("keys that cancel out", async () => {
    const negated = asPublicKey(G1.Point.fromBytes(signer.publicKey).negate().toBytes(true));
    const keys = [signer.publicKey, negated];
    expect(await unanimous((v) => v.verifyAggregate(keys, message, infinitySignature))).toBe(false);
    expect(await unanimous((v) => v.verifyAggregate(keys, message, signature))).toBe(false);
  });

  test("random bytes and flipped bits", async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes(48),
        bytes(96),
        fc.nat(48 * 8 - 1),
        fc.nat(96 * 8 - 1),
        async (key, given, keyBit, bit) => {
          expect(await unanimous((v) => v.verify(asPublicKey(key), message, signature))).toBe(false);
          expect(await unanimous((v) => v.verify(signer.publicKey, message, asSignature(given)))).toBe(false);
          const otherKey = asPublicKey(flipped(signer.publicKey, keyBit));
          expect(await unanimous((v) => v.verify(otherKey, message, signature))).toBe(false);
          const otherSignature = asSignature(flipped(signature, bit));
          expect(await unanimous((v) => v.verify(signer.publicKey, message, otherSignature))).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
  }, 60_000);
});

test("a rogue key forges an aggregate, and can't prove possession", async () => {
  const victim = signerOf(0);
  const attackerSecret = generateSecretKey(new Uint8Array(32).fill(99));
  const attacker = createSigner(attackerSecret);
  const rogueKey = asPublicKey(
    G1.Point.fromBytes(attacker.publicKey).subtract(G1.Point.fromBytes(victim.publicKey)).toBytes(true),
  );
  const forged = attacker.sign(message);
  expect(await unanimous((v) => v.verifyAggregate([victim.publicKey, rogueKey], message, forged))).toBe(true);

  const attempts = [
    attacker.provePossession(),
    attacker.sign(possessionMessage(rogueKey)),
    victim.provePossession(),
    asSignature(
      G2.Point.fromBytes(attacker.sign(possessionMessage(rogueKey)))
        .subtract(G2.Point.fromBytes(victim.provePossession()))
        .toBytes(true),
    ),
  ];
  for (const attempt of attempts) {
    expect(await unanimous((v) => v.verifyPossession(rogueKey, attempt))).toBe(false);
  }
});

test("signatures that are no points of the group are not aggregated", () => {
  const good = signerOf(0).sign(message);
  for (const bad of [
    infinitySignature,
    straySignature(),
    asSignature(new Uint8Array(96)),
    asSignature(new Uint8Array(3)),
  ]) {
    expect(() => blst.aggregate([good, bad])).toThrow(expect.objectContaining({ code: "bad_signature" }));
  }
  expect(() => blst.aggregate([])).toThrow(expect.objectContaining({ code: "bad_signature" }));
});

test("a secret key out of range is refused", () => {
  for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(31).fill(1)]) {
    expect(() => createSigner(bad)).toThrow(expect.objectContaining({ code: "bad_secret_key" }));
  }
});
