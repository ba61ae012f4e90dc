import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type CairoChain, compiledClassHash, createCairoChain } from "../../../test/fixtures/cairoChain.ts";
import { readClass } from "../../../test/fixtures/cairoClass.ts";
import type { RpcServer } from "../../adapter.ts";
import { classHashOf, contractAddress } from "../contracts/classHash.ts";
import { strkAddress } from "../genesis.ts";
import { alice, bob, bounds, buildEngine, declare, deployAccount, erin, invoke, type Signed } from "../testChain.ts";
import { queryVersion, transactionToJson } from "../transactionJson.ts";
import { rpcLimits } from "./limits.ts";
import { serveCairoRpc } from "./server.ts";

type Answer = { result?: unknown; error?: { code: number; message: string; data?: unknown } };

let chain: CairoChain;
let server: RpcServer;
beforeAll(async () => {
  await buildEngine();
  chain = await createCairoChain();
  server = await serveCairoRpc(chain.services, { host: "127.0.0.1", port: 0 });
}, 1_800_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

const ask = async (method: string, params: unknown): Promise<Answer> => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: `starknet_${method}`, params });
  return (await (await fetch(server.rpc, { method: "POST", body })).json()) as Answer;
};

const json = ({ transaction }: Signed) => ({
  ...transactionToJson(transaction),
  ...(transaction.type === "DECLARE" ? { contract_class: transaction.contract_class } : {}),
});
const transfer = (nonce: number, amount = 1n, options = {}) =>
  invoke(
    alice,
    { nonce, ...options },
    { to: strkAddress, entrypoint: "transfer", calldata: [bob.address, amount, 0n] },
  );
const latest = { block_id: "latest" };
const someKeys = (count: number) => Array<string>(count).fill("0x1");

describe("what is asked wrongly", () => {
  it.each<[string, unknown]>([
    ["blockNumber", ["latest"]],
    ["getNonce", {}],
    ["getNonce", { block_id: "pending", contract_address: "0x1" }],
    ["getNonce", { ...latest, contract_address: "1" }],
    ["getNonce", { ...latest, contract_address: `0x${"f".repeat(64)}` }],
    ["getNonce", { ...latest, contract_address: "0x1", address: "0x1" }],
    ["getNonce", ["latest", "0x1", "0x1"]],
    ["getBlockWithTxs", { block_id: { block_number: -1 } }],
    ["getBlockWithTxs", { block_id: { block_number: 1, block_hash: "0x1" } }],
    ["getBlockWithTxs", { block_id: ["latest"] }],
    ["getBlockWithTxs", { ...latest, response_flags: ["EVERYTHING"] }],
    ["call", { ...latest, request: { contract_address: "0x1" } }],
    ["call", { ...latest, request: { contract_address: "0x1", entry_point_selector: "0x1", calldata: ["x"] } }],
    ["estimateFee", { ...latest, request: [{}], simulation_flags: [] }],
    ["estimateFee", { ...latest, request: Array(65).fill({}), simulation_flags: [] }],
    ["simulateTransactions", { ...latest, transactions: [], simulation_flags: ["SKIP_EVERYTHING"] }],
    ["getEvents", { filter: { chunk_size: 0 } }],
    ["getEvents", { filter: { chunk_size: 10, keys: "0x1" } }],
    ["getStorageProof", { block_id: "pre_confirmed" }],
    ["getStorageProof", { ...latest, contracts_storage_keys: [{ contract_address: "0x1" }] }],
    ["addInvokeTransaction", { invoke_transaction: { type: "INVOKE", version: "0x3" } }],
    ["addInvokeTransaction", { invoke_transaction: 7 }],
  ])("is refused with what was expected: %s %j", async (method, params) => {
    const { error } = await ask(method, params);
    expect(error?.code).toBe(-32602);
    expect(error?.message.length).toBeGreaterThan(10);
  });

  it("has a method's own error where Starknet has one", async () => {
    const code = async (method: string, params: unknown) => (await ask(method, params)).error?.code;
    expect(await code("getBlockWithTxs", { block_id: { block_number: 10 ** 9 } })).toBe(24);
    expect(await code("getBlockWithTxs", { block_id: { block_hash: "0x1" } })).toBe(24);
    expect(await code("getTransactionByBlockIdAndIndex", { ...latest, index: 10 ** 6 })).toBe(27);
    expect(await code("getEvents", { filter: { chunk_size: rpcLimits.eventPage + 1 } })).toBe(31);
    expect(await code("getEvents", { filter: { chunk_size: 1, continuation_token: "next" } })).toBe(33);
    expect(await code("getEvents", { filter: { chunk_size: 1, continuation_token: "999999999-0" } })).toBe(33);
    expect(await code("getEvents", { filter: { chunk_size: 1, keys: Array(65).fill([]) } })).toBe(34);
    expect(await code("getEvents", { filter: { chunk_size: 1, keys: [someKeys(1000), someKeys(1000)] } })).toBe(34);
    expect(await code("getVersion", {})).toBe(-32601);
    expect(await code("subscribeNewHeads", {})).toBe(-32600);
  });
});

describe("a transaction that is not taken in", () => {
  const send = (transaction: object) => ask("addInvokeTransaction", { invoke_transaction: transaction });

  it("is refused with Starknet's code, and our reason", async () => {
    expect((await send({ ...json(transfer(0)), version: queryVersion })).error).toMatchObject({ code: 61 });
    expect((await send({ ...json(transfer(0)), version: "0x1" })).error).toMatchObject({ code: 61 });
    expect((await send({ type: "L1_HANDLER", version: "0x0" })).error).toMatchObject({ code: 61 });
    const forged = { ...json(transfer(0)), signature: ["0x1", "0x2"] };
    expect((await send(forged)).error).toMatchObject({
      code: 55,
      message: "Account validation failed",
      data: expect.stringContaining("signature"),
    });
    const stranger = invoke(erin, { nonce: 0 }, { to: strkAddress, entrypoint: "transfer", calldata: [1, 1, 0] });
    expect((await send(json(stranger))).error).toMatchObject({ code: 58 });
    expect((await send(json(transfer(0, 1n, { bounds: bounds(1_000n) })))).error).toMatchObject({ code: 53 });
    expect((await send(json(transfer(0, 1n, { bounds: bounds(20_000_000n, 1n) })))).error).toMatchObject({ code: 65 });
    expect((await send(json(transfer(0, 1n, { bounds: bounds(1_000_000_000n, 10n ** 30n) })))).error).toMatchObject({
      code: 54,
    });
  });

  it("is a duplicate while the first one waits", async () => {
    const release = chain.hold();
    const first = json(transfer(0));
    expect((await send(first)).result).toBeDefined();
    expect((await send(first)).error).toMatchObject({ code: 59 });
    await release();
    expect((await send(first)).error).toMatchObject({ code: 52, message: "Invalid transaction nonce" });
  });

  it("names a class that can't be compiled, one of another version, and an account of an unknown class", async () => {
    const declaring = (sierra: ReturnType<typeof readClass>, compiledHash: `0x${string}`) => {
      const named = { class: sierra, classHash: classHashOf(sierra), compiledClassHash: compiledHash };
      const transaction = json(declare(alice, { nonce: 1, bounds: bounds(1_000_000_000n) }, named));
      return ask("addDeclareTransaction", { declare_transaction: transaction });
    };
    const inbox = readClass("inbox");
    const broken = { ...inbox, sierra_program: inbox.sierra_program.slice(0, 40) };
    expect((await declaring(broken, "0x1")).error).toMatchObject({ code: 56, message: "Compilation failed" });
    expect((await declaring(inbox, "0x1")).error).toMatchObject({ code: 60 });
    expect((await declaring({ ...inbox, contract_class_version: "0.2.0" }, "0x1")).error).toMatchObject({ code: 62 });
    const long = { ...inbox, abi: "x".repeat(2_200_000) };
    expect((await declaring(long, await compiledClassHash(chain, "inbox"))).error).toMatchObject({ code: 57 });
    const { publicKey } = erin;
    const address = contractAddress({ classHash: "0x1234", salt: publicKey, calldata: [publicKey] });
    const gift = { to: strkAddress, entrypoint: "transfer", calldata: [address, 10n ** 18n, 0n] };
    const sent = await ask("addInvokeTransaction", { invoke_transaction: json(invoke(alice, { nonce: 1 }, gift)) });
    expect(sent.result).toBeDefined();
    await chain.mine();
    const unknown = { ...json(deployAccount(erin, { nonce: 0 })), class_hash: "0x1234" };
    const refused = await ask("addDeployAccountTransaction", { deploy_account_transaction: unknown });
    expect(refused.error).toMatchObject({ code: 28 });
  });
});

describe("blocks", () => {
  it("are named by number, hash and tag", async () => {
    const { result } = await ask("getBlockWithTxHashes", latest);
    const { block_hash, block_number } = result as { block_hash: string; block_number: number };
    for (const block_id of [
      { block_number },
      { block_hash },
      { block_hash: `0x${block_hash.slice(2).padStart(64, "0")}` },
    ]) {
      expect((await ask("getBlockWithTxHashes", { block_id })).result).toMatchObject({ block_hash, block_number });
    }
    const certified = await ask("getBlockWithTxHashes", { block_id: "l1_accepted" });
    expect(certified.result).toMatchObject({ block_number: block_number - 1, status: "ACCEPTED_ON_L1" });
    expect(result).toMatchObject({ status: "ACCEPTED_ON_L2", l1_da_mode: "BLOB" });
    const next = await ask("getBlockWithTxs", { block_id: "pre_confirmed" });
    expect(next.result).toMatchObject({ block_number: block_number + 1, transactions: [] });
    expect(next.result).not.toHaveProperty("block_hash");
    expect((await ask("getStateUpdate", { block_id: "pre_confirmed" })).result).not.toHaveProperty("block_hash");
  });

  it("follow each other", async () => {
    const { result } = await ask("blockNumber", []);
    const headers = await Promise.all(
      Array.from({ length: Number(result) + 1 }, async (_, block_number) => {
        const answer = await ask("getBlockWithTxHashes", { block_id: { block_number } });
        return answer.result as { block_hash: string; parent_hash: string };
      }),
    );
    for (const [number, { parent_hash }] of headers.entries()) {
      expect(parent_hash).toBe(number === 0 ? "0x0" : headers[number - 1]?.block_hash);
    }
  });

  it("say of some contracts what changed", async () => {
    const place = await chain.services.locate(
      chain.blocks.flatMap(({ transactions }) => transactions)[0]?.nativeId ?? "0x",
    );
    const block_id = { block_number: place?.number };
    type Update = { state_diff: { storage_diffs: unknown[]; nonces: { contract_address: string; nonce: string }[] } };
    const whole = (await ask("getStateUpdate", { block_id })).result as Update;
    const part = (await ask("getStateUpdate", { block_id, contract_addresses: [alice.address] })).result as Update;
    expect(part.state_diff.nonces).toEqual([{ contract_address: alice.address, nonce: "0x1" }]);
    expect(part.state_diff.storage_diffs.length).toBeLessThan(whole.state_diff.storage_diffs.length);
  });
});

describe("a WebSocket", () => {
  it("may go back 1024 blocks, and hears the reason when it asks for more or for less", async () => {
    const socket = new WebSocket(server.ws);
    await new Promise((resolve) => socket.once("open", resolve));
    const over = async (method: string, params: object): Promise<Answer> => {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: method, method: `starknet_${method}`, params }));
      return await new Promise((resolve) => socket.once("message", (data) => resolve(JSON.parse(String(data)))));
    };
    expect((await over("subscribeNewHeads", { block_id: { block_number: 10 ** 6 } })).error?.code).toBe(24);
    const addresses = someKeys(rpcLimits.subscriptionAddresses + 1);
    expect((await over("subscribeNewTransactions", { sender_address: addresses })).error?.code).toBe(67);
    expect((await over("unsubscribe", { subscription_id: "99" })).error?.code).toBe(66);
    socket.close();
    await new Promise((resolve) => socket.once("close", resolve));
  });
});
