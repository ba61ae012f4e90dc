import { ComputeBudgetProgram, PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";
import { expect } from "vitest";
import { createRuntime } from "../../consensus/runtime/runtime.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Executor, SealedHead } from "../adapter.ts";
import { describeAdapterCompliance, type Expected } from "../compliance.ts";
import { svmAdapter } from "./adapter.ts";
import { addressOf, programs } from "./addresses.ts";
import { verifyAccount } from "./proof.ts";
import { readSvm, type SvmRead } from "./reads.ts";
import {
  alice,
  bob,
  budget,
  buildEngine,
  carol,
  config,
  dave,
  domain,
  encodeConfig,
  erin,
  feeRecipient,
  keypairOf,
  sign,
  signVersioned,
  sol,
  transfer,
} from "./testChain.ts";

const memoProgram = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const memo = (text: string) =>
  new TransactionInstruction({ programId: memoProgram, keys: [], data: Buffer.from(text) });

const buildSlice = (number: number): { entries: Uint8Array[]; outcome: Expected[] } => {
  const recent = number - 1;
  const pay = (from: typeof alice, to: PublicKey, lamports: bigint) =>
    sign({ instructions: [transfer(from, to, lamports)], signers: [from], recent });
  const created = keypairOf(`created ${number}`);
  const create = SystemProgram.createAccount({
    fromPubkey: bob.publicKey,
    newAccountPubkey: created.publicKey,
    lamports: 5_000_000,
    space: 100 + number,
    programId: memoProgram,
  });
  const valid = pay(alice, dave.publicKey, BigInt(number));
  const entries = [
    valid,
    sign({ instructions: [create], signers: [bob, created], recent }),
    // More than bob has: fails, and pays its fee.
    pay(bob, dave.publicKey, 20_000n * sol),
    valid,
    signVersioned({ instructions: [memo(`block ${number}`)], signers: [carol], recent }),
    pay(erin, alice.publicKey, 1n),
    Uint8Array.of(1, 2, 3),
    pay(alice, keypairOf(`new ${number}`).publicKey, sol),
    // The same account twice in a row: no order but that of the slice.
    pay(dave, alice.publicKey, 3n),
  ];
  const outcome: Expected[] = [
    { kind: "applied", index: 0, succeeded: true },
    { kind: "applied", index: 1, succeeded: true },
    { kind: "applied", index: 2, succeeded: false },
    { kind: "omitted", index: 3, reason: "duplicate" },
    { kind: "applied", index: 4, succeeded: true },
    { kind: "omitted", index: 5, reason: "insufficient_funds" },
    { kind: "omitted", index: 6, reason: "undecodable" },
    { kind: "applied", index: 7, succeeded: true },
    { kind: "applied", index: 8, succeeded: true },
  ];
  return { entries, outcome };
};

const keysAt = (number: number) =>
  [alice, bob, carol, dave, erin, keypairOf(`created ${number}`), keypairOf(`new ${Math.max(1, number - 1)}`)].map(
    ({ publicKey }) => publicKey.toBytes(),
  );
const clock = addressOf("SysvarC1ock11111111111111111111111111111111");

const checkProofs = async (executor: Executor, { number, stateRoot }: SealedHead): Promise<void> => {
  const keys = [...keysAt(number), programs.token, feeRecipient.toBytes()];
  const accounts = await readSvm(executor.read, { kind: "accounts", number, keys });
  if (!accounts.ok) throw new Error(accounts.error.message);
  for (const [i, key] of keys.entries()) {
    const proof = await readSvm(executor.read, { kind: "prove", number, key });
    if (!proof.ok) throw new Error(proof.error.message);
    expect(verifyAccount(stateRoot, key, proof.value)).toEqual({ ok: true, value: accounts.value[i] });
  }
  expect(accounts.value[4]).toBeUndefined();
};

const simulated = (number: number): SvmRead => ({
  kind: "simulate",
  transaction: sign({ instructions: [transfer(alice, bob.publicKey, 9n)], signers: [alice], recent: number }),
  verify: true,
  recent: true,
  accounts: [alice.publicKey.toBytes(), bob.publicKey.toBytes()],
});

describeAdapterCompliance("svm", {
  adapter: svmAdapter,
  domain,
  config: encodeConfig(config),
  budget,
  runtime: createRuntime(),
  prepare: buildEngine,
  badConfigs: [
    { what: "not JSON", config: utf8("accounts") },
    { what: "unknown fields", config: encodeConfig({ ...config, chainId: 501 }) },
    { what: "no accounts", config: encodeConfig({ ...config, accounts: undefined }) },
    { what: "a malformed address", config: encodeConfig({ ...config, accounts: { "0x00": "1" } }) },
    {
      what: "too many lamports",
      config: encodeConfig({ ...config, accounts: { [alice.publicKey.toBase58()]: String(2n ** 64n) } }),
    },
    {
      what: "an account of the runtime",
      config: encodeConfig({ ...config, accounts: { [memoProgram.toBase58()]: "1" } }),
    },
    {
      what: "a sysvar that gets the fees",
      config: encodeConfig({ ...config, feeRecipient: "SysvarC1ock11111111111111111111111111111111" }),
    },
  ],
  slice: async (number) => buildSlice(number),
  admitted: async () => {
    const instructions = [
      ComputeBudgetProgram.setComputeUnitLimit({ units: 50_000 }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 30 }),
      transfer(alice, bob.publicKey, 7n),
      memo("hello"),
    ];
    const bytes = sign({ instructions, signers: [alice], recent: 0 });
    const plain = signVersioned({
      instructions: [transfer(bob, alice.publicKey, 7n), memo("x")],
      signers: [bob],
      recent: 0,
    });
    const account = { nonce: 0, balance: 10_000n * sol };
    return [
      {
        bytes,
        facts: {
          nativeId: toHex(bytes.subarray(1, 65)),
          sender: toHex(alice.publicKey.toBytes()),
          gas: 50_000,
          cost: 5_000n + 2n + 7n,
          price: { max: 30n, tip: 30n },
          account,
        },
      },
      {
        bytes: plain,
        facts: {
          nativeId: toHex(plain.subarray(1, 65)),
          sender: toHex(bob.publicKey.toBytes()),
          gas: 203_000,
          cost: 5_000n + 7n,
          price: { max: 0n, tip: 0n },
          account,
        },
      },
    ];
  },
  refused: async () => {
    const valid = sign({ instructions: [transfer(alice, bob.publicKey, 1n)], signers: [alice], recent: 0 });
    const forged = Uint8Array.from(valid);
    forged[20] = (forged[20] as number) ^ 1;
    const nonce = SystemProgram.nonceAdvance({ noncePubkey: bob.publicKey, authorizedPubkey: alice.publicKey });
    const twice = Array.from({ length: 2 }, () => ComputeBudgetProgram.setComputeUnitLimit({ units: 1 }));
    const version1 = signVersioned({ instructions: [memo("x")], signers: [alice], recent: 0 });
    version1[65] = 0x81;
    return [
      { what: "nothing", bytes: new Uint8Array(0), reason: "undecodable" },
      { what: "a cut off transaction", bytes: valid.subarray(0, -1), reason: "undecodable" },
      { what: "a byte too many", bytes: Uint8Array.of(...valid, 0), reason: "undecodable" },
      {
        what: "a length in two bytes that one would do for",
        bytes: Uint8Array.of(0x81, 0x00, ...valid.subarray(1)),
        reason: "undecodable",
      },
      { what: "another version", bytes: version1, reason: "unsupported" },
      {
        what: "a durable nonce",
        bytes: sign({ instructions: [nonce], signers: [alice], recent: 0 }),
        reason: "unsupported",
      },
      { what: "a forged signature", bytes: forged, reason: "bad_signature" },
      { what: "a limit twice", bytes: sign({ instructions: twice, signers: [alice], recent: 0 }), reason: "invalid" },
      { what: "too many bytes", bytes: new Uint8Array(1233), reason: "oversized" },
    ];
  },
  isBookkeeping: (key) => toHex(key) === "0x6d" || toHex(key).startsWith("0x77"),
  reads: (number): SvmRead[] => [
    { kind: "accounts", number, keys: keysAt(number) },
    { kind: "accounts", number, keys: [programs.system, programs.token] },
    { kind: "owned", number, owner: memoProgram.toBytes(), filters: [] },
    { kind: "owned", number, owner: memoProgram.toBytes(), filters: [{ dataSize: 103 }] },
    { kind: "owned", number, owner: programs.system, filters: [{ offset: 0, bytes: new Uint8Array(0) }] },
    { kind: "prove", number, key: alice.publicKey.toBytes() },
    { kind: "prove", number, key: erin.publicKey.toBytes() },
    { kind: "accounts", number, keys: [clock] },
    simulated(number),
    { kind: "prove", number: number + 1000, key: alice.publicKey.toBytes() },
  ],
  checkProofs,
  isUnavailable: async (executor, number) => {
    const answer = await readSvm(executor.read, { kind: "accounts", number, keys: [] });
    return !answer.ok && answer.error.code === "height_unavailable";
  },
});
