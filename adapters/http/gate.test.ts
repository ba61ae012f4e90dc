import { expect, it } from "vitest";
import { createGate } from "./gate.ts";

const deferred = () => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

it("lets a bounded number in, then those that wait in their order, and refuses the rest", async () => {
  const gate = createGate(2, 3, () => new Error("full"));
  const { opened, open } = deferred();
  const started: number[] = [];
  const work = (id: number) => () => {
    started.push(id);
    return opened.then(() => id);
  };
  const accepted = [0, 1, 2, 3, 4].map((id) => gate(work(id)));
  await expect(gate(work(5))).rejects.toThrow("full");
  expect(started).toEqual([0, 1]);
  open();
  expect(await Promise.all(accepted)).toEqual([0, 1, 2, 3, 4]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
});

it("goes on after works that fail", async () => {
  const gate = createGate(1, 10, () => new Error("full"));
  const results = await Promise.allSettled([
    gate(() => Promise.reject(new Error("first"))),
    gate(async () => {
      throw new Error("second");
    }),
    gate(async () => "third"),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  expect(await gate(async () => "fourth")).toBe("fourth");
});
