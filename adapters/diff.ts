/**
 * Changes of a flat state, packed: what a sealed block did to the keys of its tenant, in both
 * directions. Repeated, strictly increasing by key, big-endian:
 *
 *     u16 keyLength ‖ key ‖ u32 oldLength ‖ old ‖ u32 newLength ‖ new
 *
 * Length 0xffffffff stands for an absent value; no bytes follow it.
 */
import { compareBytes } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { DiskWrite } from "../protocol/ports.ts";

/** One key before and after; `undefined` where it is absent. */
export type Change = {
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
};

const absent = 0xffffffff;
const maxKeyBytes = 0xffff;

const packedSize = ({ key, before, after }: Change): number =>
  2 + key.length + 4 + (before?.length ?? 0) + 4 + (after?.length ?? 0);

/** Packs changes, which may come in any order; keys have at most 65,535 bytes and stand once. */
export const packDiff = (changes: readonly Change[]): Uint8Array => {
  const sorted = changes.toSorted((a, b) => compareBytes(a.key, b.key));
  const packed = new Uint8Array(sorted.reduce((size, change) => size + packedSize(change), 0));
  const view = new DataView(packed.buffer);
  let offset = 0;
  const put = (bytes: Uint8Array): void => {
    packed.set(bytes, offset);
    offset += bytes.length;
  };
  const putValue = (value: Uint8Array | undefined): void => {
    view.setUint32(offset, value?.length ?? absent);
    offset += 4;
    if (value !== undefined) put(value);
  };
  sorted.forEach(({ key, before, after }, i) => {
    const previous = sorted[i - 1];
    if (key.length > maxKeyBytes) throw new LockstepError("bad_diff", `a key of ${key.length} bytes is too long`);
    if (previous !== undefined && compareBytes(previous.key, key) === 0) {
      throw new LockstepError("bad_diff", "a key stands twice in one diff");
    }
    view.setUint16(offset, key.length);
    offset += 2;
    put(key);
    putValue(before);
    putValue(after);
  });
  return packed;
};

/**
 * The changes of a packed diff, in key order; keys and values are views into `packed`.
 *
 * @throws LockstepError `bad_diff` on cut off bytes and on keys that don't strictly increase
 */
export const unpackDiff = (packed: Uint8Array): Change[] => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const changes: Change[] = [];
  let offset = 0;
  const take = (length: number): number => {
    const start = offset;
    offset += length;
    if (offset > packed.length) throw new LockstepError("bad_diff", `the diff is cut off at byte ${packed.length}`);
    return start;
  };
  const takeBytes = (length: number): Uint8Array => packed.subarray(take(length), offset);
  const takeValue = (): Uint8Array | undefined => {
    const length = view.getUint32(take(4));
    return length === absent ? undefined : takeBytes(length);
  };
  while (offset < packed.length) {
    const key = takeBytes(view.getUint16(take(2)));
    const previous = changes.at(-1);
    if (previous !== undefined && compareBytes(previous.key, key) >= 0) {
      throw new LockstepError("bad_diff", `keys don't increase at byte ${offset}`);
    }
    changes.push({ key, before: takeValue(), after: takeValue() });
  }
  return changes;
};

/** The diff that takes a state back to before `packed`. */
export const invertDiff = (packed: Uint8Array): Uint8Array =>
  packDiff(unpackDiff(packed).map(({ key, before, after }) => ({ key, before: after, after: before })));

/** The writes that take a stored state forward, in key order. Values are views into `packed`. */
export const diffWrites = (packed: Uint8Array): DiskWrite[] =>
  unpackDiff(packed).map(({ key, after }) => ({ key, value: after }));
