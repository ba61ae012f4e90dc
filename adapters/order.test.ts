import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Hex, toHex } from "../protocol/bytes.ts";
import { failure, success } from "../protocol/errors.ts";
import type { RefusalCode } from "./adapter.ts";
import { canonicalOrder, type Orderable } from "./order.ts";

const id = (n: number): Hex => toHex(Uint8Array.of(n));
const transaction = (native: number, sender: string, nonce?: number): Orderable =>
  success({ nativeId: id(native), sender, ...(nonce === undefined ? {} : { nonce }) });
const refused = (code: RefusalCode): Orderable => failure(code, "refused");

const slices = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.nat(20), fc.constantFrom("alice", "bob", "carol"), fc.nat(5)) },
    { weight: 1, arbitrary: fc.constantFrom<RefusalCode>("undecodable", "bad_signature") },
  ),
  { maxLength: 40 },
);
const orderables = slices.map((slice) =>
  slice.map((entry) => (typeof entry === "string" ? refused(entry) : transaction(...entry))),
);

const senderOf = (entry: Orderable | undefined): string | undefined => (entry?.ok ? entry.value.sender : undefined);

describe("canonical order", () => {
  it("puts a sender's transactions in nonce order into that sender's positions", () => {
    const slice = [
      transaction(1, "alice", 7),
      transaction(2, "bob", 1),
      transaction(3, "alice", 5),
      transaction(4, "alice", 6),
    ];
    expect(canonicalOrder(slice)).toEqual([{ index: 2 }, { index: 1 }, { index: 3 }, { index: 0 }]);
  });

  it("drops a repeated native id where it stands, and keeps the first", () => {
    const slice = [transaction(1, "alice", 2), transaction(1, "alice", 2), transaction(2, "alice", 1)];
    expect(canonicalOrder(slice)).toEqual([{ index: 2 }, { index: 1, refusal: "duplicate" }, { index: 0 }]);
  });

  it("leaves refused entries, and senders without nonces, where they are", () => {
    const slice = [transaction(1, "alice"), refused("undecodable"), transaction(2, "alice")];
    const order = canonicalOrder(slice);
    expect(order.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(order[1]?.refusal).toBe("undecodable");
  });

  it("places every entry exactly once", () => {
    fc.assert(
      fc.property(orderables, (slice) => {
        const order = canonicalOrder(slice);
        expect(order.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(slice.map((_, index) => index));
      }),
    );
  });

  it("moves nothing to a position of another sender, and refused entries not at all", () => {
    fc.assert(
      fc.property(orderables, (slice) => {
        canonicalOrder(slice).forEach(({ index, refusal }, position) => {
          if (refusal !== undefined) expect(index).toBe(position);
          expect(senderOf(slice[index])).toBe(senderOf(slice[position]));
        });
      }),
    );
  });

  it("has each sender's nonces never falling, and each native id once", () => {
    fc.assert(
      fc.property(orderables, (slice) => {
        const nonces = new Map<string, number>();
        const ids = new Set<Hex>();
        for (const { index, refusal } of canonicalOrder(slice)) {
          const entry = slice[index];
          if (refusal !== undefined || entry === undefined || !entry.ok) continue;
          const { sender, nonce = 0, nativeId } = entry.value;
          expect(nonce).toBeGreaterThanOrEqual(nonces.get(sender) ?? 0);
          expect(ids.has(nativeId)).toBe(false);
          nonces.set(sender, nonce);
          ids.add(nativeId);
        }
      }),
    );
  });

  it("changes nothing when it is applied to its own result", () => {
    fc.assert(
      fc.property(orderables, (slice) => {
        const once = canonicalOrder(slice)
          .filter(({ refusal }) => refusal === undefined)
          .map(({ index }) => slice[index] as Orderable);
        expect(canonicalOrder(once).map(({ index }) => index)).toEqual(once.map((_, index) => index));
      }),
    );
  });
});
