/** Lists of byte strings as one: each after its u32 length, big-endian. */
import { LockstepError } from "../protocol/errors.ts";

export const packBytes = (items: readonly Uint8Array[]): Buffer => {
  const packed = Buffer.allocUnsafe(items.reduce((length, item) => length + 4 + item.length, 0));
  let offset = 0;
  for (const item of items) {
    offset = packed.writeUInt32BE(item.length, offset);
    packed.set(item, offset);
    offset += item.length;
  }
  return packed;
};

/**
 * The byte strings of a list, as views into it.
 *
 * @throws LockstepError `undecodable` when it is cut off
 */
export const unpackBytes = (packed: Uint8Array): Uint8Array[] => {
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.length);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const items: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const start = offset + 4;
    offset = start <= bytes.length ? start + view.getUint32(offset) : Number.POSITIVE_INFINITY;
    if (offset > bytes.length) throw new LockstepError("undecodable", "a list of byte strings ends within one");
    items.push(bytes.subarray(start, offset));
  }
  return items;
};
