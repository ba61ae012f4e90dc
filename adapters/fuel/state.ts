/** Fills a Fuel engine from what was stored of a tenant: the flat state is the engine's own. */
import { LockstepError } from "../../protocol/errors.ts";
import type { StateSource } from "../adapter.ts";
import { bufferOf, type EngineModule, engineCall, type FuelEngine } from "./engine.ts";

const entriesBytes = 1024 * 1024;

/** `u16 keyLength ‖ key ‖ u32 length ‖ value` */
const packEntry = (key: Uint8Array, value: Uint8Array): Buffer => {
  const head = Buffer.alloc(2 + key.length + 4);
  head.writeUInt16BE(key.length);
  head.set(key, 2);
  head.writeUInt32BE(value.length, 2 + key.length);
  return Buffer.concat([head, value]);
};

/** @throws LockstepError `bad_state` when that is not a state the engine can go on from */
export const restoreEngine = async (module: EngineModule, config: string, source: StateSource): Promise<FuelEngine> => {
  const engine = engineCall(() => module.FuelEngine.open(config));
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const flush = (): void => {
    const entries = Buffer.concat(pending);
    engineCall(() => engine.load(entries));
    pending = [];
    pendingBytes = 0;
  };
  try {
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
    return engine;
  } catch (cause) {
    if (!(cause instanceof LockstepError)) throw cause;
    const message = `the stored state of the Fuel tenant can't be used: ${cause.message}`;
    throw new LockstepError("bad_state", message, {}, cause);
  }
};
