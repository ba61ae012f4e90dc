import { expect, it } from "vitest";
import { asDomain, asHeight, asSponsor } from "../../protocol/ids.ts";
import type { TenantRecord } from "../storage/records.ts";
import { createDeposits } from "./deposits.ts";

const [first, second] = [asDomain(1), asDomain(2)];
const sponsor = asSponsor(new Uint8Array(32).fill(7));
const recordOf = (height: number, ...amounts: bigint[]): Pick<TenantRecord, "height" | "deposits"> => ({
  height: asHeight(height),
  deposits: amounts.map((amount) => ({ sponsor, amount })),
});

it("deposits of a height come from the store where they were before the start, else from what came in", async () => {
  const asked: string[] = [];
  const deposits = createDeposits({
    stored: new Map([
      [first, asHeight(10)],
      [second, asHeight(11)],
    ]),
    due: (height) => [first, second].map((domain) => ({ domain, number: height - 1 })) as never,
    record: async (domain, number) => {
      asked.push(`${domain}: ${number}`);
      return recordOf(number + 1, BigInt(number)) as TenantRecord;
    },
  });
  deposits.take(first, recordOf(11, 5n, 6n));
  deposits.take(second, recordOf(12, 7n));
  deposits.take(first, recordOf(12));
  const amounts = async (height: number) =>
    (await deposits.at(asHeight(height))).map(({ domain, amount }) => [domain, amount]);

  expect(await amounts(10)).toEqual([
    [first, 9n],
    [second, 9n],
  ]);
  expect(await amounts(11)).toEqual([
    [first, 5n],
    [first, 6n],
    [second, 10n],
  ]);
  expect(await amounts(12)).toEqual([[second, 7n]]);
  expect(await amounts(13)).toEqual([]);
  expect(asked).toEqual(["1: 9", "2: 9", "2: 10"]);
});
