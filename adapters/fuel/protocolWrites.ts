/**
 * What the sequencer says inside a Fuel tenant: values in the storage of the gateway. A write is `slot 32 ‖ value`; an
 * empty value deletes.
 */
import { concatBytes } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";

const mostBytes = 64 * 1024;

/** @param slot 32 bytes */
export const encodeWrite = (slot: Uint8Array, value: Uint8Array): Uint8Array => concatBytes(slot, value);

/** @throws LockstepError `bad_input` */
export const decodeWrite = (write: Uint8Array): { slot: Uint8Array; value: Uint8Array } => {
  if (write.length < 32 || write.length > 32 + mostBytes) {
    throw new LockstepError("bad_input", `a write has a slot of 32 bytes and a value of at most ${mostBytes}`);
  }
  return { slot: write.subarray(0, 32), value: write.subarray(32) };
};
