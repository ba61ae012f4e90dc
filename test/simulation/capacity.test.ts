import { hexToBytes, keccak256, toHex as numberToHex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { beforeAll, describe, expect, it } from "vitest";
import { loadEvmEngine } from "../../adapters/evm/engine.ts";
import type { BlsSigner } from "../../consensus/certificate/bls.ts";
import { type Batch, batchDigest, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { usualBudgets } from "../../protocol/budget.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import { asHeight, asValidatorIndex } from "../../protocol/ids.ts";
import { inputKinds } from "../../protocol/inputs.ts";
import { batchSigningRoot } from "../../sequencer/batch/exchange.ts";
import { createNodes, evm, evmConfig, type Nodes } from "./nodes.ts";

const index = asValidatorIndex;
const accountOf = (number: number) => privateKeyToAccount(keccak256(numberToHex(number)));
const recipient = `0x${"77".repeat(20)}` as const;
const fee = { maxFeePerGas: 2n * 10n ** 9n, maxPriorityFeePerGas: 0n };

const transfer = async (sender: PrivateKeyAccount, nonce: number, value = 1n) =>
  hexToBytes(await sender.signTransaction({ chainId: evm, nonce, to: recipient, value, gas: 21_000n, ...fee }));

/** Loading takes real time, of which the world knows nothing. */
beforeAll(async () => void (await loadEvmEngine()));

/** Every input of the EVM tenant that was ordered and not applied, up to a height. */
const leftOut = async (nodes: Nodes, height: number) => {
  const reasons: string[] = [];
  for (let at = 1; at <= height; at++) {
    const slice = await nodes.ask(nodes.node(index(0)).service.slice(asHeight(at), evm));
    for (const { kind, reason } of slice?.inputs ?? []) {
      if (kind === inputKinds.omitted || kind === inputKinds.returned) reasons.push(new TextDecoder().decode(reason));
    }
  }
  return reasons;
};

describe("a sender whose first transaction takes all it has", () => {
  it("leaves no trail of transactions that nobody pays for", async () => {
    const sender = accountOf(100);
    const nodes = await createNodes({ seed: 72, evm: evmConfig([sender.address]) });
    await nodes.reach(1);
    const all = 1000n * 10n ** 18n - 21_000n * fee.maxFeePerGas;
    const trail = await Promise.all(Array.from({ length: 60 }, (_, i) => transfer(sender, i + 1)));
    for (const [i, raw] of trail.entries()) nodes.submitRaw(index(1 + (i % 3)), raw);
    await nodes.world.run(() => nodes.acknowledged.size + nodes.refused.length === trail.length);
    nodes.submitRaw(index(0), await transfer(sender, 0, all));
    await nodes.world.run(20_000);
    expect(await leftOut(nodes, nodes.executed(index(0)))).toEqual([]);
    const service = nodes.node(index(0)).service;
    expect(
      (await nodes.ask(service.transactionByNativeId(evm, keccak256(await transfer(sender, 0, all)))))?.status,
    ).toBe("executed");
  });
});

describe("a validator that has hopeless transactions ordered", () => {
  it("is told by the certified summary, and has no more room for batches", async () => {
    const sender = accountOf(101);
    const nodes = await createNodes({ seed: 73, evm: evmConfig([sender.address]), budgets: { evm: usualBudgets.evm } });
    await nodes.reach(1);
    nodes.crash(index(3));
    nodes.world.restart(index(3), async () => {});
    const signer = nodes.signers[3] as BlsSigner;
    const genesis = nodes.node(index(0)).service.genesisRoot;
    const send = (sequence: number, transactions: Batch["transactions"]): void => {
      const batch: Batch = { producer: signer.publicKey, sequence, transactions, bundles: [] };
      const signature = signer.sign(batchSigningRoot(genesis, sequence, batchDigest(batch)));
      nodes.world.network(index(3)).broadcast("batch", Uint8Array.of(1, ...SignedBatch.encode({ batch, signature })));
    };
    const lie = await transfer(sender, 0);
    const junk = Array.from({ length: 63 }, (_, i) => ({ domain: evm, gas: 21_000, bytes: Uint8Array.of(0xff, i) }));
    send(1, [{ domain: evm, gas: 30_000, bytes: lie }, ...junk]);
    await nodes.world.run(4_000);
    const ordered = await nodes.ask(nodes.node(index(0)).service.transaction(transactionId(lie)));
    expect(ordered).toMatchObject({ status: "omitted", reason: "gas_mismatch" });
    const summary = await nodes.ask(nodes.node(index(0)).service.summary(asHeight(ordered?.height ?? 0)));
    expect(summary?.hopeless).toHaveLength(1);
    expect(summary?.hopeless[0]?.count).toBe(64);
    expect(equalBytes(summary?.hopeless[0]?.producer ?? new Uint8Array(), signer.publicKey)).toBe(true);

    const late = Uint8Array.of(0xff, 0xff);
    send(2, [{ domain: evm, gas: 21_000, bytes: late }]);
    await nodes.world.run(500);
    nodes.submitRaw(index(0), lie);
    await nodes.world.run(3_000);
    const service = nodes.node(index(0)).service;
    expect(await nodes.ask(service.transaction(transactionId(lie)))).toMatchObject({ status: "executed" });
    expect(nodes.fatal).toEqual([]);
  });
});
