/**
 * One child process in a process group of its own: so that a terminal's Ctrl-C reaches only its
 * parent, which then ends all of them, and so that what the child started can be ended with it.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Child = {
  pid: number;
  /** First line of its standard output; rejects with its last words if it ends without one. */
  firstLine: Promise<string>;
  /** Resolves once it and all in its group have ended. */
  exited: Promise<Exit>;
  /** Last line of its standard error so far. */
  lastWords(): string;
  /** Asks it to end; kills it and all in its group if it hasn't after `graceMs`. */
  stop(graceMs: number): Promise<Exit>;
  /** Kills it and all in its group at once. */
  kill(): void;
};

/** Keeps the newest complete, non-empty line of a stream. */
const followLastLine = ({ stderr }: ChildProcessWithoutNullStreams): (() => string) => {
  let last = "";
  createInterface({ input: stderr }).on("line", (line) => {
    if (line.trim() !== "") last = line;
  });
  return () => last;
};

/**
 * Starts `command`. Its standard input stays open and silent: it closes when this process ends,
 * however that happens, and the child must take that as its own end.
 *
 * @param onLine gets every line of its standard output
 */
export const startChild = (
  command: string,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Child => {
  const spawned = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const { pid } = spawned;
  const lastWords = followLastLine(spawned);
  spawned.stdin.on("error", () => {});

  const kill = () => {
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // The whole group is gone.
    }
  };

  const exited = new Promise<Exit>((resolve) => {
    // What it started may hold its output open.
    spawned.once("exit", kill);
    spawned.once("close", (code, signal) => resolve({ code, signal }));
    spawned.once("error", () => resolve({ code: null, signal: null }));
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    createInterface({ input: spawned.stdout }).once("line", resolve).on("line", onLine);
    exited.then(() => reject(new Error(lastWords() || "it ended without a word")));
  });
  firstLine.catch(() => {});

  return {
    pid: pid ?? 0,
    firstLine,
    exited,
    lastWords,
    kill,
    stop: async (graceMs) => {
      const timer = setTimeout(kill, graceMs);
      spawned.kill("SIGTERM");
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
};
