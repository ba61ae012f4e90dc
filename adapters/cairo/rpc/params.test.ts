import { describe, expect, it } from "vitest";
import { RpcError } from "../../jsonRpc/error.ts";
import { blockId } from "./blockId.ts";
import { address, felt, integer, oneOf, oneOrMore, parameters, sessionOf, text } from "./params.ts";

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof RpcError) return error.message;
    throw error;
  }
  throw new Error("it was taken");
};

describe("parameters", () => {
  it("come by name or by position", () => {
    for (const params of [{ index: 7, name: "x" }, ["x", 7]]) {
      const given = parameters(params, "name", "index");
      expect([given.required("name", text), given.required("index", integer)]).toEqual(["x", 7]);
    }
  });

  it("may be missing, or null, where they are optional", () => {
    for (const params of [{}, [], { name: null }, [null]]) {
      expect(parameters(params, "name").optional("name", text)).toBeUndefined();
      expect(messageOf(() => parameters(params, "name").required("name", text))).toBe("missing parameter name");
    }
  });

  it("are refused where a method takes no such", () => {
    expect(messageOf(() => parameters([1, 2], "one"))).toBe("too many parameters, want at most 1");
    expect(messageOf(() => parameters({ other: 1 }, "one"))).toBe("unknown parameter other: this method takes one");
    expect(messageOf(() => parameters({ other: 1 }))).toBe("unknown parameter other: this method takes no parameters");
  });
});

describe("values", () => {
  it("of felts and addresses are below their bounds, in any spelling", () => {
    expect(felt("0x00AB", "it")).toBe("0xab");
    const tooLarge = `0x${(2n ** 251n - 256n).toString(16)}`;
    expect(felt(tooLarge, "it")).toBe(tooLarge);
    expect(messageOf(() => address(tooLarge, "it"))).toContain("invalid it: expected an address");
    for (const wrong of ["0x", "ab", 1, null, "0xzz", `0x${"f".repeat(64)}`]) {
      expect(messageOf(() => felt(wrong, "it"))).toContain("invalid it: expected a field element in hex");
    }
  });

  it("are one or a list of them, up to a bound", () => {
    expect(oneOrMore(integer, 2)(1, "it")).toEqual([1]);
    expect(oneOrMore(integer, 2)([1, 2], "it")).toEqual([1, 2]);
    expect(messageOf(() => oneOrMore(integer, 2)([1, 2, 3], "it"))).toContain("at most 2");
  });

  it("are one of a few words", () => {
    expect(oneOf("A", "B")("B", "it")).toBe("B");
    expect(messageOf(() => oneOf("A", "B")("C", "it"))).toContain("one of A, B");
  });

  it("of blocks are tags, numbers and hashes", () => {
    expect(blockId("latest", "it")).toBe("latest");
    expect(blockId({ block_number: 3 }, "it")).toEqual({ number: 3 });
    expect(blockId({ block_hash: "0x0a" }, "it")).toEqual({ hash: "0xa" });
    for (const wrong of ["pending", 3, null, [], {}, { block_number: "0x3" }, { block_number: 1, block_hash: "0x1" }]) {
      expect(messageOf(() => blockId(wrong, "it"))).toContain("invalid it");
    }
  });
});

it("a subscription needs a WebSocket", () => {
  expect(messageOf(() => sessionOf(undefined))).toContain("WebSocket");
});
