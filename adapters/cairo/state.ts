/** A Cairo tenant's flat state is the engine's own: what a store kept of it goes back as it came. */
import { LockstepError } from "../../protocol/errors.ts";
import type { StateSource } from "../adapter.ts";
import { bufferOf, type CairoEngine, type EngineModule, engineCall } from "./engine.ts";

const entriesBytes = 1024 * 1024;

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

const load = async (engine: CairoEngine, source: StateSource): Promise<void> => {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = (): void => {
    const entries = Buffer.concat(pending);
    engineCall(() => engine.load(entries));
    pending = [];
    pendingBytes = 0;
  };
  for await (const [key, value] of source.state()) {
    const entry = packEntry(key, value);
    pending.push(entry);
    pendingBytes += entry.length;
    if (pendingBytes >= entriesBytes) flush();
  }
  flush();
  engineCall(() => engine.loaded());
  for await (const diff of source.diffs()) {
    if (!engineCall(() => engine.loadUndo(bufferOf(diff)))) break;
  }
};

/**
 * Fills an engine from what was stored.
 *
 * @throws LockstepError `bad_state` when that is not a state the engine can go on from
 */
export const restoreEngine = async (module: EngineModule, chain: string, source: StateSource): Promise<CairoEngine> => {
  const engine = engineCall(() => module.CairoEngine.open(chain));
  try {
    await load(engine, source);
  } catch (cause) {
    if (!(cause instanceof LockstepError)) throw cause;
    throw new LockstepError(
      "bad_state",
      `the stored state of the Cairo tenant can't be used: ${cause.message}`,
      {},
      cause,
    );
  }
  return engine;
};
