/** One aggregated BLS signature and the members of a validator set that made it. */
import { BitArray, BitListType, ContainerType } from "@chainsafe/ssz";
import { asSignature, type Signature, type ValidatorIndex } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes96, sszObject } from "./ssz.ts";

/** Signers and their aggregated signature; what they signed stands beside it. */
export type Certificate = {
  /** One bit per member of the validator set, in its order. */
  signers: BitArray;
  signature: Signature;
};

export const certificateType = new ContainerType({
  signers: new BitListType(limits.validators),
  signature: bytes96,
});

export const Certificate = sszObject<Certificate>("Certificate", certificateType);

/** Stands where nothing needs to be signed: for the summary of genesis. */
export const emptyCertificate = (): Certificate => ({
  signers: BitArray.fromBitLen(0),
  signature: asSignature(new Uint8Array(96)),
});

export const signersOf = (certificate: Certificate): ValidatorIndex[] =>
  certificate.signers.getTrueBitIndexes() as ValidatorIndex[];

export const signerBits = (signers: readonly ValidatorIndex[], members: number): BitArray => {
  const bits = BitArray.fromBitLen(members);
  for (const signer of signers) bits.set(signer, true);
  return bits;
};
