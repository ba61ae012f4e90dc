/** When a long-running command ends: asked by a signal, or left behind by its parent. */

export type StopWatch = {
  /** Fires once, with the reason in words. */
  readonly signal: AbortSignal;
  /** Stops watching, so that the process can end by itself. */
  release(): void;
};

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One Ctrl-C may arrive twice: from the terminal, and passed on by a parent such as npm. */
const echoMs = 300;

/**
 * @param options.dieWithParent also stop when standard input ends or the IPC channel closes, which is
 *   how a child learns that its parent is gone, however that ended
 * @param options.force called at the second signal, for someone who won't wait
 */
export const watchForStop = (options: { dieWithParent: boolean; force: () => void }): StopWatch => {
  const controller = new AbortController();
  let firstAt = Number.POSITIVE_INFINITY;
  const onSignal = (name: string) => {
    if (controller.signal.aborted && Date.now() - firstAt > echoMs) options.force();
    firstAt = Math.min(firstAt, Date.now());
    controller.abort(name);
  };
  const onOrphaned = () => controller.abort("the parent process ended");
  for (const name of signals) process.on(name, onSignal);
  if (options.dieWithParent) {
    process.stdin.on("end", onOrphaned).on("close", onOrphaned).on("error", onOrphaned).resume();
    if (process.channel !== undefined) process.on("disconnect", onOrphaned);
  }
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, onSignal);
      if (options.dieWithParent) {
        process.stdin.off("end", onOrphaned).off("close", onOrphaned).off("error", onOrphaned).pause();
        process.stdin.unref?.();
        process.off("disconnect", onOrphaned);
      }
    },
  };
};

/** Resolves when `signal` fires, at once if it has. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
