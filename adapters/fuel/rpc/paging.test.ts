import { describe, expect, it } from "vitest";
import { rpcLimits } from "./limits.ts";
import { fromSorted, paginate } from "./paging.ts";

const list = ["a", "b", "c", "d", "e"].map((cursor) => ({ cursor, node: cursor.toUpperCase() }));
const page = async (args: object) => {
  const { nodes, pageInfo } = await paginate(args, fromSorted(list));
  return [nodes.join(""), pageInfo.hasPreviousPage, pageInfo.hasNextPage, pageInfo.startCursor, pageInfo.endCursor];
};

describe("a page", () => {
  it.each([
    [{ first: 2 }, ["AB", false, true, "a", "b"]],
    [{ first: 2, after: "b" }, ["CD", true, true, "c", "d"]],
    [{ first: 2, after: "d" }, ["E", true, false, "e", "e"]],
    [{ first: 5 }, ["ABCDE", false, false, "a", "e"]],
    [{ first: 2, after: "e" }, ["", true, false, null, null]],
    [{ last: 2 }, ["DE", true, false, "d", "e"]],
    [{ last: 2, before: "d" }, ["BC", true, true, "b", "c"]],
    [{ last: 2, before: "b" }, ["A", false, true, "a", "a"]],
    [{ first: 0 }, ["", false, false, null, null]],
  ])("%j has the entries it asks for, in the list's order", async (args, expected) => {
    expect(await page(args)).toEqual(expected);
  });

  it.each([
    [{}, /say how many/],
    [{ first: 1, last: 1 }, /not for both/],
    [{ last: 1, after: "a" }, /before a cursor/],
    [{ first: 1, before: "a" }, /after a cursor/],
    [{ first: -1 }, /at most/],
    [{ first: rpcLimits.page + 1 }, /at most/],
  ])("%j is refused", async (args, problem) => {
    await expect(page(args)).rejects.toThrow(problem);
  });
});
