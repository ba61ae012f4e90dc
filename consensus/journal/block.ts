/** A finalized block as it stands on disk and travels in a sync reply: the same bytes. */
import { ContainerType } from "@chainsafe/ssz";
import { type Certificate, certificateType } from "../../protocol/certificate.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { Header, type Proposal, proposalType } from "../../protocol/header.ts";
import { sszObject, uint8 } from "../../protocol/ssz.ts";
import type { FinalizedBlock } from "../application.ts";

type StoredBlock = { kind: number; proposal: Proposal; certificate: Certificate; header: Header };

const StoredBlock = sszObject<StoredBlock>(
  "finalized block",
  new ContainerType({
    kind: uint8,
    proposal: proposalType,
    certificate: certificateType,
    header: Header.type,
  }),
);

/** Wire numbers of `protocol/signing.ts`. */
const kinds = { 1: "notarize", 3: "finalize" } as const;

/** Largest encoding of a finalized block, bytes: 64 batches and two certificates of 1,024 validators. */
export const blockBytesLimit = 4096;

export const encodeBlock = ({ kind, proposal, certificate, header }: FinalizedBlock): Uint8Array =>
  StoredBlock.encode({ kind: kind === "notarize" ? 1 : 3, proposal, certificate, header });

/** @throws LockstepError `undecodable` */
export const decodeBlock = (bytes: Uint8Array): FinalizedBlock => {
  const { kind, proposal, certificate, header } = StoredBlock.decode(bytes);
  if (kind !== 1 && kind !== 3) {
    throw new LockstepError("undecodable", `a block is certified by kind 1 or 3, not ${kind}`);
  }
  return { header, root: Header.root(header), kind: kinds[kind], proposal, certificate };
};
