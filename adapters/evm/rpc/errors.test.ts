import { encodeErrorResult, parseAbi } from "viem";
import { describe, expect, it } from "vitest";
import { failure } from "../../../protocol/errors.ts";
import { refusalCodes } from "../../adapter.ts";
import { readRefusals } from "../reads.ts";
import { callFailed, readError, revertText, submissionError } from "./errors.ts";

const standard = parseAbi(["error Error(string)", "error Panic(uint256)", "error Custom(uint256)"]);
const revert = (errorName: "Error" | "Panic" | "Custom", value: string | bigint) =>
  encodeErrorResult({ abi: standard, errorName, args: [value] as never });

describe("a refused transaction", () => {
  it.each([
    ["nonce_too_low", -32000, "nonce too low: why"],
    ["insufficient_funds", -32000, "insufficient funds for gas * price + value: why"],
    ["already_known", -32000, "already known: why"],
    ["replacement_underpriced", -32000, "replacement transaction underpriced: why"],
    ["intrinsic_gas", -32000, "intrinsic gas too low: why"],
    ["unsupported", -32000, "transaction type not supported: why"],
    ["wrong_chain", -32000, "invalid chain id for signer: why"],
    ["unavailable", -32002, "the transaction was not acknowledged: why"],
    ["toString", -32000, "toString: why"],
  ])("as %s is told in geth's words", (code, number, message) => {
    const { error } = failure(code, "why");
    expect(submissionError(error)).toEqual({ code: number, message, data: { code } });
  });

  it("has words of its own for every code of a VM", () => {
    for (const code of refusalCodes) {
      const { message } = submissionError(failure(code, "why").error);
      expect(message).toMatch(/: why$/);
      expect(message).not.toBe(`${code}: why`);
    }
  });

  it("isn't told the same words twice", () => {
    expect(submissionError(failure("nonce_too_low", "Nonce too low by 5").error).message).toBe("Nonce too low by 5");
  });
});

it("a read that can't be done has words for every code", () => {
  for (const code of readRefusals) expect(readError(failure(code, "why").error).message).toMatch(/: why$/);
});

describe("a failed call", () => {
  it("that reverted has code 3, the reason and the data", () => {
    const data = revert("Error", "not you");
    expect(callFailed(data, "revert").body).toEqual({ code: 3, message: "execution reverted: not you", data });
    expect(callFailed("0x", "revert").body).toEqual({ code: 3, message: "execution reverted", data: "0x" });
  });

  it("that halted names the halt", () => {
    expect(callFailed("0x", "out_of_gas").body).toEqual({ code: -32000, message: "out of gas" });
  });

  it("says what Solidity meant, where it can", () => {
    expect(revertText(revert("Panic", 0x11n))).toBe("arithmetic underflow or overflow");
    expect(revertText(revert("Panic", 0x99n))).toBe("unknown panic code: 0x99");
    expect(revertText(revert("Custom", 1n))).toBeUndefined();
    expect(revertText("0x08c379a0")).toBeUndefined();
    expect(revertText(`0x08c379a0${"ff".repeat(64)}`)).toBeUndefined();
  });
});
