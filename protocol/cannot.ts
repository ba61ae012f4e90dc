/** A validator's word that it can't execute a tenant: summaries from this height on will lack its attestation. */
import { ContainerType } from "@chainsafe/ssz";
import type { Domain, Epoch, Height, Revision, Root, Signature, ValidatorIndex } from "./ids.ts";
import type { SigningContext } from "./signing.ts";
import { bytes96, sszObject, uint32, uint64 } from "./ssz.ts";

export type CannotStatement = {
  /** Of the height. */
  epoch: Epoch;
  /** The first height at which it can't execute the tenant. */
  height: Height;
  revision: Revision;
  domain: Domain;
};

export type Cannot = CannotStatement & { signer: ValidatorIndex; signature: Signature };

const statement = { epoch: uint64, height: uint64, revision: uint64, domain: uint32 };

export const CannotStatement = sszObject<CannotStatement>("CannotStatement", new ContainerType(statement));

export const Cannot = sszObject<Cannot>(
  "Cannot",
  new ContainerType({ ...statement, signer: uint32, signature: bytes96 }),
);

/** What its signature is under. */
export const cannotContext = (genesis: Root, { epoch, height, revision, domain }: CannotStatement): SigningContext => ({
  genesis,
  kind: "cannot",
  epoch,
  slot: height,
  revision,
  root: CannotStatement.root({ epoch, height, revision, domain }),
});
