import { describe, expect, it } from "vitest";
import { compareBytes } from "../../protocol/bytes.ts";
import { asDomain } from "../../protocol/ids.ts";
import { below, keys, prefixes } from "./keys.ts";

describe("the keys below a prefix", () => {
  it.each([1, 254, 255, 256, 0xffff, 0xffffffff])(
    "are all of that tenant's, and nobody else's (domain %i)",
    (number) => {
      const domain = asDomain(number);
      const { gte, lt } = below(prefixes.state(domain));
      const isBelow = (key: Uint8Array) => compareBytes(gte, key) <= 0 && compareBytes(key, lt) < 0;
      expect(isBelow(keys.state(domain, new Uint8Array()))).toBe(true);
      expect(isBelow(keys.state(domain, new Uint8Array(40).fill(255)))).toBe(true);
      if (number > 0) expect(isBelow(keys.state(asDomain(number - 1), new Uint8Array(40).fill(255)))).toBe(false);
      if (number < 0xffffffff) expect(isBelow(keys.state(asDomain(number + 1), new Uint8Array()))).toBe(false);
      expect(isBelow(keys.diff(domain, 1))).toBe(false);
    },
  );
});
