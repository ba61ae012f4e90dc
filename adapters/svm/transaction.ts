/**
 * Solana transactions, legacy and version 0, in their one encoding
 * (https://solana.com/docs/core/transactions; lengths are compact-u16 without needless bytes).
 */
import { toHex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { transactionLimits } from "../../protocol/limits.ts";

export type Instruction = { readonly program: number; readonly accounts: Uint8Array; readonly data: Uint8Array };

/** Keys that a lookup table holds, by their places in it. */
export type Lookup = { readonly table: Uint8Array; readonly writable: Uint8Array; readonly readonly: Uint8Array };

export type SvmTransaction = {
  readonly version: "legacy" | 0;
  /** 64 bytes each; the first is the transaction's id. */
  readonly signatures: readonly Uint8Array[];
  /** What is signed. */
  readonly message: Uint8Array;
  readonly readonlySigned: number;
  readonly readonlyUnsigned: number;
  /** The keys in the transaction itself, those of its signers first; the first pays. */
  readonly keys: readonly Uint8Array[];
  readonly recentBlockhash: Uint8Array;
  readonly instructions: readonly Instruction[];
  readonly lookups: readonly Lookup[];
};

export type CodecRefusal = "undecodable" | "oversized" | "unsupported";

const versionFlag = 0x80;
const mostKeys = 256;

class Malformed extends Error {}

const createCursor = (bytes: Uint8Array) => {
  let offset = 0;
  const take = (length: number): Uint8Array => {
    const taken = bytes.subarray(offset, offset + length);
    if (taken.length < length) throw new Malformed(`it is cut off at byte ${bytes.length}`);
    offset += length;
    return taken;
  };
  const u8 = (): number => take(1)[0] as number;
  /** Seven bits a byte, low ones first, at most 16 in all. */
  const length = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = u8();
      value |= (byte & 0x7f) << shift;
      if (value > 0xffff || (shift > 0 && byte === 0)) throw new Malformed("a length is not in its shortest form");
      if (byte < 0x80) return value;
      if (shift === 14) throw new Malformed("a length has more than three bytes");
    }
  };
  const list = <T>(read: () => T): T[] => {
    const count = length();
    // Every element has at least one byte.
    if (count > bytes.length - offset) throw new Malformed("a list is longer than the transaction");
    return Array.from({ length: count }, read);
  };
  return { take, u8, length, list, offset: () => offset, peek: () => bytes[offset] };
};

const check = (holds: boolean, problem: string): void => {
  if (!holds) throw new Malformed(problem);
};

/** What Agave calls sanitizing: counts and indices that fit each other. */
const sanitize = (transaction: SvmTransaction, required: number): void => {
  const { signatures, keys, readonlySigned, readonlyUnsigned, instructions, lookups } = transaction;
  check(signatures.length > 0 && signatures.length === required, "its signatures are not as many as its signers");
  check(readonlySigned < required, "its payer is read-only");
  check(required + readonlyUnsigned <= keys.length, "it has fewer keys than its header says");
  check(new Set(keys.map(toHex)).size === keys.length, "a key stands in it twice");
  const looked = lookups.reduce((sum, { writable, readonly }) => sum + writable.length + readonly.length, 0);
  check(
    lookups.every(({ writable, readonly }) => writable.length + readonly.length > 0),
    "a lookup is empty",
  );
  check(keys.length + looked <= mostKeys, `it has more than ${mostKeys} keys`);
  for (const { program, accounts } of instructions) {
    check(program > 0 && program < keys.length, "an instruction's program is no key of it, or its payer");
    check(
      accounts.every((index) => index < keys.length + looked),
      "an instruction's account is no key of it",
    );
  }
};

const decode = (bytes: Uint8Array): SvmTransaction | { version: number } => {
  const cursor = createCursor(bytes);
  const key = () => cursor.take(32);
  const indices = () => cursor.take(cursor.length());
  const signatures = cursor.list(() => cursor.take(64));
  const start = cursor.offset();
  const first = cursor.peek() ?? 0;
  const isVersioned = first >= versionFlag;
  if (isVersioned && first !== versionFlag) return { version: first - versionFlag };
  if (isVersioned) cursor.u8();
  const [required, readonlySigned, readonlyUnsigned] = [cursor.u8(), cursor.u8(), cursor.u8()];
  const keys = cursor.list(key);
  const recentBlockhash = key();
  const instructions = cursor.list(() => ({ program: cursor.u8(), accounts: indices(), data: indices() }));
  const lookups = isVersioned ? cursor.list(() => ({ table: key(), writable: indices(), readonly: indices() })) : [];
  check(cursor.offset() === bytes.length, "bytes follow its end");
  const message = bytes.subarray(start);
  const version = isVersioned ? 0 : "legacy";
  const transaction: SvmTransaction = {
    ...{ version, signatures, message, readonlySigned, readonlyUnsigned },
    ...{ keys, recentBlockhash, instructions, lookups },
  };
  sanitize(transaction, required);
  return transaction;
};

/** Byte strings in the result are views into `bytes`. Signatures aren't checked. */
export const decodeTransaction = (bytes: Uint8Array): Result<SvmTransaction, CodecRefusal> => {
  if (bytes.length > transactionLimits.svm) {
    return failure("oversized", `a transaction has at most ${transactionLimits.svm} bytes, this one ${bytes.length}`);
  }
  try {
    const decoded = decode(bytes);
    if ("signatures" in decoded) return success(decoded);
    return failure("unsupported", `transactions of version ${decoded.version} are not taken, only legacy and 0`);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return failure("undecodable", `not a Solana transaction: ${error.message}`);
  }
};

/** Whether the key at `index` of the transaction's own may be written. */
export const isWritable = (transaction: SvmTransaction, index: number): boolean => {
  const { signatures, keys, readonlySigned, readonlyUnsigned } = transaction;
  return index < signatures.length
    ? index < signatures.length - readonlySigned
    : index < keys.length - readonlyUnsigned;
};
