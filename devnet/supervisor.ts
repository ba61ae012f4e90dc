/** Keeps one process running: starts it, waits until it says that it is ready, starts it again when it dies. */
import { LockstepError } from "../protocol/errors.ts";
import { type Child, type Exit, startChild } from "./child.ts";

export type SupervisorEvent<Ready> =
  | { type: "exited"; pid: number; exit: Exit; reason: string }
  | { type: "restarted"; ready: Ready };

export type SupervisorOptions<Ready> = {
  /** What runs, in words. */
  name: string;
  command: string;
  args: readonly string[];
  /** Reads the first line of its standard output; throws on anything unexpected. */
  parseReady: (line: string) => Ready;
  /** Pause before a dead process is started again; `undefined` leaves it dead. */
  restartAfterMs: number | undefined;
  onEvent: (event: SupervisorEvent<Ready>) => void;
};

export type Supervisor<Ready> = {
  /** @throws LockstepError `process_failed` when it ends before it is ready */
  start(): Promise<Ready>;
  /** Its process id while it runs. */
  pid(): number | undefined;
  /** Ends it for good, after at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** Ends it for good, at once. */
  kill(): void;
};

export const createSupervisor = <Ready>(options: SupervisorOptions<Ready>): Supervisor<Ready> => {
  const { name, command, args, parseReady, restartAfterMs, onEvent } = options;
  let child: Child | undefined;
  let restart: NodeJS.Timeout | undefined;
  let isStopping = false;

  const spawnOne = async (): Promise<Ready> => {
    const current = startChild(command, args);
    child = current;
    const ready = await current.firstLine.then(parseReady).catch((cause: Error) => {
      current.kill();
      throw new LockstepError("process_failed", `${name} did not start: ${cause.message}`, { name }, cause);
    });
    current.exited.then((exit) => onExit(current, exit));
    return ready;
  };

  const onExit = (dead: Child, exit: Exit) => {
    child = undefined;
    if (isStopping) return;
    onEvent({ type: "exited", pid: dead.pid, exit, reason: dead.lastWords() });
    restartLater();
  };

  const restartLater = () => {
    if (restartAfterMs !== undefined) restart = setTimeout(tryAgain, restartAfterMs);
  };

  const tryAgain = async () => {
    try {
      const ready = await spawnOne();
      if (!isStopping) onEvent({ type: "restarted", ready });
    } catch (error) {
      const pid = child?.pid ?? 0;
      child = undefined;
      if (isStopping) return;
      onEvent({ type: "exited", pid, exit: { code: null, signal: null }, reason: (error as Error).message });
      restartLater();
    }
  };

  return {
    start: spawnOne,
    pid: () => child?.pid,
    stop: async (graceMs) => {
      isStopping = true;
      clearTimeout(restart);
      await child?.stop(graceMs);
    },
    kill: () => {
      isStopping = true;
      clearTimeout(restart);
      child?.kill();
    },
  };
};
