/** Tells what happens in a devnet: to a person at a terminal, or to a script. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Output } from "../cli/command.ts";
import { aborted } from "../cli/lifecycle.ts";
import { readStatus } from "./health.ts";
import type { DevnetEvent, DevnetReady } from "./ready.ts";
import { createScreen, describeEvent, statusLine, welcome } from "./screen.ts";

export type Reporter = {
  starting(validators: number, folder: string): void;
  /** @param coming names of tenants that join later */
  ready(ready: DevnetReady, coming: readonly string[]): void;
  event(event: DevnetEvent): void;
  /** What is being prepared, in words; empty when nothing is. */
  progress(work: string): void;
  /** Shows how far the network is until `signal` fires. */
  follow(signal: AbortSignal): Promise<void>;
};

const statusPauseMs = 1000;

export const createTextReporter = ({ out }: Output, isTerminal: boolean): Reporter => {
  const screen = createScreen(out, isTerminal);
  let apis: string[] = [];
  let line = "";
  let work = "";

  return {
    starting: (count, folder) =>
      screen.print(`Starting ${count} validator${count === 1 ? "" : "s"}, data in ${folder}\n\n`),
    ready: (ready, coming) => {
      apis = ready.validators.map(({ api }) => api);
      screen.print(welcome(ready, coming));
    },
    event: (event) => {
      if (event.event === "stopping") screen.status("");
      screen.print(`${describeEvent(event, apis[0] ?? "")}\n`);
    },
    progress: (text) => {
      // Where the line can't change, its first state has to do.
      if (work === "" && text !== "" && !isTerminal) screen.print(`${text}\n`);
      work = text;
      screen.status(line === "" ? work : line);
    },
    follow: async (signal) => {
      while (!signal.aborted) {
        const statuses = await Promise.all(apis.map((api) => readStatus(api, signal)));
        if (signal.aborted) return;
        line = statusLine(statuses, work);
        screen.status(line);
        await sleep(statusPauseMs, undefined, { signal }).catch(() => {});
      }
    },
  };
};

/** JSON lines: the ready line comes first, what happened before it right after. */
export const createJsonReporter = ({ out, err }: Output): Reporter => {
  const early: DevnetEvent[] = [];
  let isOpen = false;
  let work = "";
  const print = (value: DevnetEvent | DevnetReady) => out(`${JSON.stringify(value)}\n`);
  const open = () => {
    isOpen = true;
    early.splice(0).forEach(print);
  };

  return {
    starting: () => {},
    ready: (ready) => {
      print(ready);
      open();
    },
    event: (event) => {
      if (event.event === "stopping") open();
      if (isOpen) print(event);
      else early.push(event);
    },
    progress: (text) => {
      if (work === "" && text !== "") err(`${text}\n`);
      work = text;
    },
    follow: aborted,
  };
};
