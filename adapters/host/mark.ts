/**
 * The mark: where an executor's process notes what it is about to execute, for the host to read when the
 * process has died of it. Twelve bytes of a file that both hold open and nobody else can: overwritten
 * without a sync, which survives the process, though not the machine.
 *
 *     u64 height ‖ u32 entry      (big-endian; height 0 while no block is worked on)
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../../protocol/errors.ts";
import type { Mark, Place } from "../adapter.ts";

const bytes = 12;
const entryOffset = 8;
/** Stand for what is no entry. */
const writes = 0xffff_ffff;
const sealing = 0xffff_fffe;

/** The host's end. */
export type MarkFile = {
  /** To be handed to the child. */
  readonly descriptor: number;
  /** Its bytes as text, to tell whether it moved. */
  present(): string;
  /** What was about to be executed; `undefined` when no block was open. */
  place(): Place | undefined;
  close(): void;
};

const openUnnamed = (): number => {
  const path = join(tmpdir(), `lockstep-mark-${randomBytes(16).toString("hex")}`);
  try {
    const descriptor = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    writeSync(descriptor, new Uint8Array(bytes), 0, bytes, 0);
    return descriptor;
  } catch (cause) {
    const message = `an executor's mark can't be made in ${tmpdir()}: ${(cause as Error).message}; make room there, or set TMPDIR`;
    throw new LockstepError("mark_unwritable", message, {}, cause);
  }
};

/** @throws LockstepError `mark_unwritable` */
export const createMarkFile = (): MarkFile => {
  const descriptor = openUnnamed();
  const read = (): Buffer => {
    const mark = Buffer.alloc(bytes);
    readSync(descriptor, mark, 0, bytes, 0);
    return mark;
  };
  return {
    descriptor,
    present: () => read().toString("hex"),
    place: () => {
      const mark = read();
      const height = Number(mark.readBigUInt64BE(0));
      if (height === 0) return undefined;
      const entry = mark.readUInt32BE(entryOffset);
      return { height, at: entry === writes ? "writes" : entry === sealing ? "seal" : entry };
    },
    close: () => closeSync(descriptor),
  };
};

/** The child's end: what it says of the block itself, and what it gives its adapter for the entries. */
export type MarkWriter = Mark & {
  /** A block was begun; its protocol writes come first. */
  begin(height: number): void;
  seal(): void;
  /** No block is open. */
  clear(): void;
  /** Something else than the open block is served, and should the process die of that, it was not the block. */
  setAside(): void;
  /** The open block goes on. */
  resume(): void;
};

/** @param descriptor of the file that the host made */
export const openMark = (descriptor: number): MarkWriter => {
  let height = 0n;
  let isAside = false;
  const put = (mark: Uint8Array, offset: number): void => {
    writeSync(descriptor, mark, 0, mark.length, offset);
  };
  const putHeight = (value: bigint): void => {
    const mark = Buffer.alloc(entryOffset);
    mark.writeBigUInt64BE(value);
    put(mark, 0);
  };
  const entry = (index: number): void => {
    const mark = Buffer.alloc(bytes - entryOffset);
    mark.writeUInt32BE(index);
    put(mark, entryOffset);
  };
  const resume = (): void => {
    if (isAside) putHeight(height);
    isAside = false;
  };
  return {
    descriptor,
    entryOffset,
    entry,
    resume,
    begin: (next) => {
      height = BigInt(next);
      isAside = false;
      entry(writes);
      putHeight(height);
    },
    seal: () => {
      resume();
      entry(sealing);
    },
    clear: () => {
      height = 0n;
      putHeight(height);
    },
    setAside: () => {
      if (height === 0n || isAside) return;
      isAside = true;
      putHeight(0n);
    },
  };
};
