import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { openWorkspace } from "./workspace.ts";

const thingOf = (ended: string[], name: string) => ({
  end: async () => {
    ended.push(name);
  },
});

test("a thing is ended after its work, also when that fails", async () => {
  const workspace = await openWorkspace();
  const ended: string[] = [];
  expect(
    await workspace.using(
      () => thingOf(ended, "a"),
      async () => 7,
    ),
  ).toBe(7);
  const failing = workspace.using(
    () => thingOf(ended, "b"),
    async () => {
      throw new Error("broken");
    },
  );
  await expect(failing).rejects.toThrow("broken");
  expect(ended).toEqual(["a", "b"]);
  await workspace.end();
});

test("the end waits for what is only starting, ends it, removes all folders, and nothing starts after", async () => {
  const workspace = await openWorkspace();
  const folder = await workspace.folder("some");
  const ended: string[] = [];
  let started = () => {};
  const starting = new Promise<void>((resolve) => {
    started = resolve;
  });
  void workspace.using(
    async () => {
      await starting;
      return thingOf(ended, "late");
    },
    () => new Promise(() => {}),
  );
  const end = workspace.end();
  expect(existsSync(folder)).toBe(true);
  started();
  await end;
  expect(ended).toEqual(["late"]);
  expect(existsSync(folder)).toBe(false);
  await expect(
    workspace.using(
      () => thingOf(ended, "too late"),
      async () => 0,
    ),
  ).rejects.toThrow("was ended");
});
