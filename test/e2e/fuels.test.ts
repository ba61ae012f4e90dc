import { Src14OwnedProxyFactory } from "@fuel-ts/recipes";
import * as asm from "@fuels/vm-asm";
import {
  Contract,
  ContractFactory,
  FuelError,
  getMintedAssetId,
  type InvokeFunction,
  type JsonAbi,
  Predicate,
  Provider,
  Wallet,
  type WalletUnlocked,
} from "fuels";
import { describe, expect, test } from "vitest";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { assemble, reg } from "../fixtures/fuelAssembly.ts";
import { counterAbi, counterCode } from "../fixtures/fuelContract.ts";
import { lockstep } from "./commands.ts";
import { agreed, devnet, eventually, fuelDomain, fuelEndpoints, lightClientOf, proven, validators } from "./network.ts";

const providers = fuelEndpoints.map((url) => new Provider(url));
const [provider, other] = providers as [Provider, Provider];
const baseAsset = baseAssetId;
const zero32: Hex = `0x${"0".repeat(64)}`;

/** An account of the devnet that no other test spends from. */
const account = (index: number, at = provider): WalletUnlocked =>
  Wallet.fromPrivateKey(devnet.accounts.fuel?.[index]?.privateKey ?? "", at);
const alice = account(0);
const someone = () => Wallet.generate({ provider });

const execution =
  "query ($id: TransactionId!) { transaction(id: $id) { id rawPayload status { __typename \
  ... on SuccessStatus { blockHeight totalFee certified receipts { receiptType } } \
  ... on FailureStatus { blockHeight totalFee certified reason } } } }";

type Executed = { rawPayload: string; status: { __typename: string; certified?: boolean; blockHeight?: string } };

const ask = async (url: string, query: string, variables: object): Promise<unknown> => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { message: string }[] };
  if (errors !== undefined) throw new Error(errors.map(({ message }) => message).join());
  return data;
};

/** An executed transaction, the same at all four, once a certificate covers it. */
const settled = (id: string): Promise<Executed> =>
  agreed(fuelEndpoints, (url) =>
    eventually(async () => {
      const { transaction } = (await ask(url, execution, { id })) as { transaction: Executed | null };
      return transaction?.status.certified === true ? transaction : undefined;
    }),
  );

type Counter = Contract & {
  functions: Record<"get" | "fail" | "crash" | "record" | "mint_to" | "increase", InvokeFunction>;
};

const deployCounter = async (): Promise<Counter> => {
  const factory = new ContractFactory(counterCode, counterAbi, alice);
  const { waitForResult } = await factory.deploy({ salt: Wallet.generate().address.toB256() });
  return (await waitForResult()).contract as unknown as Counter;
};

describe("fuels, unmodified, on four validators", () => {
  test("transfers; all agree on the outcome, which becomes certified", async () => {
    const to = someone();
    const sent = await alice.transfer(to.address, 2_000_000);
    expect(await sent.waitForResult()).toMatchObject({ isStatusSuccess: true });
    expect((await settled(sent.id)).status.__typename).toBe("SuccessStatus");
    const balances = await agreed(providers, async (each) => (await each.getBalance(to.address, baseAsset)).toString());
    expect(balances).toBe("2000000");
  });

  test("spends change that is only executed, one transfer after the other", async () => {
    const [from, to] = [someone(), someone()];
    await (await alice.transfer(from.address, 10_000_000)).waitForResult();
    for (const amount of [1, 2, 3, 4]) await (await from.transfer(to.address, amount)).waitForResult();
    expect((await to.getBalance()).toNumber()).toBe(10);
  });

  test("goes on at another validator", async () => {
    const to = someone();
    const sent = await alice.transfer(to.address, 5_000_000);
    await sent.waitForResult();
    await settled(sent.id);
    const elsewhere = Wallet.fromPrivateKey(to.privateKey, other);
    const back = await elsewhere.transfer(alice.address, 1000);
    expect(await back.waitForResult()).toMatchObject({ isStatusSuccess: true });
  });

  test("transfers from many coins at once", async () => {
    const many = someone();
    const parts = Array.from({ length: 60 }, () => ({ destination: many.address, amount: 10_000, assetId: baseAsset }));
    for (let i = 0; i < 2; i++) await (await alice.batchTransfer(parts)).waitForResult();
    const to = someone();
    await (await many.transfer(to.address, 1_000_000)).waitForResult();
    expect((await to.getBalance()).toNumber()).toBe(1_000_000);
  });

  test("deploys, calls, reads and logs", async () => {
    const contract = await deployCounter();
    const { increase, record, get } = contract.functions;
    const called = await contract.multiCall([increase(5), record(77), increase(2)]).call();
    const { value, logs } = await called.waitForResult();
    expect([value.map(String), logs.map(String)]).toEqual([["5", expect.anything(), "7"], ["77"]]);
    await settled(called.transactionId);
    const read = await agreed(providers, async (each) => {
      const here = new Contract(contract.id, counterAbi, account(0, each)) as Counter;
      return String((await here.functions.get().get()).value);
    });
    expect([read, String((await get().get()).value)]).toEqual(["7", "7"]);
  });

  test("deploys Fuel's own proxy, compiled from Sway", async () => {
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
    const behind = new Contract(proxy.id, counterAbi, alice) as Counter;
    const { value } = await (await behind.functions.increase(3).addContracts([target]).call()).waitForResult();
    expect(value.toNumber()).toBe(3);
  });

  test("mints an asset, and pays by predicate", async () => {
    const contract = await deployCounter();
    const to = someone();
    await (await contract.functions.mint_to(500, to.address.toB256()).call()).waitForResult();
    expect((await to.getBalance(getMintedAssetId(contract.id.toB256(), zero32))).toNumber()).toBe(500);
    const bool = "b760f44fa5965c2474a3b471467a22c43185152129295af588b022ae50b50903";
    const abi: JsonAbi = {
      ...counterAbi,
      programType: "predicate",
      concreteTypes: [{ type: "bool", concreteTypeId: bool }],
      functions: [{ name: "main", inputs: [], output: bool, attributes: null }],
      loggedTypes: [],
    };
    const returning = (register: number) => new Predicate({ bytecode: assemble([asm.ret(register)]), abi, provider });
    const [paying, refusing] = [returning(reg.one), returning(reg.zero)];
    for (const { address } of [paying, refusing]) await (await alice.transfer(address, 1_000_000)).waitForResult();
    await (await paying.transfer(to.address, 1000)).waitForResult();
    expect((await to.getBalance()).toNumber()).toBe(1000);
    await expect(refusing.transfer(to.address, 1000)).rejects.toThrow(/[Pp]redicate/);
  });

  test("reads with what a call reverted", async () => {
    const contract = await deployCounter();
    const error = await contract.functions
      .fail()
      .call()
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof FuelError)) throw error;
    expect(error.message).toMatch(/reverted with reason: 4660/);
  });
});

describe("a Fuel coin and slot", () => {
  const [entry] = validators as [(typeof validators)[0]];

  test("are proven to a light client, present and absent", async () => {
    const contract = await deployCounter();
    await (await contract.functions.increase(258).call()).waitForResult();
    const sent = await alice.transfer(someone().address, 1234);
    await sent.waitForResult();
    const { status } = await settled(sent.id);
    const client = lightClientOf(entry);
    const coin = await eventually(async () => {
      const found = await proven(client.fuelCoin(fuelDomain, { txId: sent.id as Hex, index: 0 }));
      return found.tenant.number >= Number(status.blockHeight) ? found.coin : undefined;
    });
    expect(coin.amount).toBe(1234n);
    const absent = await eventually(() => proven(client.fuelCoin(fuelDomain, { txId: sent.id as Hex, index: 9 })));
    expect(absent.coin).toBeUndefined();
    const slot = await eventually(() => proven(client.fuelSlot(fuelDomain, contract.id.toB256() as Hex, zero32)));
    expect(Buffer.from(slot.value ?? []).toString("hex")).toMatch(/^0000000000000102/);
  });

  test("are what `lockstep verify` says", async () => {
    const sent = await alice.transfer(someone().address, 4321);
    await sent.waitForResult();
    await settled(sent.id);
    const args = ["verify", entry.api, "--trust", devnet.trustedRoot, "--coin", `${fuelDomain}:${sent.id}0000`];
    const { out } = await eventually(async () => {
      const finished = await lockstep(...args);
      return finished.code === 0 && finished.out.includes("4321") ? finished : undefined;
    });
    expect(out).toMatch(/proven/);
  });
});
