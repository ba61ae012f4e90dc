/** The EVM engine (`adapters/engines/evm`, whose README is its reference), loaded from where it was built. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";

export type EngineHead = { number: number; blockHash: Hex; stateRoot: Hex };

export type EngineSeal = EngineHead & {
  receiptsRoot: Hex;
  gasUsed: number;
  /** Bytes of the RLP block. */
  size: number;
  header: Buffer;
  diff: Buffer;
};

/** Methods that give a `string` give JSON. `inspect` and `execute` take packed lists; `packed.ts` reads their answers. */
export type EvmEngine = {
  load(entries: Buffer): void;
  loaded(): EngineHead;
  loadUndo(diff: Buffer): boolean;
  genesis(): EngineSeal;
  head(): EngineHead;
  inspect(transactions: Buffer): Buffer;
  begin(environment: string): void;
  systemCall(to: Buffer, data: Buffer): string;
  execute(transactions: Buffer, places: number[]): Buffer;
  markEntries(descriptor: number, offset: number): void;
  checkpoint(): number;
  commit(id: number): void;
  revert(id: number): void;
  discard(): void;
  seal(): EngineSeal;
  account(number: number, address: Buffer): string | null;
  code(number: number, address: Buffer): Buffer;
  storage(number: number, address: Buffer, slot: Buffer): Buffer;
  prove(number: number, address: Buffer, slots: Buffer[]): string;
  call(number: number, request: string): string;
  estimate(number: number, request: string): string;
};

export type EngineModule = {
  EvmEngine: {
    new (genesis: string): EvmEngine;
    open(config: string): EvmEngine;
  };
};

export type EngineProof = {
  address: Hex;
  accountProof: Hex[];
  balance: Hex;
  codeHash: Hex;
  nonce: Hex;
  storageHash: Hex;
  storageProof: { key: Hex; value: Hex; proof: Hex[] }[];
};

const buildCommand = "node scripts/engines.mjs evm";

/** `scripts/engines.mjs` stands above this file, and one folder further up above what `tsc` made of it. */
const buildScript = (): URL => {
  const candidates = ["../../scripts/engines.mjs", "../../../scripts/engines.mjs"].map(
    (path) => new URL(path, import.meta.url),
  );
  const found = candidates.find((url) => existsSync(fileURLToPath(url)));
  if (found === undefined) {
    throw new LockstepError("engine_missing", "scripts/engines.mjs was not found above adapters/evm");
  }
  return found;
};

const load = async (): Promise<EngineModule> => {
  const script = pathToFileURL(fileURLToPath(buildScript())).href;
  const { enginePath } = (await import(script)) as { enginePath(name: string): string | null };
  let path: string | null;
  try {
    path = enginePath("evm");
  } catch (cause) {
    throw new LockstepError("engine_missing", (cause as Error).message, {}, cause);
  }
  if (path === null) {
    throw new LockstepError("engine_missing", `the EVM engine is not built; run: ${buildCommand}`, {
      command: buildCommand,
    });
  }
  return createRequire(import.meta.url)(path) as EngineModule;
};

let loading: Promise<EngineModule> | undefined;

/**
 * The engine built from the present sources: the artefact that `enginePath("evm")` of
 * `scripts/engines.mjs` names. Loaded once for a process.
 *
 * @throws LockstepError `engine_missing`, which names the command that builds it
 */
export const loadEvmEngine = (): Promise<EngineModule> => {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
};

/** Codes that say what the caller did wrong; anything else says that the engine is broken. */
const callerCodes = new Set([
  "bad_input",
  "wrong_state",
  "bad_checkpoint",
  "height_unavailable",
  "insufficient_funds",
  "fee_too_low",
  "intrinsic_gas",
  "initcode",
  "invalid",
]);

/**
 * Runs a call of the engine.
 *
 * @throws LockstepError with the engine's own code where the caller erred, else `executor_failed`
 */
export const engineCall = <T>(call: () => T): T => {
  try {
    return call();
  } catch (cause) {
    const { code = "unknown", message } = cause as Error & { code?: string };
    if (callerCodes.has(code)) throw new LockstepError(code, message, {}, cause);
    throw new LockstepError("executor_failed", `the EVM engine failed: ${message}`, { engineCode: code }, cause);
  }
};
