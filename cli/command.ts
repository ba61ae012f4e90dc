/** What every command shares: how it is added, and how it tells its exit code. */
import type { Command } from "commander";

/** 0: done, or proven. 1: failed, or refuted. 2: asked for in a way that isn't understood. */
export type ExitCode = 0 | 1 | 2;

export type Output = {
  /** Who must not outrun its reader awaits what this gives: the reader took the text over. */
  out: (text: string) => unknown;
  err: (text: string) => void;
};

/** Adds one command to the program; `finish` takes the exit code of its action. */
export type AddCommand = (program: Command, finish: (code: ExitCode) => void, output: Output) => void;
