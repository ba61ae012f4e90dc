import { describe, expect, it } from "vitest";
import { createEventQueue } from "./eventQueue.ts";

const open = () => {
  const caller = new AbortController();
  let ends = 0;
  const queue = createEventQueue<number>(caller.signal, () => ends++);
  return { queue, caller, ends: () => ends };
};

describe("a queue of events", () => {
  it("gives what was pushed before and after somebody reads, in order, and ends", async () => {
    const { queue, ends } = open();
    queue.push(1);
    queue.push(2);
    expect(await queue.next()).toEqual({ done: false, value: 1 });
    expect(await queue.next()).toEqual({ done: false, value: 2 });
    const next = queue.next();
    queue.push(3);
    expect(await next).toEqual({ done: false, value: 3 });
    queue.push(4);
    queue.end();
    queue.push(5);
    expect(await queue.next()).toEqual({ done: false, value: 4 });
    expect(await queue.next()).toEqual({ done: true, value: undefined });
    expect(ends()).toBe(1);
  });

  it("tells of a failure after what came before it", async () => {
    const { queue } = open();
    queue.push(1);
    queue.fail(new Error("broken"));
    expect((await queue.next()).value).toBe(1);
    await expect(queue.next()).rejects.toThrow("broken");
  });

  it("ends at once, while somebody waits, when the reader has gone", async () => {
    const { queue, caller, ends } = open();
    const next = queue.next();
    caller.abort();
    expect((await next).done).toBe(true);
    expect(ends()).toBe(1);
    queue.push(1);
    expect((await queue.next()).done).toBe(true);
    const other = open();
    other.queue.push(1);
    await other.queue.return?.();
    expect([(await other.queue.next()).done, other.ends()]).toEqual([true, 1]);
  });
});
