/** The engine's answers about lists of transactions; their format stands in its README. */
import type { Hex } from "../../protocol/bytes.ts";

export type EngineRefusal = { code: string; message: string };

/** Of each transaction; the account is the sender's after the newest sealed block. */
export type EngineInspected =
  | {
      ok: {
        hash: Hex;
        sender: Hex;
        nonce: number;
        gasLimit: number;
        maxCost: bigint;
        maxFeePerGas: bigint;
        maxPriorityFeePerGas: bigint;
        account: { nonce: number; balance: bigint };
      };
    }
  | { error: EngineRefusal };

/** Of each transaction; the receipt is in the adapter's encoding. */
export type EngineExecuted =
  | { applied: { hash: Hex; gasUsed: number; succeeded: boolean; receipt: Uint8Array } }
  | { invalid: EngineRefusal };

/** Takes fields from the front of packed bytes. */
const createReader = (packed: Buffer) => {
  const all = new Uint8Array(packed.buffer, packed.byteOffset, packed.length);
  let offset = 0;
  const take = (length: number): number => {
    const start = offset;
    offset += length;
    return start;
  };
  const u8 = () => packed.readUInt8(take(1));
  const u16 = () => packed.readUInt16BE(take(2));
  const u32 = () => packed.readUInt32BE(take(4));
  const text = (length: number) => packed.toString("utf8", take(length), offset);
  return {
    isDone: () => offset === packed.length,
    u8,
    u32,
    /** Above 2^53 - 1 it is not exact, and no safe integer. */
    u64: () => u32() * 2 ** 32 + u32(),
    wide: (words: 2 | 4): bigint => {
      let value = 0n;
      for (let i = 0; i < words; i++) {
        const word = packed.readBigUInt64BE(take(8));
        value = value === 0n ? word : (value << 64n) | word;
      }
      return value;
    },
    bytes: (length: number) => all.subarray(take(length), offset),
    hex: (length: number): Hex => `0x${packed.toString("hex", take(length), offset)}`,
    refusal: (): EngineRefusal => ({ code: text(u16()), message: text(u16()) }),
  };
};

export const readInspected = (answers: Buffer): EngineInspected[] => {
  const reader = createReader(answers);
  const inspected: EngineInspected[] = [];
  while (!reader.isDone()) {
    if (reader.u8() === 0) {
      inspected.push({ error: reader.refusal() });
      continue;
    }
    const ok = {
      hash: reader.hex(32),
      sender: reader.hex(20),
      nonce: reader.u64(),
      gasLimit: reader.u64(),
      maxCost: reader.wide(4),
      maxFeePerGas: reader.wide(2),
      maxPriorityFeePerGas: reader.wide(2),
      account: { nonce: reader.u64(), balance: reader.wide(4) },
    };
    inspected.push({ ok });
  }
  return inspected;
};

/** Receipts are views into `answers`. */
export const readExecuted = (answers: Buffer): EngineExecuted[] => {
  const reader = createReader(answers);
  const executed: EngineExecuted[] = [];
  while (!reader.isDone()) {
    if (reader.u8() === 0) {
      executed.push({ invalid: reader.refusal() });
      continue;
    }
    const hash = reader.hex(32);
    const gasUsed = reader.u64();
    const succeeded = reader.u8() === 1;
    executed.push({ applied: { hash, gasUsed, succeeded, receipt: reader.bytes(reader.u32()) } });
  }
  return executed;
};
