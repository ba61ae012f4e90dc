import { describe, expect, it } from "vitest";
import { hostLimits } from "./limits.ts";
import type { Method, Request } from "./messages.ts";
import { createSchedule } from "./schedule.ts";

const order = (methods: readonly Method[]): Method[] => {
  const schedule = createSchedule();
  methods.forEach((method, id) => void schedule.add({ kind: "request", id, method, argument: undefined }));
  const served: Request[] = [];
  for (let next = schedule.next(); next !== undefined; next = schedule.next()) served.push(next);
  return served.map(({ method }) => method);
};

describe("the schedule of an executor", () => {
  it("puts the block before transactions to inspect, and these before reads", () => {
    expect(order(["read", "inspect", "begin", "write", "inspect", "execute"])).toEqual([
      "begin",
      "write",
      "execute",
      "inspect",
      "inspect",
      "read",
    ]);
  });

  it("gives one read a turn after every few seals", () => {
    const blocks: Method[] = Array.from({ length: hostLimits.sealsPerRead }, () => ["begin", "seal"] as const).flat();
    expect(order(["read", "read", "read", ...blocks, ...blocks])).toEqual([
      ...blocks,
      "read",
      ...blocks,
      "read",
      "read",
    ]);
  });

  it("loses nothing when there is no read to take its turn", () => {
    expect(order(["begin", "seal", "begin", "seal"])).toEqual(["begin", "seal", "begin", "seal"]);
  });
});
