/** How an EVM tenant's flat state is stored: the engine's own keys, and the fee state under one of ours. */
import { concatBytes, equalBytes } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { StateSource } from "../adapter.ts";
import { packDiff, unpackDiff } from "../diff.ts";
import { decodeFeeState, encodeFeeState, type FeeState } from "./baseFee.ts";
import { type EngineModule, type EvmEngine, engineCall } from "./engine.ts";

/** Sorts behind every key of the engine. */
const feeKey = Uint8Array.of(0x78);

const entriesBytes = 1024 * 1024;

/** A block's diff: the engine's, then that of the fee state. */
export const diffWithFees = (diff: Uint8Array, before: FeeState | undefined, after: FeeState): Uint8Array =>
  concatBytes(
    diff,
    packDiff([{ key: feeKey, before: before && encodeFeeState(before), after: encodeFeeState(after) }]),
  );

/** The engine's part of a diff; `undefined` for genesis, before which there is nothing. */
const undoOf = (diff: Uint8Array): Buffer | undefined => {
  const changes = unpackDiff(diff);
  const fees = changes.find(({ key }) => equalBytes(key, feeKey));
  return fees?.before && Buffer.from(packDiff(changes.filter((change) => change !== fees)));
};

/** `u16 keyLength ‖ key ‖ u32 length ‖ value` */
const packEntry = (key: Uint8Array, value: Uint8Array): Uint8Array => {
  const entry = new Uint8Array(2 + key.length + 4 + value.length);
  const view = new DataView(entry.buffer);
  view.setUint16(0, key.length);
  entry.set(key, 2);
  view.setUint32(2 + key.length, value.length);
  entry.set(value, 6 + key.length);
  return entry;
};

/**
 * Fills an engine from what was stored.
 *
 * @throws LockstepError `bad_state` when that is not a state the engine can go on from
 */
export const restoreEngine = async (
  module: EngineModule,
  chain: string,
  source: StateSource,
): Promise<{ engine: EvmEngine; fees: FeeState }> => {
  const engine = engineCall(() => module.EvmEngine.open(chain));
  let fees: FeeState | undefined;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = (): void => {
    const entries = Buffer.concat(pending);
    engineCall(() => engine.load(entries));
    pending = [];
    pendingBytes = 0;
  };
  try {
    for await (const [key, value] of source.state()) {
      if (equalBytes(key, feeKey)) {
        fees = decodeFeeState(value);
        continue;
      }
      const entry = packEntry(key, value);
      pending.push(entry);
      pendingBytes += entry.length;
      if (pendingBytes >= entriesBytes) flush();
    }
    flush();
    engineCall(() => engine.loaded());
    for await (const diff of source.diffs()) {
      const undo = undoOf(diff);
      if (undo === undefined || !engineCall(() => engine.loadUndo(undo))) break;
    }
  } catch (cause) {
    if (!(cause instanceof LockstepError)) throw cause;
    throw new LockstepError(
      "bad_state",
      `the stored state of the EVM tenant can't be used: ${cause.message}`,
      {},
      cause,
    );
  }
  if (fees === undefined) {
    throw new LockstepError("bad_state", "the stored state of the EVM tenant lacks its fee state");
  }
  return { engine, fees };
};
