/** No method of the EVM's RPC answers with a constant. */
import { getContractAddress, type Hex, keccak256, parseGwei, toHex as quantity } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toHex } from "../../../protocol/bytes.ts";
import { accounts, createEvmChain, type EvmChain } from "../../../test/fixtures/evmChain.ts";
import { answersTo, type Client, connectSocket, type Row } from "../../../test/fixtures/rpcAnswers.ts";
import type { RpcServer } from "../../adapter.ts";
import { evmService, serveEvmRpc } from "./server.ts";

/** Constant by nature, and why. */
const constants: Readonly<Record<string, string>> = {
  eth_chainId: "the tenant's domain",
  net_version: "the tenant's domain",
  web3_clientVersion: "the software",
  net_listening: "who answers is listening",
  eth_syncing: "a validator serves what it has executed, however far that is",
  eth_accounts: "a node holds no keys",
};

let chain: EvmChain;
let server: RpcServer;
let client: Client;
beforeAll(async () => {
  chain = await createEvmChain();
  chain.autoMine(false);
  server = await serveEvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
  client = await connectSocket(server.ws ?? "");
});
afterAll(async () => {
  client.close();
  await server.close();
  await chain.close();
});

const [alice, bob, carol] = accounts as [(typeof accounts)[0], (typeof accounts)[0], (typeof accounts)[0]];
const fees = {
  chainId: 31337,
  type: "eip1559",
  maxFeePerGas: parseGwei("50"),
  maxPriorityFeePerGas: parseGwei("9"),
} as const;
/** Stores 42 at 0, logs, and leaves code that returns 42. */
const creation: Hex = "0x602a60005560006000a069602a60005260206000f3600052600a6016f3";
const created = getContractAddress({ from: alice.address, nonce: 1n });
const signed = (from: typeof alice, nonce: number, more: object): Promise<Hex> =>
  from.signTransaction({ ...fees, nonce, gas: 200_000n, ...more });

type Moment = {
  /** Of the newest block. */
  hash: Hex;
  /** A transaction that comes between the moments. */
  coming: Hex;
  /** Of a filter for logs and a subscription from before the first moment. */
  filter: unknown;
  spare: unknown;
  subscription: unknown;
  /** Signed by others, and sent at each moment. */
  raw: Hex;
  rawSync: Hex;
  text: Hex;
};

const call = { from: bob.address, to: created };
const rows: Readonly<Record<string, Row<Moment>>> = {
  web3_sha3: ({ text }) => [text],
  eth_blockNumber: () => [],
  eth_getBalance: () => [bob.address, "latest"],
  eth_getTransactionCount: () => [alice.address, "latest"],
  eth_getCode: () => [created, "latest"],
  eth_getStorageAt: () => [created, "0x0", "latest"],
  eth_getProof: () => [bob.address, [], "latest"],
  eth_call: () => [call, "latest"],
  eth_estimateGas: () => [call],
  eth_gasPrice: () => [],
  eth_maxPriorityFeePerGas: () => [],
  eth_feeHistory: () => ["0x2", "latest", [50]],
  eth_getBlockByNumber: () => ["latest", false],
  eth_getBlockByHash: ({ hash }) => [hash, false],
  eth_getBlockTransactionCountByNumber: () => ["latest"],
  eth_getBlockTransactionCountByHash: ({ hash }) => [hash],
  eth_getBlockReceipts: () => ["latest"],
  lockstep_getProtocolWrites: () => ["latest"],
  eth_getLogs: () => [{ fromBlock: "0x0" }],
  eth_getFilterChanges: ({ filter }) => [filter],
  eth_getFilterLogs: ({ filter }) => [filter],
  eth_getTransactionByHash: ({ coming }) => [coming],
  eth_getTransactionReceipt: ({ coming }) => [coming],
  eth_getTransactionByBlockNumberAndIndex: () => ["latest", "0x0"],
  eth_getTransactionByBlockHashAndIndex: ({ hash }) => [hash, "0x0"],
  eth_newFilter: () => [{}],
  eth_newBlockFilter: () => [],
  eth_newPendingTransactionFilter: () => [],
  eth_subscribe: () => ["newHeads"],
  // There at first, and gone then.
  eth_uninstallFilter: ({ spare }) => [spare],
  eth_unsubscribe: ({ subscription }) => [subscription],
  // Taken at first, and known then.
  eth_sendRawTransaction: ({ raw }) => [raw],
  eth_sendRawTransactionSync: ({ rawSync }) => [rawSync, 1],
};

it("every method that there is has a row, or a reason to be constant", () => {
  const { service, release } = evmService(chain.services);
  release();
  const known = [...service.methods.keys(), ...service.grouped.keys()].toSorted();
  expect([...Object.keys(rows), ...Object.keys(constants)].toSorted()).toEqual(known);
});

it("every answer is another one after blocks with transactions, a contract and a log", async () => {
  const made = async (method: string, ...params: unknown[]) => (await client.ask(method, params)).result;
  const transfer = await signed(alice, 0, { to: bob.address, value: 5n });
  const common = {
    coming: keccak256(transfer),
    filter: await made("eth_newFilter", { fromBlock: "0x0" }),
    spare: await made("eth_newBlockFilter"),
    subscription: await made("eth_subscribe", "newHeads"),
    raw: await signed(bob, 0, { to: carol.address, value: 1n }),
    rawSync: await signed(carol, 0, { to: bob.address, value: 1n }),
  };
  const moment = (text: Hex): Moment => ({
    ...common,
    text,
    hash: toHex(chain.blocks.at(-1)?.seal.blockHash ?? new Uint8Array()),
  });
  const before = await answersTo(client, rows, moment("0x01"));
  expect(await made("eth_sendRawTransaction", transfer)).toBe(common.coming);
  for (let nonce = 1; nonce < 4; nonce++) {
    await made("eth_sendRawTransaction", await signed(alice, nonce, { data: creation }));
  }
  await chain.mine();
  const after = await answersTo(client, rows, moment("0x02"));
  const same = Object.keys(rows).filter((method) => {
    return JSON.stringify(before.get(method)) === JSON.stringify(after.get(method));
  });
  expect(same).toEqual([]);
  expect(after.get("eth_call")).toBe(`0x${"0".repeat(62)}2a`);
  expect(after.get("eth_getBalance")).not.toBe(quantity(10n ** 22n));
});

it.each(Object.keys(constants))("%s is the same at any time", async (method) => {
  const first = await client.ask(method, []);
  await chain.mine();
  expect(first).toHaveProperty("result");
  expect({ ...(await client.ask(method, [])), id: 0 }).toEqual({ ...first, id: 0 });
});
