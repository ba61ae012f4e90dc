import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { Hex } from "../../../protocol/bytes.ts";
import { type CairoChain, compiledClassHash, createCairoChain } from "../../../test/fixtures/cairoChain.ts";
import { readClass } from "../../../test/fixtures/cairoClass.ts";
import type { RpcServer } from "../../adapter.ts";
import { contract } from "../contracts/classes.ts";
import { classHashOf, contractAddress, selectorOf } from "../contracts/classHash.ts";
import { deployerAddress, strkAddress } from "../genesis.ts";
import {
  alice,
  bounds,
  buildEngine,
  type Call,
  declare,
  deployAccount,
  erin,
  invoke,
  type Signed,
} from "../testChain.ts";
import { transactionToJson } from "../transactionJson.ts";
import { createChain } from "./chain.ts";
import { methodsOf, serveCairoRpc } from "./server.ts";

/**
 * No method answers with a constant: each is called before and after a change that has to alter its answer. A method that
 * the server knows and that has no row here fails the test.
 */
type Row = {
  params: object;
  /** Otherwise the counter is increased, in a block of its own. */
  change?: () => Promise<unknown>;
};

const constant: Readonly<Record<string, string>> = {
  starknet_specVersion: "it is the version of the specification that this code follows",
  starknet_chainId: "it follows from the tenant's domain, and wallets sign it",
  starknet_getMessagesStatus: "no L1 sends messages to a tenant",
};

const counterClass = readClass("counter");
const counterHash = classHashOf(counterClass);
const salt: Hex = "0x5a17";
const counter = contractAddress({ classHash: counterHash, salt, calldata: ["0x1"] });
const replaced = contractAddress({ classHash: counterHash, salt, calldata: ["0x2"] });

let chain: CairoChain;
let server: RpcServer;
let socket: WebSocket;
/** How far certificates are ahead of what this node has executed. */
let ahead = 0;
let nonce = 0;
const messages: { id?: number; method?: string; result?: unknown; error?: unknown }[] = [];

const ask = async (method: string, params: object): Promise<{ result?: unknown; error?: unknown }> => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const { result, error } = await (await fetch(server.rpc, { method: "POST", body })).json();
  return error === undefined ? { result } : { error };
};

const askSocket = async (method: string, params: object): Promise<(typeof messages)[number]> => {
  const id = messages.length + 1000;
  socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  return await vi.waitFor(() => {
    const answer = messages.find((each) => each.id === id);
    if (answer === undefined) throw new Error("no answer yet");
    return answer;
  });
};

/** As it is sent. */
const json = ({ transaction }: Signed) => ({
  ...transactionToJson(transaction),
  ...(transaction.type === "DECLARE" ? { contract_class: transaction.contract_class } : {}),
});
/** The next transaction of the only sender. */
const signed = (...calls: Call[]): Signed => invoke(alice, { nonce: nonce++ }, ...calls);
const send = async (transaction: Signed): Promise<void> => {
  const answer = await ask("starknet_addInvokeTransaction", { invoke_transaction: json(transaction) });
  expect(answer).toHaveProperty("result.transaction_hash");
  await chain.mine();
};
const call = (to: Hex, entrypoint: string, calldata: readonly Hex[]): Call => ({ to, entrypoint, calldata });
const increase = () => send(signed(call(counter, "increase", ["0x1"])));
const deploy = (argument: Hex) => call(deployerAddress, "deploy_contract", [counterHash, salt, "0x0", "0x1", argument]);

beforeAll(async () => {
  await buildEngine();
  chain = await createCairoChain();
  chain.hold();
  const heads = () => {
    const { executed, certified } = chain.services.heads();
    return { executed, certified: ahead === 0 ? certified : executed + ahead };
  };
  server = await serveCairoRpc({ ...chain.services, heads }, { host: "127.0.0.1", port: 0 });
  socket = new WebSocket(server.ws);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.on("message", (data) => messages.push(JSON.parse(String(data))));
  const compiled = await compiledClassHash(chain, "counter");
  const sierra = { class: counterClass, classHash: counterHash, compiledClassHash: compiled };
  const declare_transaction = json(declare(alice, { nonce: nonce++, bounds: bounds(1_000_000_000n) }, sierra));
  expect(await ask("starknet_addDeclareTransaction", { declare_transaction })).toHaveProperty("result.class_hash");
  await chain.mine();
  await send(signed(deploy("0x1"), deploy("0x2")));
}, 1_800_000);
afterAll(async () => {
  socket.terminate();
  await server.close();
  await chain.close();
});

const latest = { block_id: "latest" };
const getCounter = { contract_address: counter, entry_point_selector: selectorOf("get"), calldata: [] };

/** Declares a class of its own: the inbox under another ABI. */
const declaring = async (abi: string): Promise<{ classHash: Hex; transaction: Signed }> => {
  const sierra = { ...readClass("inbox"), abi };
  const classHash = classHashOf(sierra);
  const named = { class: sierra, classHash, compiledClassHash: await compiledClassHash(chain, "inbox") };
  return { classHash, transaction: declare(alice, { nonce: nonce++, bounds: bounds(1_000_000_000n) }, named) };
};

/** Calls over HTTP. They are made when the row's turn comes, for what they name depends on the chain. */
const rows: Readonly<Record<string, () => Promise<Row> | Row>> = {
  starknet_blockNumber: () => ({ params: {} }),
  starknet_blockHashAndNumber: () => ({ params: {} }),
  starknet_syncing: () => ({ params: {}, change: async () => (ahead = 3) }),
  starknet_getBlockWithTxHashes: () => ({ params: latest }),
  starknet_getBlockWithTxs: () => ({ params: latest }),
  starknet_getBlockWithReceipts: () => ({ params: latest }),
  starknet_getBlockTransactionCount: () => ({ params: latest, change: () => chain.mine() }),
  starknet_getTransactionByBlockIdAndIndex: () => ({ params: { ...latest, index: 0 } }),
  starknet_getStateUpdate: () => ({ params: latest }),
  starknet_getNonce: () => ({ params: { ...latest, contract_address: alice.address } }),
  starknet_getStorageAt: () => ({ params: { ...latest, contract_address: counter, key: selectorOf("value") } }),
  starknet_call: () => ({ params: { ...latest, request: getCounter } }),
  starknet_getEvents: () => ({ params: { filter: { address: counter, chunk_size: 1000 } } }),
  starknet_getStorageProof: () => ({
    params: { ...latest, contracts_storage_keys: [{ contract_address: counter, storage_keys: [selectorOf("value")] }] },
  }),
  starknet_getClassHashAt: () => ({
    params: { ...latest, contract_address: replaced },
    change: () => send(signed(call(replaced, "replace", [contract("account").classHash]))),
  }),
  starknet_getClassAt: () => ({
    params: { ...latest, contract_address: contractAddress({ classHash: counterHash, salt, calldata: ["0x3"] }) },
    change: () => send(signed(deploy("0x3"))),
  }),
  starknet_estimateMessageFee: async () => {
    const { classHash, transaction } = await declaring("[9]");
    await ask("starknet_addDeclareTransaction", { declare_transaction: json(transaction) });
    await chain.mine();
    const to = contractAddress({ classHash, salt, calldata: [] });
    const message = {
      from_address: "0x8453fc6cd1bcfe8d4dfc069c400b433054d47bdc",
      to_address: to,
      entry_point_selector: selectorOf("on_message"),
      payload: ["0x7"],
    };
    const change = () => send(signed(call(deployerAddress, "deploy_contract", [classHash, salt, "0x0", "0x0"])));
    return { params: { message, ...latest }, change };
  },
  ...Object.fromEntries(
    (["starknet_getClass", "starknet_getCompiledCasm", "starknet_addDeclareTransaction"] as const).map((method, i) => [
      method,
      async () => {
        const { classHash, transaction } = await declaring(`[${i}]`);
        const params = { declare_transaction: json(transaction) };
        const change = async () => {
          if (method !== "starknet_addDeclareTransaction") await ask("starknet_addDeclareTransaction", params);
          await chain.mine();
        };
        if (method === "starknet_getClass") return { params: { ...latest, class_hash: classHash }, change };
        if (method === "starknet_getCompiledCasm") return { params: { class_hash: classHash }, change };
        return { params, change };
      },
    ]),
  ),
  ...Object.fromEntries(
    [
      "starknet_getTransactionStatus",
      "starknet_getTransactionByHash",
      "starknet_getTransactionReceipt",
      "starknet_traceTransaction",
    ].map((method) => [
      method,
      () => {
        const transaction = signed(call(counter, "increase", ["0x1"]));
        return { params: { transaction_hash: transaction.hash }, change: () => send(transaction) };
      },
    ]),
  ),
  starknet_traceBlockTransactions: () => ({ params: latest }),
  // Signed for this nonce, which the change uses up.
  starknet_estimateFee: () => ({
    params: { ...latest, request: [json(signed(call(counter, "increase", ["0x1"])))], simulation_flags: [] },
    change: async () => {
      nonce--;
      await increase();
    },
  }),
  starknet_simulateTransactions: () => ({
    params: { ...latest, transactions: [json(signed(call(counter, "increase", ["0x1"])))], simulation_flags: [] },
    change: async () => {
      nonce--;
      await increase();
    },
  }),
  starknet_addInvokeTransaction: () => ({
    params: { invoke_transaction: json(signed(call(counter, "increase", ["0x1"]))) },
    change: () => chain.mine(),
  }),
  starknet_addDeployAccountTransaction: async () => {
    await send(signed(call(strkAddress, "transfer", [erin.address, "0xde0b6b3a7640000", "0x0"])));
    return {
      params: { deploy_account_transaction: json(deployAccount(erin, { nonce: 0 })) },
      change: () => chain.mine(),
    };
  },
};

/** Subscriptions, and the notification that the change has to bring. */
const subscriptions: Readonly<
  Record<string, [notification: string, params: () => object, change?: () => Promise<void>]>
> = {
  starknet_subscribeNewHeads: ["starknet_subscriptionNewHeads", () => ({})],
  starknet_subscribeEvents: ["starknet_subscriptionEvents", () => ({ from_address: counter })],
  starknet_subscribeNewTransactionReceipts: [
    "starknet_subscriptionNewTransactionReceipts",
    () => ({ sender_address: [alice.address] }),
  ],
  starknet_subscribeNewTransactions: ["starknet_subscriptionNewTransaction", () => ({ finality_status: ["RECEIVED"] })],
};

describe("no method answers with a constant", () => {
  it("has a row for every method that the server knows", () => {
    const own = createChain(chain.services);
    const methods = [...methodsOf(own).keys()].sort();
    own.close();
    const special = ["starknet_subscribeTransactionStatus", "starknet_unsubscribe"];
    const known = [...Object.keys(rows), ...Object.keys(subscriptions), ...Object.keys(constant), ...special].sort();
    expect(methods).toEqual(known);
  });

  it.each(Object.keys(rows))("%s", async (method) => {
    const { params, change = increase } = (await rows[method]?.()) ?? { params: {} };
    const before = await ask(method, params);
    await change();
    const after = await ask(method, params);
    ahead = 0;
    expect(after).not.toEqual(before);
    // Results, and at most one error, of Starknet's own: not one that says that the question was wrong.
    const errors = [before, after].flatMap(({ error }) => (error === undefined ? [] : [error as { code: number }]));
    expect(errors.length).toBeLessThan(2);
    for (const { code } of errors) expect(code).toBeGreaterThan(0);
  });

  it.each(Object.keys(subscriptions))("%s", async (method) => {
    const [notification, params] = subscriptions[method] ?? ["", () => ({})];
    const { result } = await askSocket(method, params());
    const told = () => messages.filter((each) => each.method === notification);
    expect(result).toEqual(expect.any(String));
    const before = told().length;
    await increase();
    await vi.waitFor(() => expect(told().length).toBeGreaterThan(before));
    expect((await askSocket("starknet_unsubscribe", { subscription_id: result })).result).toBe(true);
  });

  it("takes parameters by position as well as by name", async () => {
    const named = await ask("starknet_getNonce", { contract_address: alice.address, ...latest });
    expect(named).toHaveProperty("result");
    expect(await ask("starknet_getNonce", ["latest", alice.address])).toEqual(named);
  });

  it("starknet_subscribeTransactionStatus", async () => {
    const transaction = signed(call(counter, "increase", ["0x1"]));
    const subscribed = await askSocket("starknet_subscribeTransactionStatus", { transaction_hash: transaction.hash });
    await send(transaction);
    await chain.mine();
    const statuses = () =>
      messages
        .filter(({ method }) => method === "starknet_subscriptionTransactionStatus")
        .map((each) => (each as unknown as { params: { result: { status: { finality_status: string } } } }).params)
        .map(({ result }) => result.status.finality_status);
    await vi.waitFor(() => expect(statuses()).toEqual(["RECEIVED", "ACCEPTED_ON_L2", "ACCEPTED_ON_L1"]));
    await askSocket("starknet_unsubscribe", { subscription_id: subscribed.result });
  });

  it("starknet_unsubscribe", async () => {
    const { result } = await askSocket("starknet_subscribeNewHeads", {});
    expect((await askSocket("starknet_unsubscribe", { subscription_id: result })).result).toBe(true);
    const again = await askSocket("starknet_unsubscribe", { subscription_id: result });
    expect(again.error).toMatchObject({ code: 66, message: "Invalid subscription id" });
  });

  it.each(Object.entries(constant))("%s is constant: %s", async (method) => {
    const params = method === "starknet_getMessagesStatus" ? { transaction_hash: "0x1" } : {};
    const before = await ask(method, params);
    await increase();
    expect(await ask(method, params)).toEqual(before);
  });
});
