import {
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  getContract,
  type Hex,
  http,
  keccak256,
  parseAbiItem,
  parseEther,
  type TransactionReceipt,
  webSocket,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { anvil } from "viem/chains";
import { describe, expect, test } from "vitest";
import { compileContract } from "../fixtures/solidity.ts";
import { agreed, eventually, fundedAccount, validators } from "./network.ts";

const token = compileContract("Token");
const supply = parseEther("1000");
const transferred = parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)");
const alice = privateKeyToAccount(fundedAccount(3).privateKey);
const stranger = () => privateKeyToAccount(generatePrivateKey());

const common = { chain: anvil, pollingInterval: 100, cacheTime: 0 } as const;
const clients = validators.map(({ rpc }) => createPublicClient({ ...common, transport: http(rpc) }));
const wallets = validators.map(({ rpc }) => createWalletClient({ ...common, account: alice, transport: http(rpc) }));
const [client, wallet] = [clients[0], wallets[0]] as [(typeof clients)[0], (typeof wallets)[0]];

/** The receipt, the same at all four RPCs. */
const settled = (hash: Hex): Promise<TransactionReceipt> =>
  agreed(clients, (each) => each.waitForTransactionReceipt({ hash, timeout: 100_000 }));

const balanceIn = ({ blockNumber }: TransactionReceipt, address: Hex): Promise<bigint> =>
  agreed(clients, (each) => each.getBalance({ address, blockNumber }));

const deployToken = async () => {
  const receipt = await settled(await wallet.deployContract({ ...token, args: [supply] }));
  if (!receipt.contractAddress) throw new Error("a creation has a contract address");
  return { receipt, address: receipt.contractAddress, abi: token.abi };
};
type Token = Awaited<ReturnType<typeof deployToken>>;

const pay = ({ address, abi }: Token, to: Hex, value: bigint): Promise<Hex> =>
  wallet.writeContract({ address, abi, functionName: "transfer", args: [to, value] });

const tokensOf = ({ address, abi }: Token, owner: Hex): Promise<unknown> =>
  agreed(clients, (each) => each.readContract({ address, abi, functionName: "balanceOf", args: [owner] }));

describe("a transfer signed by viem", () => {
  type Send = (to: Hex) => Promise<Hex>;
  const accessList = [{ address: alice.address.toLowerCase() as Hex, storageKeys: [keccak256("0x01")] }];
  test.each<[string, Send]>([
    ["legacy", async (to) => wallet.sendTransaction({ to, value: 5n, gasPrice: await client.getGasPrice() })],
    ["eip2930", (to) => wallet.sendTransaction({ to, value: 5n, type: "eip2930", accessList })],
    ["eip1559", (to) => wallet.sendTransaction({ to, value: 5n })],
  ])("of type %s has one block, receipt and result at all four RPCs", async (type, send) => {
    const bob = stranger();
    const hash = await send(bob.address);
    const receipt = await settled(hash);
    expect(receipt).toMatchObject({ status: "success", type, from: alice.address.toLowerCase(), logs: [] });
    expect(await balanceIn(receipt, bob.address)).toBe(5n);
    const { blockNumber, blockHash, transactionIndex } = receipt;
    const block = await agreed(clients, (each) => each.getBlock({ blockNumber }));
    expect(block.hash).toBe(blockHash);
    expect(block.transactions[transactionIndex]).toBe(hash);
    const shown = await agreed(clients, (each) => each.getTransaction({ hash }));
    expect(shown).toMatchObject({ type, value: 5n, blockHash, transactionIndex, gasPrice: receipt.effectiveGasPrice });
    if (type === "eip2930") expect(shown.accessList).toEqual(accessList);
  });

  test("of type eip7702 delegates an account's code at all four RPCs", async () => {
    const [carol, bob, code] = [stranger(), stranger(), await deployToken()];
    const authorization = await wallet.signAuthorization({ account: carol, contractAddress: code.address });
    const data = encodeFunctionData({ abi: token.abi, functionName: "approve", args: [bob.address, 5n] });
    const receipt = await settled(
      await wallet.sendTransaction({ to: carol.address, data, authorizationList: [authorization] }),
    );
    expect(receipt).toMatchObject({
      status: "success",
      type: "eip7702",
      logs: [{ address: carol.address.toLowerCase() }],
    });
    const delegation = await agreed(clients, (each) => each.getCode({ address: carol.address }));
    expect(delegation).toBe(`0xef0100${code.address.slice(2)}`.toLowerCase());
    const allowance = { address: carol.address, abi: token.abi, functionName: "allowance" };
    const args = [alice.address, bob.address];
    expect(await agreed(clients, (each) => each.readContract({ ...allowance, args }))).toBe(5n);
    expect(await agreed(clients, (each) => each.getTransactionCount({ address: carol.address }))).toBe(1);
  });

  test("enters at any of the four validators", async () => {
    const bob = stranger();
    let receipt: TransactionReceipt | undefined;
    for (const entry of wallets) receipt = await settled(await entry.sendTransaction({ to: bob.address, value: 1n }));
    expect(receipt && (await balanceIn(receipt, bob.address))).toBe(4n);
  });

  test("is below the finalized tag of all four RPCs once it is certified", async () => {
    const receipt = await settled(await wallet.sendTransaction({ to: stranger().address, value: 1n }));
    for (const each of clients) {
      const finalized = await eventually(async () => {
        const block = await each.getBlock({ blockTag: "finalized" });
        return block.number >= receipt.blockNumber ? block : undefined;
      });
      expect(finalized.number).toBeLessThanOrEqual((await each.getBlock({ blockTag: "latest" })).number);
    }
    const { hash } = await agreed(clients, (each) => each.getBlock({ blockNumber: receipt.blockNumber }));
    expect(hash).toBe(receipt.blockHash);
  });
});

describe("nonces and fees", () => {
  test("the pending nonce counts what is under way, so a wallet sends without waiting", async () => {
    const nonceAt = (blockTag: "pending" | "latest") =>
      client.getTransactionCount({ address: alice.address, blockTag });
    const first = await nonceAt("pending");
    const hashes: Hex[] = [];
    for (let i = 1; i <= 3; i++) {
      hashes.push(await wallet.sendTransaction({ to: alice.address, value: 1n, gas: 21_000n }));
      expect(await nonceAt("pending")).toBe(first + i);
    }
    const nonces: number[] = [];
    for (const hash of hashes) {
      await settled(hash);
      nonces.push((await agreed(clients, (each) => each.getTransaction({ hash }))).nonce);
    }
    expect(nonces).toEqual([first, first + 1, first + 2]);
    expect(await agreed(clients, (each) => each.getTransactionCount({ address: alice.address }))).toBe(first + 3);
  });

  test("what all four RPCs estimate is enough, and what was paid is what the block asked", async () => {
    const [bob, value] = [stranger(), 3n];
    const call = { account: alice, to: bob.address, value };
    const gas = await agreed(clients, (each) => each.estimateGas(call));
    expect(gas).toBe(21_000n);
    const estimates = await Promise.all(clients.map((each) => each.estimateFeesPerGas()));
    for (const fees of estimates) {
      const before = await client.getBalance({ address: alice.address });
      const receipt = await settled(await wallet.sendTransaction({ to: bob.address, value, gas, ...fees }));
      const { baseFeePerGas } = await client.getBlock({ blockNumber: receipt.blockNumber });
      expect(receipt.effectiveGasPrice).toBeLessThanOrEqual(fees.maxFeePerGas);
      expect(receipt.effectiveGasPrice).toBeGreaterThanOrEqual(baseFeePerGas ?? 0n);
      const paid = receipt.gasUsed * receipt.effectiveGasPrice;
      expect(await balanceIn(receipt, alice.address)).toBe(before - value - paid);
    }
    const blockNumber = await client.getBlockNumber();
    const history = await eventually(() =>
      agreed(clients, (each) => each.getFeeHistory({ blockCount: 4, blockNumber, rewardPercentiles: [50] })),
    );
    expect(history.gasUsedRatio).toHaveLength(4);
  });
});

describe("an ERC-20", () => {
  test("is deployed, written and read at all four RPCs", async () => {
    const deployed = await deployToken();
    const bob = stranger();
    const code = await agreed(clients, (each) => each.getCode({ address: deployed.address }));
    expect(code?.length).toBeGreaterThan(1000);
    expect(await tokensOf(deployed, alice.address)).toBe(supply);
    expect((await settled(await pay(deployed, bob.address, 7n))).status).toBe("success");
    expect(await tokensOf(deployed, bob.address)).toBe(7n);
    expect(await tokensOf(deployed, alice.address)).toBe(supply - 7n);
    const contract = getContract({ address: deployed.address, abi: token.abi, client });
    expect([await contract.read.name?.(), await contract.read.decimals?.()]).toEqual(["Token", 18]);
  });

  test("that reverts gives its custom error at all four RPCs, and a failed receipt", async () => {
    const { address, abi } = await deployToken();
    const args = [stranger().address, supply + 1n] as const;
    const tooMuch = { address, abi, functionName: "transfer", args, account: alice };
    const reason = await agreed(clients, async (each) => {
      const error = await each.simulateContract(tooMuch).catch((thrown: BaseError) => thrown);
      const revert = error instanceof Error && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
      return revert instanceof ContractFunctionRevertedError ? revert.data : error;
    });
    expect(reason).toMatchObject({
      errorName: "InsufficientBalance",
      args: [alice.address, supply, supply + 1n],
    });
    const receipt = await settled(await wallet.writeContract({ ...tooMuch, gas: 100_000n }));
    expect(receipt).toMatchObject({ status: "reverted", logs: [] });
    expect(receipt.gasUsed).toBeGreaterThan(21_000n);
  });

  test("shows its logs by address and topic at all four RPCs", async () => {
    const deployed = await deployToken();
    const [bob, carol] = [stranger(), stranger()];
    const receipts: TransactionReceipt[] = [deployed.receipt];
    for (const to of [bob, carol, bob]) receipts.push(await settled(await pay(deployed, to.address, 1n)));
    const { address, receipt } = deployed;
    const range = { fromBlock: receipt.blockNumber, toBlock: receipts.at(-1)?.blockNumber ?? 0n };
    const logs = await agreed(clients, (each) => each.getLogs({ address, ...range }));
    expect(logs).toEqual(receipts.flatMap((receipt) => receipt.logs));
    const events = await agreed(clients, (each) =>
      each.getLogs({ address, event: transferred, args: { to: bob.address }, ...range }),
    );
    expect(events.map(({ transactionHash }) => transactionHash)).toEqual([
      receipts[1]?.transactionHash,
      receipts[3]?.transactionHash,
    ]);
  });

  test("tells a filter at each RPC of every event once", async () => {
    const deployed = await deployToken();
    const { address, receipt } = deployed;
    const bob = stranger();
    const filters = await Promise.all(
      clients.map(async (each) => ({
        each,
        filter: await each.createEventFilter({ address, event: transferred, args: { to: bob.address } }),
        blocks: await each.createBlockFilter(),
      })),
    );
    const paid = await settled(await pay(deployed, bob.address, 2n));
    for (const { each, filter, blocks } of filters) {
      const changes = await each.getFilterChanges({ filter });
      expect(changes).toMatchObject([
        { transactionHash: paid.transactionHash, args: { from: alice.address, to: bob.address, value: 2n } },
      ]);
      expect(await each.getFilterChanges({ filter })).toEqual([]);
      expect(await each.getFilterChanges({ filter: blocks })).toContain(paid.blockHash);
      expect(await each.uninstallFilter({ filter })).toBe(true);
    }
    const all = await agreed(clients, async (each) => {
      const filter = await each.createEventFilter({ address, fromBlock: receipt.blockNumber });
      return each.getFilterLogs({ filter });
    });
    expect(all).toEqual([...receipt.logs, ...paid.logs]);
  });

  test("and new heads are pushed over the WebSocket of each validator", async () => {
    const deployed = await deployToken();
    const { address, abi } = deployed;
    const bob = stranger();
    const readers = validators.map(({ ws }) => {
      const reader = createPublicClient({ ...common, transport: webSocket(ws) });
      const logs: { transactionHash: Hex | null }[] = [];
      const heads: { number: bigint; hash: Hex }[] = [];
      const stops = [
        reader.watchContractEvent({ address, abi, eventName: "Transfer", onLogs: (some) => logs.push(...some) }),
        reader.watchBlocks({ onBlock: ({ number, hash }) => heads.push({ number, hash }) }),
      ];
      return { reader, logs, heads, stops };
    });
    const receipts: TransactionReceipt[] = [];
    // Again until each has heard of one: they subscribe in their own time.
    await eventually(async () => {
      receipts.push(await settled(await pay(deployed, bob.address, 1n)));
      return readers.every(({ logs, heads }) => logs.length > 0 && heads.length > 0) || undefined;
    });
    const last = await settled(await pay(deployed, bob.address, 1n));
    const sent = [...receipts, last].flatMap(({ logs }) => logs);
    for (const { reader, logs, heads, stops } of readers) {
      await eventually(async () => logs.some((log) => log.transactionHash === last.transactionHash) || undefined);
      await eventually(async () => heads.some(({ hash }) => hash === last.blockHash) || undefined);
      expect(logs).toEqual(
        sent.slice(-logs.length).map((log) => expect.objectContaining({ ...log, eventName: "Transfer" })),
      );
      for (const { number, hash } of heads) {
        const blockAt = (each: typeof client) => eventually(() => each.getBlock({ blockNumber: number }));
        expect((await agreed(clients, blockAt)).hash).toBe(hash);
      }
      for (const stop of stops) stop();
      (await reader.transport.getRpcClient()).close();
    }
  });
});
