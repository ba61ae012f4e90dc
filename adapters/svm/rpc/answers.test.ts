/** No method of the SVM's RPC answers with a constant. */
import {
  createApproveInstruction,
  createAssociatedTokenAccountIdempotentInstruction,
  createInitializeMint2Instruction,
  createMintToInstruction,
  getAssociatedTokenAddressSync,
  MINT_SIZE,
  TOKEN_PROGRAM_ID,
} from "@solana/spl-token";
import {
  ComputeBudgetProgram,
  Keypair,
  SystemProgram,
  Transaction,
  type TransactionInstruction,
} from "@solana/web3.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answersTo, type Client, connectSocket, type Row } from "../../../test/fixtures/rpcAnswers.ts";
import { accounts, createSvmChain, type SvmChain } from "../../../test/fixtures/svmChain.ts";
import type { RpcServer } from "../../adapter.ts";
import { rentExemption } from "../account.ts";
import { toBase58 } from "../base58.ts";
import { buildEngine } from "../testChain.ts";
import { serveSvmRpc, svmService } from "./server.ts";

/** Constant by nature, and why. */
const constants: Readonly<Record<string, string>> = {
  getVersion: "the rules that hold",
  getHealth: "who is ill does not answer",
  getGenesisHash: "what the tenant started from",
  getIdentity: "the tenant's recipient of fees",
  getSlotLeader: "the tenant's recipient of fees",
  getFirstAvailableBlock: "all blocks are kept",
  minimumLedgerSlot: "all blocks are kept",
  getEpochSchedule: "the rules that hold",
  signatureUnsubscribe: "clients end a subscription once more that its only notification has ended",
};
const constantParams: Readonly<Record<string, readonly unknown[]>> = { signatureUnsubscribe: [1] };

let chain: SvmChain;
let server: RpcServer;
let client: Client;
beforeAll(async () => {
  await buildEngine();
  chain = await createSvmChain();
  server = await serveSvmRpc(chain.services, { host: "127.0.0.1", port: 0 });
  client = await connectSocket(server.ws ?? "");
}, 900_000);
afterAll(async () => {
  client.close();
  await server.close();
  await chain.close();
});

const [alice, bob, carol] = accounts as [Keypair, Keypair, Keypair];
const [mint, stranger] = [Keypair.generate(), Keypair.generate()];
const tokens = getAssociatedTokenAddressSync(mint.publicKey, alice.publicKey);
const [aliceAddress, bobAddress, tokenAddress] = [alice.publicKey, bob.publicKey, tokens].map(String);

const newest = (): string => toBase58(chain.blocks.at(-1)?.seal.blockHash ?? new Uint8Array());
const transaction = (instructions: TransactionInstruction[], recentBlockhash: string, feePayer: Keypair) =>
  new Transaction({ recentBlockhash, feePayer: feePayer.publicKey }).add(...instructions);
const transfer = (from: Keypair, to: Keypair, lamports: number) =>
  SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: to.publicKey, lamports });
const signed = (instructions: TransactionInstruction[], ...signers: [Keypair, ...Keypair[]]) => {
  const made = transaction(instructions, newest(), signers[0]);
  made.sign(...signers);
  return { raw: made.serialize().toString("base64"), signature: toBase58(made.signature ?? new Uint8Array()) };
};

type Moment = {
  /** Number of the moment, the first of which is 1. */
  count: number;
  slot: number;
  blockhash: string;
  /** Signature of a transaction that comes between the moments. */
  coming: string;
  /** Of subscriptions from before the first moment, by method. */
  subscriptions: Readonly<Record<string, unknown>>;
};

const base64 = { encoding: "base64" } as const;
const confirmed = { commitment: "confirmed" } as const;
const topics: Readonly<Record<string, readonly unknown[]>> = {
  account: [aliceAddress],
  logs: ["all"],
  program: [TOKEN_PROGRAM_ID.toBase58()],
  root: [],
  slot: [],
};

const rows: Readonly<Record<string, Row<Moment>>> = {
  getSlot: () => [],
  getBlockHeight: () => [],
  getTransactionCount: () => [confirmed],
  getEpochInfo: () => [],
  getLatestBlockhash: () => [],
  isBlockhashValid: ({ count, blockhash }) => [count === 1 ? stranger.publicKey.toBase58() : blockhash, confirmed],
  getFeeForMessage: ({ count, blockhash }) => {
    const recent = count === 1 ? stranger.publicKey.toBase58() : blockhash;
    return [
      transaction([transfer(alice, bob, 1)], recent, alice)
        .serializeMessage()
        .toString("base64"),
      confirmed,
    ];
  },
  getMinimumBalanceForRentExemption: ({ count }) => [count],
  getRecentPrioritizationFees: () => [[bobAddress]],
  getBalance: () => [bobAddress, confirmed],
  getAccountInfo: () => [bobAddress, confirmed],
  getMultipleAccounts: () => [[bobAddress], confirmed],
  getAccountProof: () => [bobAddress, confirmed],
  getProgramAccounts: () => [TOKEN_PROGRAM_ID.toBase58(), { ...base64, ...confirmed }],
  getTokenAccountBalance: () => [tokenAddress, confirmed],
  getTokenSupply: () => [mint.publicKey.toBase58(), confirmed],
  getTokenAccountsByOwner: () => [aliceAddress, { mint: mint.publicKey.toBase58() }, { ...base64, ...confirmed }],
  getTokenAccountsByDelegate: () => [bobAddress, { mint: mint.publicKey.toBase58() }, { ...base64, ...confirmed }],
  getTransaction: ({ coming }) => [coming, confirmed],
  getSignatureStatuses: ({ coming }) => [[coming]],
  getSignaturesForAddress: () => [bobAddress, confirmed],
  getBlock: ({ slot }) => [slot, confirmed],
  getBlockTime: ({ slot }) => [slot],
  getBlocks: () => [0, confirmed],
  getBlocksWithLimit: () => [0, 500, confirmed],
  // A stranger has nothing to send at first.
  simulateTransaction: () => [signed([transfer(stranger, alice, 1)], stranger).raw, base64],
  sendTransaction: ({ count }) => [
    signed([transfer(carol, alice, count)], carol).raw,
    { ...base64, skipPreflight: true },
  ],
  requestAirdrop: () => [bobAddress, 1_000_000],
  signatureSubscribe: ({ coming }) => [coming],
  ...Object.fromEntries(Object.entries(topics).map(([topic, params]) => [`${topic}Subscribe`, () => params])),
  // There at first, and gone then.
  ...Object.fromEntries(
    Object.keys(topics).map((topic) => [`${topic}Unsubscribe`, ({ subscriptions }: Moment) => [subscriptions[topic]]]),
  ),
};

it("every method that there is has a row, or a reason to be constant", () => {
  const { service, release } = svmService(chain.services);
  release();
  const known = [...service.methods.keys(), ...service.grouped.keys()].toSorted();
  expect([...Object.keys(rows), ...Object.keys(constants)].toSorted()).toEqual(known);
});

const made = async (method: string, ...params: unknown[]) => (await client.ask(method, params)).result;
const run = async (...sent: { raw: string; signature: string }[]): Promise<void> => {
  for (const { raw, signature } of sent) {
    expect(await made("sendTransaction", raw, { ...base64, skipPreflight: true })).toBe(signature);
  }
  await chain.mine();
};

it("every answer is another one after blocks with transfers, tokens and a priority fee", async () => {
  const [owner, key] = [alice.publicKey, mint.publicKey];
  const create = SystemProgram.createAccount({
    ...{ fromPubkey: owner, newAccountPubkey: key, space: MINT_SIZE, lamports: rentExemption(MINT_SIZE) },
    programId: TOKEN_PROGRAM_ID,
  });
  const open = createAssociatedTokenAccountIdempotentInstruction(owner, tokens, owner, key);
  await run(signed([create, createInitializeMint2Instruction(key, 2, owner, null), open], alice, mint));

  const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 77 });
  const coming = signed([price, transfer(alice, bob, 5), transfer(alice, stranger, 10_000_000)], alice);
  const subscriptions: Record<string, unknown> = {};
  for (const [topic, params] of Object.entries(topics))
    subscriptions[topic] = await made(`${topic}Subscribe`, ...params);
  const moment = (count: number): Moment => ({
    ...{ count, subscriptions, coming: coming.signature },
    ...{ slot: chain.blocks.length - 1, blockhash: newest() },
  });
  const before = await answersTo(client, rows, moment(1));
  const minting = [
    createMintToInstruction(key, tokens, owner, 700),
    createApproveInstruction(tokens, bob.publicKey, owner, 5),
  ];
  await run(coming, signed(minting, alice));
  for (let i = 0; i < 4; i++) await chain.mine();
  const after = await answersTo(client, rows, moment(2));
  const same = Object.keys(rows).filter((method) => {
    return JSON.stringify(before.get(method)) === JSON.stringify(after.get(method));
  });
  expect(same).toEqual([]);
  expect(after.get("getTokenSupply")).toMatchObject({ amount: "700", decimals: 2 });
  expect(after.get("getTransaction")).toMatchObject({ meta: { err: null } });
});

it.each(Object.keys(constants))("%s is the same at any time", async (method) => {
  const first = await client.ask(method, constantParams[method] ?? []);
  await chain.mine();
  expect(first).toHaveProperty("result");
  expect({ ...(await client.ask(method, constantParams[method] ?? [])), id: 0 }).toEqual({ ...first, id: 0 });
});
