/** The validator set of an epoch. Its root is what a light client trusts. */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import type { Epoch, PublicKey, Root } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, bytes48, sszObject, uint64 } from "./ssz.ts";

export type Validator = { publicKey: PublicKey; weight: number };

export type ValidatorSet = {
  /** Root of the genesis: sets of different networks never share a root. */
  genesis: Root;
  epoch: Epoch;
  members: Validator[];
};

export const validatorType = new ContainerType({ publicKey: bytes48, weight: uint64 });

export const ValidatorSet = sszObject<ValidatorSet>(
  "ValidatorSet",
  new ContainerType({
    genesis: bytes32,
    epoch: uint64,
    members: new ListCompositeType(validatorType, limits.validators),
  }),
);

export const totalWeight = (set: ValidatorSet): number => set.members.reduce((sum, { weight }) => sum + weight, 0);

/** More than two thirds by weight: 3 · signed > 2 · total. */
export const isQuorum = (signed: number, total: number): boolean => 3 * signed > 2 * total;

/** Largest number f of equal validators that may be faulty: n >= 3f + 1. */
export const faultTolerance = (validators: number): number => Math.floor((validators - 1) / 3);
