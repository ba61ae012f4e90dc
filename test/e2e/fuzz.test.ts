/** Five thousand mutated transactions and calls of one seed; `npm run fuzz` sends as many as you like. */
import { expect, inject, test } from "vitest";
import { fuzz } from "../fuzz/run.ts";

const count = 5000;

test("every answer to what is mutated is a result or an error, and honest users notice nothing", async () => {
  const lines: string[] = [];
  const report = await fuzz(inject("devnet"), { seed: 1, from: 0, count, say: (line) => lines.push(line) });
  expect(report.problems).toEqual([]);
  expect(report.attempts).toBe(count);
  for (const domain of [1, 501, 9004, 9889, 31337]) expect(report.honest.get(domain)).toBeGreaterThan(0);
}, 300_000);
