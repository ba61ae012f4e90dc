import { describe, expect, it } from "vitest";
import { eventAddresses, eventKeys, matches } from "./eventQuery.ts";
import { rpcLimits } from "./limits.ts";

const event = { from_address: "0xa", keys: ["0x1", "0x2"], data: ["0x3"] } as const;
const like = (addresses: string | string[], keys: string[][]) =>
  matches(
    { addresses: eventAddresses(addresses, "address"), keys: eventKeys(keys, "keys") },
    { ...event, keys: [...event.keys], data: [...event.data] },
  );

describe("an event", () => {
  it("is of one of the contracts, or of any", () => {
    expect(like("0x0A", [])).toBe(true);
    expect(like(["0xb", "0xa"], [])).toBe(true);
    expect(like([], [])).toBe(true);
    expect(like("0xb", [])).toBe(false);
  });

  it("has at each place one of the keys, or any", () => {
    expect(like([], [["0x1", "0x9"], ["0x2"]])).toBe(true);
    expect(like([], [[], ["0x2"]])).toBe(true);
    expect(like([], [["0x2"]])).toBe(false);
    expect(like([], [["0x1"], ["0x2"], ["0x3"]])).toBe(false);
    expect(like([], [["0x1"], ["0x2"], []])).toBe(true);
  });
});

describe("a filter", () => {
  it("has bounds", () => {
    const tooMany = expect.objectContaining({ body: expect.objectContaining({ code: 34 }) });
    expect(() => eventKeys(Array(rpcLimits.eventKeys + 1).fill([]), "keys")).toThrow(tooMany);
    const half = Array(rpcLimits.eventKeyChoices / 2 + 1).fill("0x1");
    expect(() => eventKeys([half, half], "keys")).toThrow(tooMany);
    expect(() => eventAddresses(Array(rpcLimits.eventAddresses + 1).fill("0x1"), "address")).toThrow(/at most/);
  });
});
