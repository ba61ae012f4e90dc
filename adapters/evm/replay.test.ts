import { beforeAll, describe, expect, test } from "vitest";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { zeroRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";
import { createRecorder, type Recorded } from "../../test/replay/recorder.ts";
import { decodeBlock } from "./block.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { createReplayer, type ReplayBlock, type ReplayedBlock } from "./replay.ts";
import {
  alice,
  bob,
  budget,
  buildEngine,
  config,
  counter,
  domain,
  encodeConfig,
  hashes,
  reverter,
  sign,
} from "./testChain.ts";

/** Full at the second transfer of the largest size. */
const small = { ...budget, gas: { rate: 300_000, burst: 150_000, largest: 100_000 } };
const configBytes = encodeConfig(config);
const heights = 8;

let genesis: Awaited<ReturnType<typeof createRecorder>>["genesis"];
const recorded: Recorded[] = [];

beforeAll(async () => {
  await buildEngine();
  const recorder = await createRecorder({ domain, config: configBytes, budget: small }, 1000 * config.timestamp);
  genesis = recorder.genesis;
  for (let nonce = 0; nonce < heights; nonce++) {
    const data: Hex = `0x${nonce.toString(16).padStart(64, "0")}`;
    const entries = await Promise.all([
      sign(alice, { nonce, to: counter, gas: 60_000n }),
      sign(bob, { nonce: 2 * nonce, to: hashes, data, gas: 30_000n }),
      sign(bob, { nonce: 2 * nonce + 1, to: reverter, gas: 30_000n }),
      sign(bob, { nonce: 99, to: counter, gas: 30_000n }),
    ]);
    recorded.push(await recorder.record(entries, 400));
  }
  await recorder.close();
}, 900_000);

/** What a block comes to, as text. */
const facts = ({ number, gasUsed, ...roots }: Recorded["seal"] | ReplayedBlock) => ({
  number,
  gasUsed,
  stateRoot: toHex(roots.stateRoot),
  receiptsRoot: toHex(roots.receiptsRoot),
  blockHash: toHex(roots.blockHash),
  auxRoot: toHex(roots.auxRoot),
});

/** The first height at which replaying `blocks` comes to something else than the engine did, and what that is. */
const firstDifference = async (blocks: readonly ReplayBlock[], bytes = configBytes) => {
  const replayer = await createReplayer(domain, bytes, small);
  if (toHex(replayer.genesis.blockHash) !== toHex(genesis.blockHash)) return { height: 0 };
  for (const [index, block] of blocks.entries()) {
    const replayed = await replayer.apply(block);
    const height = index + 1;
    if (!replayed.ok) return { height, code: replayed.error.code, message: replayed.error.message };
    const [mine, theirs] = [facts(replayed.value), facts((recorded[index] as Recorded).seal)];
    const what = (Object.keys(mine) as (keyof typeof mine)[]).filter((key) => mine[key] !== theirs[key]);
    if (what.length > 0) return { height, what };
  }
  return undefined;
};

const blocks = () => recorded.map(({ block }) => block);

/** All blocks, with the inputs of one changed. */
const planted = (height: number, change: (inputs: readonly Input[]) => Input[]): ReplayBlock[] =>
  blocks().map((block, i) => (i + 1 === height ? { ...block, inputs: change(block.inputs) } : block));

const changeByte = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === (at + bytes.length) % bytes.length ? byte ^ 1 : byte));

const without = (index: number) => (inputs: readonly Input[]) => inputs.filter((_, i) => i !== index);
const changed = (index: number, at: number) => (inputs: readonly Input[]) =>
  inputs.map((input, i) => (i === index ? { ...input, bytes: changeByte(input.bytes, at) } : input));

describe("an EVM tenant, replayed from its inputs", () => {
  test("comes to the engine's roots, hashes and fees at every block", async () => {
    expect(await firstDifference(blocks())).toBeUndefined();
    expect(recorded.at(-1)?.block.inputs.map(({ kind }) => kind)).toEqual([1, 1, 2, 2, 2, 5]);
  });

  test("tells the list of transactions and the bloom of the engine's header", async () => {
    const replayer = await createReplayer(domain, configBytes, small);
    const [first] = recorded as [Recorded];
    const replayed = await replayer.apply(first.block);
    if (!replayed.ok) throw new Error(replayed.error.message);
    const { transactionsRoot, logsBloom } = decodeBlock(first.seal.block);
    expect(toHex(replayed.value.transactionsRoot)).toBe(transactionsRoot);
    expect(toHex(replayed.value.logsBloom)).toBe(logsBloom);
    expect(replayed.value.transactions).toBe(3);
  });

  // Inputs: two writes, then a call that logs, one that reads a block hash, one that reverts, and what was left out.
  type Case = [what: string, height: number, change: (inputs: readonly Input[]) => Input[], what: string[]];
  const roots = ["stateRoot", "receiptsRoot", "blockHash"];
  test.each<Case>([
    ["a dropped transaction", 5, without(4), ["gasUsed", ...roots, "auxRoot"]],
    ["a dropped write", 3, without(0), ["stateRoot", "blockHash"]],
    ["a write that says something else", 6, changed(1, -1), ["stateRoot", "blockHash"]],
    ["a write to another contract", 2, changed(0, 0), ["stateRoot", "blockHash"]],
    [
      "another order",
      4,
      ([first, second, call, read, ...others]) => [first, second, read, call, ...others] as Input[],
      ["receiptsRoot", "blockHash"],
    ],
  ])("finds %s at its height", async (_what, height, change, what) => {
    expect(await firstDifference(planted(height, change))).toEqual({ height, what });
  });

  test.each<[string, number, (inputs: readonly Input[]) => Input[], RegExp]>([
    ["a changed byte of a signature", 4, changed(2, -1), /^input 2 can't be applied: /],
    ["a changed byte of calldata", 7, changed(3, 60), /^input 3 can't be applied: /],
    ["a transaction twice", 2, (inputs) => [...inputs, inputs[2] as Input], /^input 6 can't be applied: .*nonce/],
    [
      "one applied that was left out",
      2,
      (inputs) => inputs.map((input) => ({ ...input, kind: Math.min(input.kind, inputKinds.transaction) })),
      /^input 5 can't be applied: .*nonce/,
    ],
    ["bytes that are no transaction", 1, changed(2, 0), /^input 2 can't be applied: /],
    ["an input of no kind", 3, (inputs) => inputs.map((input) => ({ ...input, kind: 9 })), /^input 0 .* kind 9/],
  ])("finds %s where it can't be applied", async (_what, height, change, message) => {
    const difference = await firstDifference(planted(height, change));
    expect(difference).toMatchObject({ height, code: "not_replayable", message: expect.stringMatching(message) });
  });

  test.each<[string, Partial<ReplayBlock>, string[]]>([
    ["time", { timestampMs: 1000 * config.timestamp + 5000 }, ["stateRoot", "blockHash", "auxRoot"]],
    ["header", { header: sha256(Uint8Array.of(1)) }, ["blockHash"]],
    ["parent", { parent: zeroRoot }, ["blockHash"]],
  ])("finds another %s of the shared header", async (_what, context, what) => {
    const others = blocks().map((block, i) => (i === 5 ? { ...block, ...context } : block));
    expect(await firstDifference(others)).toEqual({ height: 6, what });
  });

  test("finds another genesis", async () => {
    const alloc = { ...config.alloc, [reverter]: { code: "0x60085f5260205ffd" } };
    expect(await firstDifference(blocks(), encodeConfig({ ...config, alloc }))).toEqual({ height: 0 });
  });

  test("undoes a block that can't be applied, and takes the right one in its place", async () => {
    const replayer = await createReplayer(domain, configBytes, small);
    for (const { block, seal } of recorded) {
      const refused = await replayer.apply({ ...block, inputs: [...block.inputs, block.inputs[3] as Input] });
      expect(refused).toMatchObject({ ok: false, error: { code: "not_replayable", input: 6 } });
      const replayed = await replayer.apply(block);
      expect(replayed.ok && facts(replayed.value)).toEqual(facts(seal));
    }
  });

  test("holds a tenant's own limits of gas", async () => {
    const replayer = await createReplayer(domain, configBytes, small);
    const { header, parent, timestampMs } = (recorded[0] as Recorded).block;
    const apply = async (...transactions: Uint8Array[]) => {
      const inputs = transactions.map((bytes) => ({ kind: inputKinds.transaction, bytes, reason: new Uint8Array() }));
      return replayer.apply({ header, parent, timestampMs, inputs });
    };
    const above = await apply(await sign(alice, { nonce: 0, to: bob.address, gas: 100_001n }));
    expect(above).toMatchObject({ ok: false, error: { message: expect.stringContaining("100000 are left") } });
    const calldata: Hex = `0x${"11".repeat(1800)}`;
    const filling = await sign(alice, { nonce: 0, to: bob.address, gas: 100_000n, data: calldata });
    const full = await apply(filling, await sign(bob, { nonce: 0, to: alice.address, gas: 60_000n }));
    expect(full).toMatchObject({ ok: false, error: { input: 1, message: expect.stringMatching(/5\d{4} are left$/) } });
  });

  test("refuses a protocol write that fails", async () => {
    const replayer = await createReplayer(domain, configBytes, small);
    const write = { kind: inputKinds.write, bytes: encodeWrite(reverter, new Uint8Array()), reason: new Uint8Array() };
    const refused = await replayer.apply({ ...(recorded[0] as Recorded).block, inputs: [write] });
    expect(refused).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining(`write to ${reverter} fails`) },
    });
  });
});
