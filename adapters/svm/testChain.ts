/** An SVM tenant for tests: funded accounts, and signers of transactions on the compliance suite's chain. */
import { createHash } from "node:crypto";
import {
  type AddressLookupTableAccount,
  Keypair,
  type PublicKey,
  SystemProgram,
  Transaction,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { usualBudgets } from "../../protocol/budget.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { asDomain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { contextOf } from "../complianceChain.ts";
import { toBase58 } from "./base58.ts";
import { genesisHashOf } from "./genesis.ts";
import { blockhashOf } from "./window.ts";

export const domain = asDomain(501);
export const budget = usualBudgets.svm;

export const keypairOf = (name: string): Keypair =>
  Keypair.fromSeed(createHash("sha256").update(`test account ${name}`).digest());

export const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(keypairOf) as [
  Keypair,
  Keypair,
  Keypair,
  Keypair,
];
/** Has no account. */
export const erin = keypairOf("erin");
export const feeRecipient = keypairOf("fee recipient").publicKey;

export const sol = 1_000_000_000n;

export const config = {
  feeRecipient: feeRecipient.toBase58(),
  timestamp: 1_700_000_000,
  accounts: Object.fromEntries(
    [alice, bob, carol, dave].map(({ publicKey }) => [publicKey.toBase58(), String(10_000n * sol)]),
  ),
};

export const encodeConfig = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

const genesisHash = genesisHashOf(domain, encodeConfig(config));

/** Blockhash of a block of the compliance suite's chain. */
export const blockhashAt = (number: number): Root =>
  blockhashOf(domain, genesisHash, number === 0 ? zeroRoot : contextOf(number, zeroRoot).header);

export type Draft = {
  instructions: readonly TransactionInstruction[];
  /** The first pays. */
  signers: readonly Keypair[];
  /** Block whose blockhash it names. */
  recent: number;
};

const payerOf = (signers: readonly Keypair[]): PublicKey => (signers[0] ?? erin).publicKey;

/** A signed legacy transaction. */
export const sign = ({ instructions, signers, recent }: Draft): Uint8Array => {
  const transaction = new Transaction({
    recentBlockhash: toBase58(blockhashAt(recent)),
    feePayer: payerOf(signers),
  }).add(...instructions);
  transaction.sign(...signers);
  return Uint8Array.from(transaction.serialize());
};

/** A signed transaction of version 0, with keys from lookup tables. */
export const signVersioned = (
  { instructions, signers, recent }: Draft,
  tables: AddressLookupTableAccount[] = [],
): Uint8Array => {
  const message = new TransactionMessage({
    payerKey: payerOf(signers),
    recentBlockhash: toBase58(blockhashAt(recent)),
    instructions: [...instructions],
  }).compileToV0Message(tables);
  const transaction = new VersionedTransaction(message);
  transaction.sign([...signers]);
  return transaction.serialize();
};

export const transfer = (from: Keypair, to: PublicKey, lamports: bigint): TransactionInstruction =>
  SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: to, lamports });

/** The addon, built if need be; throws with what is missing when it can't be built. */
export const buildEngine = async (): Promise<void> => {
  const script = new URL("../../scripts/engines.mjs", import.meta.url).href;
  const { ensureEngine } = (await import(script)) as { ensureEngine(name: string): Promise<string> };
  await ensureEngine("svm");
};
