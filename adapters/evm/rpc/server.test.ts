import { bytesToHex, type Hex, keccak256, parseGwei, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { transactionLimits } from "../../../protocol/limits.ts";
import { accounts, blockHashOf, createEvmChain, type EvmChain } from "../../../test/fixtures/evmChain.ts";
import type { RpcServer } from "../../adapter.ts";
import { createChain } from "./chain.ts";
import { rpcLimits } from "./limits.ts";
import { findLogs, logFilter } from "./logs.ts";
import { serveEvmRpc } from "./server.ts";

type Answer = { id: number; result?: unknown; error?: { code: number; message: string; data?: unknown } };

let chain: EvmChain;
let server: RpcServer;
beforeAll(async () => {
  chain = await createEvmChain();
  server = await serveEvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close();
  await chain.close();
});

const post = async (body: unknown): Promise<unknown> =>
  (await fetch(server.rpc, { method: "POST", body: JSON.stringify(body) })).json();
const call = (method: string, params: unknown[] = [], id = 1) => ({ jsonrpc: "2.0", id, method, params });
const ask = async (method: string, ...params: unknown[]): Promise<Answer> =>
  (await post(call(method, params))) as Answer;
const result = async (method: string, ...params: unknown[]): Promise<unknown> => {
  const { result, error } = await ask(method, ...params);
  if (error) throw new Error(`${error.code} ${error.message}`);
  return result;
};

const [alice, bob] = accounts as [(typeof accounts)[0], (typeof accounts)[0]];
const fees = {
  chainId: 31337,
  type: "eip1559",
  gas: 21_000n,
  maxFeePerGas: parseGwei("10"),
  maxPriorityFeePerGas: 1n,
} as const;
const transfer = (nonce: number, change: object = {}): Promise<Hex> =>
  alice.signTransaction({ ...fees, nonce, to: bob.address, value: 1n, ...change });
const nonceOf = async (address: Hex): Promise<number> =>
  Number(await result("eth_getTransactionCount", address, "pending"));

describe("constants", () => {
  it("name the chain and the node", async () => {
    expect(await result("eth_chainId")).toBe("0x7a69");
    expect(await result("net_version")).toBe("31337");
    expect(await result("net_listening")).toBe(true);
    expect(await result("eth_syncing")).toBe(false);
    expect(await result("eth_accounts")).toEqual([]);
    expect(await result("web3_clientVersion")).toMatch(/^Lockstep/);
    expect(await result("web3_sha3", "0x68656c6c6f")).toBe(keccak256("0x68656c6c6f"));
  });

  it.each(["eth_fillTransaction", "eth_sendTransaction", "eth_sign", "anvil_mine", "nonsense"])(
    "what isn't served (%s) isn't there",
    async (method) => {
      expect((await ask(method)).error?.code).toBe(-32601);
    },
  );
});

describe("raw transactions", () => {
  it("of one batch are submitted together, and answered in order", async () => {
    const nonce = await nonceOf(alice.address);
    const raw = await Promise.all(Array.from({ length: 100 }, (_, i) => transfer(nonce + i)));
    chain.submissions.length = 0;
    const answers = (await post(raw.map((bytes, i) => call("eth_sendRawTransaction", [bytes], i)))) as Answer[];
    expect(answers).toEqual(raw.map((bytes, id) => ({ jsonrpc: "2.0", id, result: keccak256(bytes) })));
    expect(chain.submissions).toEqual([100]);
    await vi.waitFor(async () => expect(await nonceOf(alice.address)).toBe(nonce + 100));
    const receipts = (await result("eth_getBlockReceipts", "latest")) as { cumulativeGasUsed: Hex }[];
    expect(receipts.at(-1)?.cumulativeGasUsed).toBe(toHex(21_000 * receipts.length));
  });

  it("that are bad in a batch don't hold up the good ones", async () => {
    const nonce = await nonceOf(alice.address);
    const good = await transfer(nonce);
    const answers = (await post([
      call("eth_sendRawTransaction", ["0x02c0"], 1),
      call("eth_sendRawTransaction", [good], 2),
      call("eth_sendRawTransaction", [], 3),
      call("eth_sendRawTransaction", [good], 4),
    ])) as Answer[];
    expect(answers.map(({ error, result }) => error?.message.split(":")[0] ?? result)).toEqual([
      "could not decode transaction",
      keccak256(good),
      "missing value for required argument 0",
      "already known",
    ]);
  });

  it.each<[string, () => Promise<unknown>, number, RegExp]>([
    ["no hex", async () => "zz", -32602, /^invalid argument 0/],
    ["empty", async () => "0x", -32000, /^could not decode transaction/],
    ["random", async () => `0x02${"ab".repeat(100)}`, -32000, /^could not decode transaction/],
    ["cut off", async () => (await transfer(0)).slice(0, -2), -32000, /^could not decode transaction/],
    ["oversized", async () => `0x${"00".repeat(transactionLimits.evm + 1)}`, -32000, /^oversized data/],
    ["a blob transaction", async () => `0x03${"ab".repeat(100)}`, -32000, /^transaction type not supported.*blob/i],
    ["for another chain", () => transfer(0, { chainId: 1 }), -32000, /^invalid chain id/],
    ["of a spent nonce", () => transfer(0, { value: 2n }), -32000, /^nonce too low/],
    ["with too little gas", () => transfer(10 ** 6, { gas: 20_000n }), -32000, /^intrinsic gas too low/],
    ["with too much gas", () => transfer(10 ** 6, { gas: 10n ** 9n }), -32000, /^exceeds block gas limit/],
    [
      "of a poor sender",
      () => privateKeyToAccount(keccak256("0x77")).signTransaction({ ...fees, nonce: 0, to: bob.address }),
      -32000,
      /^insufficient funds for gas \* price \+ value/,
    ],
  ])("that is %s is refused in geth's words", async (_, make, code, message) => {
    const { error } = await ask("eth_sendRawTransaction", await make());
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
  });
});

describe("state", () => {
  it("before the last 256 blocks isn't there, and the error says so", async () => {
    while (chain.services.heads().executed < 260) await chain.mine();
    const { error } = await ask("eth_getBalance", alice.address, "0x0");
    expect(error?.code).toBe(-32000);
    expect(error?.message).toMatch(/^historical state is not available/);
    expect(await result("eth_getBalance", alice.address, "0xff")).toMatch(/^0x/);
  });

  it("is read at a block named by number, hash or object", async () => {
    const block = chain.blocks.at(-2);
    if (block === undefined) throw new Error("there are blocks");
    const number = toHex(block.seal.number);
    const hash = blockHashOf(block);
    const expected = await result("eth_getBalance", alice.address, number);
    for (const named of [hash, { blockHash: hash, requireCanonical: true }, { blockNumber: number }]) {
      expect(await result("eth_getBalance", alice.address, named)).toBe(expected);
    }
    expect((await ask("eth_getBalance", alice.address, keccak256("0x00"))).error?.message).toBe("header not found");
  });

  it("calls without a recipient, with halts and with overrides are answered rightly", async () => {
    const init = "0x600160005260206000f3";
    expect(await result("eth_call", { data: init }, "latest")).toBe(`0x${"00".repeat(31)}01`);
    expect((await ask("eth_call", { data: "0xfe" })).error).toMatchObject({ code: -32000 });
    expect((await ask("eth_call", { to: bob.address }, "latest", { [bob.address]: {} })).error?.code).toBe(-32602);
    expect(await result("eth_call", { to: bob.address }, "latest", {})).toBe("0x");
    expect(
      (await ask("eth_call", { from: alice.address, to: bob.address, value: toHex(10n ** 30n) })).error,
    ).toMatchObject({
      code: -32000,
      message: expect.stringMatching(/^insufficient funds for gas \* price \+ value/),
    });
    expect(await result("eth_estimateGas", { from: alice.address, to: bob.address, value: "0x1" })).toBe("0x5208");
  });
});

describe("logs", () => {
  /** Creation code that emits 8192 empty logs. */
  const emitter = "0x620020005b5f5fa0600190038060045700";
  const emit = async (nonce: number) => transfer(nonce, { to: undefined, data: emitter, gas: 5_000_000n });

  it("of a block are numbered through, and only so many are answered", async () => {
    const filter = await result("eth_newFilter", {});
    chain.autoMine(false);
    try {
      const nonce = await nonceOf(alice.address);
      const raw = await Promise.all([emit(nonce), emit(nonce + 1), transfer(nonce + 2), emit(nonce + 3)]);
      await post(raw.map((bytes) => call("eth_sendRawTransaction", [bytes])));
      await chain.mine();
    } finally {
      chain.autoMine(true);
    }
    const number = await result("eth_blockNumber");
    const last = (await result("eth_getTransactionByBlockNumberAndIndex", number, "0x3")) as { hash: Hex };
    const { logs } = (await result("eth_getTransactionReceipt", last.hash)) as { logs: { logIndex: Hex }[] };
    expect(logs.map(({ logIndex }) => Number(logIndex))).toEqual(Array.from({ length: 8192 }, (_, i) => 16_384 + i));
    expect((await ask("eth_getLogs", { fromBlock: number })).error).toMatchObject({
      code: -32005,
      message: expect.stringContaining("query returned more than"),
    });
    expect((await ask("eth_getFilterChanges", filter)).error?.code).toBe(-32005);
    expect(await result("eth_getFilterChanges", filter)).toEqual([]);
    await result("eth_uninstallFilter", filter);
  });

  it("aren't searched over too many blocks at once", async () => {
    const filter = { address: alice.address, fromBlock: "0x0", toBlock: toHex(10 ** 9) };
    expect(await result("eth_getLogs", filter)).toEqual([]);
    const far = createChain({ ...chain.services, heads: () => ({ executed: rpcLimits.logBlocks, certified: 0 }) });
    const query = logFilter({ fromBlock: "0x0" }, "argument 0");
    await expect(findLogs(far, query)).rejects.toMatchObject({ body: { code: -32005 } });
    far.close();
    expect((await ask("eth_getLogs", { fromBlock: "0x5", toBlock: "0x1" })).error?.code).toBe(-32602);
    expect((await ask("eth_getLogs", { blockHash: keccak256("0x00") })).error?.message).toBe("header not found");
    expect(await result("eth_getLogs", { fromBlock: toHex(10 ** 8), toBlock: toHex(10 ** 9) })).toEqual([]);
  });
});

describe("filters", () => {
  it("are bounded in number: the one that was polled least recently goes for another", async () => {
    const kept = await result("eth_newBlockFilter");
    const calls = Array.from({ length: rpcLimits.filters }, (_, i) => call("eth_newBlockFilter", [], i));
    const answers = [
      ...((await post(calls.slice(0, 600))) as Answer[]),
      ...((await post([call("eth_getFilterChanges", [kept]), ...calls.slice(600)])) as Answer[]).slice(1),
    ];
    const [first, ...others] = answers.map((answer) => answer.result);
    expect(others).toHaveLength(rpcLimits.filters - 1);
    expect((await ask("eth_getFilterChanges", first)).error?.message).toBe("filter not found");
    const left = [kept, ...others];
    for (const ids of [left.slice(0, 600), left.slice(600)]) {
      const removed = (await post(ids.map((id) => call("eth_uninstallFilter", [id])))) as Answer[];
      expect(removed.every(({ result }) => result === true)).toBe(true);
    }
  });

  it("for blocks give each hash once", async () => {
    const id = await result("eth_newBlockFilter");
    await chain.mine();
    await chain.mine();
    expect(await result("eth_getFilterChanges", id)).toEqual(chain.blocks.slice(-2).map(blockHashOf));
    expect(await result("eth_getFilterChanges", id)).toEqual([]);
    expect((await ask("eth_getFilterLogs", id)).error?.code).toBe(-32602);
    expect(await result("eth_uninstallFilter", id)).toBe(true);
    expect(await result("eth_uninstallFilter", id)).toBe(false);
    expect((await ask("eth_getFilterChanges", id)).error?.message).toBe("filter not found");
  });

  it("for logs keep to the blocks they were made for", async () => {
    const head = chain.services.heads().executed;
    const emitted = async (fromBlock: number, toBlock: number) =>
      result("eth_newFilter", { fromBlock: toHex(fromBlock), toBlock: toHex(toBlock) });
    const ids = [await emitted(0, head), await emitted(head + 1, head + 1), await emitted(head + 2, head + 9)];
    for (let i = 0; i < 2; i++) {
      // Creation code that emits one empty log.
      const data = "0x5f5fa000";
      const sent = await transfer(await nonceOf(alice.address), { to: undefined, data, gas: 100_000n });
      await result("eth_sendRawTransactionSync", sent);
    }
    const changes = [];
    for (const id of ids) changes.push((await result("eth_getFilterChanges", id)) as { blockNumber: Hex }[]);
    expect(changes.map((logs) => logs.map(({ blockNumber }) => Number(blockNumber)))).toEqual([
      [],
      [head + 1],
      [head + 2],
    ]);
    for (const id of ids) {
      expect(await result("eth_getFilterChanges", id)).toEqual([]);
      await result("eth_uninstallFilter", id);
    }
  });

  it("that nobody polls are gone after a while", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const own = await serveEvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
    try {
      const at = async (method: string, ...params: unknown[]) => {
        const body = JSON.stringify(call(method, params));
        return (await (await fetch(own.rpc, { method: "POST", body })).json()) as Answer;
      };
      const [used, unused] = [await at("eth_newBlockFilter"), await at("eth_newBlockFilter")];
      vi.advanceTimersByTime(rpcLimits.filterIdleMs);
      expect((await at("eth_getFilterChanges", used.result)).result).toEqual([]);
      vi.advanceTimersByTime(rpcLimits.filterIdleMs);
      expect((await at("eth_getFilterChanges", used.result)).result).toEqual([]);
      expect((await at("eth_getFilterChanges", unused.result)).error?.message).toBe("filter not found");
    } finally {
      vi.useRealTimers();
      await own.close();
    }
  });
});

describe("subscriptions", () => {
  it("need a WebSocket and a known kind", async () => {
    expect((await ask("eth_subscribe", "newHeads")).error?.message).toContain("notifications not supported");
    expect((await ask("eth_subscribe", "syncing")).error?.code).toBe(-32602);
    expect((await ask("eth_unsubscribe", "0x1")).error?.message).toBe("subscription not found");
  });

  it("push a head to each subscriber until unsubscribed", async () => {
    const socket = new WebSocket(server.ws);
    const seen: { method?: string; result?: unknown; params?: { subscription: string; result: { number: Hex } } }[] =
      [];
    socket.on("message", (data) => seen.push(JSON.parse(data.toString())));
    await new Promise((resolve) => socket.once("open", resolve));
    const request = async (method: string, ...params: unknown[]): Promise<unknown> => {
      seen.length = 0;
      socket.send(JSON.stringify(call(method, params)));
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0));
      return seen.splice(0)[0]?.result;
    };
    const first = await request("eth_subscribe", "newHeads");
    const second = await request("eth_subscribe", "newHeads");
    await chain.mine();
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    expect(seen.map(({ params }) => params?.subscription)).toEqual([first, second]);
    expect(seen[0]?.params?.result.number).toBe(toHex(chain.services.heads().executed));
    expect(await request("eth_unsubscribe", first)).toBe(true);
    await chain.mine();
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    expect(seen[0]?.params?.subscription).toBe(second);
    socket.close();
    await new Promise((resolve) => socket.once("close", resolve));
  });
});

it("a port in use leaves no listener behind", async () => {
  const port = Number(new URL(server.rpc).port);
  await expect(serveEvmRpc(chain.services, { host: "127.0.0.1", port })).rejects.toMatchObject({ code: "port_in_use" });
});

it("every method lives through params of any kind", async () => {
  const methods = [
    "eth_blockNumber eth_getBlockByNumber eth_getBlockByHash eth_getBlockTransactionCountByNumber eth_getBlockReceipts",
    "eth_getTransactionByHash eth_getTransactionReceipt eth_getTransactionByBlockHashAndIndex eth_getBalance eth_getCode",
    "eth_getTransactionCount eth_getStorageAt eth_getProof eth_call eth_estimateGas eth_gasPrice eth_feeHistory eth_getLogs",
    "eth_sendRawTransaction eth_sendRawTransactionSync eth_newFilter eth_getFilterChanges eth_subscribe web3_sha3 eth_chainId",
  ].flatMap((names) => names.split(" "));
  const hash = keccak256("0x05");
  const values = [
    null,
    1,
    -1,
    "",
    "0x",
    "latest",
    "0xffffffffffff",
    hash,
    alice.address,
    {},
    [],
    [[]],
    { topics: [[]] },
    true,
  ];
  const calls = methods.flatMap((method) =>
    values.flatMap((a) => [[a], [a, a], [alice.address, a]].map((params) => call(method, params))),
  );
  for (let at = 0; at < calls.length; at += 500) {
    const answers = (await post(calls.slice(at, at + 500))) as Answer[];
    expect(answers.filter(({ error }) => error?.code === -32603)).toEqual([]);
  }
  expect(await result("eth_blockNumber")).toBe(toHex(chain.services.heads().executed));
});

it("random bytes as transactions are refused one by one", async () => {
  const random = Array.from({ length: 200 }, (_, i) => {
    const digest = keccak256(toHex(i));
    return bytesToHex(
      Uint8Array.from({ length: i }, (_, at) => Number.parseInt(digest.slice(2 + (at % 60), 4 + (at % 60)), 16)),
    );
  });
  const answers = (await post(random.map((raw) => call("eth_sendRawTransaction", [raw])))) as Answer[];
  expect(answers.filter(({ error }) => error?.code !== -32000)).toEqual([]);
});

describe("lockstep_getProtocolWrites", () => {
  it("shows what the sequencer said at the start of a block: parent hash (EIP-2935) and shared parent (EIP-4788)", async () => {
    await result("eth_sendRawTransaction", await transfer(await nonceOf(alice.address)));
    const block = (await result("eth_getBlockByNumber", "latest")) as Record<string, Hex>;
    const from = "0xfffffffffffffffffffffffffffffffffffffffe";
    expect(await result("lockstep_getProtocolWrites", block.number)).toEqual([
      { from, to: "0x0000f90827f1c53a10cb7a02335b175320002935", input: block.parentHash },
      { from, to: "0x000f3df6d732807ef1319fb7b8bb8522d0beac02", input: block.parentBeaconBlockRoot },
    ]);
    expect(await result("lockstep_getProtocolWrites", "0x0")).toEqual([]);
    expect(await result("lockstep_getProtocolWrites", "0xffffff")).toBeNull();
  });
});
