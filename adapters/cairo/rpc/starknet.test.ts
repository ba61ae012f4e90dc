import {
  Account,
  CallData,
  type CompiledSierra,
  Contract,
  defaultDeployer,
  ETransactionVersion,
  hash,
  logger,
  type RpcError,
  RpcProvider,
} from "starknet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type CairoChain, compiledClassHash, createCairoChain } from "../../../test/fixtures/cairoChain.ts";
import { readClass } from "../../../test/fixtures/cairoClass.ts";
import { provenValue } from "../../../test/fixtures/cairoProof.ts";
import { openChannel } from "../../../test/fixtures/starknetChannel.ts";
import type { RpcServer } from "../../adapter.ts";
import { contract } from "../contracts/classes.ts";
import { strkAddress } from "../genesis.ts";
import { accountOf, alice, bob, buildEngine, domain, type TestAccount } from "../testChain.ts";
import { serveCairoRpc } from "./server.ts";

logger.setLogLevel("OFF");

let chain: CairoChain;
let server: RpcServer;
let provider: RpcProvider;
beforeAll(async () => {
  await buildEngine();
  chain = await createCairoChain();
  server = await serveCairoRpc(chain.services, { host: "127.0.0.1", port: 0 });
  provider = await RpcProvider.create({ nodeUrl: server.rpc, transactionRetryIntervalFallback: 50 });
}, 1_800_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

const balance = 1000n * 10n ** 18n;
const accountAt = ({ address, privateKey }: TestAccount) => new Account({ provider, address, signer: privateKey });

const strk = () =>
  new Contract({ abi: JSON.parse(contract("erc20").class.abi), address: strkAddress, providerOrAccount: provider });
const balanceOf = async (address: string): Promise<bigint> => BigInt(await strk().balance_of(address));
const transfer = (to: string, amount: bigint) => ({
  contractAddress: strkAddress,
  entrypoint: "transfer",
  calldata: CallData.compile({ recipient: to, amount: { low: amount, high: 0n } }),
});

/** As compilers write it: the ABI is no text. */
const compiled = (name: string): CompiledSierra => {
  const sierra = readClass(name);
  return { ...sierra, abi: JSON.parse(sierra.abi) } as never;
};

const errorOf = async (promise: Promise<unknown>): Promise<{ code: number; message: string; data?: unknown }> => {
  const error = await promise.then(
    () => undefined,
    (thrown: RpcError) => thrown,
  );
  if (error === undefined) throw new Error("it succeeded");
  return error.baseError as never;
};

describe("unmodified starknet.js", () => {
  it("connects", async () => {
    expect(await provider.getSpecVersion()).toBe("0.10.2");
    expect(BigInt(await provider.getChainId())).toBe(BigInt(`0x${Buffer.from(`LOCKSTEP_${domain}`).toString("hex")}`));
    const head = await provider.getBlockNumber();
    const { block_hash, block_number } = await provider.getBlockLatestAccepted();
    expect(block_number).toBe(head);
    expect((await provider.getBlockWithTxHashes(block_hash)).block_number).toBe(head);
    expect(await provider.getSyncingStats()).toBe(false);
  });

  it("reads balances, in both spellings, and what the token is called", async () => {
    expect(await balanceOf(bob.address)).toBe(balance);
    expect(BigInt(await strk().balanceOf(bob.address))).toBe(balance);
    expect(await strk().decimals()).toBe(18n);
    expect(await balanceOf(accountOf("nobody").address)).toBe(0n);
  });

  it("estimates, transfers, waits and reads the receipt", async () => {
    const account = accountAt(alice);
    const to = accountOf("recipient").address;
    const estimate = await account.estimateInvokeFee([transfer(to, 7n)]);
    expect(estimate.overall_fee).toBeGreaterThan(0n);
    const before = await balanceOf(alice.address);
    const { transaction_hash } = await account.execute([transfer(to, 5n), transfer(to, 2n)]);
    const receipt = await provider.waitForTransaction(transaction_hash);
    if (!receipt.isSuccess()) throw new Error("it failed");
    expect(receipt.value.finality_status).toMatch(/^ACCEPTED_ON_L[12]$/);
    expect(await balanceOf(to)).toBe(7n);
    const fee = BigInt(receipt.value.actual_fee.amount);
    expect(await balanceOf(alice.address)).toBe(before - 7n - fee);
    const { price } = {
      price: receipt.value.events.filter(
        ({ keys }) => BigInt(keys[0] ?? 0) === BigInt(hash.getSelectorFromName("Transfer")),
      ),
    };
    // Two transfers, and the fee's.
    expect(price).toHaveLength(3);
    const shown = await provider.getTransactionByHash(transaction_hash);
    expect(shown).toMatchObject({ type: "INVOKE", version: "0x3", sender_address: alice.address, transaction_hash });
    const block = await provider.getBlockWithReceipts(receipt.value.block_number);
    expect(JSON.stringify(block)).toContain(transaction_hash);
    await vi.waitFor(async () => {
      expect(await provider.getTransactionStatus(transaction_hash)).toEqual({
        finality_status: "ACCEPTED_ON_L1",
        execution_status: "SUCCEEDED",
      });
    });
  });

  it("sends one after the other, without waiting, by the nonce of the block that is being built", async () => {
    const account = accountAt(bob);
    const to = accountOf("many").address;
    const release = chain.hold();
    const hashes: string[] = [];
    for (let i = 0; i < 3; i++) {
      const nonce = await account.getNonce("pre_confirmed");
      const { transaction_hash } = await account.execute(transfer(to, 1n), { nonce, ...bounds, tip: 0n });
      hashes.push(transaction_hash);
      expect(await provider.getTransactionStatus(transaction_hash)).toEqual({ finality_status: "RECEIVED" });
      expect(await provider.getTransactionByHash(transaction_hash)).toMatchObject({ nonce, transaction_hash });
    }
    await release();
    for (const each of hashes) await provider.waitForTransaction(each);
    expect(await balanceOf(to)).toBe(3n);
  });

  it("declares a class, deploys it through the universal deployer, calls it and writes to it", async () => {
    const account = accountAt(alice);
    const sierra = compiled("counter");
    const payload = { contract: sierra, compiledClassHash: await compiledClassHash(chain, "counter") };
    const declared = await account.declare(payload);
    await provider.waitForTransaction(declared.transaction_hash);
    expect(BigInt(declared.class_hash)).toBe(BigInt(hash.computeSierraContractClassHash(sierra)));
    expect((await account.declareIfNot(payload)).transaction_hash).toBe("");
    expect(await errorOf(account.declare(payload, bounds))).toMatchObject({
      code: 51,
      message: "Class already declared",
    });
    const casm = await provider.getCompiledCasm(declared.class_hash);
    const { starknet_version } = await provider.getBlockWithTxHashes("latest");
    expect(hash.computeCompiledClassHash(casm as never, starknet_version)).toBe(payload.compiledClassHash);

    const deployed = await account.deployContract({ classHash: declared.class_hash, constructorCalldata: [40] });
    const counter = new Contract({ abi: sierra.abi, address: deployed.contract_address, providerOrAccount: account });
    expect(await counter.get()).toBe(40n);
    const receipt = await provider.waitForTransaction(deployed.transaction_hash);
    expect(defaultDeployer.parseDeployerEvent(receipt.value as never)).toMatchObject({
      contract_address: deployed.contract_address,
      classHash: declared.class_hash,
    });
    expect(BigInt(await provider.getClassHashAt(deployed.contract_address))).toBe(BigInt(declared.class_hash));
    const increased = await counter.increase(2);
    const events = counter.parseEvents((await provider.waitForTransaction(increased.transaction_hash)) as never);
    expect(JSON.stringify(events, (_, value) => (typeof value === "bigint" ? String(value) : value))).toContain(
      '"value":"42"',
    );
    expect(await counter.get()).toBe(42n);
    const slot = await provider.getStorageAt(deployed.contract_address, hash.getSelectorFromName("value"));
    expect(slot).toMatchObject({ value: "0x2a" });
    const { state_diff } = await provider.getStateUpdate(
      (await increasedBlock(increased.transaction_hash)).block_number,
    );
    expect(state_diff.storage_diffs.some(({ address }) => BigInt(address) === BigInt(deployed.contract_address))).toBe(
      true,
    );
  });

  it("deploys a new account with STRK that it was given", async () => {
    const fresh = accountOf(`fresh ${chain.blocks.length}`);
    const { transaction_hash } = await accountAt(alice).execute(transfer(fresh.address, 10n ** 18n));
    await provider.waitForTransaction(transaction_hash);
    const account = accountAt(fresh);
    const deployed = await account.deployAccount({
      classHash: contract("account").classHash,
      constructorCalldata: [fresh.publicKey],
      addressSalt: fresh.publicKey,
    });
    expect(BigInt(deployed.contract_address)).toBe(BigInt(fresh.address));
    await provider.waitForTransaction(deployed.transaction_hash);
    const sent = await account.execute(transfer(bob.address, 1n));
    expect((await provider.waitForTransaction(sent.transaction_hash)).isSuccess()).toBe(true);
    expect(await account.getNonce()).toBe("0x2");
  });

  it("pages through events, by contract and by key", async () => {
    const account = accountAt(alice);
    const [address, topic] = [await deployCounter(), "0x70706963"];
    const sent = await account.execute([
      { contractAddress: address, entrypoint: "emit_many", calldata: [topic, 5] },
      { contractAddress: address, entrypoint: "emit_many", calldata: ["0x1", 3] },
    ]);
    await provider.waitForTransaction(sent.transaction_hash);
    const keys = [[hash.getSelectorFromName("Noted")], [topic]];
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const filter = { from_block: { block_number: 0 }, to_block: "latest" as const, address, keys, chunk_size: 2 };
      const page = await provider.getEvents(token === undefined ? filter : { ...filter, continuation_token: token });
      expect(page.events.length).toBeLessThanOrEqual(2);
      seen.push(...page.events.map(({ data }) => data[0] ?? ""));
      token = page.continuation_token;
    } while (token !== undefined);
    expect(seen).toEqual(["0x0", "0x1", "0x2", "0x3", "0x4"]);
    const all = await provider.getEvents({ address, chunk_size: 100 });
    expect(all.events).toHaveLength(8);
    expect(all.events[7]).toMatchObject({ transaction_hash: sent.transaction_hash, transaction_index: 0 });
  });

  it("proves storage: present and absent", async () => {
    const key = hash.getSelectorFromName("ERC20_decimals");
    const number = await provider.getBlockNumber();
    const slots = [{ contract_address: strkAddress, storage_keys: [key, "0x123456"] }];
    const proof = await provider.getStorageProof([], [strkAddress], slots, number);
    const { new_root } = (await provider.getBlockWithTxHashes(number)) as { new_root: string };
    expect(provenValue(proof, new_root, strkAddress, key)).toBe(18n);
    expect(provenValue(proof, new_root, strkAddress, "0x123456")).toBe(0n);
  });

  it("simulates and traces", async () => {
    const account = accountAt(alice);
    const to = accountOf("simulated").address;
    const { simulated_transactions } = await account.simulateTransaction(
      [{ type: "INVOKE", payload: [transfer(to, 3n)] }] as never,
      {
        skipValidate: true,
      },
    );
    expect(simulated_transactions[0]?.transaction_trace).toMatchObject({
      type: "INVOKE",
      execute_invocation: { calls: expect.any(Array) },
    });
    expect(await balanceOf(to)).toBe(0n);
    const { transaction_hash } = await account.execute(transfer(to, 3n));
    await provider.waitForTransaction(transaction_hash);
    expect(await provider.getTransactionTrace(transaction_hash)).toMatchObject({ type: "INVOKE" });
  });

  it("shows a transaction that reverts, with its reason", async () => {
    const address = await deployCounter();
    const call = { contractAddress: address, entrypoint: "fail", calldata: [0x6f757463n] };
    expect(await errorOf(accountAt(alice).estimateInvokeFee(call))).toMatchObject({
      code: 41,
      data: { transaction_index: 0, execution_error: expect.stringContaining("outc") },
    });
    const { transaction_hash } = await accountAt(alice).execute(call, bounds);
    const receipt = await provider.waitForTransaction(transaction_hash);
    if (!receipt.isReverted()) throw new Error("it did not revert");
    expect(receipt.value.revert_reason).toContain("outc");
    expect(BigInt(receipt.value.actual_fee.amount)).toBeGreaterThan(0n);
  });

  it("knows Starknet's errors", async () => {
    const nobody = accountOf("nobody").address;
    expect(await errorOf(provider.getNonceForAddress(nobody))).toMatchObject({ code: 20 });
    expect(await errorOf(provider.getBlockWithTxs(10 ** 9))).toMatchObject({ code: 24 });
    expect(await errorOf(provider.getClass("0x123"))).toMatchObject({ code: 28 });
    expect(await errorOf(provider.getTransactionReceipt("0x123"))).toMatchObject({ code: 29 });
    const missing = { contractAddress: strkAddress, entrypoint: "no_such_function", calldata: [] };
    expect(await errorOf(provider.callContract(missing))).toMatchObject({ code: 21 });
    const counter = await deployCounter();
    const failing = { contractAddress: counter, entrypoint: "fail", calldata: ["0x6e6f"] };
    expect(await errorOf(provider.callContract(failing))).toMatchObject({ code: 40 });
    const stranger = new Account({ provider, address: alice.address, signer: bob.privateKey });
    expect(await errorOf(stranger.execute(transfer(bob.address, 1n), bounds))).toMatchObject({ code: 55 });
    const old = await accountAt(alice)
      .execute(transfer(bob.address, 1n), { ...bounds, nonce: 0 })
      .catch((error) => error);
    expect(old.baseError).toMatchObject({ code: 52 });
    const greedy = {
      ...bounds,
      resourceBounds: { ...bounds.resourceBounds, l2_gas: { max_amount: 10n ** 9n, max_price_per_unit: 10n ** 30n } },
    };
    expect(await errorOf(accountAt(alice).execute(transfer(bob.address, 1n), greedy))).toMatchObject({ code: 54 });
    const wrong = { contract: compiled("inbox"), compiledClassHash: "0x1" };
    expect(await errorOf(accountAt(alice).declare(wrong, bounds))).toMatchObject({ code: 60 });
  });

  it("is told of heads, events and statuses over its WebSocket", async () => {
    const channel = await openChannel(server.ws);
    const heads: number[] = [];
    const events: string[] = [];
    const statuses: string[] = [];
    const receipts: string[] = [];
    const sent: string[] = [];
    const newHeads = await channel.subscribeNewHeads();
    newHeads.on(({ block_number }) => heads.push(block_number));
    (await channel.subscribeEvents({ fromAddress: strkAddress })).on(({ transaction_hash }) =>
      events.push(transaction_hash),
    );
    (await channel.subscribeNewTransactionReceipts()).on(({ transaction_hash }) => receipts.push(transaction_hash));
    (await channel.subscribeNewTransactions()).on(({ transaction_hash }) => sent.push(transaction_hash));
    const { transaction_hash } = await accountAt(alice).execute(transfer(bob.address, 1n));
    (await channel.subscribeTransactionStatus({ transactionHash: transaction_hash })).on(({ status }) =>
      statuses.push(status.finality_status),
    );
    await vi.waitFor(() => {
      expect(statuses.at(-1)).toBe("ACCEPTED_ON_L1");
      expect(events).toContain(transaction_hash);
      expect(receipts).toContain(transaction_hash);
      expect(sent).toContain(transaction_hash);
      expect(heads.length).toBeGreaterThan(0);
    });
    expect(heads).toEqual([...heads].sort((x, y) => x - y));
    expect(await newHeads.unsubscribe()).toBe(true);
    const past: number[] = [];
    (await channel.subscribeNewHeads({ blockIdentifier: 1 })).on(({ block_number }) => past.push(block_number));
    await vi.waitFor(() => expect(past.slice(0, 3)).toEqual([1, 2, 3]));
    channel.disconnect();
    await channel.waitForDisconnection();
  });
});

/** Bounds of one's own: no estimate is asked for. */
const bounds = {
  version: ETransactionVersion.V3,
  tip: 0n,
  resourceBounds: {
    l1_gas: { max_amount: 0n, max_price_per_unit: 10n ** 9n },
    l1_data_gas: { max_amount: 10_000n, max_price_per_unit: 10n ** 9n },
    l2_gas: { max_amount: 100_000_000n, max_price_per_unit: 10n ** 10n },
  },
} as const;

let declaring: Promise<string> | undefined;
const deployCounter = async (): Promise<string> => {
  const account = accountAt(alice);
  declaring ??= compiledClassHash(chain, "counter").then(async (compiledHash) => {
    const { class_hash, transaction_hash } = await account.declareIfNot({
      contract: compiled("counter"),
      compiledClassHash: compiledHash,
    });
    if (transaction_hash !== "") await provider.waitForTransaction(transaction_hash);
    return class_hash;
  });
  return (await account.deployContract({ classHash: await declaring, constructorCalldata: [0] })).contract_address;
};

const increasedBlock = async (transactionHash: string): Promise<{ block_number: number }> =>
  (await provider.getTransactionReceipt(transactionHash)).value as never;
