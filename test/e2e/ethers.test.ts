import {
  type BlockTag,
  Contract,
  ContractFactory,
  Interface,
  isError,
  JsonRpcProvider,
  type Log,
  NonceManager,
  type TransactionReceipt,
  Wallet,
  WebSocketProvider,
} from "ethers";
import { afterAll, describe, expect, test } from "vitest";
import { compileContract } from "../fixtures/solidity.ts";
import { agreed, eventually, fundedAccount, validators } from "./network.ts";

const token = compileContract("Token");
const abi = new Interface(JSON.stringify(token.abi));
const supply = 10n ** 21n;

const providers = validators.map(
  ({ rpc }) => new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1, polling: true, pollingInterval: 100 }),
);
const [provider] = providers as [JsonRpcProvider];
const alice = new Wallet(fundedAccount(4).privateKey, provider);
afterAll(() => {
  for (const each of providers) each.destroy();
});

/** The receipt, the same at all four RPCs. */
const settled = async ({ hash }: { hash: string }): Promise<TransactionReceipt> => {
  await agreed(providers, async (each) => (await each.waitForTransaction(hash, 1, 100_000))?.toJSON());
  const receipt = await provider.getTransactionReceipt(hash);
  if (receipt === null) throw new Error("a receipt that was there is gone");
  return receipt;
};

const deployToken = async (): Promise<{ address: string; receipt: TransactionReceipt }> => {
  const contract = await new ContractFactory(abi, token.bytecode, alice).deploy(supply);
  const sent = contract.deploymentTransaction();
  if (sent === null) throw new Error("a deployment has a transaction");
  return { address: await contract.getAddress(), receipt: await settled(sent) };
};
const transfer = async (address: string, to: string, value: bigint) =>
  settled(await new Contract(address, abi, alice).getFunction("transfer")(to, value));

const placeOf = ({ blockHash, transactionHash, index, topics, data }: Log) => ({
  blockHash,
  transactionHash,
  index,
  topics,
  data,
});

describe("ethers", () => {
  test("sends value; block, receipt and balance are the same at all four RPCs, up to the finalized tag", async () => {
    const bob = Wallet.createRandom();
    const sent = await alice.sendTransaction({ to: bob.address, value: 9n });
    const receipt = await settled(sent);
    expect(await sent.wait()).toMatchObject({ hash: sent.hash, status: 1, gasUsed: 21_000n });
    expect(receipt).toMatchObject({ status: 1, from: alice.address, to: bob.address });
    const { blockNumber, blockHash } = receipt;
    const block = await agreed(providers, async (each) => (await each.getBlock(blockNumber))?.toJSON());
    expect(block).toMatchObject({ hash: blockHash });
    expect(await agreed(providers, (each) => each.getBalance(bob.address, blockNumber))).toBe(9n);
    for (const each of providers) {
      await eventually(async () => ((await each.getBlock("finalized"))?.number ?? 0) >= blockNumber || undefined);
      expect(await each.getBalance(bob.address, "finalized")).toBe(9n);
    }
  });

  test("deploys an ERC-20, writes and reads it at all four RPCs", async () => {
    const bob = Wallet.createRandom();
    const { address } = await deployToken();
    const receipt = await transfer(address, bob.address, 4n);
    const balanceAt = (owner: string, blockTag: BlockTag) =>
      agreed(providers, (each) => new Contract(address, abi, each).getFunction("balanceOf")(owner, { blockTag }));
    expect(await balanceAt(bob.address, receipt.blockNumber)).toBe(4n);
    expect(await balanceAt(bob.address, receipt.blockNumber - 1)).toBe(0n);
    expect(await balanceAt(alice.address, "latest")).toBe(supply - 4n);
    expect(await agreed(providers, (each) => each.getStorage(address, 0))).toBe(
      `0x${supply.toString(16).padStart(64, "0")}`,
    );
  });

  test("decodes the custom error of a revert at all four RPCs", async () => {
    const bob = Wallet.createRandom();
    const { address } = await deployToken();
    const reason = await agreed(providers, async (each) => {
      const call = new Contract(address, abi, each).getFunction("transfer");
      const error = await call.staticCall(bob.address, supply + 1n, { from: alice.address }).catch((thrown) => thrown);
      return isError(error, "CALL_EXCEPTION") ? [error.revert?.name, ...(error.revert?.args ?? [])] : error;
    });
    expect(reason).toEqual(["InsufficientBalance", alice.address, supply, supply + 1n]);
    const failing = new Contract(address, abi, alice).getFunction("transfer")(bob.address, supply + 1n, {
      gasLimit: 100_000n,
    });
    const sent = await failing;
    expect((await settled(sent)).status).toBe(0);
    await expect(sent.wait()).rejects.toSatisfy((error) => isError(error, "CALL_EXCEPTION"));
  });

  test("finds events by filter at all four RPCs", async () => {
    const [bob, carol] = [Wallet.createRandom(), Wallet.createRandom()];
    const { address, receipt } = await deployToken();
    const receipts: TransactionReceipt[] = [];
    for (const to of [bob, carol, bob]) receipts.push(await transfer(address, to.address, 1n));
    const range = [receipt.blockNumber, receipts.at(-1)?.blockNumber] as const;
    const found = await agreed(providers, async (each) => {
      const contract = new Contract(address, abi, each);
      const events = await contract.queryFilter(contract.filters.Transfer?.(null, bob.address) ?? [], ...range);
      return events.map((event) => event.toJSON());
    });
    expect(found.map(({ transactionHash }) => transactionHash)).toEqual([receipts[0]?.hash, receipts[2]?.hash]);
    const [fromBlock, toBlock] = range;
    const logs = await agreed(providers, async (each) =>
      (await each.getLogs({ address, fromBlock, toBlock })).map(placeOf),
    );
    expect(logs).toEqual([receipt, ...receipts].flatMap((receipt) => receipt.logs.map(placeOf)));
  });

  test("hears events and blocks over the WebSocket of each validator", async () => {
    const bob = Wallet.createRandom();
    const { address } = await deployToken();
    const readers = await Promise.all(
      validators.map(async ({ ws }) => {
        const reader = new WebSocketProvider(ws);
        const values: bigint[] = [];
        const blocks: number[] = [];
        await new Contract(address, abi, reader).on("Transfer", (_from, _to, value: bigint) => values.push(value));
        await reader.on("block", (number: number) => blocks.push(number));
        return { reader, values, blocks };
      }),
    );
    let value = 0n;
    // Again until each has heard of one: they subscribe in their own time.
    await eventually(async () => {
      await transfer(address, bob.address, ++value);
      return readers.every(({ values, blocks }) => values.length > 0 && blocks.length > 0) || undefined;
    });
    const last = await transfer(address, bob.address, ++value);
    const sent = Array.from({ length: Number(value) }, (_, i) => BigInt(i + 1));
    for (const { reader, values, blocks } of readers) {
      await eventually(async () => values.includes(value) || undefined);
      await eventually(async () => blocks.includes(last.blockNumber) || undefined);
      expect(values).toEqual(sent.slice(-values.length));
      expect(blocks).toEqual(blocks.map((_, i) => (blocks[0] ?? 0) + i));
      await reader.destroy();
    }
  });

  test("counts nonces ahead, estimates gas and fees", async () => {
    const bob = Wallet.createRandom();
    const first = await alice.getNonce("pending");
    const manager = new NonceManager(alice);
    const sent = [];
    for (let i = 0; i < 3; i++) sent.push(await manager.sendTransaction({ to: bob.address, value: 1n }));
    expect(sent.map(({ nonce }) => nonce)).toEqual([first, first + 1, first + 2]);
    expect(await alice.getNonce("pending")).toBe(first + 3);
    for (const each of sent) await settled(each);
    expect(await agreed(providers, (each) => each.getTransactionCount(alice.address))).toBe(first + 3);
    expect(await agreed(providers, (each) => each.getBalance(bob.address))).toBe(3n);

    const request = { from: alice.address, to: bob.address, value: 1n };
    expect(await agreed(providers, (each) => each.estimateGas(request))).toBe(21_000n);
    for (const each of providers) {
      const { maxFeePerGas, maxPriorityFeePerGas } = await each.getFeeData();
      expect(maxFeePerGas).not.toBeNull();
      const fees = { maxFeePerGas, maxPriorityFeePerGas, gasLimit: 21_000n };
      const receipt = await settled(await alice.sendTransaction({ to: bob.address, value: 1n, ...fees }));
      expect(receipt.gasPrice).toBeLessThanOrEqual(maxFeePerGas ?? 0n);
    }
  });
});
