import { describe, expect, it } from "vitest";
import { LockstepError } from "../../protocol/errors.ts";
import { createLane } from "./lane.ts";

const build = (size: { window: number; capacity: number }) => {
  const sent: number[] = [];
  let lastId = 0;
  const lane = createLane({ ...size, nextId: () => ++lastId, send: ({ id }) => sent.push(id) });
  return { lane, sent };
};

describe("a lane of requests", () => {
  it("sends as many as its window takes, and the next with each answer", async () => {
    const { lane, sent } = build({ window: 2, capacity: 10 });
    const calls = [1, 2, 3, 4].map((argument) => lane.call("execute", argument));
    expect(sent).toEqual([1, 2]);
    lane.settle(1, { value: "one" });
    expect(sent).toEqual([1, 2, 3]);
    expect(await calls[0]).toBe("one");
  });

  it("refuses what is more than it can hold", async () => {
    const { lane } = build({ window: 1, capacity: 2 });
    const held = [1, 2, 3].map((argument) => lane.call("read", argument));
    await expect(lane.call("read", 4)).rejects.toMatchObject({ code: "executor_busy" });
    lane.settle(1, { value: undefined });
    const taken = lane.call("read", 5);
    lane.fail(new LockstepError("executor_died", "gone"));
    for (const call of [...held.slice(1), taken]) await expect(call).rejects.toMatchObject({ code: "executor_died" });
  });

  it("rejects with the failure that came back, and its fields", async () => {
    const { lane } = build({ window: 1, capacity: 1 });
    const call = lane.call("write", 1);
    expect(lane.settle(7, { value: 1 })).toBe(false);
    lane.settle(1, { failure: { code: "write_failed", message: "it failed", output: "0x" } });
    await expect(call).rejects.toMatchObject({ failure: { code: "write_failed", message: "it failed", output: "0x" } });
  });

  it("knows its oldest unanswered request", () => {
    const { lane } = build({ window: 3, capacity: 1 });
    expect(lane.oldest()).toBeUndefined();
    void lane.call("begin", 1);
    void lane.call("seal", 2);
    lane.settle(1, { value: undefined });
    expect(lane.oldest()).toBe("seal");
  });
});
