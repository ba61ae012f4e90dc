/** The header of a block: what is ordered at a shared height. */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { type Certificate, certificateType } from "./certificate.ts";
import type { Epoch, Height, Revision, Root, ValidatorIndex, View } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes32, sszObject, uint32, uint64 } from "./ssz.ts";

/** The newest execution certificate that the proposer knew. */
export type Certified = {
  height: Height;
  revision: Revision;
  summaryRoot: Root;
  certificate: Certificate;
};

export type Header = {
  epoch: Epoch;
  height: Height;
  /** Milliseconds since the Unix epoch; strictly increasing along the chain. */
  timestampMs: number;
  /** Member of the epoch's set that assembled the block. */
  proposer: ValidatorIndex;
  /** Root of the parent's header. */
  parent: Root;
  payloadRoot: Root;
  /** Root of the ordering state under which this block is judged: that after its parent. */
  controlRoot: Root;
  validatorsRoot: Root;
  nextValidatorsRoot: Root;
  /** Digests of the batches in block order. */
  batches: Root[];
  certified: Certified;
};

export const certifiedType = new ContainerType({
  height: uint64,
  revision: uint64,
  summaryRoot: bytes32,
  certificate: certificateType,
});

export const Certified = sszObject<Certified>("Certified", certifiedType);

export const Header = sszObject<Header>(
  "Header",
  new ContainerType({
    epoch: uint64,
    height: uint64,
    timestampMs: uint64,
    proposer: uint32,
    parent: bytes32,
    payloadRoot: bytes32,
    controlRoot: bytes32,
    validatorsRoot: bytes32,
    nextValidatorsRoot: bytes32,
    batches: new ListCompositeType(bytes32, limits.batchesPerBlock),
    certified: certifiedType,
  }),
);

/** What votes and consensus certificates sign; views stay outside the header so that it can be proposed again. */
export type Proposal = { epoch: Epoch; view: View; parentView: View; headerRoot: Root };

export const proposalType = new ContainerType({
  epoch: uint64,
  view: uint64,
  parentView: uint64,
  headerRoot: bytes32,
});

export const Proposal = sszObject<Proposal>("Proposal", proposalType);
