import { expect, test } from "vitest";
import { ceilingOf, executedPerSecond, formatReport, type Results } from "./report.ts";
import type { Throughput } from "./throughput.ts";

/** 1,000 transactions executed in `ms`. */
const executedIn = (ms: number, resent = 0): Throughput => ({
  transactions: 1000,
  times: {
    acknowledged: 1,
    finalized: 1,
    executed: ms,
    certified: 2 * ms,
    resent,
    refusals: resent > 0 ? ["busy"] : [],
  },
  cpuMicros: { validator: 250, load: 5 },
  cores: { own: 1.5, elsewhere: 0.1 },
  peakMiB: { validator: 170, load: 100 },
});

const results: Results = {
  machine: { processor: "a processor", cores: 2, node: "v20", loadBefore: 0 },
  engines: { evm: { perCpuSecond: 10_000 } },
  ordering: {},
  evm: { four: executedIn(400), one: executedIn(100, 3) },
  anvil: { instant: executedIn(800), manual: executedIn(200) },
  notes: ["something was left out"],
  problems: [],
};

const row = (what: string): string[] => {
  const line = formatReport(results, false)
    .split("\n")
    .find((text) => text.startsWith(`| ${what}`));
  return (line ?? "").split("|").map((cell) => cell.trim());
};

test("each second of the run counts from the first submission", () => {
  expect(executedPerSecond(executedIn(400))).toBe(2500);
});

test("the ceiling shares all cores among the validators", () => {
  expect(ceilingOf({ perCpuSecond: 10_000 }, 2, 4)).toBe(5000);
  expect(ceilingOf(undefined, 2, 4)).toBeUndefined();
});

test("a network stands beside its peer and its ceiling", () => {
  expect(row("EVM transfers, 4 validators").slice(2, 6)).toEqual(["2,500", "1,250", "2 / 0.5", "50"]);
  expect(row("EVM transfers, 1 validator").slice(2, 6)).toEqual(["10,000", "5,000", "8 / 2", "50"]);
});

test("what wasn't measured is a dash", () => {
  expect(row("anvil, blocks at the end").slice(4, 9)).toEqual(["–", "–", "250 / – / 5", "1.5 / 0.1", "170 / – / 100"]);
});

test("refused requests and what was left out are told, and a figure from elsewhere is marked", () => {
  const text = formatReport({ ...results, ordering: { four: executedIn(100) } }, false);
  expect(text).toContain("3 requests were sent again, refused for: busy");
  expect(text).toContain("something was left out");
  expect(text).toContain("CometBFT 1.0.1, 4 nodes: published, not measured here");
  expect(text).toContain("2.7 of published");
});
