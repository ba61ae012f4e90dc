/** Little-endian integers and length-prefixed byte strings, as in Solana's own encodings. */
import { concatBytes } from "../../protocol/bytes.ts";
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
  const parts: Uint8Array[] = [];
  const put = (size: number, set: (view: DataView) => void): Writer => {
    const part = new Uint8Array(size);
    set(new DataView(part.buffer));
    parts.push(part);
    return writer;
  };
  const writer: Writer = {
    u8: (value) => put(1, (view) => view.setUint8(0, value)),
    u32: (value) => put(4, (view) => view.setUint32(0, value, true)),
    u64: (value) => put(8, (view) => view.setBigUint64(0, BigInt(value), true)),
    raw: (bytes) => {
      parts.push(bytes);
      return writer;
    },
    bytes: (bytes) => writer.u32(bytes.length).raw(bytes),
    done: () => concatBytes(...parts),
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
