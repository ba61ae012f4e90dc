import { digest } from "@chainsafe/as-sha256";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { sha256, useSha256 } from "../../protocol/hash.ts";
import { useNativeSha256 } from "./sha256.ts";

afterAll(() => useSha256(digest));

test("the native sha256 is the one that browsers compute", () => {
  useNativeSha256();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
      expect(sha256(bytes)).toEqual(digest(bytes));
    }),
  );
});
