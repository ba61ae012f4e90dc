import { Src14OwnedProxyFactory } from "@fuel-ts/recipes";
import * as asm from "@fuels/vm-asm";
import {
  Address,
  bn,
  Contract,
  ContractFactory,
  FuelError,
  getMintedAssetId,
  getTransactionsSummaries,
  type InvokeFunction,
  type JsonAbi,
  Predicate,
  Provider,
  ReceiptType,
  ScriptTransactionRequest,
  type TransactionRequestLike,
  TransactionType,
  Wallet,
  type WalletUnlocked,
} from "fuels";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { assemble, reg } from "../../../test/fixtures/fuelAssembly.ts";
import { createFuelChain, type FuelChain } from "../../../test/fixtures/fuelChain.ts";
import { counterAbi, counterCode } from "../../../test/fixtures/fuelContract.ts";
import type { RpcServer } from "../../adapter.ts";
import { baseAssetId } from "../params.ts";
import { verifyCoin, verifySlot } from "../proof.ts";
import { buildEngine } from "../testChain.ts";
import { serveFuelRpc } from "./server.ts";

const keyOf = (index: number): string => `0x${(index + 1).toString(16).padStart(64, "0")}`;
const otherAsset: Hex = `0x${"0a".repeat(32)}`;
const zero32 = `0x${"0".repeat(64)}`;

let chain: FuelChain;
let server: RpcServer;
let provider: Provider;
let alice: WalletUnlocked;
let bob: WalletUnlocked;
/** Has nothing but dust. */
let carol: WalletUnlocked;

beforeAll(async () => {
  await buildEngine();
  const owners = [0, 1, 2].map((index) => Wallet.fromPrivateKey(keyOf(index)).address.toB256() as Hex);
  const [a, b, c] = owners as [Hex, Hex, Hex];
  chain = await createFuelChain([
    ...[a, b].flatMap((owner) => Array.from({ length: 10 }, () => ({ owner, amount: String(10n ** 17n) }))),
    { owner: a, amount: "1000", assetId: otherAsset },
    ...Array.from({ length: 300 }, () => ({ owner: c, amount: "1000" })),
  ]);
  server = await serveFuelRpc(chain.services, { host: "127.0.0.1", port: 0 });
  provider = new Provider(server.rpc);
  [alice, bob, carol] = [0, 1, 2].map((index) => Wallet.fromPrivateKey(keyOf(index), provider)) as [
    WalletUnlocked,
    WalletUnlocked,
    WalletUnlocked,
  ];
}, 900_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

const someone = () => Wallet.generate({ provider });

/** What a promise rejects with. */
const rejection = async (promise: Promise<unknown>): Promise<FuelError> => {
  const error = await promise.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof FuelError) return error;
  throw error;
};

type Counter = Contract & {
  functions: Record<"get" | "fail" | "crash" | "record" | "mint_to" | "increase", InvokeFunction>;
};

const deployCounter = async (): Promise<Counter> => {
  const factory = new ContractFactory(counterCode, counterAbi, alice);
  const { waitForResult } = await factory.deploy({ salt: Wallet.generate().address.toB256() });
  const { contract } = await waitForResult();
  return contract as unknown as Counter;
};

const ask = async (query: string, variables: object = {}): Promise<Record<string, never>> => {
  const response = await fetch(server.rpc, { method: "POST", body: JSON.stringify({ query, variables }) });
  const answer = (await response.json()) as { data: Record<string, never>; errors?: unknown };
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
};

describe("unmodified fuels", () => {
  it("knows the chain and the node", async () => {
    expect(await provider.getChainId()).toBe(9889);
    expect(await provider.getBaseAssetId()).toBe(baseAssetId);
    expect(await provider.getVersion()).toBe("0.47.1");
    expect((await provider.getGasConfig()).maxGasPerTx.toNumber()).toBeGreaterThan(1_000_000);
    expect((await provider.getLatestGasPrice()).toNumber()).toBe(1);
    expect((await provider.estimateGasPrice(10)).toNumber()).toBe(1);
  });

  it("transfers, and finds what became of it", async () => {
    const to = someone();
    const before = await alice.getBalance();
    const sent = await alice.transfer(to.address, 1234);
    const result = await sent.waitForResult();
    expect(result).toMatchObject({ isStatusSuccess: true, isTypeScript: true });
    expect((await to.getBalance()).toNumber()).toBe(1234);
    expect((await alice.getBalance()).toString()).toBe(before.sub(1234).sub(result.fee).toString());
    expect(result.fee.toNumber()).toBeGreaterThan(0);
    const found = await provider.getTransactionResponse(sent.id);
    expect(await found.waitForResult()).toMatchObject({ id: sent.id, isStatusSuccess: true });
    expect((await provider.getTransaction(sent.id))?.outputsCount).toBe(2);
    const block = await provider.getBlock(result.blockId ?? "");
    expect(block?.transactionIds).toContain(sent.id);
    const { transactions } = await provider.getTransactions({ first: 60 });
    expect(transactions.length).toBeGreaterThan(1);
  });

  it("transfers from many coins at once, and tells when they are too many", async () => {
    const to = someone();
    const { isStatusSuccess } = await (await carol.transfer(to.address, 100_000)).waitForResult();
    expect([isStatusSuccess, (await to.getBalance()).toNumber()]).toEqual([true, 100_000]);
    const many = await rejection(carol.transfer(to.address, 260_000));
    expect(many.message).toMatch(/Insufficient funds or too many small value coins/);
    const none = await rejection(someone().transfer(to.address, 1));
    expect(none.code).toBe(FuelError.CODES.INSUFFICIENT_FUNDS_OR_MAX_COINS);
    expect(none.metadata).toEqual({ assetId: baseAssetId });
  });

  it("transfers other assets, to several at once", async () => {
    const [to, other] = [someone(), someone()];
    const batch = [
      { destination: to.address, amount: 10, assetId: otherAsset },
      { destination: other.address, amount: 20, assetId: otherAsset },
      { destination: other.address, amount: 30, assetId: baseAssetId },
    ];
    await (await alice.batchTransfer(batch)).waitForResult();
    expect((await to.getBalance(otherAsset)).toNumber()).toBe(10);
    const { balances } = await other.getBalances();
    expect(balances.map(({ assetId, amount }) => [assetId, amount.toNumber()])).toEqual([
      [otherAsset, 20],
      [baseAssetId, 30],
    ]);
  });

  it("spends the change of a transaction that is only executed", async () => {
    const [from, to] = [someone(), someone()];
    await (await alice.transfer(from.address, 10_000_000)).waitForResult();
    for (const amount of [1, 2, 3]) await (await from.transfer(to.address, amount)).waitForResult();
    const { coins } = await from.getCoins(baseAssetId);
    expect([coins.length, (await to.getBalance()).toNumber()]).toEqual([1, 6]);
    expect(coins[0]?.blockCreated.toNumber()).toBeGreaterThan(0);
  });

  it("funds a transaction the older way: cost, coins, then signing", async () => {
    const to = someone();
    const request = new ScriptTransactionRequest();
    request.addCoinOutput(to.address, 100, baseAssetId);
    const cost = await alice.getTransactionCost(request as TransactionRequestLike);
    Object.assign(request, { gasLimit: cost.gasUsed, maxFee: cost.maxFee });
    await alice.fund(request, cost);
    const { isStatusSuccess } = await (await alice.sendTransaction(request as TransactionRequestLike)).waitForResult();
    expect([isStatusSuccess, (await to.getBalance()).toNumber()]).toEqual([true, 100]);
  });

  it("pages through coins", async () => {
    const first = await provider.getCoins(bob.address, baseAssetId, { first: 4 });
    expect([first.coins.length, first.pageInfo.hasNextPage]).toEqual([4, true]);
    const rest = await provider.getCoins(bob.address, baseAssetId, {
      first: 50,
      after: first.pageInfo.endCursor ?? null,
    });
    expect([rest.coins.length, rest.pageInfo.hasNextPage]).toEqual([6, false]);
    expect(new Set([...first.coins, ...rest.coins].map(({ id }) => id)).size).toBe(10);
    const last = await provider.getCoins(bob.address, baseAssetId, { last: 4 });
    expect(last.coins.map(({ id }) => id)).toEqual(rest.coins.slice(2).map(({ id }) => id));
  });
});

describe("unmodified fuels looks around", () => {
  it("tells users from contracts, assets and transactions", async () => {
    const contract = await deployCounter();
    const { id } = await (await alice.transfer(bob.address, 1)).waitForResult();
    expect(await provider.isUserAccount(alice.address.toB256())).toBe(true);
    expect(await provider.isUserAccount(someone().address.toB256())).toBe(true);
    expect(await provider.isUserAccount(contract.id.toB256())).toBe(false);
    expect(await provider.isUserAccount(id)).toBe(false);
    expect(await provider.getAddressType(contract.id.toB256())).toBe("Contract");
    expect(await provider.getAddressType(id)).toBe("Transaction");
  });

  it("reads blocks with their transactions, and the history of an address", async () => {
    const to = someone();
    const sent = [await alice.transfer(to.address, 5), await bob.transfer(to.address, 6)];
    const results = await Promise.all(sent.map((each) => each.waitForResult()));
    const block = await provider.getBlockWithTransactions(results[0]?.blockId ?? "");
    expect(block?.transactionIds.length).toBe(block?.transactions.length);
    expect(block?.transactions.at(-1)?.type).toBe(TransactionType.Mint);
    const { transactions } = await getTransactionsSummaries({
      provider,
      filters: { owner: to.address.toB256(), first: 10 },
    });
    expect(transactions.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
    expect(transactions[0]).toMatchObject({ isStatusSuccess: true, operations: [{ name: "Transfer asset" }] });
    const { blocks } = await provider.getBlocks({ last: 3 });
    const newest = (await provider.getBlockNumber()).toNumber();
    expect(blocks.map(({ height }) => height.toNumber())).toEqual([newest - 2, newest - 1, newest]);
    expect((await alice.getMessages()).messages).toEqual([]);
    expect((await provider.getBlock("latest"))?.header.transactionsCount).toBeDefined();
  });

  it("asks for many blobs at once, and is told of a node's refusal", async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `0x${(i + 1).toString(16).padStart(64, "0")}`);
    expect(await provider.getBlobs(ids)).toEqual([]);
    await expect(provider.produceBlocks(1)).rejects.toThrow(/validators of the shared sequencer/);
  });

  it("runs a script, and deposits into a contract", async () => {
    const contract = await deployCounter();
    await (await alice.transferToContract(contract.id, 321, baseAssetId)).waitForResult();
    expect((await contract.getBalance(baseAssetId)).toNumber()).toBe(321);
    const request = new ScriptTransactionRequest({ script: assemble([asm.log(1, 1, 1, 1), asm.ret(reg.one)]) });
    const { assembledRequest } = await provider.assembleTx({ request, feePayerAccount: alice });
    const sent = await alice.sendTransaction(assembledRequest as TransactionRequestLike);
    const { receipts } = await sent.waitForResult();
    expect(receipts.map(({ type }) => type)).toEqual([ReceiptType.Log, ReceiptType.Return, ReceiptType.ScriptResult]);
  });
});

describe("a contract, with unmodified fuels", () => {
  it("is deployed, called and read", async () => {
    const contract = await deployCounter();
    expect((await provider.getContract(contract.id.toB256()))?.bytecode).toBe(
      `0x${Buffer.from(counterCode).toString("hex")}`,
    );
    const called = await contract.functions.increase(5).call();
    const { value, transactionResult } = await called.waitForResult();
    expect(value.toNumber()).toBe(5);
    expect(transactionResult.isStatusSuccess).toBe(true);
    expect((await contract.functions.get().get()).value.toNumber()).toBe(5);
    const preconfirmed = await (await contract.functions.increase(2).call()).waitForPreConfirmation();
    expect(preconfirmed.value.toNumber()).toBe(7);
  });

  it("logs", async () => {
    const contract = await deployCounter();
    const { logs } = await (await contract.functions.record(77).call()).waitForResult();
    expect(logs.map(String)).toEqual(["77"]);
  });

  it("is called several times in one transaction", async () => {
    const contract = await deployCounter();
    const { increase, record } = contract.functions;
    const calls = [increase(1), record(5), increase(10)] as const;
    const { value, logs } = await (await contract.multiCall([...calls]).call()).waitForResult();
    expect([String(value[0]), String(value[2]), logs.map(String)]).toEqual(["1", "11", ["5"]]);
  });

  it("is tried without a trace", async () => {
    const contract = await deployCounter();
    expect((await contract.functions.increase(9).dryRun()).value.toNumber()).toBe(9);
    expect((await contract.functions.increase(9).simulate()).value.toNumber()).toBe(9);
    expect((await contract.functions.get().get()).value.toNumber()).toBe(0);
  });

  it("reverts and panics, and fuels says with what: before it is sent, and after", async () => {
    const contract = await deployCounter();
    expect((await rejection(contract.functions.fail().call())).message).toMatch(/reverted with reason: 4660/);
    const panicked = await rejection(contract.functions.crash().call());
    expect(panicked.message).toMatch(/reverted with reason: "ArithmeticError"/);
    const request = await contract.functions.increase(1).getTransactionRequest();
    const { assembledRequest } = await provider.assembleTx({ request, feePayerAccount: alice });
    // The call's name, in its script data, becomes one that fails.
    const text = Buffer.from(assembledRequest.scriptData);
    const at = text.indexOf("increase");
    text.writeBigUInt64BE(4n, at - 8);
    assembledRequest.scriptData = Uint8Array.from(text);
    const sent = await alice.sendTransaction(assembledRequest as TransactionRequestLike, {
      estimateTxDependencies: false,
    });
    const failed = await rejection(sent.waitForResult());
    expect(failed.message).toMatch(/reverted with reason: 4660/);
    const query = "query ($id: TransactionId!) { transaction(id: $id) { status { ... on FailureStatus { reason } } } }";
    expect(await ask(query, { id: sent.id })).toEqual({ transaction: { status: { reason: "Revert(4660)" } } });
  });

  it("mints an asset of its own to an address", async () => {
    const contract = await deployCounter();
    const to = someone();
    await (await contract.functions.mint_to(500, to.address.toB256()).call()).waitForResult();
    const minted = getMintedAssetId(contract.id.toB256(), zero32);
    expect((await to.getBalance(minted)).toNumber()).toBe(500);
  });

  it("gets coins that are forwarded to it", async () => {
    const contract = await deployCounter();
    const forward = { amount: 400, assetId: otherAsset };
    await (await contract.functions.increase(1).callParams({ forward }).call()).waitForResult();
    expect((await contract.getBalance(otherAsset)).toNumber()).toBe(400);
  });

  it("is Fuel's own proxy, compiled from Sway, pointed at another contract", async () => {
    const target = await deployCounter();
    const { waitForResult } = await Src14OwnedProxyFactory.deploy(alice, {
      configurableConstants: {
        INITIAL_TARGET: { bits: target.id.toB256() },
        INITIAL_OWNER: { Initialized: { Address: { bits: alice.address.toB256() } } },
      },
    });
    const { contract: proxy } = await waitForResult();
    await (await proxy.functions.initialize_proxy().call()).waitForResult();
    expect((await proxy.functions.proxy_target().get()).value).toEqual({ bits: target.id.toB256() });
    const other = await deployCounter();
    await (await proxy.functions.set_proxy_target({ bits: other.id.toB256() }).call()).waitForResult();
    expect((await proxy.functions.proxy_target().get()).value).toEqual({ bits: other.id.toB256() });
    const behind = new Contract(proxy.id, counterAbi, alice) as Counter;
    const { value } = await (await behind.functions.increase(3).addContracts([other]).call()).waitForResult();
    expect(value.toNumber()).toBe(3);
  });

  it("is deployed in blobs when it is large", async () => {
    const code = Uint8Array.from([...counterCode, ...new Uint8Array(150_000)]);
    const factory = new ContractFactory(code, counterAbi, alice);
    const { waitForResult } = await factory.deployAsBlobTx({ salt: Wallet.generate().address.toB256() });
    const contract = (await waitForResult()).contract as unknown as Counter;
    const { value } = await (await contract.functions.increase(4).call()).waitForResult();
    expect(value.toNumber()).toBe(4);
  });
});

describe("a predicate, with unmodified fuels", () => {
  const bool = "b760f44fa5965c2474a3b471467a22c43185152129295af588b022ae50b50903";
  const abi: JsonAbi = {
    ...counterAbi,
    programType: "predicate",
    concreteTypes: [{ type: "bool", concreteTypeId: bool }],
    functions: [{ name: "main", inputs: [], output: bool, attributes: null }],
    loggedTypes: [],
  };
  const returning = (register: number) => new Predicate({ bytecode: assemble([asm.ret(register)]), abi, provider });

  it("pays when it holds", async () => {
    const predicate = returning(reg.one);
    await (await alice.transfer(predicate.address, 1_000_000)).waitForResult();
    const to = someone();
    const { isStatusSuccess } = await (await predicate.transfer(to.address, 1000)).waitForResult();
    expect([isStatusSuccess, (await to.getBalance()).toNumber()]).toEqual([true, 1000]);
  });

  it("refuses when it doesn't", async () => {
    const predicate = returning(reg.zero);
    await (await alice.transfer(predicate.address, 1_000_000)).waitForResult();
    await expect(predicate.transfer(someone().address, 1000)).rejects.toThrow(/[Pp]redicate/);
    expect((await predicate.getBalance()).toNumber()).toBe(1_000_000);
  });
});

describe("what is only ours", () => {
  it("a success says when it is certified", async () => {
    const { id } = await (await alice.transfer(someone().address, 1)).waitForResult();
    await chain.mine();
    const query =
      "query ($id: TransactionId!) { transaction(id: $id) { status { ... on SuccessStatus { certified block { certified header { sharedHeader } } } } } }";
    const { transaction } = await ask(query, { id });
    expect(transaction).toMatchObject({ status: { certified: true, block: { certified: true } } });
  });

  it("proofs of coins, slots and absences lead to the state root of the block", async () => {
    const fields = "blockHeight stateRoot certified value siblings other { path value }";
    const bytes = (text: string) => fromHex(text) ?? new Uint8Array();
    type Shown = {
      stateRoot: string;
      value: string | null;
      siblings: string[];
      other: { path: string; value: string } | null;
    };
    const proofOf = ({ value, siblings, other }: Shown) => ({
      ...(value === null ? {} : { value: bytes(value) }),
      siblings: siblings.map(bytes),
      ...(other === null ? {} : { other: { path: bytes(other.path), value: bytes(other.value) } }),
    });
    const { coins } = await bob.getCoins(baseAssetId);
    const [coin] = coins;
    if (coin === undefined) throw new Error("bob has no coin");
    for (const [utxoId, isThere] of [
      [coin.id, true],
      [`0x${"ee".repeat(34)}`, false],
    ] as const) {
      const answer = await ask(`query ($id: UtxoId!) { coinProof(utxoId: $id) { ${fields} } }`, { id: utxoId });
      const shown = answer.coinProof as unknown as Shown;
      const place = { txId: utxoId.slice(0, 66) as Hex, index: Number.parseInt(utxoId.slice(66), 16) };
      const verified = verifyCoin(bytes(shown.stateRoot), place, proofOf(shown));
      expect(verified.ok && verified.value?.owner).toBe(isThere ? bob.address.toB256() : undefined);
      expect(verified.ok).toBe(true);
    }
    const contract = await deployCounter();
    const slotOf = async () => {
      const query = `query ($c: ContractId!, $s: Bytes32!) { contractSlotProof(contract: $c, slot: $s) { ${fields} } }`;
      const answer = await ask(query, { c: contract.id.toB256(), s: zero32 });
      const shown = answer.contractSlotProof as unknown as Shown;
      const verified = verifySlot(bytes(shown.stateRoot), contract.id.toB256() as Hex, zero32 as Hex, proofOf(shown));
      return verified.ok ? verified.value : verified.error.message;
    };
    expect(await slotOf()).toBeUndefined();
    await (await contract.functions.increase(258).call()).waitForResult();
    expect(Buffer.from((await slotOf()) ?? "").toString("hex")).toMatch(/^0000000000000102/);
  });

  it("a transaction that lost a race for its coin is told to be squeezed out", async () => {
    const [coin] = (await bob.getResourcesToSpend([[100, baseAssetId]])) as [
      Parameters<ScriptTransactionRequest["addResource"]>[0],
    ];
    const spend = async (amount: number) => {
      const request = new ScriptTransactionRequest({ gasLimit: 10_000, maxFee: 10_000, tip: amount });
      request.addResource(coin);
      request.addCoinOutput(new Address(alice.address), bn(amount), baseAssetId);
      request.addChangeOutput(bob.address, baseAssetId);
      return await bob.sendTransaction(request as TransactionRequestLike, { estimateTxDependencies: false });
    };
    chain.hold(true);
    const [first, second] = [await spend(1), await spend(2)];
    chain.hold(false);
    const outcomes = Promise.allSettled([first.waitForResult(), second.waitForResult()]);
    await chain.mine();
    await chain.mine();
    await chain.mine();
    const ends = (await outcomes).map((each) => (each.status === "fulfilled" ? "executed" : String(each.reason)));
    expect(ends.toSorted()).toEqual([expect.stringMatching(/Squeezed Out/), "executed"]);
  });
});
