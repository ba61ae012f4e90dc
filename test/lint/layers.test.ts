import { describe, expect, test } from "vitest";
import { forbiddenImport } from "./layers.ts";
import { readSources } from "./sources.ts";

const sources = readSources();

describe("layers", () => {
  test("no file imports from a folder that its own may not know", () => {
    const violations = sources
      .filter(({ isTest }) => !isTest)
      .flatMap(({ path, imports }) =>
        imports.flatMap((target) => {
          const reason = forbiddenImport(path, target);
          return reason === undefined ? [] : [`${path} imports ${target}: ${reason}`];
        }),
      );
    expect(violations).toEqual([]);
  });

  test("protocol/ runs in a browser: it imports nothing of Node.js", () => {
    const users = sources.filter(
      ({ path, isTest, modules }) =>
        !isTest && path.startsWith("protocol/") && modules.some((name) => name.startsWith("node:")),
    );
    expect(users.map(({ path }) => path)).toEqual([]);
  });

  test("the files were found and their imports read", () => {
    expect(sources.length).toBeGreaterThan(20);
    const total = sources.reduce((sum, { imports }) => sum + imports.length, 0);
    expect(total).toBeGreaterThan(sources.length);
    expect(sources.find(({ path }) => path === "test/lint/layers.test.ts")).toMatchObject({
      isTest: true,
      imports: ["test/lint/layers.ts", "test/lint/sources.ts"],
      modules: ["vitest"],
    });
  });

  test.each([
    ["protocol/header.ts", "consensus/application.ts"],
    ["consensus/simplex/round.ts", "sequencer/service.ts"],
    ["adapters/adapter.ts", "sequencer/service.ts"],
    ["adapters/evm/executor.ts", "adapters/svm/codec.ts"],
    ["messaging/light-client/verify.ts", "adapters/evm/executor.ts"],
    ["messaging/light-client/verify.ts", "consensus/simplex/round.ts"],
    ["sequencer/node.ts", "devnet/ports.ts"],
    ["client/http.ts", "sequencer/service.ts"],
    ["intents/auction.ts", "adapters/evm/proof.ts"],
    ["cli/node.ts", "test/e2e/devnet.ts"],
  ])("%s may not import %s", (from, to) => {
    expect(forbiddenImport(from, to)).toBeDefined();
  });

  test.each([
    ["consensus/simplex/round.ts", "protocol/header.ts"],
    ["messaging/light-client/verify.ts", "adapters/evm/proof.ts"],
    ["messaging/light-client/verify.ts", "consensus/certificate/noble.ts"],
    ["sequencer/node.ts", "adapters/evm/executor.ts"],
    ["adapters/evm/executor.ts", "adapters/adapter.ts"],
    ["client/http.ts", "messaging/light-client/verify.ts"],
    ["cli/node.ts", "sequencer/node.ts"],
  ])("%s may import %s", (from, to) => {
    expect(forbiddenImport(from, to)).toBeUndefined();
  });
});

describe("sizes", () => {
  const lines = sources.filter(({ isTest }) => !isTest).map((file) => file.lines);
  const atRank = (share: number) => lines.toSorted((a, b) => a - b)[Math.floor(share * (lines.length - 1))];

  test("no file has more than 800 lines", () => {
    expect(sources.filter((file) => file.lines > 800).map(({ path }) => path)).toEqual([]);
  });

  test("half of the files have at most 120 lines, and 95 of 100 fewer than 450", () => {
    expect(atRank(0.5)).toBeLessThanOrEqual(120);
    expect(atRank(0.95)).toBeLessThan(450);
  });
});
