/**
 * Execution certificates: each validator signs the summaries it reached by executing, and whoever
 * sees two thirds sign the same root holds a certificate, for a proposer to put into a header.
 */
import type { Bls, BlsSigner } from "../../consensus/certificate/bls.ts";
import { assembleCertificate, refuteCertificate, type Vote } from "../../consensus/certificate/verify.ts";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { Certificate } from "../../protocol/certificate.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { epochAt } from "../../protocol/genesis.ts";
import type { Certified } from "../../protocol/header.ts";
import type { Epoch, Height, Revision, Root, ValidatorIndex } from "../../protocol/ids.ts";
import type { Network, Runtime } from "../../protocol/ports.ts";
import { type SigningContext, signingRoot } from "../../protocol/signing.ts";
import { Attestation } from "../../protocol/summary.ts";
import { isQuorum, totalWeight, type ValidatorSet } from "../../protocol/validators.ts";
import { tagged } from "../message.ts";
import type { CannotBoard } from "./cannot.ts";
import { attestationLimits } from "./limits.ts";
import { attestationTags } from "./messages.ts";

export const attestationContext = (
  genesis: Root,
  { epoch, height, revision, summaryRoot }: Pick<Attestation, "epoch" | "height" | "revision" | "summaryRoot">,
): SigningContext => ({ genesis, kind: "attestation", epoch, slot: height, revision, root: summaryRoot });

export type AttestationCollector = {
  /** Signs an own summary. Nothing is sent before `announce`. */
  attest(summary: { epoch: Epoch; height: Height; revision: Revision; root: Root }): Attestation;
  /** Sends an own attestation, which is on disk by now, and counts it. */
  announce(attestation: Attestation): void;
  /** Newest certificate known here. */
  newest(): Certified | undefined;
  /** Takes over a certificate that a finalized header carried. */
  observe(certified: Certified): void;
  stop(): void;
};

export type Disagreement = { height: Height; own: Root; certified: Root };

export type AttestationOptions = {
  genesis: Root;
  epochLength: number;
  self: ValidatorIndex;
  signer: BlsSigner;
  bls: Bls;
  network: Network;
  runtime: Runtime;
  validatorsOf(epoch: Epoch): ValidatorSet;
  /** Under which a height is executed, as far as this node knows: what is of another one is not compared with its own. */
  revisionAt(height: Height): Revision;
  /** Newest certificate on disk. */
  newest: Certified | undefined;
  /** Called with a certificate newer than all before. */
  onCertificate(certified: Certified): void;
  /** Called once, when a quorum attested to another root than this node did. */
  onDisagreement(disagreement: Disagreement): void;
  /** Who can't attest, of which the same channel tells. */
  cannot: Pick<CannotBoard, "receive" | "attested">;
  fatal(error: unknown): void;
};

/** The message by which a validator tells of its attestation. */
export const encodeAttestationMessage = (attestation: Attestation): Uint8Array =>
  tagged(attestationTags.attestation, Attestation.encode(attestation));

/** `undefined` when some signature is not even a point of the group. */
const tryAssemble = (bls: Bls, set: ValidatorSet, votes: readonly Vote[]): Certificate | undefined => {
  try {
    return assembleCertificate(bls, set, votes);
  } catch {
    return undefined;
  }
};

/** Attestations to one summary root at one height. */
type Group = { sample: Attestation; bySigner: Map<ValidatorIndex, Attestation>; checking: boolean };

export const createAttestationCollector = (options: AttestationOptions): AttestationCollector => {
  const { genesis, self, signer, bls, network, runtime, cannot } = options;
  const groups = new Map<Height, Map<string, Group>>();
  const ownRoots = new Map<Height, Root>();
  let newest = options.newest;
  let last: Attestation | undefined;
  /** A certificate above all own attestations, to be compared once execution gets there: summaries chain, so one is enough. */
  let ahead: Certified | undefined;
  let disagrees = false;
  let stopped = false;

  const forgetBelow = (height: Height): void => {
    for (const known of groups.keys()) if (known <= height) groups.delete(known);
    for (const known of ownRoots.keys()) if (known <= height) ownRoots.delete(known);
  };

  const compare = (own: Root, { height, revision, summaryRoot }: Certified): void => {
    if (disagrees || equalBytes(own, summaryRoot) || revision !== options.revisionAt(height)) return;
    disagrees = true;
    options.onDisagreement({ height, own, certified: summaryRoot });
  };

  const adopt = (certified: Certified): void => {
    if (newest !== undefined && certified.height <= newest.height) return;
    newest = certified;
    const own = ownRoots.get(certified.height);
    if (own !== undefined) compare(own, certified);
    else if (certified.height > (last?.height ?? 0)) ahead ??= certified;
    forgetBelow(certified.height);
    options.onCertificate(certified);
  };

  const certify = async (group: Group): Promise<void> => {
    const { sample, bySigner } = group;
    const set = options.validatorsOf(sample.epoch);
    const context = attestationContext(genesis, sample);
    const root = signingRoot(context);
    const votes = [...bySigner.values()].map(({ signer: index, signature }) => ({ signer: index, signature }));
    const certificate = tryAssemble(bls, set, votes);
    if (certificate !== undefined && (await refuteCertificate(bls, set, context, certificate)) === undefined) {
      const { height, revision, summaryRoot } = sample;
      if (!stopped) adopt({ height, revision, summaryRoot, certificate });
      return;
    }
    // Somebody's signature is none: find out whose, and go on without.
    for (const { signer: index, signature } of votes) {
      const key = set.members[index]?.publicKey;
      if (key !== undefined && (await bls.verify(key, root, signature))) continue;
      bySigner.delete(index);
      if (index !== self) network.penalize(index, "an attestation whose signature is not its signer's");
    }
  };

  const sampleStillOpen = ({ sample }: Group): boolean => !stopped && sample.height > (newest?.height ?? 0);

  const count = (group: Group): void => {
    if (group.checking) return;
    const set = options.validatorsOf(group.sample.epoch);
    const signed = [...group.bySigner.keys()].reduce((sum, index) => sum + (set.members[index]?.weight ?? 0), 0);
    if (!isQuorum(signed, totalWeight(set))) return;
    group.checking = true;
    certify(group)
      .then(() => {
        group.checking = false;
        if (sampleStillOpen(group)) count(group);
      })
      .catch(options.fatal);
  };

  const add = (attestation: Attestation): void => {
    const { height, signer: index } = attestation;
    const base = newest?.height ?? 0;
    if (attestation.revision !== options.revisionAt(height)) return;
    if (height <= base || height > base + attestationLimits.heights) return;
    const byRoot = groups.get(height) ?? new Map<string, Group>();
    groups.set(height, byRoot);
    // One vote a signer: the first root it attests to at a height counts.
    for (const known of byRoot.values()) if (known.bySigner.has(index)) return;
    const key = `${attestation.epoch}/${attestation.revision}/${toHex(attestation.summaryRoot)}`;
    const group = byRoot.get(key) ?? { sample: attestation, bySigner: new Map(), checking: false };
    byRoot.set(key, group);
    group.bySigner.set(index, attestation);
    count(group);
  };

  const receive = (from: ValidatorIndex, body: Uint8Array): void => {
    const attestation = Attestation.decode(body);
    if (attestation.signer !== from) throw new Error("an attestation in another validator's name");
    if (attestation.epoch !== epochAt(attestation.height, options.epochLength))
      throw new Error("another epoch's height");
    if (stopped) return;
    cannot.attested(from, attestation.height);
    add(attestation);
  };

  network.listen("attestation", (from, message) => {
    const body = message.slice(1);
    if (message[0] === attestationTags.attestation) receive(from, body);
    else if (message[0] === attestationTags.cannot) cannot.receive(from, body);
    else throw new LockstepError("unknown_message", "an unknown message about execution");
  });
  network.onConnect((peer) => {
    if (last !== undefined) network.send(peer, "attestation", encodeAttestationMessage(last));
  });

  const resend = (): void => {
    if (stopped) return;
    if (last !== undefined && last.height > (newest?.height ?? 0)) {
      network.broadcast("attestation", encodeAttestationMessage(last));
    }
    cancelResend = runtime.after(attestationLimits.resendMs, resend);
  };
  let cancelResend = runtime.after(attestationLimits.resendMs, resend);

  return {
    attest: ({ epoch, height, revision, root: summaryRoot }) => {
      const context = attestationContext(genesis, { epoch, height, revision, summaryRoot });
      return { epoch, height, revision, summaryRoot, signer: self, signature: signer.sign(signingRoot(context)) };
    },
    announce: (attestation) => {
      const { height, summaryRoot } = attestation;
      last = attestation;
      for (const certified of [ahead, newest]) if (certified?.height === height) compare(summaryRoot, certified);
      if (ahead === undefined || ahead.height <= height) ahead = newest && newest.height > height ? newest : undefined;
      if (height > (newest?.height ?? 0)) ownRoots.set(height, summaryRoot);
      network.broadcast("attestation", encodeAttestationMessage(attestation));
      add(attestation);
    },
    newest: () => newest,
    observe: adopt,
    stop: () => {
      stopped = true;
      cancelResend();
    },
  };
};
