/** Messages on a byte stream: u32 big-endian length, then the bytes. */
import { LockstepError } from "../../protocol/errors.ts";

const headerBytes = 4;

export const frameHeader = (length: number): Uint8Array => {
  const header = new Uint8Array(headerBytes);
  new DataView(header.buffer).setUint32(0, length);
  return header;
};

export type FrameReader = {
  push(bytes: Uint8Array): void;
  /**
   * The next whole message, in memory of its own; `undefined` until more is pushed.
   * @throws LockstepError `frame_too_large` as soon as a header announces too much
   */
  next(): Uint8Array | undefined;
};

/** Holds at most one unfinished message and what was pushed with it; allocates nothing for announced bytes. */
export const createFrameReader = (limit: number): FrameReader => {
  let chunks: Uint8Array[] = [];
  let available = 0;
  let wanted: number | undefined;

  const take = (length: number): Uint8Array => {
    const taken = new Uint8Array(length);
    let filled = 0;
    let used = 0;
    for (const chunk of chunks) {
      if (filled === length) break;
      const part = chunk.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) used++;
      else chunks[used] = chunk.subarray(part.length);
    }
    chunks = chunks.slice(used);
    available -= length;
    return taken;
  };

  return {
    push: (bytes) => {
      if (bytes.length === 0) return;
      chunks.push(bytes);
      available += bytes.length;
    },
    next: () => {
      if (wanted === undefined) {
        if (available < headerBytes) return undefined;
        wanted = new DataView(take(headerBytes).buffer).getUint32(0);
        if (wanted > limit) {
          throw new LockstepError("frame_too_large", `a message of ${wanted} bytes, at most ${limit} are allowed`, {
            length: wanted,
            limit,
          });
        }
      }
      if (available < wanted) return undefined;
      const length = wanted;
      wanted = undefined;
      return take(length);
    },
  };
};
