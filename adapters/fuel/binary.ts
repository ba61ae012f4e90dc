/** Big-endian integers and byte strings, and the eight-byte words of Fuel's canonical encoding. */
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";

export type Writer = {
  u8(value: number): Writer;
  u16(value: number): Writer;
  u32(value: number): Writer;
  u64(value: bigint | number): Writer;
  /** As they are; the reader knows how many. */
  raw(bytes: Uint8Array): Writer;
  /** With zeros behind, up to a multiple of eight. */
  padded(bytes: Uint8Array): Writer;
  done(): Uint8Array;
};

export const createWriter = (): Writer => {
  let bytes = new Uint8Array(512);
  let view = new DataView(bytes.buffer);
  let length = 0;
  /** Makes room for so many more bytes; gives where they start. */
  const grow = (size: number): number => {
    const start = length;
    length += size;
    if (length > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, length));
      larger.set(bytes);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    return start;
  };
  const writer: Writer = {
    u8: (value) => {
      const start = grow(1);
      view.setUint8(start, value);
      return writer;
    },
    u16: (value) => {
      const start = grow(2);
      view.setUint16(start, value);
      return writer;
    },
    u32: (value) => {
      const start = grow(4);
      view.setUint32(start, value);
      return writer;
    },
    u64: (value) => {
      const start = grow(8);
      view.setBigUint64(start, BigInt(value));
      return writer;
    },
    raw: (part) => {
      const start = grow(part.length);
      bytes.set(part, start);
      return writer;
    },
    padded: (part) => {
      writer.raw(part);
      grow(paddingOf(part.length));
      return writer;
    },
    done: () => bytes.slice(0, length),
  };
  return writer;
};

const paddingOf = (length: number): number => (8 - (length % 8)) % 8;

export type Reader = {
  u8(): number;
  u16(): number;
  u32(): number;
  u64(): bigint;
  raw(length: number): Uint8Array;
  /** The same in hexadecimal. */
  hex(length: number): Hex;
  /** A byte string and the zeros behind it. */
  padded(length: number): Hex;
  left(): number;
  /** Nothing may follow. */
  end(): void;
};

/** Its methods throw LockstepError `undecodable`, which says of `what`. */
export const createReader = (bytes: Uint8Array, what: string): Reader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const take = (length: number): number => {
    const start = offset;
    offset += length;
    if (offset > bytes.length) throw new LockstepError("undecodable", `${what} is cut off at byte ${bytes.length}`);
    return start;
  };
  const raw = (length: number): Uint8Array => {
    const start = take(length);
    return bytes.subarray(start, start + length);
  };
  return {
    u8: () => view.getUint8(take(1)),
    u16: () => view.getUint16(take(2)),
    u32: () => view.getUint32(take(4)),
    u64: () => view.getBigUint64(take(8)),
    raw,
    hex: (length) => toHex(raw(length)),
    padded: (length) => {
      const text = toHex(raw(length));
      if (raw(paddingOf(length)).some((byte) => byte !== 0)) {
        throw new LockstepError("undecodable", `${what} has something else than zeros behind a byte string`);
      }
      return text;
    },
    left: () => bytes.length - offset,
    end: () => {
      if (offset !== bytes.length) throw new LockstepError("undecodable", `bytes follow the end of ${what}`);
    },
  };
};
