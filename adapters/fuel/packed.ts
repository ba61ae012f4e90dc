/** The engine's answers about lists of transactions. */
import type { Hex } from "../../protocol/bytes.ts";
import { createReader, type Reader } from "./binary.ts";

export type EngineRefusal = { code: string; message: string };

/** A coin that a transaction spends, and how the newest sealed state sees it. */
export type SpentCoin = {
  /** Transaction and index, 34 bytes. */
  utxo: Hex;
  standing: "missing" | "there" | "different";
  owner: Hex;
  assetId: Hex;
  amount: bigint;
};

/** What others can spend of a transaction, by index: a coin, one that only execution knows, a contract. */
export type PromisedOutput =
  | { kind: "coin"; owner: Hex; assetId: Hex; amount: bigint }
  | { kind: "unknown" }
  | { kind: "contract"; contractId: Hex }
  | { kind: "none" };

export type EngineFacts = {
  id: Hex;
  /** Owner of its first coin. */
  sender: Hex;
  gas: number;
  tip: bigint;
  /** Most that it takes from the sender's base asset. */
  cost: bigint;
  /** Base asset of the sender in the newest sealed state. */
  balance: bigint;
  coins: SpentCoin[];
  contracts: { contractId: Hex; isThere: boolean }[];
  outputs: PromisedOutput[];
};

export type EngineInspected = { ok: EngineFacts } | { error: EngineRefusal };

/** Of each transaction; the receipt is in the adapter's encoding. */
export type EngineExecuted =
  | { applied: { id: Hex; gas: number; gasUsed: number; succeeded: boolean; receipt: Uint8Array } }
  | { invalid: EngineRefusal };

const standings = ["missing", "there", "different"] as const;
const text = new TextDecoder();

const readRefusal = (reader: Reader): EngineRefusal => ({
  code: text.decode(reader.raw(reader.u16())),
  message: text.decode(reader.raw(reader.u16())),
});

const times = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read);

const readFacts = (reader: Reader): EngineFacts => {
  const b256 = (): Hex => reader.hex(32);
  const u128 = (): bigint => (reader.u64() << 64n) | reader.u64();
  const coin = () => ({ owner: b256(), assetId: b256(), amount: reader.u64() });
  const output = (): PromisedOutput => {
    const kind = reader.u8();
    if (kind === 1) return { kind: "coin", ...coin() };
    if (kind === 2) return { kind: "unknown" };
    return kind === 3 ? { kind: "contract", contractId: b256() } : { kind: "none" };
  };
  return {
    id: b256(),
    sender: b256(),
    gas: Number(reader.u64()),
    tip: reader.u64(),
    cost: u128(),
    balance: u128(),
    coins: times(reader.u16(), () => ({
      utxo: reader.hex(34),
      standing: standings[reader.u8()] ?? "missing",
      ...coin(),
    })),
    contracts: times(reader.u16(), () => ({ contractId: b256(), isThere: reader.u8() === 1 })),
    outputs: times(reader.u16(), output),
  };
};

const readAll = <T>(answers: Buffer, read: (reader: Reader) => T, refuse: (refusal: EngineRefusal) => T): T[] => {
  const reader = createReader(
    new Uint8Array(answers.buffer, answers.byteOffset, answers.length),
    "an answer of the engine",
  );
  const all: T[] = [];
  while (reader.left() > 0) all.push(reader.u8() === 0 ? refuse(readRefusal(reader)) : read(reader));
  return all;
};

export const readInspected = (answers: Buffer): EngineInspected[] =>
  readAll<EngineInspected>(
    answers,
    (reader) => ({ ok: readFacts(reader) }),
    (error) => ({ error }),
  );

/** Receipts are views into `answers`. */
export const readExecuted = (answers: Buffer): EngineExecuted[] =>
  readAll<EngineExecuted>(
    answers,
    (reader) => {
      const [id, gas, gasUsed] = [reader.hex(32), Number(reader.u64()), Number(reader.u64())];
      const succeeded = reader.u8() === 1;
      return { applied: { id, gas, gasUsed, succeeded, receipt: reader.raw(reader.u32()) } };
    },
    (invalid) => ({ invalid }),
  );
