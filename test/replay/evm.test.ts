import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Execution, Seal } from "../../adapters/adapter.ts";
import { createReplayer, type ReplayedBlock, type Replayer } from "../../adapters/evm/replay.ts";
import { buildEngine } from "../../adapters/evm/testChain.ts";
import { toHex } from "../../protocol/bytes.ts";
import { scenarios } from "./scenarios.ts";
import { budget, config, createWorld, domain, type World } from "./world.ts";

const seed = 20_260_101;
const blocks = 2_000;

/** What both engines say of a block, as text. */
const facts = ({ number, gasUsed, ...roots }: Seal | ReplayedBlock) => ({
  number,
  gasUsed,
  receiptsRoot: toHex(roots.receiptsRoot),
  stateRoot: toHex(roots.stateRoot),
  blockHash: toHex(roots.blockHash),
  auxRoot: toHex(roots.auxRoot),
});

/** Blocks share seconds, follow each other at once, or after a while. */
const steps = [1, 100, 300, 300, 700, 1_500, 20_000];

describe(`${blocks} blocks of everything that an EVM does (seed ${seed})`, () => {
  let world: World;
  let replayer: Replayer;
  /** Executions by scenario. */
  const played = new Map<string, Execution[]>();

  beforeAll(async () => {
    await buildEngine();
    world = await createWorld(seed);
    replayer = await createReplayer(domain, config, budget);
  }, 900_000);
  afterAll(() => world.recorder.close());

  const play = async (name: string, entries: readonly Uint8Array[]): Promise<void> => {
    const { block, seal, executions } = await world.record(entries, world.random.pick(steps));
    played.set(name, [...(played.get(name) ?? []), ...executions]);
    const replayed = await replayer.apply(block);
    if (!replayed.ok) throw new Error(`block ${seal.number} (${name}): ${replayed.error.message}`);
    expect(facts(replayed.value), name).toEqual(facts(seal));
  };

  const entriesOf = async (name: string): Promise<Uint8Array[]> => {
    const entries: Uint8Array[] = [];
    for (const draft of (await scenarios[name]?.(world)) ?? []) entries.push(await world.sign(draft));
    return entries;
  };

  test("are made of calls of which every precompile takes some and refuses others", async () => {
    const taken = new Set<string>();
    const refused = new Set<string>();
    for (const { address, input } of world.precompiles) {
      ((await world.recorder.succeeds(address, input)) ? taken : refused).add(address);
    }
    // The first four fail for want of gas alone; at 0x12 is none.
    expect([...taken].sort()).toEqual([...new Set(world.precompiles.map((call) => call.address))].sort());
    expect(refused.size).toBe(0x11 - 4);
  });

  test("come to equal state roots, receipts roots and block hashes on the engine and on @ethereumjs/vm", async () => {
    expect(facts(replayer.genesis)).toEqual(facts(world.recorder.genesis));
    await play("deployment", [await world.sign(world.deployment)]);
    const names = [...Object.keys(scenarios), "nothing"];
    for (let number = 2; number <= blocks; number++) {
      const name = names[number % names.length] as string;
      const entries = await entriesOf(name);
      if (number % 3 === 0) entries.push(...(await entriesOf(world.random.pick(names))));
      await play(name, entries);
    }
  }, 900_000);

  const of = (name: string) => played.get(name) ?? [];
  const applied = (name: string) => of(name).flatMap((execution) => (execution.kind === "applied" ? [execution] : []));

  test("hold what they are for: every scenario was applied, and failed where it may", () => {
    const idle = Object.keys(scenarios).filter((name) => applied(name).length === 0);
    expect(idle).toEqual([]);
    const failing = ["failure", "out of gas", "creation by transaction", "size limits", "random code by transaction"];
    expect(failing.filter((name) => applied(name).every(({ succeeded }) => succeeded))).toEqual([]);
    const neverSucceeded = Object.keys(scenarios).filter((name) => applied(name).every(({ succeeded }) => !succeeded));
    // Its transactions burn all the gas there is.
    expect(neverSucceeded).toEqual(["full block"]);
  });

  test("leave out what is invalid, and what doesn't fit any more", () => {
    const reasons = new Set(
      [...played.values()].flat().flatMap((each) => (each.kind === "applied" ? [] : [each.reason])),
    );
    for (const reason of [
      "block_full",
      "fee_too_low",
      "gas_limit",
      "insufficient_funds",
      "intrinsic_gas",
      "nonce_too_high",
    ]) {
      expect(reasons).toContain(reason);
    }
  });
});
