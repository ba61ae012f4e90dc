import { expect, test } from "vitest";
import { setToml } from "./cometbft.ts";

const toml = ['laddr = "top"', "", "[rpc]", 'laddr = "rpc"', "", "[p2p]", 'laddr = "p2p"', "size = 1"].join("\n");

test("a key is set in its own section only", () => {
  expect(setToml(toml, "p2p", "laddr", '"new"')).toBe(toml.replace('"p2p"', '"new"'));
  expect(setToml(toml, "", "laddr", '"new"')).toBe(toml.replace('"top"', '"new"'));
});

test("a setting that the program doesn't have is said by name, not added", () => {
  expect(() => setToml(toml, "rpc", "size", "2")).toThrow("rpc.size");
});
