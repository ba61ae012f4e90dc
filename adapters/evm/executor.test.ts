import { createMPT } from "@ethereumjs/mpt";
import { keccak256, parseEther } from "viem";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../protocol/bytes.ts";
import { asRoot } from "../../protocol/ids.ts";
import type { Execution, Executor, Seal } from "../adapter.ts";
import { beginBlock, contextOf, createStore, runBlock } from "../complianceChain.ts";
import { evmAdapter } from "./adapter.ts";
import { decodeBlock } from "./block.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { type EvmRead, readEvm } from "./reads.ts";
import { consensusReceipt, decodeReceipt } from "./receipt.ts";
import { encodeRlp, integerBytes } from "./rlp.ts";
import { beaconRoots, blockHashHistory } from "./systemContracts.ts";
import {
  alice,
  bob,
  budget,
  buildEngine,
  config,
  counter,
  dave,
  domain,
  encodeConfig,
  feeRecipient,
  hashes,
  reverter,
  sign,
} from "./testChain.ts";

const open = async (): Promise<{ executor: Executor; genesis: Seal }> => {
  const { executor, genesis } = await evmAdapter.open({ domain, config: encodeConfig(config), budget });
  if (genesis === undefined) throw new Error("no genesis");
  return { executor, genesis };
};

const ask = async <Read extends EvmRead>(executor: Executor, read: Read) => {
  const answer = await readEvm(executor.read, read);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
};

const word = (value: number): `0x${string}` => `0x${value.toString(16).padStart(64, "0")}`;

const receiptsOf = (executions: readonly Execution[]) =>
  executions.flatMap((execution) => (execution.kind === "applied" ? [decodeReceipt(execution.receipt)] : []));

describe("an EVM tenant", () => {
  beforeAll(buildEngine, 900_000);

  it("takes transactions of its writers alone, at admission and in a block", async () => {
    const opened = await evmAdapter.open({ domain, config: encodeConfig(config), budget, writers: [alice.address] });
    const { executor, genesis } = opened;
    if (genesis === undefined) throw new Error("no genesis");
    const [mine, strange] = [await sign(alice, { nonce: 0, to: counter }), await sign(bob, { nonce: 0, to: counter })];
    const words = (await executor.inspect([mine, strange])).map((each) => (each.ok ? "ok" : each.error.code));
    expect(words).toEqual(["ok", "not_a_writer"]);
    await beginBlock(evmAdapter, executor, 1, genesis.blockHash);
    const entries = [strange, mine].map((bytes) => ({ bytes, gas: [100_000] }));
    expect(await executor.execute(entries)).toMatchObject([
      { kind: "omitted", index: 0, reason: "not_a_writer", hopeless: true },
      { kind: "applied", index: 1 },
    ]);
    await expect(evmAdapter.open({ domain, config: encodeConfig(config), budget, writers: ["bob"] })).rejects.toThrow(
      /its writer bob is no address/,
    );
  });

  it("has headers that tell of the shared chain", async () => {
    const { executor, genesis } = await open();
    const call = await sign(alice, { nonce: 0, to: counter });
    const { seal } = await runBlock(evmAdapter, executor, 1, genesis.blockHash, [call]);
    const context = contextOf(1, genesis.blockHash);
    const block = decodeBlock(seal.block);
    expect(keccak256(seal.block.subarray(4))).toBe(toHex(seal.blockHash));
    expect(block).toMatchObject({
      number: 1,
      parentHash: toHex(genesis.blockHash),
      stateRoot: toHex(seal.stateRoot),
      receiptsRoot: toHex(seal.receiptsRoot),
      timestamp: Math.floor(context.timestampMs / 1000),
      mixHash: toHex(context.header),
      parentBeaconBlockRoot: toHex(context.parent),
      miner: feeRecipient,
      gasLimit: 100_000_000,
      gasUsed: seal.gasUsed,
      baseFeePerGas: 1_000_000_000n,
      extraData: "0x",
      blobGasUsed: 0,
    });
    expect(block.size).toBeGreaterThan(seal.block.length);
  });

  it("has receipts that lead to its receipts root", async () => {
    const { executor, genesis } = await open();
    const slice = [
      await sign(alice, { nonce: 0, to: counter }),
      await sign(bob, { type: "legacy", nonce: 0, to: counter }),
      await sign(dave, { nonce: 0, to: reverter }),
      await sign(alice, { nonce: 1, data: "0x5f5ff3" }),
      await sign(dave, { nonce: 1, data: "0xfe" }),
    ];
    const { executions, seal } = await runBlock(evmAdapter, executor, 1, genesis.blockHash, slice);
    const receipts = receiptsOf(executions);
    const trie = await createMPT();
    for (const [i, receipt] of receipts.entries())
      await trie.put(encodeRlp(integerBytes(i)), consensusReceipt(receipt));
    expect(toHex(trie.root())).toBe(toHex(seal.receiptsRoot));

    expect(receipts[0]).toMatchObject({
      status: 1,
      type: 2,
      reason: null,
      logs: [{ address: counter, topics: [word(0xaa)], data: word(1) }],
    });
    expect(receipts[1]).toMatchObject({ type: 0, effectiveGasPrice: 3_000_000_000n });
    expect(receipts[2]).toMatchObject({ status: 0, output: word(7), reason: "revert", logs: [] });
    expect(receipts[3]).toMatchObject({ status: 1, to: null });
    expect(receipts[3]?.contractAddress).toMatch(/^0x[0-9a-f]{40}$/);
    expect(receipts[4]).toMatchObject({ status: 0, gasUsed: 100_000 });
    expect(receipts[4]?.reason).not.toBe("revert");
    expect(receipts.at(-1)?.cumulativeGasUsed).toBe(seal.gasUsed);
  });

  it("charges failed transactions, and invalid ones nothing", async () => {
    const { executor, genesis } = await open();
    const slice = [await sign(dave, { nonce: 0, to: reverter }), await sign(alice, { nonce: 9, to: counter })];
    const { executions } = await runBlock(evmAdapter, executor, 1, genesis.blockHash, slice);
    const [failed] = receiptsOf(executions);
    if (failed === undefined) throw new Error("no receipt");
    const fee = BigInt(failed.gasUsed) * failed.effectiveGasPrice;
    expect(await ask(executor, { kind: "account", number: 1, address: dave.address })).toMatchObject({
      nonce: 1,
      balance: parseEther("10000") - fee,
    });
    expect(await ask(executor, { kind: "account", number: 1, address: alice.address })).toMatchObject({
      nonce: 0,
      balance: parseEther("10000"),
    });
    const tip = BigInt(failed.gasUsed) * 1_000_000_000n;
    expect(await ask(executor, { kind: "account", number: 1, address: feeRecipient })).toMatchObject({ balance: tip });
  });

  it("knows its block hashes, and the roots of the shared chain", async () => {
    const { executor, genesis } = await open();
    const first = (await runBlock(evmAdapter, executor, 1, genesis.blockHash, [])).seal;
    await runBlock(evmAdapter, executor, 2, first.blockHash, []);
    const history = (number: number) =>
      ask(executor, { kind: "call", number: 2, request: { to: blockHashHistory.address, data: word(number) } });
    expect(await history(0)).toMatchObject({ success: true, output: toHex(genesis.blockHash) });
    expect(await history(1)).toMatchObject({ success: true, output: toHex(first.blockHash) });
    const { parent, timestampMs } = contextOf(2, first.blockHash);
    const request = { to: beaconRoots.address, data: word(Math.floor(timestampMs / 1000)) };
    expect(await ask(executor, { kind: "call", number: 2, request })).toMatchObject({
      success: true,
      output: toHex(parent),
    });
  });

  it("knows its last 256 block hashes at any height that can be read, after a restart too", async () => {
    const { executor, genesis } = await open();
    const store = createStore();
    store.save(genesis);
    const known = [genesis.blockHash];
    for (let number = 1; number <= 520; number++) {
      const { seal } = await runBlock(evmAdapter, executor, number, known.at(-1) ?? genesis.blockHash, []);
      store.save(seal);
      known.push(seal.blockHash);
    }
    const source = store.source();
    if (source === undefined) throw new Error("nothing stored");
    const restored = await evmAdapter.open({ domain, config: encodeConfig(config), budget, source });
    for (const each of [executor, restored.executor]) {
      for (const [number, asked] of [
        [520, 519],
        [520, 264],
        [265, 264],
        [265, 9],
      ] as const) {
        const answer = await ask(each, { kind: "call", number, request: { to: hashes, data: word(asked) } });
        expect(answer).toMatchObject({ success: true, output: toHex(known[asked] ?? genesis.blockHash) });
      }
    }
  });

  it("takes a failing protocol write for an error, not for an outcome", async () => {
    const { executor, genesis } = await open();
    await beginBlock(evmAdapter, executor, 1, genesis.blockHash);
    const write = encodeWrite(reverter, new Uint8Array(0));
    await expect(executor.write(write)).rejects.toMatchObject({ failure: { code: "write_failed", output: word(7) } });
    await expect(executor.write(new Uint8Array(19))).rejects.toMatchObject({ code: "undecodable" });
  });

  it("begins only on its own newest block", async () => {
    const { executor, genesis } = await open();
    const context = contextOf(1, asRoot(genesis.blockHash.toReversed()));
    await expect(executor.begin(context)).rejects.toMatchObject({ code: "wrong_state" });
  });

  it("raises its base fee with use, lets it fall with time, and keeps it over a restart", async () => {
    const small = { config: encodeConfig(config), budget: { ...budget, gas: { ...budget.gas, rate: 100_000 } } };
    const { executor, genesis } = await evmAdapter.open({ domain, ...small });
    if (genesis === undefined) throw new Error("no genesis");
    const store = createStore();
    store.save(genesis);
    const calls = await Promise.all(Array.from({ length: 30 }, (_, nonce) => sign(alice, { nonce, to: counter })));
    const { seal } = await runBlock(evmAdapter, executor, 1, genesis.blockHash, calls);
    store.save(seal);
    expect(decodeBlock(seal.block).baseFeePerGas).toBe(1_000_000_000n);

    const highest = await ask(executor, { kind: "nextBaseFee", afterMs: 0 });
    expect(highest).toBeGreaterThan(1_000_000_000n);
    const expected = await ask(executor, { kind: "nextBaseFee", afterMs: 300 });
    expect(expected).toBeLessThan(highest);
    expect(await ask(executor, { kind: "nextBaseFee", afterMs: 3_600_000 })).toBe(1_000_000_000n);

    const source = store.source();
    if (source === undefined) throw new Error("nothing stored");
    const restored = await evmAdapter.open({ domain, ...small, source });
    const next = await runBlock(evmAdapter, restored.executor, 2, seal.blockHash, []);
    expect(decodeBlock(next.seal.block).baseFeePerGas).toBe(expected);
    expect(next.seal.auxRoot).not.toEqual(seal.auxRoot);
    expect(next).toEqual(await runBlock(evmAdapter, executor, 2, seal.blockHash, []));
  });
});
