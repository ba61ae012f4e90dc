import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, toHex } from "../../protocol/bytes.ts";
import { signerBits } from "../../protocol/certificate.ts";
import { sha256 } from "../../protocol/hash.ts";
import { Header } from "../../protocol/header.ts";
import { asEpoch, asHeight, asRevision, asSignature, asValidatorIndex, asView, zeroRoot } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { decodeMessage, encodeMessage } from "./codec.ts";
import { messageLimits } from "./limits.ts";
import { type Message, nullifyOf, type ViewCertificate, type Vote } from "./statement.ts";

const root = (text: number) => sha256(Uint8Array.of(text));
const header = (batches: number, members: number): Header => ({
  epoch: asEpoch(1),
  height: asHeight(21),
  timestampMs: 1_700_000_000_123,
  proposer: asValidatorIndex(2),
  parent: root(1),
  payloadRoot: root(2),
  controlRoot: root(3),
  validatorsRoot: root(4),
  nextValidatorsRoot: root(5),
  batches: Array.from({ length: batches }, (_, i) => root(i)),
  certified: {
    height: asHeight(20),
    revision: asRevision(0),
    summaryRoot: root(6),
    certificate: {
      signers: signerBits([asValidatorIndex(0)], members),
      signature: asSignature(new Uint8Array(96).fill(7)),
    },
  },
});
const certificateOf = (members: number) => ({
  signers: signerBits([0, 1, 3].map(asValidatorIndex), members),
  signature: asSignature(new Uint8Array(96).fill(9)),
});
const proposalMessage = (batches: number, members: number): Message => {
  const block = { header: header(batches, members), root: Header.root(header(batches, members)) };
  const proposal = { epoch: asEpoch(1), view: asView(7), parentView: asView(5), headerRoot: block.root };
  const vote: Vote = {
    kind: "notarize",
    proposal,
    signer: asValidatorIndex(2),
    signature: asSignature(new Uint8Array(96).fill(8)),
  };
  const parent: ViewCertificate = {
    kind: "notarize",
    proposal: { ...proposal, view: asView(5), parentView: asView(4) },
    certificate: certificateOf(members),
  };
  return { type: "proposal", vote, block, parent };
};
const nullify = nullifyOf(asEpoch(1), asView(7));

const examples: Record<Message["type"], Message> = {
  proposal: proposalMessage(2, 4),
  vote: {
    type: "vote",
    vote: { ...nullify, signer: asValidatorIndex(3), signature: asSignature(new Uint8Array(96).fill(1)) },
  },
  certificate: { type: "certificate", certificate: { ...nullify, certificate: certificateOf(4) } },
  status: {
    type: "status",
    status: {
      epoch: asEpoch(1),
      view: asView(7),
      finalizedView: asView(4),
      finalizedHeight: 20,
      work: true,
    },
  },
  request: {
    type: "request",
    request: { epoch: asEpoch(1), views: [asView(5), asView(6)], headers: [root(1)] },
  },
  header: { type: "header", block: { header: header(0, 4), root: Header.root(header(0, 4)) } },
};

describe("the encoding of a message", () => {
  test.each(Object.entries(examples))("%s is pinned", (_, message) => {
    expect(toHex(encodeMessage(message))).toMatchSnapshot();
  });

  test.each(Object.entries(examples))("%s decodes to what was encoded", (_, message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  test.each(Object.entries(examples))("%s: no byte more or less", (_, message) => {
    const bytes = encodeMessage(message);
    const undecodable = expect.objectContaining({ code: "undecodable" });
    expect(() => decodeMessage(bytes.subarray(0, -1))).toThrow(undecodable);
    if (message.type !== "request")
      expect(() => decodeMessage(concatBytes(bytes, Uint8Array.of(0)))).toThrow(undecodable);
  });

  test("the largest message is within the limit", () => {
    const largest = encodeMessage(proposalMessage(limits.batchesPerBlock, limits.validators));
    expect(largest.length).toBe(2984);
    expect(largest.length).toBeLessThanOrEqual(messageLimits.bytes);
  });
});

describe("refused are", () => {
  const bad: Record<string, Message> = {
    "a nullify with a parent": {
      type: "vote",
      vote: {
        ...nullify,
        proposal: { ...nullify.proposal, parentView: asView(3) },
        signer: asValidatorIndex(0),
        signature: asSignature(new Uint8Array(96)),
      },
    },
    "a notarize whose parent is not below it": {
      type: "vote",
      vote: {
        kind: "notarize",
        proposal: { epoch: asEpoch(0), view: asView(3), parentView: asView(3), headerRoot: root(1) },
        signer: asValidatorIndex(0),
        signature: asSignature(new Uint8Array(96)),
      },
    },
    "a vote in view 0": {
      type: "certificate",
      certificate: { ...nullifyOf(asEpoch(0), asView(0)), certificate: certificateOf(4) },
    },
    "a proposal of another header": {
      ...(examples.proposal as Extract<Message, { type: "proposal" }>),
      block: { header: header(1, 4), root: zeroRoot },
    },
  };
  test.each(Object.entries(bad))("%s", (_, message) => {
    expect(() => decodeMessage(encodeMessage(message))).toThrow(expect.objectContaining({ code: "undecodable" }));
  });

  test("any other bytes, without any other error", () => {
    fc.assert(
      fc.property(fc.nat(8), fc.uint8Array({ maxLength: 600 }), (type, body) => {
        const bytes = concatBytes(Uint8Array.of(type), body);
        try {
          expect(encodeMessage(decodeMessage(bytes))).toEqual(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "undecodable" });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
