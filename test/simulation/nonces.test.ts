import { type Hex, hexToBytes, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { beforeAll, describe, expect, it } from "vitest";
import { loadEvmEngine } from "../../adapters/evm/engine.ts";
import { transactionId } from "../../protocol/batch.ts";
import { asValidatorIndex } from "../../protocol/ids.ts";
import { createNodes, evm, evmConfig, type Nodes } from "./nodes.ts";

const index = asValidatorIndex;
const alice = privateKeyToAccount(`0x${"a1".repeat(32)}`);
const recipient = `0x${"77".repeat(20)}` as const;

const transfer = async (nonce: number, change: { value?: bigint; maxFeePerGas?: bigint; tip?: bigint } = {}) =>
  hexToBytes(
    await alice.signTransaction({
      chainId: evm,
      nonce,
      to: recipient,
      value: change.value ?? 1n,
      gas: 21_000n,
      maxFeePerGas: change.maxFeePerGas ?? 10n ** 11n,
      maxPriorityFeePerGas: change.tip ?? 10n ** 9n,
    }),
  );

const statusOf = async (nodes: Nodes, at: number, raw: Uint8Array): Promise<string | undefined> =>
  (await nodes.ask(nodes.node(index(at)).service.transaction(transactionId(raw))))?.status;

/** Runs until a node says that a transaction has come to this status. */
const becomes = async (nodes: Nodes, at: number, raw: Uint8Array, status: string): Promise<void> => {
  for (let round = 0; round < 200; round++) {
    if ((await statusOf(nodes, at, raw)) === status) return;
    await nodes.world.run(100);
  }
  expect(await statusOf(nodes, at, raw)).toBe(status);
};

const start = async (seed: number): Promise<Nodes> => {
  const nodes = await createNodes({ seed, evm: evmConfig([alice.address]) });
  await nodes.reach(1);
  return nodes;
};

/** Loading takes real time, of which the world knows nothing. */
beforeAll(async () => void (await loadEvmEngine()));

describe("transactions of one sender at several validators", () => {
  it("execute in nonce order though they came in the wrong one, at different nodes", async () => {
    const nodes = await start(21);
    const [first, second, third] = [await transfer(0), await transfer(1), await transfer(2)];
    nodes.submitRaw(index(2), third);
    nodes.submitRaw(index(1), second);
    await nodes.world.run(() => nodes.acknowledged.size === 2);
    expect(await statusOf(nodes, 1, second)).toBe("pending");
    nodes.submitRaw(index(0), first);
    for (const raw of [first, second, third]) await becomes(nodes, 3, raw, "executed");
    expect(nodes.refused).toEqual([]);
  });

  it("are executed by whoever holds them when their own node is gone", async () => {
    const nodes = await start(22);
    const [first, second] = [await transfer(0), await transfer(1)];
    nodes.submitRaw(index(3), second);
    await nodes.world.run(() => nodes.acknowledged.size === 1);
    nodes.crash(index(3));
    nodes.submitRaw(index(0), first);
    await becomes(nodes, 1, second, "executed");
    expect(await statusOf(nodes, 0, first)).toBe("executed");
  });

  it("outlive a crash of everybody, gap included", async () => {
    const nodes = await start(23);
    const [first, second] = [await transfer(0), await transfer(1)];
    nodes.submitRaw(index(1), second);
    await nodes.world.run(() => nodes.acknowledged.size === 1);
    for (const at of nodes.indices) nodes.crash(at);
    for (const at of nodes.indices) nodes.restart(at);
    await nodes.reach(1);
    nodes.submitRaw(index(0), first);
    for (const at of nodes.indices) await becomes(nodes, at, second, "executed");
  });

  it("are replaced for a tenth more as long as they wait, and the old one ends as replaced", async () => {
    const nodes = await start(24);
    const old = await transfer(1);
    const better = await transfer(1, { maxFeePerGas: 2n * 10n ** 11n, tip: 2n * 10n ** 9n });
    nodes.submitRaw(index(0), old);
    await nodes.world.run(() => nodes.acknowledged.size === 1);
    nodes.submitRaw(index(0), better);
    await nodes.world.run(() => nodes.acknowledged.size === 2);
    nodes.submitRaw(index(0), await transfer(0));
    await becomes(nodes, 0, better, "executed");
    expect(await statusOf(nodes, 0, old)).toBe("replaced");
    const byNative = nodes.node(index(2)).service.transactionByNativeId(evm, keccak256(better) as Hex);
    expect((await nodes.ask(byNative))?.status).toBe("executed");
  });

  it("stay executed when another validator has them ordered again", async () => {
    const nodes = await start(25);
    const first = await transfer(0);
    for (const at of nodes.indices) nodes.submitRaw(at, first);
    for (const at of nodes.indices) await becomes(nodes, at, first, "executed");
    await nodes.world.run(3_000);
    for (const at of nodes.indices) expect(await statusOf(nodes, at, first)).toBe("executed");
  });

  it("leave the account as their sum says, with one block hash at all four", async () => {
    const nodes = await start(26);
    const transfers = await Promise.all([0, 1, 2, 3, 4, 5].map((nonce) => transfer(nonce, { value: 7n })));
    for (const [i, raw] of transfers.entries()) nodes.submitRaw(index((i * 3) % 4), raw);
    for (const at of nodes.indices) await becomes(nodes, at, transfers[5] as Uint8Array, "executed");
    const height = Math.min(...nodes.indices.map(nodes.executed));
    const roots = await nodes.summaries(index(0), height);
    for (const at of nodes.indices) expect(await nodes.summaries(at, height)).toEqual(roots);
    const services = nodes.node(index(0)).tenants.get(evm)?.services;
    const read = { kind: "account", number: services?.heads().executed, address: recipient };
    expect(await services?.read(read)).toMatchObject({ value: { balance: 42n } });
  });
});

describe("a fee below what the next block can take", () => {
  it("is refused at once, and the nonce stays free", async () => {
    const nodes = await start(27);
    nodes.submitRaw(index(0), await transfer(0, { maxFeePerGas: 10n ** 9n - 1n, tip: 0n }));
    await nodes.world.run(() => nodes.refused.length === 1);
    expect(nodes.refused).toEqual(["fee_too_low"]);
    const paying = await transfer(0, { maxFeePerGas: 10n ** 9n, tip: 0n });
    nodes.submitRaw(index(0), paying);
    await becomes(nodes, 1, paying, "executed");
  });
});
