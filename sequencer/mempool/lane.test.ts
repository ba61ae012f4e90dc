import { describe, expect, it } from "vitest";
import { transactionId } from "../../protocol/batch.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { asDomain } from "../../protocol/ids.ts";
import type { PoolEntry } from "./entry.ts";
import { createLane, type Lane, type Space } from "./lane.ts";
import { createLegRoom } from "./legRoom.ts";
import { poolLimits } from "./limits.ts";

type Facts = { sender?: string; nonce?: number; cost?: bigint; max?: bigint; tip?: bigint; executed?: number };

const ether = 10n ** 18n;

const entry = (name: string, facts: Facts = {}): PoolEntry => {
  const bytes = utf8(name);
  const id = transactionId(bytes);
  return {
    id,
    key: toHex(id),
    domain: asDomain(31337),
    bytes,
    facts: {
      nativeId: toHex(id),
      sender: facts.sender ?? "alice",
      ...(facts.nonce === undefined ? {} : { nonce: facts.nonce }),
      gas: 21000,
      cost: facts.cost ?? 1n,
      price: { max: facts.max ?? 100n, tip: facts.tip ?? 10n },
      account: { nonce: facts.executed ?? 0, balance: ether },
    },
    phase: "queued",
    journaled: false,
    returned: 0,
    since: 0,
  };
};

const names = (entries: readonly PoolEntry[]): string[] => entries.map(({ bytes }) => new TextDecoder().decode(bytes));
const room = { gas: 10 ** 9, bytes: 10 ** 9 };
const unbounded: Space = {
  ...room,
  legs: createLegRoom(() => ({ ...room, legGas: 10 ** 9 })),
  transactions: 10 ** 6,
  batchBytes: 10 ** 9,
  enough: 10 ** 9,
};
const ready = (lane: Lane, space: Partial<Space> = {}): string[] =>
  names(lane.take({ ...unbounded, ...space }).entries);
const codeOf = (result: ReturnType<ReturnType<typeof createLane>["add"]>) => (result.ok ? "ok" : result.error.code);

describe("a lane", () => {
  it("gives each sender's transactions in nonce order, whatever order they came in", () => {
    const lane = createLane();
    for (const nonce of [2, 0, 1]) lane.add(entry(`a${nonce}`, { nonce }));
    lane.add(entry("b0", { sender: "bob", nonce: 0 }));
    expect(ready(lane).filter((name) => name.startsWith("a"))).toEqual(["a0", "a1", "a2"]);
    expect(ready(lane)).toContain("b0");
  });

  it("lets those go first that pay more where there are no nonces, else those that came first", () => {
    const lane = createLane();
    for (const [name, tip] of [
      ["a", 0n],
      ["b", 5n],
      ["c", 0n],
      ["d", 7n],
      ["e", 5n],
    ] as const) {
      lane.add(entry(name, { tip }));
    }
    expect(ready(lane)).toEqual(["d", "b", "e", "a", "c"]);
    lane.remove(entry("d").key);
    expect(ready(lane, { transactions: 2 })).toEqual(["b", "e"]);
  });

  it("bounds what a sender without nonces has pending, by number and by its funds", () => {
    const lane = createLane();
    expect(codeOf(lane.add(entry("a", { cost: ether })))).toBe("ok");
    expect(codeOf(lane.add(entry("b")))).toBe("insufficient_funds");
    lane.remove(entry("a").key);
    for (let i = 0; i < poolLimits.senderTransactions; i++) lane.add(entry(`c${i}`));
    expect(codeOf(lane.add(entry("one more")))).toBe("sender_full");
    expect(codeOf(lane.add(entry("another's", { sender: "bob" })))).toBe("ok");
  });

  it("holds back what comes after a nonce gap until the gap is filled", () => {
    const lane = createLane();
    const late = entry("a2", { nonce: 2 });
    lane.add(entry("a0", { nonce: 0 }));
    lane.add(late);
    expect(ready(lane)).toEqual(["a0"]);
    expect(lane.isReady(late)).toBe(false);
    expect(names(lane.waiting())).toEqual(["a2"]);
    expect(lane.nextNonce("alice", 0)).toBe(1);
    lane.add(entry("a1", { nonce: 1 }));
    expect(ready(lane)).toEqual(["a0", "a1", "a2"]);
    expect(lane.nextNonce("alice", 0)).toBe(3);
  });

  it("fills a gap by what was executed elsewhere, and gives what that overtook", () => {
    const lane = createLane();
    lane.add(entry("a0", { nonce: 0 }));
    lane.add(entry("a2", { nonce: 2 }));
    expect(names(lane.refresh("alice", { nonce: 2 }))).toEqual(["a0"]);
    lane.remove(entry("a0").key);
    expect(ready(lane)).toEqual(["a2"]);
  });

  it("gives nothing twice: what is batched or ordered is not ready any more", () => {
    const lane = createLane();
    const first = entry("a0", { nonce: 0 });
    lane.add(first);
    lane.add(entry("a1", { nonce: 1 }));
    lane.mark(first, "batched");
    expect(ready(lane)).toEqual(["a1"]);
    lane.mark(first, "queued");
    expect(ready(lane)).toEqual(["a0", "a1"]);
  });

  it("closes the reach again when a transaction in flight is left out", () => {
    const lane = createLane();
    const first = entry("a0", { nonce: 0 });
    lane.add(first);
    lane.add(entry("a1", { nonce: 1 }));
    lane.remove(first.key);
    expect(ready(lane)).toEqual([]);
    expect(names(lane.waiting())).toEqual(["a1"]);
    expect(lane.nextNonce("alice", 0)).toBe(0);
  });

  it("replaces a queued transaction for a tenth more of fee and tip, and for nothing less", () => {
    const lane = createLane();
    lane.add(entry("old", { nonce: 0, max: 100n, tip: 10n }));
    expect(codeOf(lane.add(entry("cheap", { nonce: 0, max: 109n, tip: 11n })))).toBe("replacement_underpriced");
    expect(codeOf(lane.add(entry("stingy", { nonce: 0, max: 110n, tip: 10n })))).toBe("replacement_underpriced");
    const replaced = lane.add(entry("new", { nonce: 0, max: 110n, tip: 11n }));
    expect(replaced.ok && replaced.value.replaced && names([replaced.value.replaced])).toEqual(["old"]);
    expect(ready(lane)).toEqual(["new"]);
    expect(lane.entries.size).toBe(1);
  });

  it("does not replace what is on its way into a block", () => {
    const lane = createLane();
    const old = entry("old", { nonce: 0 });
    lane.add(old);
    lane.mark(old, "batched");
    expect(codeOf(lane.add(entry("new", { nonce: 0, max: 1000n, tip: 1000n })))).toBe("replacement_underpriced");
  });

  it("refuses stale and far nonces, repetitions, and more than the sender can pay", () => {
    const lane = createLane();
    expect(codeOf(lane.add(entry("stale", { nonce: 4, executed: 5 })))).toBe("nonce_too_low");
    expect(codeOf(lane.add(entry("far", { nonce: poolLimits.nonceDistance })))).toBe("nonce_too_high");
    expect(codeOf(lane.add(entry("a0", { nonce: 0, cost: ether - 1n })))).toBe("ok");
    expect(codeOf(lane.add(entry("a0", { nonce: 0, cost: ether - 1n })))).toBe("already_known");
    expect(codeOf(lane.add(entry("a1", { nonce: 1, cost: 2n })))).toBe("insufficient_funds");
    expect(codeOf(lane.add(entry("a1", { nonce: 1, cost: 1n })))).toBe("ok");
  });

  it("frees what a removed transaction had committed", () => {
    const lane = createLane();
    lane.add(entry("a0", { nonce: 0, cost: ether }));
    lane.remove(entry("a0").key);
    expect(codeOf(lane.add(entry("again", { nonce: 0, cost: ether })))).toBe("ok");
    expect(lane.bytes).toBe("again".length);
  });

  it("bounds a sender", () => {
    const lane = createLane();
    for (let nonce = 0; nonce < poolLimits.senderTransactions; nonce++)
      lane.add(entry(`${nonce}`, { nonce, cost: 0n }));
    const more = entry("more", { nonce: poolLimits.senderTransactions - 1, executed: 1, cost: 0n });
    expect(lane.entries.size).toBe(poolLimits.senderTransactions);
    expect(codeOf(lane.add(more))).toBe("replacement_underpriced");
    const next = { nonce: poolLimits.senderTransactions, executed: 1, cost: 0n };
    expect(codeOf(lane.add(entry("next", next)))).toBe("sender_full");
  });

  it("takes transactions without nonces in any number and order", () => {
    const lane = createLane();
    const opaque = (name: string) => entry(name, { sender: name });
    for (const name of ["x", "y", "z"]) lane.add(opaque(name));
    expect(ready(lane)).toEqual(["x", "y", "z"]);
  });

  it("takes no more than the space there is, and says when it was capacity that ended", () => {
    const lane = createLane();
    for (const name of ["x", "y", "z"]) lane.add(entry(name, { sender: name }));
    expect(ready(lane, { transactions: 2 })).toEqual(["x", "y"]);
    expect(ready(lane, { enough: 22 })).toEqual(["x", "y"]);
    expect(lane.take({ ...unbounded, gas: 43_000 })).toMatchObject({ isCut: true, entries: [{}, {}] });
    expect(lane.take({ ...unbounded, bytes: 1 })).toMatchObject({ isCut: true, entries: [{}] });
    expect(lane.take({ ...unbounded, batchBytes: 21 })).toMatchObject({ isCut: false, entries: [{}] });
  });

  it("lets a sender have no more on its way than it can pay, and than the limit", () => {
    const lane = createLane();
    const half = { cost: ether / 2n, executed: 0 };
    const [a0, a1] = [entry("a0", { nonce: 0, ...half }), entry("a1", { nonce: 1, ...half })];
    lane.add(a0);
    lane.add(a1);
    lane.refresh("alice", { nonce: 0, balance: ether / 2n });
    expect(ready(lane)).toEqual(["a0"]);
    lane.mark(a0, "batched");
    expect(ready(lane)).toEqual([]);
    expect(names(lane.waiting())).toEqual(["a1"]);
    lane.settle(a0.key);
    lane.refresh("alice", { nonce: 1 });
    expect(ready(lane)).toEqual([]);
    lane.refresh("alice", { nonce: 1, balance: ether });
    expect(ready(lane)).toEqual(["a1"]);

    const many = createLane();
    for (let nonce = 0; nonce <= poolLimits.senderInFlight; nonce++) many.add(entry(`${nonce}`, { nonce, cost: 0n }));
    expect(ready(many)).toHaveLength(poolLimits.senderInFlight);
  });
});
