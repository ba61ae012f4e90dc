/** Byte strings of any length, sent as parts of at most a MiB: `u32 length ‖ bytes`, repeated, cut anywhere. */
import { concatBytes } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";

const partBytes = 1024 * 1024;

const lengthOf = (item: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, item.length);
  return bytes;
};

/** Cuts items into parts, each full but the last. */
export async function* toParts(items: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(partBytes);
  let filled = 0;
  for await (const item of items) {
    for (const piece of [lengthOf(item), item]) {
      for (let taken = 0; taken < piece.length; ) {
        const length = Math.min(piece.length - taken, partBytes - filled);
        part.set(piece.subarray(taken, taken + length), filled);
        filled += length;
        taken += length;
        if (filled < partBytes) continue;
        yield part;
        part = new Uint8Array(partBytes);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** @throws LockstepError `undecodable` when the parts end within an item */
export async function* fromParts(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const part of parts) {
    const bytes = rest.length === 0 ? part : concatBytes(rest, part);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    while (offset + 4 <= bytes.length) {
      const end = offset + 4 + view.getUint32(offset);
      if (end > bytes.length) break;
      yield bytes.slice(offset + 4, end);
      offset = end;
    }
    rest = bytes.slice(offset);
  }
  if (rest.length > 0) throw new LockstepError("undecodable", "the stored state ends within an item");
}

/** Keys and values, one after the other. */
export async function* flattenPairs(
  pairs: AsyncIterable<readonly [Uint8Array, Uint8Array]>,
): AsyncGenerator<Uint8Array> {
  for await (const pair of pairs) yield* pair;
}

export async function* toPairs(items: AsyncIterable<Uint8Array>): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  let key: Uint8Array | undefined;
  for await (const item of items) {
    if (key === undefined) {
      key = item;
      continue;
    }
    yield [key, item];
    key = undefined;
  }
}
