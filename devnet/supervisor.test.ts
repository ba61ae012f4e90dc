import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createSupervisor, type Supervisor, type SupervisorEvent } from "./supervisor.ts";

/** A validator in small: says that it is ready, starts a process of its own, ends when its input does. */
const childSource = `
import { spawn } from "node:child_process";
const grandchild = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
if (process.argv[2] === "stubborn") process.on("SIGTERM", () => {});
else process.on("SIGTERM", () => { grandchild.kill(); process.exit(0); });
process.stdin.on("end", () => { grandchild.kill("SIGKILL"); process.exit(0); }).resume();
if (process.argv[2] === "broken") { grandchild.kill(); console.error("first"); console.error("the port is taken"); process.exit(1); }
console.log(JSON.stringify({ pid: process.pid, grandchild: grandchild.pid }));
`;

type Ready = { pid: number; grandchild: number };

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
  script = join(folder, "child.mjs");
  await writeFile(script, childSource);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const running: Supervisor<Ready>[] = [];
afterEach(() => {
  for (const supervisor of running.splice(0)) supervisor.kill();
});

const supervise = (behaviour: string, restartAfterMs?: number) => {
  const events: SupervisorEvent<Ready>[] = [];
  let onNext = () => {};
  const supervisor = createSupervisor<Ready>({
    name: "validator 0",
    command: process.execPath,
    args: [script, behaviour],
    parseReady: (line) => JSON.parse(line),
    restartAfterMs,
    onEvent: (event) => {
      events.push(event);
      onNext();
    },
  });
  running.push(supervisor);
  const nextEvents = async (count: number) => {
    while (events.length < count) {
      await new Promise<void>((resolve) => {
        onNext = resolve;
      });
    }
    return events;
  };
  return { supervisor, events, nextEvents };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Resolves when none of the processes is left. */
const gone = async (...pids: number[]): Promise<void> => {
  while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 20));
};

test("stop ends the process and what it started", async () => {
  const { supervisor, events } = supervise("obedient", 0);
  const { pid, grandchild } = await supervisor.start();
  expect(supervisor.pid()).toBe(pid);
  await supervisor.stop(10_000);
  await gone(pid, grandchild);
  expect(events).toEqual([]);
});

test("a process that won't end is killed, with what it started", async () => {
  const { supervisor } = supervise("stubborn", 0);
  const { pid, grandchild } = await supervisor.start();
  await supervisor.stop(50);
  await gone(pid, grandchild);
});

test("a killed process is started again, and its orphans are ended before", async () => {
  const { supervisor, nextEvents } = supervise("obedient", 10);
  const first = await supervisor.start();
  process.kill(first.pid, "SIGKILL");
  const [exited, restarted] = await nextEvents(2);
  expect(exited).toMatchObject({ type: "exited", pid: first.pid, exit: { code: null, signal: "SIGKILL" } });
  expect(restarted).toMatchObject({ type: "restarted" });
  expect(supervisor.pid()).not.toBe(first.pid);
  await gone(first.grandchild);
  const second = supervisor.pid() ?? 0;
  await supervisor.stop(10_000);
  await gone(second);
});

test("without a restart it stays dead", async () => {
  const { supervisor, nextEvents } = supervise("obedient");
  const { pid } = await supervisor.start();
  process.kill(pid, "SIGKILL");
  await nextEvents(1);
  expect(supervisor.pid()).toBeUndefined();
  await supervisor.stop(1000);
});

test("one that ends before it is ready fails with its last words", async () => {
  const { supervisor, events } = supervise("broken", 0);
  await expect(supervisor.start()).rejects.toThrow("validator 0 did not start: the port is taken");
  expect(events).toEqual([]);
});

test("children end when their parent is killed with SIGKILL", async () => {
  const parentScript = join(folder, "parent.mts");
  const module = pathToFileURL(join(import.meta.dirname, "child.ts")).href;
  await writeFile(
    parentScript,
    `import { startChild } from ${JSON.stringify(module)};
     const child = startChild(process.execPath, [${JSON.stringify(script)}, "obedient"]);
     console.log(await child.firstLine);`,
  );
  const parent = spawn(process.execPath, ["--import", "tsx", parentScript], {
    cwd: join(import.meta.dirname, ".."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const { pid, grandchild } = JSON.parse(line) as Ready;
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await gone(pid, grandchild);
});
