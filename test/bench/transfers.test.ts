import { expect, test } from "vitest";
import { interleave, shorten, type Transfers } from "./transfers.ts";

const transfer = (sender: number, nonce: number): Uint8Array => Uint8Array.of(sender, nonce);

/** Sender 0 is funded and sends two in the warm-up; both send two after it. */
const transfers: Transfers = {
  warmUp: [[transfer(0, 0), transfer(0, 1)]],
  measured: [
    [transfer(0, 2), transfer(0, 3)],
    [transfer(1, 0), transfer(1, 1)],
  ],
};

test("a shorter load keeps every sender's transfers in their order, without a gap", () => {
  expect(shorten(transfers, 1)).toEqual({
    warmUp: [[transfer(0, 0)]],
    measured: [[transfer(0, 1)], [transfer(1, 0)]],
  });
});

test("senders take turns in a block", () => {
  expect(interleave(transfers.measured)).toEqual([transfer(0, 2), transfer(1, 0), transfer(0, 3), transfer(1, 1)]);
});
