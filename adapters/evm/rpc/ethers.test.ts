import {
  Contract,
  ContractFactory,
  HDNodeWallet,
  isError,
  JsonRpcProvider,
  Mnemonic,
  Transaction,
  WebSocketProvider,
} from "ethers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEvmChain, type EvmChain } from "../../../test/fixtures/evmChain.ts";
import { compileContract } from "../../../test/fixtures/solidity.ts";
import type { RpcServer } from "../../adapter.ts";
import { serveEvmRpc } from "./server.ts";

const token = compileContract("Token");
const mnemonic = Mnemonic.fromPhrase("test test test test test test test test test test test junk");
const walletAt = (index: number) => HDNodeWallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${index}`);
const supply = 10n ** 21n;

let chain: EvmChain;
let server: RpcServer;
let provider: JsonRpcProvider;
let alice: HDNodeWallet;
const bob = walletAt(1);

beforeAll(async () => {
  chain = await createEvmChain();
  server = await serveEvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
  provider = new JsonRpcProvider(server.rpc, undefined, { cacheTimeout: -1, polling: true, pollingInterval: 20 });
  alice = walletAt(0).connect(provider) as HDNodeWallet;
});
afterAll(async () => {
  provider.destroy();
  await server.close();
  await chain.close();
});

const deployToken = async (): Promise<Contract> => {
  const deployed = await new ContractFactory([...token.abi] as never[], token.bytecode, alice).deploy(supply);
  await deployed.waitForDeployment();
  return new Contract(await deployed.getAddress(), [...token.abi] as never[], alice);
};
const send = async (contract: Contract, name: string, ...args: unknown[]) =>
  (await contract.getFunction(name)(...args)).wait();

describe("ethers", () => {
  it("transfers and reads the block back", async () => {
    const before = await provider.getBalance(bob.address);
    const sent = await alice.sendTransaction({ to: bob.address, value: 9n });
    const receipt = await sent.wait();
    expect(receipt).toMatchObject({ status: 1, gasUsed: 21_000n, from: alice.address, to: bob.address });
    expect((await provider.getBalance(bob.address)) - before).toBe(9n);
    const block = await provider.getBlock(receipt?.blockNumber ?? 0, true);
    expect(block?.prefetchedTransactions.map(({ hash }) => hash)).toEqual([sent.hash]);
    const shown = await provider.getTransaction(sent.hash);
    expect(shown && Transaction.from(shown).hash).toBe(sent.hash);
    expect((await provider.getBlock("pending"))?.number).toBe((block?.number ?? 0) + 1);
    expect((await provider.getBlock("finalized"))?.number).toBe(chain.services.heads().certified);
  });

  it("deploys an ERC-20, writes, reads and finds its events", async () => {
    const contract = await deployToken();
    const receipt = await send(contract, "transfer", bob.address, 4n);
    expect(await contract.getFunction("balanceOf")(bob.address)).toBe(4n);
    const events = await contract.queryFilter(contract.filters.Transfer?.(null, bob.address) ?? "Transfer", 0);
    expect(events.map(({ transactionHash }) => transactionHash)).toEqual([receipt.hash]);
    expect(await provider.getStorage(await contract.getAddress(), 0)).toBe(
      `0x${supply.toString(16).padStart(64, "0")}`,
    );
  });

  it("decodes why a call reverts", async () => {
    const contract = await deployToken();
    const call = contract.getFunction("transfer").staticCall(bob.address, supply + 1n);
    await expect(call).rejects.toSatisfy(
      (error) => isError(error, "CALL_EXCEPTION") && error.revert?.name === "InsufficientBalance",
    );
    const estimate = contract.getFunction("transferFrom").estimateGas(bob.address, alice.address, 1n);
    await expect(estimate).rejects.toSatisfy(
      (error) => isError(error, "CALL_EXCEPTION") && error.reason === "allowance exceeded",
    );
  });

  it("hears events and blocks over a WebSocket, and by polling", async () => {
    const contract = await deployToken();
    const pushed = new WebSocketProvider(server.ws);
    const heard: unknown[] = [];
    const blocks: number[] = [];
    await new Contract(await contract.getAddress(), [...token.abi] as never[], pushed).on(
      "Transfer",
      (from, to, value) => heard.push(["pushed", from, to, value]),
    );
    await pushed.on("block", (number: number) => blocks.push(number));
    await contract.on("Transfer", (from, to, value) => heard.push(["polled", from, to, value]));
    const sent: number[] = [];
    // Again until both listen.
    const transfer = async (): Promise<unknown[]> => {
      sent.push((await send(contract, "transfer", bob.address, 3n)).blockNumber);
      return heard;
    };
    const polled = ["polled", alice.address, bob.address, 3n];
    const received = ["pushed", alice.address, bob.address, 3n];
    await expect.poll(transfer, { timeout: 8000 }).toEqual(expect.arrayContaining([polled, received]));
    expect([polled, received]).toEqual(expect.arrayContaining(heard));
    expect(blocks.length).toBeGreaterThan(0);
    expect(sent).toEqual(expect.arrayContaining(blocks));
    await contract.removeAllListeners();
    await pushed.destroy();
  });

  it("gets its own errors for refused transactions", async () => {
    const poor = HDNodeWallet.createRandom().connect(provider);
    const fees = { gasLimit: 21_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n };
    await expect(poor.sendTransaction({ to: bob.address, value: 1n, ...fees })).rejects.toSatisfy((error) =>
      isError(error, "INSUFFICIENT_FUNDS"),
    );
    await expect(alice.sendTransaction({ to: bob.address, nonce: 0, ...fees })).rejects.toSatisfy((error) =>
      isError(error, "NONCE_EXPIRED"),
    );
    chain.autoMine(false);
    try {
      const nonce = await alice.getNonce("pending");
      const first = await alice.sendTransaction({ to: bob.address, nonce, ...fees });
      await expect(alice.sendTransaction({ to: alice.address, nonce, ...fees })).rejects.toSatisfy((error) =>
        isError(error, "REPLACEMENT_UNDERPRICED"),
      );
      await chain.mine();
      expect((await first.wait())?.status).toBe(1);
    } finally {
      chain.autoMine(true);
    }
  });
});
