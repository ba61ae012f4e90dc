import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { utf8 } from "./bytes.ts";
import { Certificate, emptyCertificate, signerBits } from "./certificate.ts";
import { Header } from "./header.ts";
import { asDomain, asEpoch, asHeight, asRevision, asRoot, asSignature, asValidatorIndex, zeroRoot } from "./ids.ts";
import { Inputs } from "./inputs.ts";
import { sszJson } from "./json.ts";
import { proveSlice } from "./payload.ts";
import { Summary } from "./summary.ts";
import { decodeWire, SliceProofWire, SubmissionWire, SummaryWire } from "./wire.ts";

const header: Header = {
  epoch: asEpoch(1),
  height: asHeight(12),
  timestampMs: 1_700_000_000_123,
  proposer: asValidatorIndex(2),
  parent: asRoot(new Uint8Array(32).fill(0xab)),
  payloadRoot: zeroRoot,
  controlRoot: zeroRoot,
  validatorsRoot: zeroRoot,
  nextValidatorsRoot: zeroRoot,
  batches: [asRoot(new Uint8Array(32).fill(1))],
  certified: {
    height: asHeight(10),
    revision: asRevision(0),
    summaryRoot: zeroRoot,
    certificate: {
      signers: signerBits([0, 2].map(asValidatorIndex), 4),
      signature: asSignature(new Uint8Array(96).fill(7)),
    },
  },
};
const headerJson = sszJson(Header);
const json = z.encode(headerJson, header) as Record<string, unknown>;

describe("an SSZ object in JSON", () => {
  test("is decimal strings and lower-case hexadecimal", () => {
    expect(json).toMatchObject({
      epoch: "1",
      timestampMs: "1700000000123",
      parent: `0x${"ab".repeat(32)}`,
      batches: [`0x${"01".repeat(32)}`],
      certified: { certificate: { signers: "0x15" } },
    });
  });

  test("comes back exactly", () => {
    const decoded = decodeWire(headerJson, JSON.parse(JSON.stringify(json)));
    expect(decoded).toEqual({ ok: true, value: header });
    const inputs = [{ kind: 4, bytes: utf8("tx"), reason: utf8("duplicate") }];
    expect(decodeWire(sszJson(Inputs), z.encode(sszJson(Inputs), inputs))).toEqual({ ok: true, value: inputs });
    expect(decodeWire(sszJson(Certificate), z.encode(sszJson(Certificate), emptyCertificate())).ok).toBe(true);
  });

  test.each<[string, unknown]>([
    ["a number for a string", { ...json, epoch: 1 }],
    ["a leading zero", { ...json, epoch: "01" }],
    ["a sign", { ...json, epoch: "-1" }],
    ["an exponent", { ...json, epoch: "1e0" }],
    ["white space", { ...json, epoch: " 1" }],
    ["a fraction", { ...json, epoch: "1.0" }],
    ["above 2^53 - 1", { ...json, epoch: "9007199254740992" }],
    ["above 2^32 - 1 in a u32", { ...json, proposer: "4294967296" }],
    ["bytes too few", { ...json, parent: "0x00" }],
    ["bytes without 0x", { ...json, parent: "00".repeat(32) }],
    ["no hexadecimal", { ...json, parent: `0x${"zz".repeat(32)}` }],
    ["upper case", { ...json, parent: `0x${"AB".repeat(32)}` }],
    ["too long a list", { ...json, batches: Array(65).fill(`0x${"00".repeat(32)}`) }],
    ["an object for a list", { ...json, batches: {} }],
    ["an unknown field", { ...json, extra: "1" }],
    ["a missing field", { ...json, parent: undefined }],
    ["null", null],
    ["a list", []],
    ["bits without their end", { ...json, certified: { ...header.certified, certificate: { signers: "0x00" } } }],
  ])("refuses %s", (_what, malformed) => {
    expect(decodeWire(headerJson, malformed)).toMatchObject({ ok: false, error: { code: "malformed_answer" } });
  });

  test("has one spelling only: what decodes encodes back to the same", () => {
    const bits = sszJson(Certificate);
    const signature = `0x${"00".repeat(96)}`;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), (bytes) => {
        const text = `0x${Buffer.from(bytes).toString("hex")}`;
        const decoded = decodeWire(bits, { signers: text, signature });
        if (decoded.ok) expect(z.encode(bits, decoded.value)).toEqual({ signers: text, signature });
      }),
    );
  });

  test("any JSON is a value or a refusal in words", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(json)), (value, field) => {
        const decoded = decodeWire(headerJson, { ...json, [field]: value });
        if (decoded.ok) expect(z.encode(headerJson, decoded.value)).toEqual({ ...json, [field]: value });
        else expect(decoded.error.message).toContain(field);
      }),
    );
  });
});

describe("answers", () => {
  test("an optional object that is absent stays so", () => {
    const wire = z.strictObject({ domain: z.number(), inputs: z.exactOptional(sszJson(Inputs)) });
    for (const value of [{ domain: 1 }, { domain: 1, inputs: [] }]) {
      expect(z.encode(wire, value)).toEqual(value);
      expect(z.decode(wire, value)).toEqual(value);
    }
  });

  test("proofs of slices come back, whichever neighbours they have", () => {
    const payload = [5, 9].map((domain) => ({ domain: asDomain(domain), entriesRoot: zeroRoot, count: 1 }));
    for (const domain of [1, 5, 7, 9, 11]) {
      const proof = proveSlice(payload, asDomain(domain));
      expect(decodeWire(SliceProofWire, z.encode(SliceProofWire, proof))).toEqual({ ok: true, value: proof });
    }
    const none = proveSlice([], asDomain(1));
    expect(decodeWire(SliceProofWire, z.encode(SliceProofWire, none))).toEqual({ ok: true, value: none });
  });

  test("a root that isn't that of the object beside it is refused", () => {
    const summary: Summary = {
      epoch: asEpoch(0),
      height: asHeight(1),
      revision: asRevision(0),
      header: zeroRoot,
      previous: zeroRoot,
      timestampMs: 5,
      accountsRoot: zeroRoot,
      tenants: [],
      bundles: [{ id: zeroRoot, committed: true }],
      hopeless: [],
    };
    const right = z.encode(SummaryWire, { summary, root: Summary.root(summary) });
    expect(decodeWire(SummaryWire, right)).toMatchObject({ ok: true, value: { summary } });
    const wrong = { ...right, root: `0x${"00".repeat(32)}` };
    expect(decodeWire(SummaryWire, wrong)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("root isn't that of its Summary") },
    });
  });

  test("submissions answer with ids and errors mixed", () => {
    const answers = [
      { id: zeroRoot, nativeId: "0x01" as const },
      { error: { code: "oversized", message: "m", limit: 5 } },
    ];
    expect(decodeWire(SubmissionWire, z.encode(SubmissionWire, answers))).toEqual({ ok: true, value: answers });
  });
});
