import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RpcError } from "../../jsonRpc/error.ts";
import { boolean, list, none, optional, positional, type Reader, required } from "../../jsonRpc/params.ts";
import { blockPlace, blockReference } from "./blockTag.ts";
import { callRequest } from "./callRequest.ts";
import { logFilter } from "./logs.ts";
import { address, data, hash, integer, looseInteger, quantity, slot } from "./params.ts";

const someHash = `0x${"aB".repeat(32)}`;
const someAddress = `0x${"Cd".repeat(20)}`;

/** The message with which a reader refuses a value. */
const refusal = (reader: Reader<unknown>, value: unknown): string => {
  try {
    reader(value, "argument 0");
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    expect((error as RpcError).body.code).toBe(-32602);
    return (error as RpcError).message;
  }
  throw new Error(`${JSON.stringify(value)} was let through`);
};

describe("readers", () => {
  it("take what they should", () => {
    expect(address(someAddress, "x")).toBe(someAddress.toLowerCase());
    expect(hash(someHash, "x")).toBe(someHash.toLowerCase());
    expect(slot("0x1", "x")).toBe(`0x${"0".repeat(63)}1`);
    expect(quantity("0x0", "x")).toBe("0x0");
    expect(integer("0x1fffffffffffff", "x")).toBe(Number.MAX_SAFE_INTEGER);
    expect(looseInteger(10, "x")).toBe(10);
    expect(looseInteger("0xa", "x")).toBe(10);
    expect(data(2)("0x0aFF", "x")).toBe("0x0aFF");
    expect(boolean(false, "x")).toBe(false);
    expect(list(integer, 2)(["0x1", "0x2"], "x")).toEqual([1, 2]);
    expect(blockPlace("finalized", "x")).toBe("finalized");
    expect(blockPlace("0x10", "x")).toBe(16);
    expect(blockReference({ blockHash: someHash, requireCanonical: true }, "x")).toEqual({
      hash: someHash.toLowerCase(),
    });
    expect(blockReference({ blockNumber: "0x5" }, "x")).toBe(5);
  });

  it.each<[string, Reader<unknown>, unknown[]]>([
    [
      "address",
      address,
      [5, null, {}, "", "0x", "0x12", someHash, `${someAddress}0`, someAddress.slice(2), `0x${"zz".repeat(20)}`],
    ],
    ["hash", hash, [5, "0x1", someAddress, `0X${"ab".repeat(32)}`]],
    ["slot", slot, [1, "0x", "1", `${someHash}0`, "0xg"]],
    ["quantity", quantity, [1, "", "0x", "0x00", "0x01", "10", "0xg", `0x1${"0".repeat(64)}`, "-0x1", "0x1 "]],
    ["integer", integer, ["0x20000000000000"]],
    ["integer or number", looseInteger, [-1, 1.5, Number.NaN, 2 ** 53, "10"]],
    ["bytes", data(4), ["0x1", "00", "0xzz", 0, "0x0011223344"]],
    ["boolean", boolean, ["true", 1]],
    ["list", list(integer, 1), ["0x1", {}, ["0x1", "0x2"], [1]]],
    ["block", blockPlace, ["newest", 5, "5", "0x", "0x05", {}]],
    ["block reference", blockReference, [{}, [], { blockHash: someHash, blockNumber: "0x1" }, { blockHash: "0x1" }]],
  ])("%s refuses anything else and says what was expected", (_, reader, values) => {
    for (const value of values) expect(refusal(reader, value)).toMatch(/^invalid argument 0/);
  });

  it("show only the beginning of a long value", () => {
    expect(refusal(address, "x".repeat(10_000)).length).toBeLessThan(200);
  });

  it("throw nothing but invalid params, whatever comes", () => {
    const readers: Reader<unknown>[] = [address, hash, slot, quantity, integer, looseInteger, data(10), blockReference];
    readers.push(callRequest, logFilter);
    const value = fc.oneof(fc.jsonValue(), fc.object({ key: fc.constantFrom("blockHash", "topics", "to", "data") }));
    fc.assert(
      fc.property(value, fc.constantFrom(...readers), (anything, reader) => {
        try {
          reader(anything, "argument 0");
        } catch (error) {
          expect(error).toBeInstanceOf(RpcError);
        }
      }),
    );
  });
});

describe("positions", () => {
  it("name what is missing or too many", () => {
    expect(() => positional({}, 1)).toThrow("params must be an array");
    expect(() => positional([1, 2], 1)).toThrow("too many arguments, want at most 1");
    expect(() => none([1])).toThrow("too many arguments, want at most 0");
    expect(() => required([], 0, hash)).toThrow("missing value for required argument 0");
    expect(() => required([null], 0, hash)).toThrow("missing value for required argument 0");
    expect(() => required([[], ["x"]], 1, list(hash, 5))).toThrow("invalid argument 1[0]");
    expect(optional([null], 0, hash)).toBeUndefined();
    expect(optional([], 0, hash)).toBeUndefined();
  });
});

describe("a call", () => {
  it("keeps only known fields, data under one name", () => {
    expect(
      callRequest({ to: someAddress, input: "0x01", nonce: "0x1", type: "0x2", chainId: "0x1", from: null }, "x"),
    ).toEqual({
      to: someAddress.toLowerCase(),
      data: "0x01",
    });
    expect(callRequest({ data: "0xAB", input: "0xab" }, "x")).toEqual({ data: "0xab" });
  });

  it("takes authorizations with yParity or v", () => {
    const signed = { chainId: "0x1", address: someAddress, nonce: "0x0", r: "0x1", s: "0x2" };
    const withParity = callRequest({ authorizationList: [{ ...signed, yParity: "0x1" }] }, "x");
    expect(callRequest({ authorizationList: [{ ...signed, v: "0x1c" }] }, "x")).toEqual(withParity);
    expect(refusal(callRequest, { authorizationList: [signed] })).toContain("authorizationList[0].yParity");
  });

  it("is refused where its fields contradict each other or can't be served", () => {
    expect(refusal(callRequest, { data: "0x01", input: "0x02" })).toContain('both "data" and "input"');
    expect(refusal(callRequest, { gasPrice: "0x1", maxFeePerGas: "0x1" })).toContain("both gasPrice and");
    expect(refusal(callRequest, { blobVersionedHashes: [] })).toContain("blob transactions aren't supported");
    expect(refusal(callRequest, { to: "0x12" })).toContain("argument 0.to");
  });
});

describe("a log filter", () => {
  it("searches the newest block unless told", () => {
    expect(logFilter({}, "x")).toEqual({ addresses: undefined, topics: [], from: "latest", to: "latest" });
  });

  it("is one address or several, topics with null and choices", () => {
    const filter = logFilter({ address: [someAddress], topics: [null, someHash, [someHash], [null, someHash]] }, "x");
    expect([...(filter.addresses?.values ?? [])]).toEqual([someAddress.toLowerCase()]);
    expect(filter.topics.map((topic) => topic && [...topic.values])).toEqual([
      undefined,
      [someHash.toLowerCase()],
      [someHash.toLowerCase()],
      undefined,
    ]);
  });

  it("is refused with a block hash and a range, and with a fifth topic", () => {
    expect(refusal(logFilter, { blockHash: someHash, toBlock: "0x1" })).toContain("cannot specify both");
    expect(refusal(logFilter, { topics: [null, null, null, null, null] })).toContain("at most 4 topics");
    expect(refusal(logFilter, { topics: ["0x1"] })).toContain("argument 0.topics[0]");
  });
});
