import { Keypair, SystemProgram, Transaction } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { accounts, createSvmChain, type SvmChain } from "../../../test/fixtures/svmChain.ts";
import type { RpcServer } from "../../adapter.ts";
import { toBase58 } from "../base58.ts";
import { buildEngine } from "../testChain.ts";
import { serveSvmRpc } from "./server.ts";

type Answer = { result?: unknown; error?: { code: number; message: string; data?: unknown } };

const host = "127.0.0.1";
let chain: SvmChain;
let server: RpcServer;
beforeAll(async () => {
  await buildEngine();
  chain = await createSvmChain();
  server = await serveSvmRpc(chain.services, { host, port: 0 });
}, 900_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

const [alice, bob] = accounts as [Keypair, Keypair];
const [aliceAddress, stranger] = [alice.publicKey.toBase58(), Keypair.generate().publicKey.toBase58()];

const textOf = async (method: string, params: unknown, url = server.rpc): Promise<string> =>
  (await fetch(url, { method: "POST", body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) })).text();
const ask = async (method: string, ...params: unknown[]): Promise<Answer> =>
  JSON.parse(await textOf(method, params)) as Answer;

const signed = (lamports: number): string => {
  const recentBlockhash = toBase58(chain.blocks.at(-1)?.seal.blockHash ?? new Uint8Array(32));
  const transaction = new Transaction({ recentBlockhash, feePayer: alice.publicKey }).add(
    SystemProgram.transfer({ fromPubkey: alice.publicKey, toPubkey: bob.publicKey, lamports }),
  );
  transaction.sign(alice);
  return transaction.serialize().toString("base64");
};

describe("what is asked wrongly", () => {
  it.each<[string, unknown[]]>([
    ["getBalance", []],
    ["getBalance", ["0x00"]],
    ["getBalance", [aliceAddress, { commitment: "soon" }]],
    ["getBalance", [aliceAddress, {}, 1]],
    ["getAccountInfo", [aliceAddress, { encoding: "base64+zstd" }]],
    ["getAccountInfo", [aliceAddress, { dataSlice: { offset: 1 } }]],
    ["getMultipleAccounts", [Array(101).fill(aliceAddress)]],
    ["getProgramAccounts", [aliceAddress, { filters: [{ memcmp: { offset: 0, bytes: "0" } }] }]],
    ["getProgramAccounts", [aliceAddress, { filters: Array(5).fill({ dataSize: 1 }) }]],
    ["getTokenAccountBalance", [aliceAddress]],
    ["getTokenSupply", [stranger]],
    ["getTokenAccountsByOwner", [aliceAddress, {}]],
    ["getTokenAccountsByOwner", [aliceAddress, { programId: stranger }]],
    ["sendTransaction", ["AQ==", { encoding: "base64" }]],
    ["sendTransaction", ["***"]],
    ["sendTransaction", [42]],
    ["simulateTransaction", ["", {}]],
    ["requestAirdrop", [stranger, -1]],
    ["requestAirdrop", [stranger, 10 ** 15]],
    ["getFeeForMessage", ["AA=="]],
    ["getTransaction", ["abc"]],
    ["getSignatureStatuses", [["abc"]]],
    ["getSignaturesForAddress", [aliceAddress, { limit: 1001 }]],
    ["getBlock", ["latest"]],
    ["getBlocks", [0, 1_000_000]],
  ])("is refused with what was expected: %s %j", async (method, params) => {
    const { error } = await ask(method, ...params);
    expect(error?.code).toBe(-32602);
    expect(error?.message.length).toBeGreaterThan(10);
  });

  it("has the codes that Solana's clients know", async () => {
    expect((await ask("getBlock", 10 ** 9)).result).toBeNull();
    expect((await ask("getBlockTime", 10 ** 9)).error?.code).toBe(-32004);
    expect((await ask("getSlot", { minContextSlot: 10 ** 9 })).error).toMatchObject({ code: -32016 });
    expect((await ask("getVoteAccounts")).error?.code).toBe(-32601);
    expect((await ask("signatureSubscribe", "1".repeat(64))).error?.code).toBe(-32600);
    const forged = Buffer.from(signed(1), "base64");
    forged[10] = (forged[10] as number) ^ 1;
    const encoding = { encoding: "base64", skipPreflight: true };
    expect((await ask("sendTransaction", forged.toString("base64"), encoding)).error?.code).toBe(-32003);
  });
});

describe("answers", () => {
  it("keep all digits of an integer", async () => {
    expect(await textOf("getAccountInfo", [aliceAddress])).toContain('"rentEpoch":18446744073709551615,');
  });

  it("are the same signature for a transaction that is sent again", async () => {
    const transaction = signed(5);
    const first = await ask("sendTransaction", transaction, { encoding: "base64" });
    expect(first.result).toEqual(expect.any(String));
    const again = () => ask("sendTransaction", transaction, { encoding: "base64", skipPreflight: true });
    expect((await again()).result).toBe(first.result);
    await vi.waitFor(async () => {
      const statuses = (await ask("getSignatureStatuses", [first.result])).result as { value: unknown[] };
      expect(statuses.value[0]).not.toBeNull();
    });
    expect((await again()).result).toBe(first.result);
    const preflight = await ask("sendTransaction", transaction, { encoding: "base64" });
    expect(preflight.error).toMatchObject({ code: -32002, data: { err: "AlreadyProcessed" } });
  });

  it("are at accounts as they are in the encoding asked for", async () => {
    const mint = "So11111111111111111111111111111111111111112";
    const shown = async (config: object) => (await ask("getAccountInfo", mint, config)).result as { value: object };
    expect((await shown({ encoding: "jsonParsed" })).value).toMatchObject({
      data: { program: "spl-token", parsed: { type: "mint", info: { decimals: 9, supply: "0" } } },
    });
    expect((await shown({ encoding: "base64", dataSlice: { offset: 44, length: 1 } })).value).toMatchObject({
      data: ["CQ==", "base64"],
      space: 82,
    });
    expect((await ask("getAccountInfo", stranger)).result).toMatchObject({ value: null });
    const clock = await ask("getAccountInfo", "SysvarC1ock11111111111111111111111111111111", { encoding: "base64" });
    expect(clock.result).toMatchObject({ value: { space: 40 } });
  });
});

describe("ports", () => {
  it("are two in a row, with a WebSocket at both", async () => {
    const port = Number(new URL(server.rpc).port);
    expect(server.ws).toBe(`ws://${host}:${port + 1}`);
    for (const at of [port, port + 1]) {
      const socket = new WebSocket(`ws://${host}:${at}`);
      const answer = await new Promise((resolve, reject) => {
        socket.once("open", () => socket.send(JSON.stringify({ jsonrpc: "2.0", id: 7, method: "slotSubscribe" })));
        socket.once("message", (data) => resolve(JSON.parse(String(data))));
        socket.once("error", reject);
      });
      expect(answer).toEqual({ jsonrpc: "2.0", id: 7, result: expect.any(Number) });
      socket.terminate();
    }
  });
});

describe("a subscription that is asked for wrongly", () => {
  it.each([
    ["accountSubscribe", { commitment: "none" }],
    ["programSubscribe", { commitment: "none" }],
    ["programSubscribe", { filters: [{ dataSize: "x" }] }],
    ["logsSubscribe", { commitment: "none" }],
  ])("is refused, and the WebSocket goes on: %s %j", async (method, config) => {
    const socket = new WebSocket(server.ws);
    const closed = new Promise((_, reject) => socket.once("close", () => reject(new Error("it was closed"))));
    const answered = new Promise((resolve) => {
      const answers: unknown[] = [];
      socket.on("message", (data) => {
        answers.push(JSON.parse(String(data)));
        if (answers.length === 2) resolve(answers);
      });
    });
    await new Promise((resolve) => socket.once("open", resolve));
    const target = method === "logsSubscribe" ? "all" : stranger;
    for (const [id, call] of [
      { method, params: [target, config] },
      { method: "getHealth", params: [] },
    ].entries()) {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...call }));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await Promise.race([answered, closed])).toMatchObject([{ error: { code: -32602 } }, { result: "ok" }]);
    socket.removeAllListeners("close");
    socket.terminate();
  });
});

describe("a network without a faucet", () => {
  it("has no airdrops", async () => {
    const without = await createSvmChain({ faucet: false });
    const other = await serveSvmRpc(without.services, { host, port: 0 });
    const answer = JSON.parse(await textOf("requestAirdrop", [stranger, 1], other.rpc)) as Answer;
    expect(answer.error).toMatchObject({ code: -32601, message: "this network has no faucet" });
    await other.close();
    await without.close();
  });
});
