import { verifyMerkleProof } from "@ethereumjs/mpt";
import {
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  fromRlp,
  getContract,
  type Hex,
  hexToBytes,
  http,
  InsufficientFundsError,
  keccak256,
  NonceTooLowError,
  parseEther,
  type TransactionReceipt,
  toHex,
  toRlp,
  webSocket,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { anvil } from "viem/chains";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accounts, createEvmChain, type EvmChain } from "../../../test/fixtures/evmChain.ts";
import { compileContract } from "../../../test/fixtures/solidity.ts";
import type { RpcServer } from "../../adapter.ts";
import { serveEvmRpc } from "./server.ts";

const token = compileContract("Token");
const [alice, bob, carol] = accounts as [(typeof accounts)[0], (typeof accounts)[0], (typeof accounts)[0]];
const supply = parseEther("1000");

let chain: EvmChain;
let server: RpcServer;
let client: ReturnType<typeof connect>;

const connect = (url: string) => {
  const transport = http(url, { retryCount: 0 });
  const common = { chain: anvil, transport, pollingInterval: 20, cacheTime: 0 };
  return { ...createPublicClient(common), wallet: createWalletClient({ ...common, account: alice }) };
};

beforeAll(async () => {
  chain = await createEvmChain();
  server = await serveEvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
  client = connect(server.rpc);
});
afterAll(async () => {
  await server.close();
  await chain.close();
});

const settled = (hash: Hex): Promise<TransactionReceipt> => client.waitForTransactionReceipt({ hash });

const deployToken = async () => {
  const receipt = await settled(await client.wallet.deployContract({ ...token, args: [supply] }));
  if (!receipt.contractAddress) throw new Error("a creation has a contract address");
  return {
    receipt,
    contract: getContract({ abi: token.abi, address: receipt.contractAddress, client: client.wallet }),
  };
};

describe("a transfer", () => {
  it("moves value and shows everywhere alike", async () => {
    const before = await client.getBalance({ address: bob.address });
    const hash = await client.wallet.sendTransaction({ to: bob.address, value: 7n });
    const receipt = await settled(hash);
    expect(receipt).toMatchObject({
      status: "success",
      gasUsed: 21_000n,
      type: "eip1559",
      logs: [],
      contractAddress: null,
    });
    expect(receipt.from).toBe(alice.address.toLowerCase());
    expect((await client.getBalance({ address: bob.address })) - before).toBe(7n);
    expect(await client.getBalance({ address: bob.address, blockNumber: receipt.blockNumber - 1n })).toBe(before);

    const transaction = await client.getTransaction({ hash });
    expect(transaction).toMatchObject({ value: 7n, typeHex: "0x2", blockHash: receipt.blockHash, chainId: 31337 });
    expect(transaction.gasPrice).toBe(receipt.effectiveGasPrice);
    const { blockHash, transactionIndex: index } = receipt;
    expect(await client.getTransaction({ blockHash, index })).toEqual(transaction);
    expect(await client.getTransaction({ blockNumber: receipt.blockNumber, index })).toEqual(transaction);
    const block = await client.getBlock({ blockHash, includeTransactions: true });
    expect(block.transactions[index]).toEqual(transaction);
    expect(await client.getBlockTransactionCount({ blockHash })).toBe(block.transactions.length);
  });

  it("of every type is shown as it was signed", async () => {
    const accessList = [{ address: carol.address.toLowerCase() as Hex, storageKeys: [keccak256("0x01")] }];
    const gasPrice = await client.getGasPrice();
    const authorization = await client.wallet.signAuthorization({ account: carol, contractAddress: bob.address });
    const hashes = [
      await client.wallet.sendTransaction({ type: "legacy", to: bob.address, value: 1n, gasPrice }),
      await client.wallet.sendTransaction({ type: "eip2930", to: bob.address, value: 2n, gasPrice, accessList }),
      await client.wallet.sendTransaction({ to: bob.address, value: 3n }),
      await client.wallet.sendTransaction({ to: bob.address, value: 4n, authorizationList: [authorization] }),
    ];
    const shown = [];
    for (const hash of hashes) {
      expect((await settled(hash)).status).toBe("success");
      shown.push(await client.getTransaction({ hash }));
    }
    expect(shown.map(({ type, value }) => [type, value])).toEqual([
      ["legacy", 1n],
      ["eip2930", 2n],
      ["eip1559", 3n],
      ["eip7702", 4n],
    ]);
    expect(shown[1]?.accessList).toEqual(accessList);
    expect(shown[3]?.authorizationList?.[0]).toMatchObject({ address: bob.address.toLowerCase(), chainId: 31337 });
    expect(await client.getCode({ address: carol.address })).toBe(`0xef0100${bob.address.slice(2).toLowerCase()}`);
  });
});

describe("an ERC-20", () => {
  it("is deployed, written and read", async () => {
    const { contract } = await deployToken();
    expect(await contract.read.balanceOf?.([alice.address])).toBe(supply);
    const receipt = await settled((await contract.write.transfer?.([bob.address, 5n])) as Hex);
    expect(receipt.status).toBe("success");
    expect(await contract.read.balanceOf?.([bob.address])).toBe(5n);
    expect(await contract.read.balanceOf?.([bob.address], { blockNumber: receipt.blockNumber - 1n })).toBe(0n);
    expect(await contract.read.balanceOf?.([bob.address], { blockHash: receipt.blockHash } as never)).toBe(5n);
  });

  it("that reverts says why, when called, estimated and executed", async () => {
    const { contract } = await deployToken();
    const { address } = contract;
    const revertOf = async (work: Promise<unknown>): Promise<ContractFunctionRevertedError> => {
      const error = await work.then(
        () => undefined,
        (thrown: BaseError) => thrown,
      );
      const reverted = error?.walk((cause) => cause instanceof ContractFunctionRevertedError);
      if (!(reverted instanceof ContractFunctionRevertedError)) throw error ?? new Error("it didn't revert");
      return reverted;
    };
    const tooMuch = {
      address,
      abi: token.abi,
      functionName: "transfer",
      args: [bob.address, supply + 1n],
      account: alice,
    };
    expect((await revertOf(client.simulateContract(tooMuch))).data).toMatchObject({
      errorName: "InsufficientBalance",
      args: [alice.address, supply, supply + 1n],
    });
    expect((await revertOf(client.estimateContractGas(tooMuch))).data?.errorName).toBe("InsufficientBalance");
    const notAllowed = { ...tooMuch, functionName: "transferFrom", args: [bob.address, alice.address, 1n] };
    expect((await revertOf(client.simulateContract(notAllowed))).reason).toBe("allowance exceeded");

    const hash = await client.wallet.writeContract({ ...tooMuch, gas: 100_000n } as never);
    const receipt = (await settled(hash)) as TransactionReceipt & { revertReason?: Hex };
    expect(receipt.status).toBe("reverted");
    expect(receipt.revertReason?.slice(0, 10)).toBe(
      keccak256(toHex("InsufficientBalance(address,uint256,uint256)")).slice(0, 10),
    );
  });

  it("shows its logs by filter, hash, address and topic", async () => {
    const { contract, receipt: deployed } = await deployToken();
    const { address, abi } = contract;
    const receipts: TransactionReceipt[] = [];
    for (const to of [bob, carol, bob]) {
      receipts.push(await settled((await contract.write.transfer?.([to.address, 1n])) as Hex));
    }
    const fromBlock = deployed.blockNumber;
    const events = await client.getContractEvents({ address, abi, eventName: "Transfer", fromBlock });
    expect(events.map(({ transactionHash }) => transactionHash)).toEqual(
      [deployed, ...receipts].map(({ transactionHash }) => transactionHash),
    );
    const logs = await client.getLogs({ address, fromBlock });
    expect(logs).toEqual([deployed, ...receipts].flatMap((receipt) => receipt.logs));

    const toBob = await client.getContractEvents({
      address,
      abi,
      eventName: "Transfer",
      args: { to: bob.address },
      fromBlock,
    });
    expect(toBob.map(({ blockNumber }) => blockNumber)).toEqual([receipts[0]?.blockNumber, receipts[2]?.blockNumber]);
    const toEither = { to: [bob.address, carol.address] };
    expect(
      await client.getContractEvents({ address, abi, eventName: "Transfer", args: toEither, fromBlock }),
    ).toHaveLength(3);
    const { blockHash } = receipts[1] as TransactionReceipt;
    expect(await client.getLogs({ blockHash, address: [address, bob.address] })).toEqual(receipts[1]?.logs);
    expect(await client.getLogs({ address: bob.address, fromBlock })).toEqual([]);
    expect(await client.getLogs({ address, fromBlock, toBlock: fromBlock })).toHaveLength(1);
  });

  it("is watched by polling a filter", async () => {
    const { contract } = await deployToken();
    const seen: unknown[] = [];
    const stop = client.watchContractEvent({
      address: contract.address,
      abi: token.abi,
      eventName: "Transfer",
      onLogs: (logs) => seen.push(...logs),
    });
    const filter = await client.createContractEventFilter({ address: contract.address, abi: token.abi, fromBlock: 0n });
    const logs: unknown[] = [];
    // Again until the watcher has made its filter.
    const transfer = async (): Promise<number> => {
      logs.push(...(await settled((await contract.write.transfer?.([bob.address, 1n])) as Hex)).logs);
      return seen.length;
    };
    await expect.poll(transfer, { interval: 30 }).toBeGreaterThan(0);
    stop();
    const args = { from: alice.address, to: bob.address, value: 1n };
    expect(logs.map((log) => ({ ...(log as object), eventName: "Transfer", args }))).toEqual(
      expect.arrayContaining(seen),
    );
    expect(await client.getFilterChanges({ filter })).toHaveLength(logs.length);
    expect(await client.getFilterChanges({ filter })).toEqual([]);
    expect(await client.getFilterLogs({ filter })).toHaveLength(logs.length + 1);
    expect(await client.uninstallFilter({ filter })).toBe(true);
    await expect(client.getFilterChanges({ filter })).rejects.toThrow("filter not found");
  });

  it("and blocks are watched over a WebSocket", async () => {
    const { contract } = await deployToken();
    const before = chain.listeners();
    const transport = webSocket(server.ws);
    const pushed = createPublicClient({ chain: anvil, transport });
    const logs: unknown[] = [];
    const heads: bigint[] = [];
    const hashes: Hex[] = [];
    const stops = [
      pushed.watchContractEvent({ address: contract.address, abi: token.abi, onLogs: (some) => logs.push(...some) }),
      pushed.watchBlocks({ onBlock: ({ number }) => heads.push(number) }),
      pushed.watchPendingTransactions({ onTransactions: (some) => hashes.push(...some) }),
    ];
    // The last of the three is the one that the services see.
    await expect.poll(() => chain.listeners()).toBe(before + 1);
    const receipt = await settled((await contract.write.transfer?.([bob.address, 2n])) as Hex);
    await expect.poll(() => [logs.length, heads.length, hashes.length]).toEqual([1, 1, 1]);
    expect(logs[0]).toMatchObject({ ...receipt.logs[0], eventName: "Transfer" });
    expect(heads).toEqual([receipt.blockNumber]);
    expect(hashes).toEqual([receipt.transactionHash]);
    for (const stop of stops) stop();
    await expect.poll(() => chain.listeners()).toBe(before);
    (await pushed.transport.getRpcClient()).close();
  });
});

describe("a block", () => {
  /** Fields of a Prague header in the order in which they are hashed. */
  const hashed = [
    "parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit gasUsed",
    "timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas parentBeaconBlockRoot requestsHash",
  ].flatMap((names) => names.split(" "));
  const quantities = "difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas".split(" ");
  const rlpField = (block: Record<string, Hex>, name: string): Hex => {
    const value = block[name] as Hex;
    if (!quantities.includes(name)) return value;
    return value === "0x0" ? "0x" : toHex(hexToBytes(value.length % 2 === 0 ? value : `0x0${value.slice(2)}`));
  };

  it("shows the header that its hash is over", async () => {
    const head = await client.getBlockNumber();
    for (const number of [0n, 1n, head]) {
      const block = (await client.request({ method: "eth_getBlockByNumber", params: [toHex(number), false] })) as never;
      expect(keccak256(toRlp(hashed.map((name) => rlpField(block, name))))).toBe((block as { hash: Hex }).hash);
    }
    const block = await client.getBlock();
    expect(block).toMatchObject({ uncles: [], withdrawals: [], difficulty: 0n, nonce: `0x${"00".repeat(8)}` });
    expect(block.size).toBeGreaterThan(500n);
    expect(block.parentHash).toBe((await client.getBlock({ blockNumber: block.number - 1n })).hash);
  });

  it("is found under its tags", async () => {
    const { executed, certified } = chain.services.heads();
    const numberAt = async (blockTag: "latest" | "safe" | "finalized" | "earliest") =>
      (await client.getBlock({ blockTag })).number;
    expect(await numberAt("latest")).toBe(BigInt(executed));
    expect(await numberAt("safe")).toBe(BigInt(certified));
    expect(await numberAt("finalized")).toBe(BigInt(certified));
    expect(await numberAt("earliest")).toBe(0n);
    const pending = await client.getBlock({ blockTag: "pending" });
    expect(pending).toMatchObject({ hash: null, transactions: [] });
    expect(pending.parentHash).toBe((await client.getBlock()).hash);
    expect(await client.getBalance({ address: alice.address, blockTag: "earliest" })).toBe(10n ** 22n);
  });

  it("that doesn't exist isn't found", async () => {
    await expect(client.getBlock({ blockNumber: 10n ** 6n })).rejects.toThrow("could not be found");
    await expect(client.getBlock({ blockHash: keccak256("0x99") })).rejects.toThrow("could not be found");
    await expect(client.getBalance({ address: alice.address, blockNumber: 10n ** 6n })).rejects.toThrow(
      "header not found",
    );
  });

  it("has all its receipts", async () => {
    const block = await client.getBlock({ blockTag: "latest" });
    const receipts = (await client.request({
      method: "eth_getBlockReceipts",
      params: [block.hash],
    } as never)) as object[];
    const single = await Promise.all(
      block.transactions.map((hash) => client.request({ method: "eth_getTransactionReceipt", params: [hash] })),
    );
    expect(receipts).toEqual(single);
    expect(receipts.length).toBeGreaterThan(0);
  });
});

describe("a proof", () => {
  it("of account and slots verifies against the block's state root", async () => {
    const { contract } = await deployToken();
    const { address } = contract;
    const { number: blockNumber, stateRoot } = await client.getBlock();
    const slots: Hex[] = ["0x0", `0x${"00".repeat(31)}05`];
    const proof = await client.getProof({ address, storageKeys: slots, blockNumber });

    const useKeyHashing = { useKeyHashing: true } as const;
    const verify = (root: Hex, key: Hex, nodes: readonly Hex[]) =>
      verifyMerkleProof(
        hexToBytes(key),
        nodes.map((node) => hexToBytes(node)),
        { ...useKeyHashing, root: hexToBytes(root) },
      );
    const account = await verify(stateRoot, address, proof.accountProof);
    expect(fromRlp(account as Uint8Array, "hex")).toEqual(["0x01", "0x", proof.storageHash, proof.codeHash]);
    expect(keccak256((await client.getCode({ address })) as Hex)).toBe(proof.codeHash);

    expect(proof.storageProof.map(({ key }) => key)).toEqual(slots);
    const [total, absent] = proof.storageProof;
    const value = await verify(proof.storageHash, `0x${"00".repeat(32)}`, total?.proof ?? []);
    expect(fromRlp(value as Uint8Array, "hex")).toBe(toHex(supply));
    expect(total?.value).toBe(supply);
    expect(await verify(proof.storageHash, `0x${"00".repeat(31)}05`, absent?.proof ?? [])).toBeNull();
    expect(await client.getStorageAt({ address, slot: "0x0" })).toBe(toHex(supply, { size: 32 }));
  });
});

describe("fees", () => {
  it("are suggested so that a transaction gets in", async () => {
    const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
    expect(maxPriorityFeePerGas).toBeGreaterThan(0n);
    expect(maxFeePerGas).toBeGreaterThan((await client.getBlock()).baseFeePerGas ?? 0n);
    expect(await client.getGasPrice()).toBeGreaterThanOrEqual((await client.getBlock()).baseFeePerGas ?? 0n);
  });

  it("of past blocks are those of their headers and receipts", async () => {
    const tip = 3n * 10n ** 9n;
    await settled(
      await client.wallet.sendTransaction({ to: bob.address, maxPriorityFeePerGas: tip, maxFeePerGas: 10n * tip }),
    );
    const history = await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [0, 50, 100] });
    const head = await client.getBlockNumber();
    expect(history.oldestBlock).toBe(head - 2n);
    for (const [i, number] of [head - 2n, head - 1n, head].entries()) {
      const block = await client.getBlock({ blockNumber: number });
      expect(history.baseFeePerGas[i]).toBe(block.baseFeePerGas);
      expect(history.gasUsedRatio[i]).toBe(Number(block.gasUsed) / Number(block.gasLimit));
    }
    expect(history.baseFeePerGas).toHaveLength(4);
    expect(history.reward?.[2]).toEqual([tip, tip, tip]);
    await expect(client.getFeeHistory({ blockCount: 1, rewardPercentiles: [50, 10] })).rejects.toThrow(
      "must not decrease",
    );
  });
});

describe("a refused transaction", () => {
  it("becomes viem's own error", async () => {
    const poor = connect(server.rpc).wallet;
    await expect(client.wallet.sendTransaction({ to: bob.address, nonce: 0, gas: 21_000n })).rejects.toSatisfy(
      (error: BaseError) => error.walk((cause) => cause instanceof NonceTooLowError) !== null,
    );
    const broke = { account: privateKeyToAccount(keccak256("0x01")), to: bob.address, value: 1n, gas: 21_000n };
    await expect(poor.sendTransaction(broke)).rejects.toSatisfy(
      (error: BaseError) => error.walk((cause) => cause instanceof InsufficientFundsError) !== null,
    );
  });
});

describe("while nothing is mined", () => {
  it("a transaction is pending, with its sender, and counts for the next nonce", async () => {
    chain.autoMine(false);
    try {
      const { address } = alice;
      const filter = await client.createPendingTransactionFilter();
      const nonce = await client.getTransactionCount({ address });
      const hash = await client.wallet.sendTransaction({ to: bob.address, value: 1n });
      const pending = await client.getTransaction({ hash });
      expect(pending).toMatchObject({
        from: address.toLowerCase(),
        blockHash: null,
        blockNumber: null,
        transactionIndex: null,
      });
      expect(await client.request({ method: "eth_getTransactionReceipt", params: [hash] })).toBeNull();
      expect(await client.getTransactionCount({ address })).toBe(nonce);
      expect(await client.getTransactionCount({ address, blockTag: "pending" })).toBe(nonce + 1);
      expect(await client.getFilterChanges({ filter })).toEqual([hash]);
      const receipt = settled(hash);
      await chain.mine();
      expect((await receipt).transactionHash).toBe(hash);
      expect(await client.getTransactionCount({ address })).toBe(nonce + 1);
    } finally {
      chain.autoMine(true);
    }
  });

  it("sending synchronously waits for the receipt, or says after the timeout that it isn't there yet", async () => {
    const receipt = await client.wallet.sendTransactionSync({ to: bob.address, value: 1n });
    expect(receipt).toMatchObject({ status: "success", from: alice.address.toLowerCase() });
    chain.autoMine(false);
    try {
      const request = await client.wallet.prepareTransactionRequest({ to: bob.address, value: 2n });
      const raw = await client.wallet.signTransaction(request);
      const call = client.request({ method: "eth_sendRawTransactionSync", params: [raw, 50] } as never);
      await expect(call).rejects.toSatisfy((error: BaseError) => {
        const { code, data } = error.walk((cause) => "data" in (cause as object)) as unknown as {
          code: number;
          data: Hex;
        };
        return code === 4 && data === keccak256(raw);
      });
      await chain.mine();
      expect((await settled(keccak256(raw))).status).toBe("success");
    } finally {
      chain.autoMine(true);
    }
  });
});
