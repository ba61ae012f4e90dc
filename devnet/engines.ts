/** The native engines that tenants need, built by the repository's own script while the network runs. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { packageRoot } from "../cli/packageRoot.ts";
import { LockstepError } from "../protocol/errors.ts";
import { startChild } from "./child.ts";
import type { TenantPlan } from "./tenants.ts";

const script = join(packageRoot, "scripts", "engines.mjs");

type Script = { enginePath(name: string): string | null; crateCount(name: string): number };
const loadScript = async (): Promise<Script> => (await import(pathToFileURL(script).href)) as Script;

const Step = z.union([
  z.object({ done: z.int(), total: z.int(), seconds: z.number() }),
  z.object({ waitingFor: z.int() }),
  z.object({ path: z.string() }),
  z.object({ problem: z.string() }),
]);
type Step = z.infer<typeof Step>;

/** Whether a tenant's engine is there, or none is needed. */
export const hasEngine = async ({ engine }: TenantPlan): Promise<boolean> => {
  if (engine === undefined) return true;
  const { enginePath } = await loadScript();
  try {
    return enginePath(engine) !== null;
  } catch {
    // The build says what is wrong.
    return false;
  }
};

/** How many crates a tenant's engine is made of: what its build takes, more or less. */
export const crateCount = async ({ engine }: TenantPlan): Promise<number> =>
  engine === undefined ? 0 : (await loadScript()).crateCount(engine);

const minutesOf = (seconds: number): string => {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return `${minutes} minute${minutes === 1 ? "" : "s"}`;
};

/** What a build is at, in words. */
export const describeStep = (engine: string, step: Step): string => {
  if ("waitingFor" in step) return `the ${engine} engine waits for another build to end`;
  if ("done" in step) {
    return `building the ${engine} engine: ${step.done} of ${step.total} crates (about ${minutesOf(step.seconds)} in all)`;
  }
  return "";
};

const parseStep = (line: string): Step | undefined => {
  try {
    return Step.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
};

/**
 * Builds a tenant's engine unless it is there. All processes of the build end with `signal`.
 *
 * @param onProgress gets what the build is at, in words; nothing when it is over
 * @throws LockstepError `engine_unavailable`, which says why and what to do
 */
export const buildEngine = async (
  plan: TenantPlan,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  const { engine } = plan;
  if (engine === undefined || signal.aborted || (await hasEngine(plan))) return;
  let problem: string | undefined;
  const child = startChild(process.execPath, [script, "--json", engine], (line) => {
    const step = parseStep(line);
    if (step === undefined) return;
    if ("problem" in step) problem = step.problem;
    else onProgress(describeStep(engine, step));
  });
  signal.addEventListener("abort", child.kill, { once: true });
  if (signal.aborted) child.kill();
  const { code } = await child.exited;
  signal.removeEventListener("abort", child.kill);
  onProgress("");
  if (code === 0 || signal.aborted) return;
  const message = problem ?? (child.lastWords() || "its build ended without a word");
  throw new LockstepError("engine_unavailable", message, { engine });
};
