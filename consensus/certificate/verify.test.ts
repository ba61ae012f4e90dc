import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../../protocol/bytes.ts";
import { Certificate, signerBits, signersOf } from "../../protocol/certificate.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import { asEpoch, asRoot, asSignature, asValidatorIndex } from "../../protocol/ids.ts";
import { type SigningContext, signingRoot } from "../../protocol/signing.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import { createBlst, createSigner, generateSecretKey } from "./blst.ts";
import { createNobleVerifier } from "./noble.ts";
import { assembleCertificate, refuteCertificate, refutePossessions } from "./verify.ts";

const bls = createBlst();
const signers = Array.from({ length: 7 }, (_, i) => createSigner(generateSecretKey(new Uint8Array(32).fill(i + 1))));
const genesisRoot = asRoot(new Uint8Array(32).fill(1));

const setOf = (weights: readonly number[]): ValidatorSet => ({
  genesis: genesisRoot,
  epoch: asEpoch(3),
  members: weights.map((weight, i) => ({ publicKey: (signers[i] as (typeof signers)[0]).publicKey, weight })),
});
const context: SigningContext = {
  genesis: genesisRoot,
  kind: "finalize",
  epoch: asEpoch(3),
  slot: 17,
  revision: 0,
  root: asRoot(new Uint8Array(32).fill(2)),
};
const certify = (set: ValidatorSet, who: readonly number[]) =>
  assembleCertificate(
    bls,
    set,
    who.map((i) => ({
      signer: asValidatorIndex(i),
      signature: (signers[i] as (typeof signers)[0]).sign(signingRoot(context)),
    })),
  );

test("a certificate of a quorum holds, by blst and by noble", async () => {
  const set = setOf([1, 1, 1, 1]);
  const certificate = certify(set, [3, 0, 1]);
  expect(signersOf(certificate)).toEqual([0, 1, 3]);
  for (const verifier of [bls, createNobleVerifier()]) {
    expect(await refuteCertificate(verifier, set, context, certificate)).toBeUndefined();
  }
});

test("a quorum is more than two thirds of the weight, whoever many sign", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 7 }),
      async (members) => {
        const set = setOf(members.map(([weight]) => weight));
        const who = members.flatMap(([, signs], i) => (signs ? [i] : []));
        fc.pre(who.length > 0);
        const total = members.reduce((sum, [weight]) => sum + weight, 0);
        const signed = members.reduce((sum, [weight, signs]) => sum + (signs ? weight : 0), 0);
        const refusal = await refuteCertificate(bls, set, context, certify(set, who));
        expect(refusal?.code).toBe(signed / total > 2 / 3 + 1e-9 ? undefined : "no_quorum");
      },
    ),
  );
});

test("two thirds exactly are no quorum", async () => {
  const set = setOf([2, 2, 2]);
  expect((await refuteCertificate(bls, set, context, certify(set, [0, 1])))?.code).toBe("no_quorum");
  const heavy = setOf([2, 2, 1]);
  expect(await refuteCertificate(bls, heavy, context, certify(heavy, [0, 1]))).toBeUndefined();
});

describe("a certificate is refused", () => {
  const set = setOf([1, 1, 1, 1]);
  const certificate = certify(set, [0, 1, 2]);

  test("with any one bit flipped", async () => {
    const encoded = Certificate.encode(certificate);
    let refused = 0;
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const changed = encoded.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      let decoded: Certificate;
      try {
        decoded = Certificate.decode(changed);
      } catch {
        refused++;
        continue;
      }
      if ((await refuteCertificate(bls, set, context, decoded)) !== undefined) refused++;
    }
    expect(refused).toBe(encoded.length * 8);
  });

  test.each<[string, Partial<SigningContext>]>([
    ["network", { genesis: asRoot(new Uint8Array(32)) }],
    ["kind", { kind: "notarize" }],
    ["epoch", { epoch: asEpoch(4) }],
    ["slot", { slot: 18 }],
    ["revision", { revision: 1 }],
    ["root", { root: asRoot(new Uint8Array(32)) }],
  ])("under another %s", async (_, change) => {
    expect((await refuteCertificate(bls, set, { ...context, ...change }, certificate))?.code).toBe("signature");
  });

  test("when it claims another signer", async () => {
    const signers = signerBits([0, 1, 3].map(asValidatorIndex), 4);
    expect((await refuteCertificate(bls, set, context, { ...certificate, signers }))?.code).toBe("signature");
  });

  test.each([0, 3, 5])("with bits for %i members", async (members) => {
    const signers = signerBits(members >= 3 ? [0, 1, 2].map(asValidatorIndex) : [], members);
    expect((await refuteCertificate(bls, set, context, { ...certificate, signers }))?.code).toBe("signers");
  });

  test("by a set of the same size with another member", async () => {
    const members = set.members.map((member, i) =>
      i === 1 ? { ...member, publicKey: (signers[5] as (typeof signers)[0]).publicKey } : member,
    );
    expect((await refuteCertificate(bls, { ...set, members }, context, certificate))?.code).toBe("signature");
  });

  test("by an empty set", async () => {
    const empty = { signers: signerBits([], 0), signature: asSignature(new Uint8Array(96)) };
    expect((await refuteCertificate(bls, setOf([]), context, empty))?.code).toBe("no_quorum");
  });
});

describe("a genesis", () => {
  const genesis: Genesis = {
    salt: asRoot(new Uint8Array(32)),
    timestampMs: 0,
    epochLength: 20,
    validators: signers.slice(0, 4).map((signer) => ({
      publicKey: signer.publicKey,
      weight: 1,
      possession: signer.provePossession(),
    })),
    deposits: [],
    tenants: [],
  };
  const [first, second] = genesis.validators as [Genesis["validators"][0], Genesis["validators"][0]];

  test("whose validators prove their keys is taken", async () => {
    expect(await refutePossessions(bls, genesis)).toBeUndefined();
  });

  test("with a proof of another key is refused", async () => {
    const validators = [first, { ...second, possession: first.possession }];
    const refusal = await refutePossessions(bls, { ...genesis, validators });
    expect(refusal).toMatchObject({ code: "possession", validator: 1, key: toHex(second.publicKey) });
  });

  test("that names a key twice is refused", async () => {
    const refusal = await refutePossessions(bls, { ...genesis, validators: [first, second, first] });
    expect(refusal).toMatchObject({ code: "duplicate_key", validator: 2 });
  });
});
