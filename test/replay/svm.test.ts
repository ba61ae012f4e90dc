import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Execution } from "../../adapters/adapter.ts";
import { unpackDiff } from "../../adapters/diff.ts";
import { gatewayAccounts } from "../../adapters/svm/contracts/gatewayAccounts.ts";
import { buildEngine } from "../../adapters/svm/testChain.ts";
import { toHex } from "../../protocol/bytes.ts";
import { createReplayer, type Replayer } from "./svm/replayer.ts";
import { createScenarios } from "./svm/scenarios.ts";
import { createWorld, feeRecipient, lamportsAtStart, type World } from "./svm/world.ts";

const seed = 20_260_501;
const blocks = 1_000;

/** Blocks share seconds, follow each other at once, or after a while. */
const steps = [1, 100, 300, 300, 700, 1_500, 5_000];

describe(`${blocks} blocks of everything that an SVM does (seed ${seed})`, () => {
  const scenarios = createScenarios();
  const names = Object.keys(scenarios);
  /** Executions by scenario. */
  const played = new Map<string, Execution[]>(names.map((name) => [name, []]));
  let world: World;
  let replayer: Replayer;

  beforeAll(async () => {
    await buildEngine();
    world = await createWorld(seed);
    replayer = createReplayer({
      ...{ funded: world.funded, lamports: lamportsAtStart, feeRecipient, others: gatewayAccounts() },
      genesis: { blockhash: world.genesis.blockHash, seconds: 1_800_000_000 },
    });
  }, 900_000);
  afterAll(() => world.close());

  test("come to equal accounts and state roots on a litesvm and a tree that share nothing with ours", async () => {
    expect(toHex(replayer.root())).toBe(toHex(world.genesis.stateRoot));
    for (let number = 1; number <= blocks; number++) {
      const name = names[number % names.length] as string;
      const entries: Uint8Array[] = [];
      for (const draft of (await scenarios[name]?.(world)) ?? []) entries.push(world.sign(draft));
      if (entries[0] !== undefined && world.random.chance(0.1)) entries.push(entries[0]);
      const { context, applied, executions, seal } = await world.record(entries, world.random.pick(steps));
      played.get(name)?.push(...executions);

      const results = replayer.apply({ ...context, blockhash: seal.blockHash, applied });
      const succeeded = executions.flatMap((each) => (each.kind === "applied" ? [each.succeeded] : []));
      expect(results, `block ${number}: ${name}`).toEqual(succeeded);
      for (const { key, after } of unpackDiff(seal.diff)) {
        if (key[0] !== 0x61) continue;
        const address = toHex(key.subarray(1)).slice(2);
        const replayed = replayer.accounts.get(address);
        expect(replayed && toHex(replayed), `block ${number} (${name}): ${address}`).toBe(after && toHex(after));
      }
      if (number % 5 === 0 || number === blocks) {
        expect(toHex(replayer.root()), `block ${number}: ${name}`).toBe(toHex(seal.stateRoot));
      }
    }
  }, 900_000);

  const applied = (name: string) =>
    (played.get(name) ?? []).flatMap((each) => (each.kind === "applied" ? [each.succeeded] : []));

  test("hold what they are for: every scenario was applied, and failed or was refused where it may", () => {
    expect(names.filter((name) => name !== "refused" && !applied(name).includes(true))).toEqual([]);
    for (const name of ["failure", "token", "deployed program", "closed program"]) {
      expect({ name, failed: applied(name).includes(false) }).toEqual({ name, failed: true });
    }
    const reasons = new Set(
      [...played.values()].flat().flatMap((each) => (each.kind === "applied" ? [] : [each.reason])),
    );
    for (const reason of ["duplicate", "insufficient_funds", "invalid"]) expect(reasons).toContain(reason);
  });
});
