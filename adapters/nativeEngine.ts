/** Native engines (crates of `adapters/engines`), loaded from where `scripts/engines.mjs` built them. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LockstepError } from "../protocol/errors.ts";

/** The script stands above this file, and one folder further up above what `tsc` made of it. */
const buildScript = (): URL => {
  const candidates = ["../scripts/engines.mjs", "../../scripts/engines.mjs"].map(
    (path) => new URL(path, import.meta.url),
  );
  const found = candidates.find((url) => existsSync(fileURLToPath(url)));
  if (found === undefined)
    throw new LockstepError("engine_missing", "scripts/engines.mjs was not found above adapters");
  return found;
};

const load = async <Module>(name: string): Promise<Module> => {
  const script = pathToFileURL(fileURLToPath(buildScript())).href;
  const { enginePath } = (await import(script)) as { enginePath(name: string): string | null };
  let path: string | null;
  try {
    path = enginePath(name);
  } catch (cause) {
    throw new LockstepError("engine_missing", (cause as Error).message, {}, cause);
  }
  if (path === null) {
    const command = `node scripts/engines.mjs ${name}`;
    throw new LockstepError("engine_missing", `the ${name} engine is not built; run: ${command}`, { command });
  }
  return createRequire(import.meta.url)(path) as Module;
};

/**
 * Gives a function that loads the engine built from the present sources, once for a process.
 *
 * It throws LockstepError `engine_missing`, which names the command that builds it.
 */
export const createEngineLoader = <Module>(name: string): (() => Promise<Module>) => {
  let loading: Promise<Module> | undefined;
  return () => {
    loading ??= load<Module>(name).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
};

/**
 * Gives a function that runs calls of an engine. What they throw becomes a LockstepError: with the engine's own
 * code where that is one of `callerCodes`, which say what the caller did wrong, else `executor_failed`.
 */
export const createEngineCall =
  (name: string, callerCodes: ReadonlySet<string>) =>
  <T>(call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      const { code = "unknown", message } = cause as Error & { code?: string };
      if (callerCodes.has(code)) throw new LockstepError(code, message, {}, cause);
      throw new LockstepError("executor_failed", `the ${name} engine failed: ${message}`, { engineCode: code }, cause);
    }
  };
