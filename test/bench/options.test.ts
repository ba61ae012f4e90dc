import { expect, test } from "vitest";
import { parseOptions, parts } from "./options.ts";

test("everything is measured at full size unless told otherwise", () => {
  expect(parseOptions([])).toMatchObject({ only: parts, isQuick: false, json: undefined });
  expect(parseOptions(["--quick", "--only", "evm,anvil", "--json", "out.json"])).toMatchObject({
    only: ["evm", "anvil"],
    isQuick: true,
    json: "out.json",
  });
  expect(parseOptions(["--help"])).toBe("help");
});

test("what isn't known is refused by name", () => {
  expect(() => parseOptions(["--only", "evm,solana"])).toThrow('not "solana"');
  expect(() => parseOptions(["--fast"])).toThrow("--fast");
});
