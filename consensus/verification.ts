/** What the protocol asks of cryptography: whether votes and certificates are genuine. */
import { LockstepError } from "../protocol/errors.ts";
import type { PublicKey, Root } from "../protocol/ids.ts";
import { signingRoot } from "../protocol/signing.ts";
import type { ValidatorSet } from "../protocol/validators.ts";
import type { Bls } from "./certificate/bls.ts";
import { assembleCertificate, refuteCertificate } from "./certificate/verify.ts";
import type { Event } from "./simplex/event.ts";
import { contextOf, type Statement, type ViewCertificate, type Vote } from "./simplex/statement.ts";

export type Verification = {
  /** One check for all votes; only if it fails, one for each. Votes are of members, one a signer. */
  aggregate(set: ValidatorSet, statement: Statement, votes: readonly Vote[]): Promise<Event>;
  isGenuine(set: ValidatorSet, certificate: ViewCertificate): Promise<boolean>;
};

export const createVerification = (bls: Bls, genesis: Root): Verification => ({
  aggregate: async (set, statement, votes) => {
    const message = signingRoot(contextOf(genesis, statement));
    const keyOf = ({ signer }: Vote) => set.members[signer]?.publicKey as PublicKey;
    try {
      const certificate = assembleCertificate(bls, set, votes);
      if (await bls.verifyAggregate(votes.map(keyOf), message, certificate.signature)) {
        return { type: "aggregated", certificate: { ...statement, certificate } };
      }
    } catch (error) {
      if (!(error instanceof LockstepError && error.code === "bad_signature")) throw error;
    }
    const genuine = await Promise.all(votes.map((vote) => bls.verify(keyOf(vote), message, vote.signature)));
    const liars = votes.filter((_, index) => genuine[index] === false).map(({ signer }) => signer);
    return { type: "refuted", statement, liars };
  },
  isGenuine: async (set, certificate) =>
    (await refuteCertificate(bls, set, contextOf(genesis, certificate), certificate.certificate)) === undefined,
});
