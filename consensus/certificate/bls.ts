/**
 * BLS12-381 signatures, minimal public keys, ciphersuites of `protocol/signing.ts`. Two
 * implementations: blst (native, for validators) and noble (portable, for browsers and as oracle).
 */
import type { PublicKey, Signature } from "../../protocol/ids.ts";

/** Checks signatures. Every method answers `false` for malformed or off-curve input; none throws. */
export type BlsVerifier = {
  verify(publicKey: PublicKey, message: Uint8Array, signature: Signature): Promise<boolean>;
  /** One message, one aggregated signature of all keys. Keys must have proven possession. */
  verifyAggregate(publicKeys: readonly PublicKey[], message: Uint8Array, signature: Signature): Promise<boolean>;
  /** Proof of possession of the secret key behind `publicKey`. */
  verifyPossession(publicKey: PublicKey, possession: Signature): Promise<boolean>;
};

/** A validator's own key. The secret never leaves it. */
export type BlsSigner = {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array): Signature;
  provePossession(): Signature;
};

/** All that a validator needs. */
export type Bls = BlsVerifier & {
  /** @throws LockstepError `bad_signature` when a signature is no point of the group */
  aggregate(signatures: readonly Signature[]): Signature;
};
