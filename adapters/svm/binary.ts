/** Little-endian integers and length-prefixed byte strings, as in Solana's own encodings. */
import { LockstepError } from "../../protocol/errors.ts";

export type Writer = {
  u8(value: number): Writer;
  u32(value: number): Writer;
  u64(value: bigint | number): Writer;
  /** As they are; the reader knows how many. */
  raw(bytes: Uint8Array): Writer;
  /** With their length as u32 in front. */
  bytes(bytes: Uint8Array): Writer;
  done(): Uint8Array;
};

export const createWriter = (): Writer => {
  let bytes = new Uint8Array(256);
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
    u32: (value) => {
      const start = grow(4);
      view.setUint32(start, value, true);
      return writer;
    },
    u64: (value) => {
      const start = grow(8);
      view.setBigUint64(start, BigInt(value), true);
      return writer;
    },
    raw: (part) => {
      const start = grow(part.length);
      bytes.set(part, start);
      return writer;
    },
    bytes: (part) => writer.u32(part.length).raw(part),
    done: () => bytes.slice(0, length),
  };
  return writer;
};

export type Reader = {
  u8(): number;
  u32(): number;
  u64(): bigint;
  /** A u64 that a number holds exactly. */
  integer(): number;
  raw(length: number): Uint8Array;
  bytes(): Uint8Array;
  rest(): Uint8Array;
  /** @throws LockstepError `undecodable` when bytes are left */
  end(): void;
};

/** What is read is copied out of `bytes`. @throws LockstepError `undecodable` where bytes are missing */
export const createReader = (bytes: Uint8Array, what: string): Reader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const take = (length: number): number => {
    const start = offset;
    offset += length;
    if (offset > bytes.length) throw new LockstepError("undecodable", `${what} is cut off at byte ${bytes.length}`);
    return start;
  };
  const reader: Reader = {
    u8: () => view.getUint8(take(1)),
    u32: () => view.getUint32(take(4), true),
    u64: () => view.getBigUint64(take(8), true),
    integer: () => {
      const value = Number(reader.u64());
      if (!Number.isSafeInteger(value)) throw new LockstepError("undecodable", `${what} has a number above 2^53 - 1`);
      return value;
    },
    raw: (length) => bytes.slice(take(length), offset),
    bytes: () => reader.raw(reader.u32()),
    rest: () => reader.raw(bytes.length - offset),
    end: () => {
      if (offset !== bytes.length) throw new LockstepError("undecodable", `${what} has bytes after its end`);
    },
  };
  return reader;
};
