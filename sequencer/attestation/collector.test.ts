import { describe, expect, it } from "vitest";
import { createBlst, createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { refuteCertificate } from "../../consensus/certificate/verify.ts";
import { createWorld } from "../../consensus/simulator/world.ts";
import { signersOf } from "../../protocol/certificate.ts";
import type { Certified } from "../../protocol/header.ts";
import { asEpoch, asHeight, asRevision, asRoot, asValidatorIndex } from "../../protocol/ids.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import {
  attestationContext,
  createAttestationCollector,
  type Disagreement,
  encodeAttestationMessage,
} from "./collector.ts";

const genesis = asRoot(new Uint8Array(32).fill(7));
const root = (byte: number) => asRoot(new Uint8Array(32).fill(byte));

/** Collectors of four validators that hear each other. */
const setUp = (seed: number, link = {}) => {
  const world = createWorld({ seed, nodes: 4, link });
  const signers = [0, 1, 2, 3].map(() => createSigner(generateSecretKey(world.random.bytes(32))));
  const set: ValidatorSet = {
    genesis,
    epoch: asEpoch(0),
    members: signers.map(({ publicKey }) => ({ publicKey, weight: 1 })),
  };
  const bls = createBlst();
  const certificates: Certified[][] = [[], [], [], []];
  const disagreements: Disagreement[][] = [[], [], [], []];
  const collectors = signers.map((signer, index) => {
    const self = asValidatorIndex(index);
    world.restart(self, async () => {});
    return createAttestationCollector({
      genesis,
      epochLength: 100,
      self,
      signer,
      bls,
      network: world.network(self),
      runtime: world.runtime(self),
      validatorsOf: () => set,
      revisionAt: () => asRevision(0),
      newest: undefined,
      onCertificate: (certified) => certificates[index]?.push(certified),
      onDisagreement: (disagreement) => disagreements[index]?.push(disagreement),
      cannot: { receive: () => {}, attested: () => {} },
      fatal: (error) => {
        throw error;
      },
    });
  });
  const attest = (index: number, height: number, summary = root(1)): void => {
    const collector = collectors[index];
    collector?.announce(
      collector.attest({ epoch: asEpoch(0), height: asHeight(height), revision: asRevision(0), root: summary }),
    );
  };
  return { world, set, bls, collectors, certificates, disagreements, attest, signers };
};

describe("attestations", () => {
  it("become a certificate at every validator once three of four signed the same summary", async () => {
    const { world, set, bls, collectors, certificates, attest } = setUp(1);
    attest(0, 1);
    attest(1, 1);
    await world.run(500);
    expect(certificates).toEqual([[], [], [], []]);
    attest(2, 1);
    await world.run(() => collectors.every((collector) => collector.newest()?.height === 1));
    for (const [certified] of certificates) {
      const context = attestationContext(genesis, { ...(certified as Certified), epoch: asEpoch(0) });
      expect(await refuteCertificate(bls, set, context, (certified as Certified).certificate)).toBeUndefined();
    }
  });

  it("to different summaries don't add up", async () => {
    const { world, collectors, attest } = setUp(2);
    attest(0, 1, root(1));
    attest(1, 1, root(1));
    attest(2, 1, root(2));
    attest(3, 1, root(2));
    await world.run(3_000);
    expect(collectors.map((collector) => collector.newest())).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("arrive in the end over links that lose half of all messages", async () => {
    const { world, collectors, attest } = setUp(3, { loss: 0.5 });
    for (const index of [0, 1, 2, 3]) attest(index, 1);
    await world.run(() => collectors.every((collector) => collector.newest()?.height === 1));
  });

  it("that are forged count for nothing and against their sender", async () => {
    const { world, collectors, certificates, attest, signers } = setUp(4);
    const forged = (collectors[3] as (typeof collectors)[number]).attest({
      epoch: asEpoch(0),
      height: asHeight(1),
      revision: asRevision(0),
      root: root(1),
    });
    const garbled = { ...forged, signature: (signers[3] as (typeof signers)[number]).sign(root(9)) };
    world.network(asValidatorIndex(3)).broadcast("attestation", encodeAttestationMessage(garbled));
    await world.run(100);
    attest(0, 1);
    attest(1, 1);
    await world.run(500);
    expect(certificates[0]).toEqual([]);
    attest(2, 1);
    await world.run(() => collectors.slice(0, 3).every((collector) => collector.newest()?.height === 1));
    for (const [certified] of certificates.slice(0, 3)) {
      expect(signersOf((certified as Certified).certificate)).toEqual([0, 1, 2]);
    }
    expect(world.penalties.some(({ peer }) => peer === 3)).toBe(true);
  });

  it("in another validator's name are refused", async () => {
    const { world, collectors } = setUp(5);
    const own = (collectors[1] as (typeof collectors)[number]).attest({
      epoch: asEpoch(0),
      height: asHeight(1),
      revision: asRevision(0),
      root: root(1),
    });
    world.network(asValidatorIndex(2)).send(asValidatorIndex(0), "attestation", encodeAttestationMessage(own));
    await world.run(200);
    expect(world.penalties).toMatchObject([{ by: 0, peer: 2 }]);
  });

  it("tell a validator that two thirds reached another result than its own", async () => {
    const { world, collectors, disagreements, attest } = setUp(6);
    attest(3, 1, root(2));
    for (const index of [0, 1, 2]) attest(index, 1, root(1));
    await world.run(() => collectors[3]?.newest()?.height === 1);
    const disagreement = { height: 1, own: root(2), certified: root(1) };
    expect(disagreements).toEqual([[], [], [], [disagreement]]);
    for (const index of [0, 1, 2]) attest(index, 2, root(1));
    await world.run(500);
    expect(disagreements[3]).toEqual([disagreement]);
  });

  it("tell so also a validator that executes behind the certificates", async () => {
    const { world, collectors, disagreements, attest } = setUp(7);
    for (const height of [1, 2, 3]) for (const index of [0, 1, 2]) attest(index, height, root(1));
    await world.run(() => collectors[3]?.newest()?.height === 3);
    attest(3, 1, root(2));
    for (const index of [0, 1, 2]) attest(index, 4, root(1));
    await world.run(() => collectors[3]?.newest()?.height === 4);
    attest(3, 2, root(2));
    attest(3, 3, root(2));
    expect(disagreements[3]).toHaveLength(1);
    expect(disagreements.slice(0, 3)).toEqual([[], [], []]);
  });
});
