/** Sends prepared requests over several connections at once. */
import { setTimeout as pause } from "node:timers/promises";
import { post } from "./http.ts";

/** Bodies that one connection sends in their order, each when the one before was answered. */
export type Connection = { url: string; contentType: string; bodies: readonly Uint8Array[] };

export type Submitted = {
  /** Requests sent again because part of them was refused. */
  resent: number;
  /** Some of the reasons. */
  refusals: string[];
};

const retryMs = 200;
const shownRefusals = 5;

/** What comes back when a request is sent again and this part of it was taken before. */
const takenBefore = /already[ _]known|nonce too low|already imported|already exists in cache/i;

type AnswerOfOne = {
  error?: { code?: unknown; message?: string; data?: unknown };
  result?: { code?: number; log?: string };
};

/** Why something in an answer was refused, if so: by Lockstep's API, by JSON-RPC, or by CometBFT's CheckTx. */
export const refusalIn = (answers: unknown): string | undefined => {
  if (!Array.isArray(answers)) return `no list of answers: ${JSON.stringify(answers).slice(0, 200)}`;
  for (const { error, result } of answers as AnswerOfOne[]) {
    const reason = error
      ? `${error.message}${typeof error.data === "string" ? `: ${error.data}` : ""}`
      : typeof result?.code === "number" && result.code !== 0
        ? `code ${result.code}: ${result.log}`
        : undefined;
    if (reason !== undefined && !takenBefore.test(reason)) return reason;
  }
  return undefined;
};

/**
 * Resolves when all was acknowledged.
 *
 * @param intervalMs from one request to the next, over all connections; as fast as answers come if absent
 */
export const submitAll = async (connections: readonly Connection[], intervalMs?: number): Promise<Submitted> => {
  const start = performance.now();
  const refusals = new Set<string>();
  let resent = 0;

  const run = async ({ url, contentType, bodies }: Connection, place: number): Promise<void> => {
    for (const [at, body] of bodies.entries()) {
      if (intervalMs !== undefined) {
        const due = start + (at * connections.length + place) * intervalMs;
        await pause(Math.max(0, due - performance.now()));
      }
      for (;;) {
        const refusal = refusalIn(await post(url, contentType, body));
        if (refusal === undefined) break;
        resent++;
        if (refusals.size < shownRefusals) refusals.add(refusal);
        await pause(retryMs);
      }
    }
  };

  await Promise.all(connections.map(run));
  return { resent, refusals: [...refusals] };
};
