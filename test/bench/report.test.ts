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
  engines: {
    evm: { cpuMicros: { entry: 100, other: 100 }, gas: 21_000 },
    cairo: { cpuMicros: { entry: 4000, other: 2000 }, gas: 700_000 },
  },
  ordering: {},
  vms: { evm: { four: executedIn(400), one: executedIn(100, 3) }, cairo: { four: executedIn(10_000) } },
  anvil: { instant: executedIn(800), manual: executedIn(200) },
  notes: ["something was left out"],
  problems: [],
};

const row = (what: string, of = results): string[] => {
  const line = formatReport(of, false)
    .split("\n")
    .find((text) => text.startsWith(`| ${what}`));
  return (line ?? "").split("|").map((cell) => cell.trim());
};

test("each second of the run counts from the first submission", () => {
  expect(executedPerSecond(executedIn(400))).toBe(2500);
});

test("the ceiling shares all cores among the validators, of which one takes a transaction in", () => {
  expect(ceilingOf({ cpuMicros: { entry: 100, other: 100 }, gas: 1 }, 2, 4)).toBe(5000);
  expect(ceilingOf({ cpuMicros: { entry: 400, other: 200 }, gas: 1 }, 2, 1)).toBe(5000);
  expect(ceilingOf({ cpuMicros: { entry: 400, other: 200 }, gas: 1 }, 2, 4)).toBe(2000);
  expect(ceilingOf(undefined, 2, 4)).toBeUndefined();
});

test("a network stands beside its peer and its ceiling", () => {
  expect(row("EVM transfers, 4 validators").slice(2, 6)).toEqual(["2,500", "1,250", "2 / 0.5", "50"]);
  expect(row("EVM transfers, 1 validator").slice(2, 6)).toEqual(["10,000", "5,000", "8 / 2", "50"]);
});

test("only the EVM has a peer", () => {
  expect(row("Cairo transfers, 4 validators").slice(2, 6)).toEqual(["100", "50", "–", "50"]);
});

test("of all VMs at once each has its share of the machine", () => {
  const times = executedIn(2000).times;
  const together = {
    ms: 2000,
    vms: [
      { vm: "evm" as const, executed: 2500, times },
      { vm: "cairo" as const, executed: 100, times },
    ],
    cores: { own: 1.9, elsewhere: 0.1 },
    peakMiB: {},
  };
  const found = (what: string) => row(what, { ...results, together }).slice(2, 5);
  expect(found("EVM transfers  ")).toEqual(["1,250", "5,000", "25"]);
  expect(found("Cairo transfers  ")).toEqual(["50", "200", "25"]);
  expect(found("together")).toEqual(["1,300", "–", "50"]);
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
