/** Claims about all validators, asked at every one of them. */
import { expect } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import { blockRoot, status, summaryRoot, transaction, until } from "./api.ts";
import type { Acknowledged } from "./load.ts";

/** The chain as one validator shows it: roots by height, from 1 on. */
export type Chain = { blocks: Hex[]; summaries: Hex[] };

const roots = async (
  height: number,
  ask: (height: number) => Promise<Hex | undefined>,
  from: number,
): Promise<Hex[]> => {
  const found: Hex[] = [];
  for (let next = from; next <= height; next++) {
    const root = await ask(next);
    if (root === undefined) throw new Error(`height ${next} of ${height} is missing`);
    found.push(root);
  }
  return found;
};

/** Every block and summary of a validator up to `height`, or as far as it is. */
export const chainOf = async (api: string, height?: number): Promise<Chain> => {
  const { finalized, executed } = await status(api);
  return {
    blocks: await roots(height ?? finalized, (at) => blockRoot(api, at), 1),
    summaries: await roots(height ?? executed, (at) => summaryRoot(api, at), 1),
  };
};

/** Resolves when every validator has executed `height`, and found it certified where `certified` is set. */
export const allReach = async (
  apis: readonly string[],
  height: number,
  by: "finalized" | "executed" | "certified" = "executed",
): Promise<void> => {
  for (const api of apis) await until(`${api} has ${by} ${height}`, async () => (await status(api))[by] >= height);
};

/** Height up to which the validators are, the first of them. */
export const heightOf = async (apis: readonly string[]): Promise<number> =>
  Math.max(...(await Promise.all(apis.map(async (api) => (await status(api)).finalized))));

/** Checks that all validators have the same block and summary at every height up to `height`; gives them. */
export const expectSameChain = async (apis: readonly string[], height: number): Promise<Chain> => {
  await allReach(apis, height);
  const [first, ...others] = await Promise.all(apis.map((api) => chainOf(api, height)));
  for (const other of others) expect(other).toEqual(first);
  return first as Chain;
};

/** Checks that every acknowledged transaction was executed, at one and the same place at all validators. */
export const expectExecuted = async (apis: readonly string[], acknowledged: readonly Acknowledged[]): Promise<void> => {
  for (const { domain, nativeId } of acknowledged) {
    const places = await Promise.all(
      apis.map((api) =>
        until(`${api} has executed ${nativeId} of ${domain}`, async () => {
          const found = await transaction(api, domain, nativeId);
          if (found === undefined || found.status === "pending" || found.status === "ordered") return undefined;
          expect(found).toMatchObject({ domain, nativeId, status: "executed", succeeded: true });
          return found;
        }),
      ),
    );
    for (const place of places) expect(place).toEqual(places[0]);
  }
};
