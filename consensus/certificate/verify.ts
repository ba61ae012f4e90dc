/** Certificates and proofs of possession: making and checking them. Runs in a browser. */
import { toHex } from "../../protocol/bytes.ts";
import { type Certificate, signerBits, signersOf } from "../../protocol/certificate.ts";
import type { Failure } from "../../protocol/errors.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import type { Signature, ValidatorIndex } from "../../protocol/ids.ts";
import { type SigningContext, signingRoot } from "../../protocol/signing.ts";
import { isQuorum, totalWeight, type Validator, type ValidatorSet } from "../../protocol/validators.ts";
import type { Bls, BlsVerifier } from "./bls.ts";

/** A member's signature under what a certificate is made for. */
export type Vote = { signer: ValidatorIndex; signature: Signature };

/**
 * Aggregates votes, one a signer, into a certificate. Nothing is verified here.
 * @throws LockstepError `bad_signature` when a signature is no point of the group
 */
export const assembleCertificate = (bls: Bls, set: ValidatorSet, votes: readonly Vote[]): Certificate => ({
  signers: signerBits(
    votes.map(({ signer }) => signer),
    set.members.length,
  ),
  signature: bls.aggregate(votes.map(({ signature }) => signature)),
});

/** `signers`: another number of members; `no_quorum`: too little weight; `signature`: it doesn't verify. */
export type CertificateRefusal = Failure<"signers" | "no_quorum" | "signature">;

/** Why `certificate` doesn't show that a quorum of `set` signed `context`; `undefined` when it does. */
export const refuteCertificate = async (
  verifier: BlsVerifier,
  set: ValidatorSet,
  context: SigningContext,
  certificate: Certificate,
): Promise<CertificateRefusal | undefined> => {
  const members = set.members.length;
  const bits = certificate.signers.bitLen;
  if (bits !== members) {
    return {
      code: "signers",
      message: `the certificate names signers among ${bits}, the set has ${members}`,
      bits,
      members,
    };
  }
  const signers = signersOf(certificate).map((index) => set.members[index] as Validator);
  const signed = signers.reduce((sum, { weight }) => sum + weight, 0);
  const total = totalWeight(set);
  if (!isQuorum(signed, total)) {
    return {
      code: "no_quorum",
      message: `signers weigh ${signed} of ${total}, a quorum is more than two thirds`,
      signed,
      total,
    };
  }
  const keys = signers.map(({ publicKey }) => publicKey);
  if (!(await verifier.verifyAggregate(keys, signingRoot(context), certificate.signature))) {
    return { code: "signature", message: `the aggregated signature of the ${signers.length} signers doesn't verify` };
  }
  return undefined;
};

/** Why the validators of a genesis can't be trusted with aggregated signatures; `undefined` when they can. */
export const refutePossessions = async (
  verifier: BlsVerifier,
  genesis: Genesis,
): Promise<Failure<"duplicate_key" | "possession"> | undefined> => {
  const seen = new Map<string, number>();
  for (const [validator, { publicKey, possession }] of genesis.validators.entries()) {
    const key = toHex(publicKey);
    const first = seen.get(key);
    if (first !== undefined) {
      return {
        code: "duplicate_key",
        message: `validators ${first} and ${validator} have the same key ${key}`,
        validator,
        key,
      };
    }
    seen.set(key, validator);
    if (!(await verifier.verifyPossession(publicKey, possession))) {
      const message = `validator ${validator} doesn't prove that it holds the secret key of ${key}`;
      return { code: "possession", message, validator, key };
    }
  }
  return undefined;
};
