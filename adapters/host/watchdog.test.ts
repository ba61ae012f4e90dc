import { expect, test } from "vitest";
import { type Look, watch } from "./watchdog.ts";

const setUp = () => {
  const timers: (() => void)[] = [];
  const look: Look = { owes: true, sign: "", patience: 3 };
  let silences = 0;
  const stop = watch({
    runtime: {
      after: (_, callback) => {
        timers.push(callback);
        return () => timers.splice(timers.indexOf(callback), 1);
      },
    },
    everyMs: 1,
    look: () => ({ ...look }),
    onSilent: () => silences++,
  });
  const tick = (times: number): void => {
    for (let i = 0; i < times; i++) for (const callback of timers.splice(0)) callback();
  };
  return { look, tick, stop, silences: () => silences };
};

test("silence is three looks in a row without a sign, after the one that saw it last", () => {
  const { tick, silences } = setUp();
  tick(3);
  expect(silences()).toBe(0);
  tick(1);
  expect(silences()).toBe(1);
  tick(10);
  expect(silences()).toBe(1);
});

test("any sign of life is enough, and who owes nothing may be silent", () => {
  const { look, tick, silences } = setUp();
  for (let i = 0; i < 10; i++) {
    look.sign = `${i}`;
    tick(3);
  }
  look.owes = false;
  tick(10);
  look.owes = true;
  tick(3);
  expect(silences()).toBe(0);
  tick(1);
  expect(silences()).toBe(1);
});

test("nobody looks any more once the watch has ended", () => {
  const { tick, stop, silences } = setUp();
  tick(2);
  stop();
  tick(10);
  expect(silences()).toBe(0);
});
