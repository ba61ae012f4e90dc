import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { createMarkFile, openMark } from "./mark.ts";

const file = createMarkFile();
const mark = openMark(file.descriptor);
afterEach(() => mark.clear());

test("says what is about to be executed, while a block is open", () => {
  expect(file.place()).toBeUndefined();
  mark.begin(2 ** 40);
  expect(file.place()).toEqual({ height: 2 ** 40, at: "writes" });
  mark.entry(0);
  expect(file.place()).toEqual({ height: 2 ** 40, at: 0 });
  mark.entry(65_535);
  expect(file.place()).toEqual({ height: 2 ** 40, at: 65_535 });
  mark.seal();
  expect(file.place()).toEqual({ height: 2 ** 40, at: "seal" });
  mark.clear();
  expect(file.place()).toBeUndefined();
});

test("holds nothing against the open block while something else is served", () => {
  mark.begin(7);
  mark.entry(3);
  mark.setAside();
  expect(file.place()).toBeUndefined();
  mark.resume();
  expect(file.place()).toEqual({ height: 7, at: 3 });
  mark.setAside();
  mark.seal();
  expect(file.place()).toEqual({ height: 7, at: "seal" });
});

test("moves whenever anything is noted", () => {
  const seen = new Set<string>();
  for (const note of [() => mark.begin(1), () => mark.entry(0), () => mark.entry(1), mark.seal, mark.clear]) {
    note();
    seen.add(file.present());
  }
  expect(seen.size).toBe(5);
});

test("outlives a process that was killed as it wrote", async () => {
  const script = `
    import { openMark } from ${JSON.stringify(new URL("./mark.ts", import.meta.url).href)};
    const mark = openMark(3);
    mark.begin(12);
    mark.entry(5);
    process.kill(process.pid, "SIGKILL");`;
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", file.descriptor] });
  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  expect(file.place()).toEqual({ height: 12, at: 5 });
});
