import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BitArray, type JsonPath } from "@chainsafe/ssz";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Batch, SignedBatch } from "./batch.ts";
import { concatBytes, equalBytes, fromHex, type Hex } from "./bytes.ts";
import { Cannot, CannotStatement } from "./cannot.ts";
import { Certificate } from "./certificate.ts";
import { LockstepError } from "./errors.ts";
import { Genesis } from "./genesis.ts";
import { Certified, Header, Proposal } from "./header.ts";
import { asEpoch, asRoot, asSignature, asView, type Root, zeroRoot } from "./ids.ts";
import { Inputs } from "./inputs.ts";
import { limits } from "./limits.ts";
import { Payload, PayloadEntry } from "./payload.ts";
import { proveField, rootFromBranch, type SszObject, verifyField } from "./ssz.ts";
import { Attestation, Summary, TenantSummary } from "./summary.ts";
import { ValidatorSet } from "./validators.ts";

type Golden = { objects: Record<string, { encoding: Hex }> };
const golden = JSON.parse(readFileSync(new URL("./golden.json", import.meta.url), "utf8")) as Golden;
const pinned = ({ name }: { name: string }) => fromHex(golden.objects[name]?.encoding as Hex) as Uint8Array;

const objects: SszObject<unknown>[] = [
  ...[Attestation, Batch, SignedBatch, Cannot, CannotStatement, Certificate, Certified, Genesis, Header],
  ...[Inputs, Payload, PayloadEntry, Proposal, Summary, TenantSummary, ValidatorSet],
] as SszObject<unknown>[];
const isFixed = (object: SszObject<unknown>) => object.type.fixedSize !== null;
const fixed = objects.filter(isFixed);

/** The value, or `undefined` when refused; any other outcome is a failure. */
const decode = <T>(object: SszObject<T>, bytes: Uint8Array): T | undefined => {
  try {
    return object.decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(LockstepError);
    expect(error).toMatchObject({ code: "undecodable" });
    return undefined;
  }
};

/** Whatever is taken is the one encoding of what it was taken for. */
const takesOnlyCanonical = (object: SszObject<unknown>, bytes: Uint8Array) => {
  const value = decode(object, bytes);
  if (value !== undefined) expect(equalBytes(object.encode(value), bytes)).toBe(true);
};

describe.each(objects)("$name", (object) => {
  const valid = pinned(object);

  test("is refused truncated, unless what is left is whole", () => {
    for (let length = 0; length < valid.length; length++) {
      const cut = valid.subarray(0, length);
      if (isFixed(object)) expect(decode(object, cut)).toBeUndefined();
      else takesOnlyCanonical(object, cut);
    }
  });

  test("is taken in its one encoding only, whatever bytes are changed, moved, added or missing", () => {
    const at = fc.nat(valid.length - 1);
    const change = fc.oneof(
      fc.tuple(at, fc.nat(255)).map(([i, byte]) => valid.map((old, j) => (i === j ? byte : old))),
      fc.tuple(at, at).map(([i, j]) => concatBytes(valid.subarray(0, i), valid.subarray(j))),
      fc
        .tuple(at, fc.uint8Array({ maxLength: 8 }))
        .map(([i, extra]) => concatBytes(valid.subarray(0, i), extra, valid.subarray(i))),
      fc.tuple(at, fc.integer({ min: -64, max: 64 })).map(([i, shift]) => {
        const moved = Uint8Array.from(valid);
        const view = new DataView(moved.buffer);
        const offset = Math.min(i, Math.max(0, moved.length - 4));
        if (moved.length >= 4) view.setUint32(offset, view.getUint32(offset, true) + shift, true);
        return moved;
      }),
      fc.uint8Array({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(change, (bytes) => takesOnlyCanonical(object, bytes)),
      { numRuns: 500 },
    );
  });
});

test.each(fixed)("$name of a fixed size is refused with a byte more", (object) => {
  expect(decode(object, concatBytes(pinned(object), Uint8Array.of(0)))).toBeUndefined();
});

describe("offsets", () => {
  const valid = pinned(Batch);
  /** Two offsets: after producer and sequence. */
  const first = 48 + 8;
  const moved = (at: number, to: (offset: number) => number) => {
    const bytes = Uint8Array.from(valid);
    const view = new DataView(bytes.buffer);
    view.setUint32(at, to(view.getUint32(at, true)), true);
    return bytes;
  };

  test.each<[string, Uint8Array]>([
    ["the first behind the fixed part", moved(first, (offset) => offset + 1)],
    ["the first inside the fixed part", moved(first, (offset) => offset - 1)],
    ["one below the first", moved(first + 4, () => first)],
    ["one behind the end", moved(first + 4, () => valid.length + 1)],
    ["the largest", moved(first + 4, () => 2 ** 32 - 1)],
  ])("%s are refused", (_, bytes) => {
    expect(decode(Batch, bytes)).toBeUndefined();
  });
});

describe("limits", () => {
  const certificateOf = (members: number) => ({
    signers: BitArray.fromBitLen(members),
    signature: asSignature(new Uint8Array(96)),
  });
  /** Bits of a list and the bit that ends it, behind offset and signature. */
  const certificateBytes = (members: number) => {
    const bits = new Uint8Array(Math.floor(members / 8) + 1);
    bits[members >> 3] = 1 << (members & 7);
    return concatBytes(Uint8Array.of(100, 0, 0, 0), new Uint8Array(96), bits);
  };

  test("hold for signers", () => {
    expect(decode(Certificate, certificateBytes(limits.validators))).toEqual(certificateOf(limits.validators));
    expect(decode(Certificate, certificateBytes(limits.validators + 1))).toBeUndefined();
    expect(decode(Certificate, certificateBytes(8).subarray(0, 101))).toBeUndefined();
  });

  test("hold for the number of elements", () => {
    const entry = new Uint8Array(40);
    const entries = (count: number) => concatBytes(...Array.from({ length: count }, () => entry));
    expect(decode(Payload, entries(limits.tenants))).toHaveLength(limits.tenants);
    expect(decode(Payload, entries(limits.tenants + 1))).toBeUndefined();
  });

  test("hold for the bytes of a transaction", () => {
    const batchOf = (length: number) => {
      const empty = { ...Batch.decode(pinned(Batch)), transactions: [], bundles: [] };
      const head = Batch.encode(empty);
      const view = new DataView(head.buffer, head.byteOffset);
      const transaction = concatBytes(new Uint8Array(12), Uint8Array.of(16, 0, 0, 0), new Uint8Array(length));
      view.setUint32(60, 64 + 4 + transaction.length, true);
      return concatBytes(head, Uint8Array.of(4, 0, 0, 0), transaction);
    };
    expect(decode(Batch, batchOf(limits.transactionBytes))?.transactions[0]?.bytes.length).toBe(
      limits.transactionBytes,
    );
    expect(decode(Batch, batchOf(limits.transactionBytes + 1))).toBeUndefined();
  });

  test("hold for integers: 2^53 - 1 is the largest", () => {
    const bytes = (epoch: bigint) => {
      const encoded = pinned(Proposal);
      new DataView(encoded.buffer).setBigUint64(0, epoch, true);
      return encoded;
    };
    expect(decode(Proposal, bytes(2n ** 53n - 1n))?.epoch).toBe(Number.MAX_SAFE_INTEGER);
    for (const epoch of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(decode(Proposal, bytes(epoch))).toBeUndefined();
    }
  });

  test("hold for booleans", () => {
    // With nothing hopeless, the last byte is that of the last bundle's outcome.
    const encoded = Summary.encode({ ...Summary.decode(pinned(Summary)), hopeless: [] });
    const last = encoded.length - 1;
    expect(encoded[last]).toBe(0);
    for (let byte = 2; byte < 256; byte++) {
      encoded[last] = byte;
      expect(decode(Summary, encoded)).toBeUndefined();
    }
  });
});

describe("field branches", () => {
  const header = Header.decode(pinned(Header));
  const cases: [string, JsonPath, Root][] = [
    ["a field", ["payloadRoot"], header.payloadRoot],
    ["a nested field", ["certified", "summaryRoot"], header.certified.summaryRoot],
    ["an element of a list", ["batches", 1], header.batches[1] as Root],
    ["an object", ["certified"], Certified.root(header.certified)],
  ];

  test.each(cases)("prove %s, and nothing else", (_, path, leaf) => {
    const branch = proveField(Header, header, path);
    const root = Header.root(header);
    expect(verifyField(Header, path, leaf, branch, root)).toBe(true);
    expect(verifyField(Header, path, zeroRoot, branch, root)).toBe(false);
    expect(verifyField(Header, path, leaf, branch, zeroRoot)).toBe(false);
    expect(verifyField(Header, path, leaf, branch.slice(1), root)).toBe(false);
    expect(verifyField(Header, path, leaf, [...branch, zeroRoot], root)).toBe(false);
    expect(verifyField(Header, ["parent"], leaf, branch, root)).toBe(false);
    for (let i = 0; i < branch.length; i++) {
      const changed = branch.map((node, j) => (i === j ? asRoot(node.map((byte) => byte ^ 1)) : node));
      expect(verifyField(Header, path, leaf, changed, root)).toBe(false);
    }
  });

  test("roots are those of the consensus specifications", () => {
    const hash = (...nodes: Uint8Array[]) =>
      createHash("sha256")
        .update(concatBytes(...nodes))
        .digest();
    const leaf = (value: number) => {
      const node = new Uint8Array(32);
      new DataView(node.buffer).setUint32(0, value, true);
      return node;
    };
    const headerRoot = asRoot(new Uint8Array(32).fill(7));
    const proposal = { epoch: asEpoch(1), view: asView(2), parentView: asView(3), headerRoot };
    const byHand = hash(hash(leaf(1), leaf(2)), hash(leaf(3), headerRoot));
    expect(Proposal.root(proposal)).toEqual(new Uint8Array(byHand));
    const branch = [asRoot(leaf(3)), asRoot(new Uint8Array(hash(leaf(1), leaf(2))))];
    expect(rootFromBranch(headerRoot, branch, 7n)).toEqual(new Uint8Array(byHand));
    expect(rootFromBranch(headerRoot, branch, 15n)).toBeUndefined();
    expect(rootFromBranch(headerRoot, branch, 3n)).toBeUndefined();
  });
});
