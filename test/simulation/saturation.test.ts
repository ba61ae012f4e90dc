/** What a tenant that asks for more than its capacity costs the others, counted in heights. */
import { Keypair, SystemProgram, Transaction } from "@solana/web3.js";
import { hexToBytes, keccak256, toHex as numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { beforeAll, describe, expect, it } from "vitest";
import { loadEvmEngine } from "../../adapters/evm/engine.ts";
import { toBase58 } from "../../adapters/svm/base58.ts";
import { genesisHashOf } from "../../adapters/svm/genesis.ts";
import { buildEngine } from "../../adapters/svm/testChain.ts";
import { blockhashOf } from "../../adapters/svm/window.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import { type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asHeight, asValidatorIndex, type Domain, zeroRoot } from "../../protocol/ids.ts";
import { createNodes, data, evm, evmConfig, type Nodes, type NodesOptions, svm } from "./nodes.ts";

const index = asValidatorIndex;
const recipient = `0x${"77".repeat(20)}` as const;
const fee = { maxFeePerGas: 2n * 10n ** 9n, maxPriorityFeePerGas: 0n };
/** Transactions whose way into a block is measured, one every 100 ms. */
const count = 40;

type Sent = { bytes: Uint8Array; nativeId: Hex };
/** A tenant by itself: what it starts from, and the transaction of a sender of its own. */
type Side = { domain: Domain; options: Pick<NodesOptions, "evm" | "svm">; transaction(sender: number): Promise<Sent> };

const text: Side = {
  domain: data,
  options: {},
  transaction: async (sender) => {
    const bytes = utf8(`${sender} `.padEnd(4_000, "."));
    return { bytes, nativeId: toHex(sha256(bytes)) };
  },
};

const ethers = Array.from({ length: 4 * count }, (_, i) => privateKeyToAccount(keccak256(numberToHex(i + 1))));
/** @param bytes of data, none of them zero: 40 gas each */
const ethereum = (bytes: number): Side => ({
  domain: evm,
  options: { evm: evmConfig(ethers.map(({ address }) => address)) },
  transaction: async (sender) => {
    const account = ethers[sender];
    if (account === undefined) throw new Error(`there is no sender ${sender}`);
    const gas = 21_000n + 40n * BigInt(bytes);
    const filling = { data: `0x${"11".repeat(bytes)}` as const, value: 1n };
    const raw = await account.signTransaction({ chainId: evm, nonce: 0, to: recipient, gas, ...filling, ...fee });
    return { bytes: hexToBytes(raw), nativeId: keccak256(raw) };
  },
});

const solana = (): Side => {
  const senders = Array.from({ length: count }, (_, i) => Keypair.fromSeed(sha256(utf8(`sender ${i}`))));
  const config = utf8(
    JSON.stringify({
      feeRecipient: Keypair.fromSeed(sha256(utf8("fees"))).publicKey.toBase58(),
      accounts: Object.fromEntries(senders.map(({ publicKey }) => [publicKey.toBase58(), "1000000000"])),
    }),
  );
  // Of block 0: good for 150 blocks at least.
  const recentBlockhash = toBase58(blockhashOf(svm, genesisHashOf(svm, config), zeroRoot));
  return {
    domain: svm,
    options: { svm: config },
    transaction: async (sender) => {
      const from = senders[sender];
      if (from === undefined) throw new Error(`there is no sender ${sender}`);
      const pair = { fromPubkey: from.publicKey, toPubkey: from.publicKey };
      const transaction = new Transaction({ recentBlockhash, feePayer: from.publicKey });
      transaction.add(SystemProgram.transfer({ ...pair, lamports: 1 })).sign(from);
      const bytes = Uint8Array.from(transaction.serialize());
      return { bytes, nativeId: toHex(bytes.subarray(1, 65)) };
    },
  };
};

/** Gas that a tenant used of what its rate gives, in the second half of the run: its burst is gone by then. */
const shareUsed = async (nodes: Nodes, domain: Domain, { gas }: TenantBudget): Promise<number> => {
  const last = nodes.executed(index(0));
  const summaries = [];
  for (let height = Math.ceil(last / 2); height <= last; height++) {
    summaries.push(await nodes.ask(nodes.node(index(0)).service.summary(asHeight(height))));
  }
  const used = summaries.slice(1).reduce((sum, summary) => {
    return sum + (summary?.tenants.find((tenant) => tenant.domain === domain)?.gasUsed ?? 0);
  }, 0);
  const seconds = ((summaries.at(-1)?.timestampMs ?? 0) - (summaries[0]?.timestampMs ?? 0)) / 1000;
  return used / (seconds * gas.rate);
};

type Pair = { seed: number; measured: Side; other: Side; vm: "data" | "evm"; budget: TenantBudget };

/** For each measured transaction, in the how many-th block after its submission it is. */
const delays = async ({ seed, measured, other, vm, budget }: Pair, isSaturated: boolean): Promise<number[]> => {
  const nodes = await createNodes({ seed, ...measured.options, ...other.options, budgets: { [vm]: budget } });
  await nodes.reach(1);
  const { service } = nodes.node(index(0));
  const submitted = new Map<Hex, number>();
  for (let i = 0; i < count; i++) {
    for (const at of isSaturated ? nodes.indices : []) {
      nodes.submitRaw(at, (await other.transaction(4 * i + at)).bytes, other.domain);
    }
    const { bytes, nativeId } = await measured.transaction(i);
    submitted.set(nativeId, nodes.world.runtime(index(0)).now());
    nodes.submitRaw(index(i % 4), bytes, measured.domain);
    await nodes.world.run(100);
  }
  const heightOf = async (id: Hex): Promise<number | undefined> =>
    (await nodes.ask(service.transactionByNativeId(measured.domain, id)))?.height;
  const found: number[] = [];
  for (const [id, before] of submitted) {
    for (let round = 0; round < 100 && (await heightOf(id)) === undefined; round++) await nodes.world.run(100);
    const height = await heightOf(id);
    if (height === undefined) throw new Error(`${id} never came into a block`);
    let blocks = 0;
    for (let at = height; at > 0; at--, blocks++) {
      const block = await nodes.ask(service.block(asHeight(at)));
      if ((block?.header.timestampMs ?? 0) <= before) break;
    }
    found.push(blocks);
  }
  if (isSaturated) expect(await shareUsed(nodes, other.domain, budget)).toBeGreaterThan(0.8);
  expect([nodes.fatal, nodes.refused]).toEqual([[], []]);
  return found;
};

/** The number that so large a share of all is not above. */
const quantile = (heights: readonly number[], share: number): number =>
  heights.toSorted((a, b) => a - b)[Math.ceil(share * heights.length) - 1] ?? Number.POSITIVE_INFINITY;

/** Loading takes real time, of which the world knows nothing. */
beforeAll(async () => {
  await loadEvmEngine();
  await buildEngine();
}, 900_000);

describe("a tenant that asks for more than it may use", () => {
  it.each<Pair & { name: string }>([
    {
      name: "data, beside the EVM",
      ...{ seed: 71, measured: ethereum(0), other: text, vm: "data" },
      budget: { gas: { rate: 64_000, burst: 16_000, largest: 8_000 }, bytes: { rate: 64_000, burst: 16_000 } },
    },
    {
      name: "the EVM, beside the SVM",
      ...{ seed: 72, measured: solana(), other: ethereum(2_000), vm: "evm" },
      budget: {
        gas: { rate: 2_000_000, burst: 500_000, largest: 200_000 },
        bytes: { rate: 2 ** 21, burst: 2 ** 20 },
      },
    },
  ])(
    "$name: 99 % of the other's transactions are in a block within 3 heights, and at most one height later than otherwise",
    async (pair) => {
      const [idle, saturated] = [await delays(pair, false), await delays(pair, true)];
      expect([idle.length, saturated.length]).toEqual([count, count]);
      expect(quantile(saturated, 0.99)).toBeLessThanOrEqual(3);
      for (const share of [0.5, 0.99]) {
        expect(quantile(saturated, share)).toBeLessThanOrEqual(quantile(idle, share) + 1);
      }
    },
    120_000,
  );
});
