import { expect, test } from "vitest";

test("NOTICE names exactly the packages of both lock files", async () => {
  const script = new URL("../../scripts/notice.mjs", import.meta.url).href;
  const { checkNotice } = (await import(script)) as { checkNotice(): string[] };
  expect(checkNotice(), "write it anew: node scripts/notice.mjs").toEqual([]);
});
