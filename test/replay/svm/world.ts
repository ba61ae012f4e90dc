/** The SVM chain that scenarios play on: its accounts, and transactions that name a recent block. */
import { createHash } from "node:crypto";
import {
  type AddressLookupTableAccount,
  Keypair,
  type PublicKey,
  Transaction,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import type { BlockContext, Execution, Seal } from "../../../adapters/adapter.ts";
import { toBase58 } from "../../../adapters/svm/base58.ts";
import { openSvmExecutor } from "../../../adapters/svm/open.ts";
import { readSvm } from "../../../adapters/svm/reads.ts";
import { usualBudgets } from "../../../protocol/budget.ts";
import { utf8 } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/hash.ts";
import { asDomain, asHeight, type Root, zeroRoot } from "../../../protocol/ids.ts";
import { createRandom, type Random } from "../random.ts";

const domain = asDomain(501);
const startSeconds = 1_800_000_000;

export const keypairOf = (name: string): Keypair =>
  Keypair.fromSeed(createHash("sha256").update(`replay ${name}`).digest());

const people = Array.from({ length: 8 }, (_, i) => keypairOf(`person ${i}`));
export const feeRecipient = keypairOf("fees").publicKey;
export const lamportsAtStart = 10n ** 12n;

/** Instructions with their signers; the first signer pays. */
export type Draft = {
  instructions: TransactionInstruction[];
  signers: Keypair[];
  tables?: AddressLookupTableAccount[];
};

/** A block as it was executed: what an independent engine needs to do it again, and what came out. */
export type RecordedBlock = { context: BlockContext; applied: Uint8Array[]; executions: Execution[]; seal: Seal };

export type World = {
  random: Random;
  /** Funded from the start. */
  people: readonly Keypair[];
  funded: readonly PublicKey[];
  genesis: Seal;
  number(): number;
  /** A new name each time. */
  fresh(what: string): Keypair;
  sign(draft: Draft): Uint8Array;
  record(entries: readonly Uint8Array[], afterMs: number): Promise<RecordedBlock>;
  /** Data of an account in the newest block. */
  data(key: PublicKey): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
};

const headerOf = (number: number): Root => (number === 0 ? zeroRoot : sha256(utf8(`shared header ${number}`)));

export const createWorld = async (seed: number): Promise<World> => {
  const config = utf8(
    JSON.stringify({
      feeRecipient: feeRecipient.toBase58(),
      timestamp: startSeconds,
      accounts: Object.fromEntries(people.map(({ publicKey }) => [publicKey.toBase58(), String(lamportsAtStart)])),
    }),
  );
  const { executor, genesis } = await openSvmExecutor({ domain, config, budget: usualBudgets.svm });
  if (genesis === undefined) throw new Error("a new tenant has a genesis");
  const random = createRandom(seed);
  const hashes: Root[] = [genesis.blockHash];
  let [head, timestampMs, names] = [genesis, 1000 * startSeconds, 0];

  const sign = ({ instructions, signers, tables }: Draft): Uint8Array => {
    const [payer] = signers;
    if (payer === undefined) throw new Error("somebody has to pay");
    const recentBlockhash = toBase58(hashes[Math.max(0, hashes.length - 1 - random.int(20))] as Root);
    if (tables === undefined && instructions.length > 0 && random.chance(0.7)) {
      const transaction = new Transaction({ recentBlockhash, feePayer: payer.publicKey }).add(...instructions);
      transaction.sign(...signers);
      return Uint8Array.from(transaction.serialize());
    }
    const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash, instructions });
    const transaction = new VersionedTransaction(message.compileToV0Message(tables));
    transaction.sign(signers);
    return transaction.serialize();
  };

  return {
    ...{ random, people, genesis, sign },
    funded: people.map(({ publicKey }) => publicKey),
    number: () => head.number,
    fresh: (what) => keypairOf(`${what} ${names++}`),
    record: async (entries, afterMs) => {
      timestampMs += afterMs;
      const number = head.number + 1;
      const context: BlockContext = {
        ...{ height: asHeight(number), number, timestampMs, parentHash: head.blockHash },
        ...{ header: headerOf(number), parent: headerOf(number - 1), certified: Math.max(0, number - 2) },
      };
      const inspections = await executor.inspect(entries);
      const ordered = entries.map((bytes, i) => {
        const inspection = inspections[i];
        return { bytes, gas: [inspection?.ok ? inspection.value.gas : 0] };
      });
      await executor.begin(context);
      const executions = entries.length === 0 ? [] : await executor.execute(ordered);
      head = await executor.seal();
      hashes.push(head.blockHash);
      const applied = executions.flatMap((each) =>
        each.kind === "applied" ? [entries[each.index] ?? new Uint8Array()] : [],
      );
      return { context, applied, executions, seal: head };
    },
    data: async (key) => {
      const read = { kind: "accounts" as const, number: head.number, keys: [key.toBytes()] };
      const answer = await readSvm((request) => executor.read(request), read);
      if (!answer.ok) throw new Error(answer.error.message);
      return answer.value[0]?.data;
    },
    close: () => executor.close(),
  };
};
