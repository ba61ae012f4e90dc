/**
 * The parts that transactions are encoded from. A number is `u8 length ‖ big-endian bytes without a leading zero`, so
 * that a program of small numbers stays small; a list is its length as a number, then its elements; a text is its
 * length in bytes as a number, then its UTF-8.
 */
import type { Hex } from "../../protocol/bytes.ts";
import { feltOf } from "./felt.ts";

/** Says what is wrong with bytes that are no encoding. */
export class Malformed extends Error {}

/** Says what is longer than it may be, though well-formed. */
export class Oversized extends Error {}

const wordBytes = 32;

export type Writer = {
  number(value: bigint | number | Hex): Writer;
  list<T>(items: readonly T[], write: (item: T) => void): Writer;
  text(value: string): Writer;
  bytes(): Uint8Array;
};

/** @param start bytes that stand before everything else */
export const createWriter = (start: Uint8Array): Writer => {
  let buffer = new Uint8Array(1024);
  buffer.set(start);
  let length = start.length;
  const room = (count: number): void => {
    if (length + count <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, length + count));
    larger.set(buffer);
    buffer = larger;
  };
  const writer: Writer = {
    number: (value) => {
      let digits = BigInt(value).toString(16);
      if (digits === "0") digits = "";
      if (digits.length % 2 === 1) digits = `0${digits}`;
      const count = digits.length / 2;
      room(1 + count);
      buffer[length++] = count;
      for (let i = 0; i < count; i++) buffer[length++] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
      return writer;
    },
    list: (items, write) => {
      writer.number(items.length);
      for (const item of items) write(item);
      return writer;
    },
    text: (value) => {
      const encoded = new TextEncoder().encode(value);
      writer.number(encoded.length);
      room(encoded.length);
      buffer.set(encoded, length);
      length += encoded.length;
      return writer;
    },
    bytes: () => buffer.slice(0, length),
  };
  return writer;
};

export type Reader = {
  /** A number below `bound`. */
  number(bound: bigint, what: string): bigint;
  felt(bound: bigint, what: string): Hex;
  /** At most `most` elements; a list that is longer is `Oversized`. */
  list<T>(read: () => T, most?: number): T[];
  text(): string;
  end(): void;
};

/** Methods throw `Malformed`. */
export const createReader = (bytes: Uint8Array, start: number): Reader => {
  let offset = start;
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - offset) throw new Malformed(`it is cut off at byte ${bytes.length}`);
    offset += count;
    return bytes.subarray(offset - count, offset);
  };
  const number = (bound: bigint, what: string): bigint => {
    const [count = 0] = take(1);
    if (count > wordBytes) throw new Malformed(`${what} has ${count} bytes`);
    const digits = take(count);
    if (digits[0] === 0) throw new Malformed(`${what} has a leading zero`);
    let value = 0n;
    for (const digit of digits) value = (value << 8n) | BigInt(digit);
    if (value >= bound) throw new Malformed(`${what} is too large`);
    return value;
  };
  /** Every element has at least one byte. */
  const length = (): number => Number(number(BigInt(bytes.length - offset + 1), "a length"));
  return {
    number,
    felt: (bound, what) => feltOf(number(bound, what)),
    list: (read, most = bytes.length) => {
      const count = length();
      if (count > most) throw new Oversized(`a list of ${count} felts is longer than the ${most} allowed`);
      return Array.from({ length: count }, read);
    },
    text: () => {
      const encoded = take(length());
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(encoded);
      } catch {
        throw new Malformed("a text is not UTF-8");
      }
    },
    end: () => {
      if (offset < bytes.length) throw new Malformed(`${bytes.length - offset} bytes follow its end`);
    },
  };
};
