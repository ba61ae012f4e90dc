import { expect, test } from "vitest";
import { createRuntime } from "./runtime.ts";

const runtime = createRuntime();

test("timers fire once, in order of their delays, unless cancelled", async () => {
  const fired: string[] = [];
  let cancelOverflowing = () => {};
  await new Promise<void>((resolve) => {
    runtime.after(30, () => {
      fired.push("late");
      resolve();
    });
    runtime.after(-5, () => fired.push("early"));
    runtime.after(1, () => fired.push("cancelled"))();
    cancelOverflowing = runtime.after(Number.MAX_SAFE_INTEGER, () => fired.push("overflowed"));
  });
  cancelOverflowing();
  expect(fired).toEqual(["early", "late"]);
});

test("the clock is that of the machine", () => {
  const before = Date.now();
  const now = runtime.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});

test("random bytes have the asked-for length and differ", () => {
  expect(runtime.randomBytes(0)).toEqual(new Uint8Array());
  expect(runtime.randomBytes(32)).toHaveLength(32);
  expect(runtime.randomBytes(32)).not.toEqual(runtime.randomBytes(32));
});
