/**
 * Recursive Length Prefix, in its one canonical encoding only (Ethereum Yellow Paper, appendix B).
 * Byte strings and lists; what they mean is their readers' business.
 */
import { concatBytes, fromHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";

export type Rlp = Uint8Array | readonly Rlp[];

const maxDepth = 64;

const bigEndian = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
};

const prefix = (base: number, length: number): Uint8Array => {
  if (length <= 55) return Uint8Array.of(base + length);
  const size = bigEndian(length);
  return Uint8Array.of(base + 55 + size.length, ...size);
};

export const encodeRlp = (item: Rlp): Uint8Array => {
  if (!(item instanceof Uint8Array)) {
    const body = concatBytes(...item.map(encodeRlp));
    return concatBytes(prefix(0xc0, body.length), body);
  }
  const [first] = item;
  if (item.length === 1 && first !== undefined && first < 0x80) return item;
  return concatBytes(prefix(0x80, item.length), item);
};

type Decoded = { item: Rlp; end: number };

const reject = (problem: string): LockstepError => new LockstepError("undecodable", `not canonical RLP: ${problem}`);

const readLength = (bytes: Uint8Array, at: number, size: number): number => {
  if (at + size > bytes.length) throw reject("a length is cut off");
  if (bytes[at] === 0) throw reject("a length has leading zeros");
  let length = 0;
  for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + i] as number);
  if (length <= 55) throw reject("a short length is written in the long form");
  return length;
};

const decodeAt = (bytes: Uint8Array, at: number, limit: number, depth: number): Decoded => {
  const head = bytes[at];
  if (head === undefined || at >= limit) throw reject("an item is missing");
  if (head < 0x80) return { item: bytes.subarray(at, at + 1), end: at + 1 };
  const isList = head >= 0xc0;
  const short = head - (isList ? 0xc0 : 0x80);
  const sizeOfLength = Math.max(0, short - 55);
  const start = at + 1 + sizeOfLength;
  const length = sizeOfLength === 0 ? short : readLength(bytes, at + 1, sizeOfLength);
  const end = start + length;
  if (end > limit) throw reject("an item is longer than what holds it");
  if (!isList) {
    if (length === 1 && (bytes[start] as number) < 0x80) throw reject("a small byte has a prefix");
    return { item: bytes.subarray(start, end), end };
  }
  if (depth === maxDepth) throw reject("lists are nested too deeply");
  const items: Rlp[] = [];
  for (let next = start; next < end; ) {
    const decoded = decodeAt(bytes, next, end, depth + 1);
    items.push(decoded.item);
    next = decoded.end;
  }
  return { item: items, end };
};

/** The one item that `bytes` encode; byte strings are views into `bytes`. */
export const decodeRlp = (bytes: Uint8Array): Result<Rlp, "undecodable"> => {
  try {
    const { item, end } = decodeAt(bytes, 0, bytes.length, 0);
    if (end !== bytes.length) throw reject("bytes follow the item");
    return success(item);
  } catch (error) {
    if (error instanceof LockstepError) return failure("undecodable", error.message);
    throw error;
  }
};

export const rlpList = (item: Rlp | undefined): readonly Rlp[] => {
  if (item === undefined || item instanceof Uint8Array) throw reject("a list is missing");
  return item;
};

/** A byte string, of exactly `length` bytes if that is given. */
export const rlpBytes = (item: Rlp | undefined, length?: number): Uint8Array => {
  if (!(item instanceof Uint8Array)) throw reject("a byte string is missing");
  if (length !== undefined && item.length !== length) throw reject(`${length} bytes expected, ${item.length} found`);
  return item;
};

/** An unsigned integer: big-endian without leading zeros. */
export const rlpInteger = (item: Rlp | undefined): bigint => {
  const bytes = rlpBytes(item);
  if (bytes[0] === 0) throw reject("an integer has leading zeros");
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
};

/** An unsigned integer that a JavaScript number holds exactly. */
export const rlpNumber = (item: Rlp | undefined): number => {
  const value = rlpInteger(item);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw reject("an integer is above 2^53 - 1");
  return Number(value);
};

/** Big-endian bytes of an unsigned integer, without leading zeros. */
export const integerBytes = (value: bigint | number): Uint8Array => {
  const digits = value.toString(16);
  if (digits === "0") return new Uint8Array(0);
  const bytes = fromHex(`0x${digits.length % 2 === 0 ? "" : "0"}${digits}`);
  if (bytes === undefined) throw new LockstepError("undecodable", `${value} is no unsigned integer`);
  return bytes;
};
