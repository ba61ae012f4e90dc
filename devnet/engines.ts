/** The native engines that the tenants need: built before the first start, by the repository's own script. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../cli/packageRoot.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { TenantName } from "./tenants.ts";

const script = join(packageRoot, "scripts", "engines.mjs");

/** Tenants whose VM needs a native engine of the same name. */
const native: readonly TenantName[] = ["evm", "svm"];

const isBuilt = async (engine: string): Promise<boolean> => {
  const { enginePath } = (await import(pathToFileURL(script).href)) as { enginePath(name: string): string | null };
  try {
    return enginePath(engine) !== null;
  } catch (cause) {
    throw new LockstepError("engine_unavailable", (cause as Error).message, { engine }, cause);
  }
};

/** In a process group of its own, so that the compiler and all its helpers end with `signal`. */
const build = (engine: string, progress: "inherit" | 2, signal: AbortSignal): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, engine], { stdio: ["ignore", progress, "inherit"], detached: true });
    const { pid } = child;
    const end = () => {
      if (pid !== undefined) process.kill(-pid, "SIGTERM");
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    child.once("error", reject);
    child.once("exit", (code) => {
      signal.removeEventListener("abort", end);
      resolve(code);
    });
  });

/**
 * Builds what is missing.
 *
 * @param progress where progress goes: standard output, or file descriptor 2
 * @throws LockstepError `engine_unavailable`
 */
export const ensureEngines = async (
  tenants: readonly TenantName[],
  progress: "inherit" | 2,
  signal: AbortSignal,
): Promise<void> => {
  for (const engine of native.filter((name) => tenants.includes(name))) {
    if (signal.aborted || (await isBuilt(engine))) continue;
    const code = await build(engine, progress, signal);
    if (code !== 0 && !signal.aborted) {
      throw new LockstepError(
        "engine_unavailable",
        `The ${engine} engine could not be built, for the reason above; --tenants can leave it out.`,
        { engine },
      );
    }
  }
};
