/** A process that submits prepared requests and sees when everything is executed. Its clock measures both. */
import { followProgress, type Progress, type Target } from "./progress.ts";
import { type Connection, type Submitted, submitAll } from "./submission.ts";
import { serve } from "./worker.ts";

export type Load = {
  target: Target;
  connections: readonly Connection[];
  /** In all bodies together, and of others that submit beside: what must be executed for the load to be done. */
  transactions: number;
  /** Between two requests; as fast as answers come if absent. */
  intervalMs?: number;
};

/** Milliseconds since the first submission. */
export type LoadTimes = Submitted & {
  acknowledged: number;
  executed: number;
  finalized?: number;
  certified?: number;
  /** How many transactions were executed by then. */
  steps?: { ms: number; transactions: number }[];
};

/** What is prepared first is run next, so that handing it over isn't measured. */
export type LoadRequest = { prepare: Load } | "run";

let prepared: { load: Load; progress: Progress } | undefined;

const run = async ({ load, progress }: { load: Load; progress: Progress }): Promise<LoadTimes> => {
  const start = performance.now();
  try {
    const submitted = await submitAll(load.connections, load.intervalMs);
    const acknowledged = performance.now() - start;
    const { executed, finalized, certified, steps } = await progress.reached(load.transactions);
    return {
      ...submitted,
      acknowledged,
      executed: executed - start,
      ...(finalized === undefined ? {} : { finalized: finalized - start }),
      ...(certified === undefined ? {} : { certified: certified - start }),
      ...(steps && { steps: steps.map(({ at, transactions }) => ({ ms: at - start, transactions })) }),
    };
  } finally {
    progress.close();
  }
};

serve(async (request: LoadRequest): Promise<LoadTimes | undefined> => {
  if (request !== "run") {
    prepared = { load: request.prepare, progress: await followProgress(request.prepare.target) };
    return undefined;
  }
  if (prepared === undefined) throw new Error("nothing is prepared");
  const current = prepared;
  prepared = undefined;
  return await run(current);
});
