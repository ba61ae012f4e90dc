/** What validators sign: an object's root under a domain that no other object, network or slot shares. */
import { ContainerType } from "@chainsafe/ssz";
import { concatBytes, utf8 } from "./bytes.ts";
import type { Epoch, PublicKey, Root } from "./ids.ts";
import { bytes32, sszObject, uint8, uint64 } from "./ssz.ts";

/** Ciphersuite of every signature (IETF BLS, minimal public keys; keys prove possession by `possessionMessage`). */
export const signatureDst = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/**
 * What a validator signs to prove that it holds the secret key behind `publicKey`: a fixed tag and
 * the key. Never 32 bytes long, so it is no `signingRoot`.
 */
export const possessionMessage = (publicKey: PublicKey): Uint8Array =>
  concatBytes(utf8("LOCKSTEP_PROOF_OF_POSSESSION"), publicKey);

/** Number of each kind of signed object: wire format. */
export const signedKinds = {
  notarize: 1,
  nullify: 2,
  finalize: 3,
  attestation: 4,
  batch: 5,
  peer: 6,
  cannot: 7,
  control: 8,
} as const;
export type SignedKind = keyof typeof signedKinds;

/**
 * Where a signature counts: `slot` is the view of a vote, the height of an attestation, the sequence of a
 * batch, the kind of a control transaction.
 */
export type SigningContext = {
  genesis: Root;
  kind: SignedKind;
  epoch: Epoch;
  slot: number;
  revision: number;
  root: Root;
};

type SigningData = Omit<SigningContext, "kind"> & { kind: number };

const SigningData = sszObject<SigningData>(
  "SigningData",
  new ContainerType({
    genesis: bytes32,
    kind: uint8,
    epoch: uint64,
    slot: uint64,
    revision: uint64,
    root: bytes32,
  }),
);

/** The 32 bytes that are signed. */
export const signingRoot = (context: SigningContext): Root =>
  SigningData.root({ ...context, kind: signedKinds[context.kind] });
