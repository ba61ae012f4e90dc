/** Wire format of the channel `consensus`: one byte for the type, then SSZ. One encoding each. */
import { ByteListType, ContainerType, ListBasicType, ListCompositeType } from "@chainsafe/ssz";
import { concatBytes, equalBytes } from "../../protocol/bytes.ts";
import { certificateType } from "../../protocol/certificate.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { Header, type Proposal, proposalType } from "../../protocol/header.ts";
import { type Signature, type ValidatorIndex, zeroRoot } from "../../protocol/ids.ts";
import { bytes32, bytes96, type SszObject, sszObject, uint8, uint32, uint64 } from "../../protocol/ssz.ts";
import type { KnownHeader } from "../application.ts";
import { messageLimits } from "./limits.ts";
import {
  type Message,
  type Request,
  type Statement,
  type Status,
  type ViewCertificate,
  type Vote,
  voteKinds,
} from "./statement.ts";

type Wire<T extends Statement> = Omit<T, "kind"> & { kind: number };

const voteType = new ContainerType({
  kind: uint8,
  proposal: proposalType,
  signer: uint32,
  signature: bytes96,
});
export const viewCertificateType = new ContainerType({
  kind: uint8,
  proposal: proposalType,
  certificate: certificateType,
});
const headerBytes = new ByteListType(messageLimits.bytes);

type WireProposal = {
  proposal: Proposal;
  signer: ValidatorIndex;
  signature: Signature;
  header: Uint8Array;
  parent: Wire<ViewCertificate>[];
};
const WireProposal = sszObject<WireProposal>(
  "proposal message",
  new ContainerType({
    proposal: proposalType,
    signer: uint32,
    signature: bytes96,
    header: headerBytes,
    parent: new ListCompositeType(viewCertificateType, 1),
  }),
);
const WireVote = sszObject<Wire<Vote>>("vote message", voteType);
const WireCertificate = sszObject<Wire<ViewCertificate>>("certificate message", viewCertificateType);
const WireStatus = sszObject<Omit<Status, "work"> & { work: number }>(
  "status message",
  new ContainerType({ epoch: uint64, view: uint64, finalizedView: uint64, finalizedHeight: uint64, work: uint8 }),
);
const WireRequest = sszObject<Request>(
  "request message",
  new ContainerType({
    epoch: uint64,
    views: new ListBasicType(uint64, messageLimits.requestViews),
    headers: new ListCompositeType(bytes32, messageLimits.requestHeaders),
  }),
);

const toWire = <T extends Statement>(statement: T): Wire<T> => ({
  ...statement,
  kind: voteKinds.indexOf(statement.kind) + 1,
});

const fromWire = <T extends Statement>(wire: Wire<T>): T => {
  const kind = voteKinds[wire.kind - 1];
  if (kind === undefined) throw new LockstepError("undecodable", `no vote has kind ${wire.kind}`);
  const { view, parentView, headerRoot } = wire.proposal;
  if (kind === "nullify") {
    if (parentView !== 0 || !equalBytes(headerRoot, zeroRoot)) {
      throw new LockstepError("undecodable", "a nullify names a view, not a parent or header");
    }
  } else if (parentView >= view) {
    throw new LockstepError("undecodable", `parent view ${parentView} is not below view ${view}`);
  }
  if (view === 0) throw new LockstepError("undecodable", "nobody votes in view 0");
  return { ...wire, kind } as unknown as T;
};

/** Decodes a header and computes its root. @throws LockstepError `undecodable` */
export const knownHeader = (bytes: Uint8Array): KnownHeader => {
  const header = Header.decode(bytes);
  return { header, root: Header.root(header) };
};

type Format<M extends Message> = { encode(message: M): Uint8Array; decode(bytes: Uint8Array): M };

const format = <T, M extends Message>(wire: SszObject<T>, to: (message: M) => T, from: (value: T) => M): Format<M> => ({
  encode: (message) => wire.encode(to(message)),
  decode: (bytes) => from(wire.decode(bytes)),
});

type Of<T extends Message["type"]> = Extract<Message, { type: T }>;

/** By type; the position is the wire number, from 1. */
const formats: { readonly [T in Message["type"]]: Format<Of<T>> } = {
  proposal: format<WireProposal, Of<"proposal">>(
    WireProposal,
    ({ vote, block, parent }) => ({
      proposal: vote.proposal,
      signer: vote.signer,
      signature: vote.signature,
      header: Header.encode(block.header),
      parent: parent === undefined ? [] : [toWire(parent)],
    }),
    ({ proposal, signer, signature, header, parent: [parent] }) => {
      const block = knownHeader(header);
      if (!equalBytes(block.root, proposal.headerRoot)) {
        throw new LockstepError("undecodable", "the header is not the one proposed");
      }
      const vote = fromWire<Vote>({ kind: 1, proposal, signer, signature });
      return { type: "proposal", vote, block, parent: parent === undefined ? undefined : fromWire(parent) };
    },
  ),
  vote: format<Wire<Vote>, Of<"vote">>(
    WireVote,
    ({ vote }) => toWire(vote),
    (wire) => ({ type: "vote", vote: fromWire(wire) }),
  ),
  certificate: format<Wire<ViewCertificate>, Of<"certificate">>(
    WireCertificate,
    ({ certificate }) => toWire(certificate),
    (wire) => ({ type: "certificate", certificate: fromWire(wire) }),
  ),
  status: format<Omit<Status, "work"> & { work: number }, Of<"status">>(
    WireStatus,
    ({ status }) => ({ ...status, work: status.work ? 1 : 0 }),
    (wire) => {
      if (wire.work > 1) throw new LockstepError("undecodable", `a flag is 0 or 1, not ${wire.work}`);
      return { type: "status", status: { ...wire, work: wire.work === 1 } };
    },
  ),
  request: format<Request, Of<"request">>(
    WireRequest,
    ({ request }) => request,
    (request) => ({ type: "request", request }),
  ),
  header: {
    encode: ({ block }) => Header.encode(block.header),
    decode: (bytes) => ({ type: "header", block: knownHeader(bytes) }),
  },
};
/** In the order of their wire numbers, from 1. */
export const messageTypes = Object.keys(formats) as readonly Message["type"][];

export const encodeMessage = (message: Message): Uint8Array => {
  const { encode } = formats[message.type] as Format<Message>;
  return concatBytes(Uint8Array.of(messageTypes.indexOf(message.type) + 1), encode(message));
};

/** @throws LockstepError `undecodable` on anything but the one encoding of a message within its limits */
export const decodeMessage = (bytes: Uint8Array): Message => {
  if (bytes.length > messageLimits.bytes) {
    throw new LockstepError("undecodable", `a message has at most ${messageLimits.bytes} bytes, not ${bytes.length}`);
  }
  const type = messageTypes[(bytes[0] ?? 0) - 1];
  if (type === undefined) throw new LockstepError("undecodable", `no message has type ${bytes[0] ?? "nothing"}`);
  return formats[type].decode(bytes.subarray(1));
};

/** Votes and certificates as they stand in the journal. */
export const encodeVote = (vote: Vote): Uint8Array => WireVote.encode(toWire(vote));
export const decodeVote = (bytes: Uint8Array): Vote => fromWire(WireVote.decode(bytes));
export const encodeCertificate = (certificate: ViewCertificate): Uint8Array =>
  WireCertificate.encode(toWire(certificate));
export const decodeCertificate = (bytes: Uint8Array): ViewCertificate => fromWire(WireCertificate.decode(bytes));
