/** Follows the order for as long as its reader likes, from whichever of several APIs answers truthfully. */
import { failure, success } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height } from "../../protocol/ids.ts";
import type { LightClient } from "./client.ts";
import { lightClientLimits as limits } from "./limits.ts";
import type { OrderCursor, OrderedHeight } from "./order.ts";
import type { Proof, Refusal } from "./refusal.ts";

/** One API, by the name that its troubles are told under. */
export type OrderSource = { api: string; client: Pick<LightClient, "order"> };

/** A height of the order, and how far execution is certified by then: at or above this height, or still below. */
export type FollowedHeight = OrderedHeight & { certified: Height };

/** Something that a follower goes on after. */
export type Trouble = {
  api: string;
  refusal: Refusal;
  /** `dropped`: it said what doesn't hold, or was away for too long. `retried`: it is asked again in its turn. */
  consequence: "dropped" | "retried";
  /** Pause before the next API is asked, milliseconds. */
  pauseMs: number;
};

export type FollowOptions = {
  sources: readonly OrderSource[];
  domain: Domain;
  after: OrderCursor;
  /** Resolves after so many milliseconds, or as soon as `signal` fires. */
  wait(ms: number): Promise<void>;
  signal: AbortSignal;
  report(trouble: Trouble): void;
};

/**
 * Rounds through all APIs for which a refusal is tried again. One that is away or can't tell may be right later, and
 * behind one address may be several nodes, not all of them as far; what doesn't hold never will.
 */
const patienceWith = ({ code }: Refusal): number => {
  if (code === "unreachable" || code === "not_available") return limits.retries;
  return code === "withheld" ? limits.withheldRetries : 0;
};

const pauseAfter = (round: number): number => Math.min(limits.longestRetryMs, limits.firstRetryMs * 2 ** (round - 1));

const troubleOf = (
  { api }: OrderSource,
  refusal: Refusal,
  consequence: Trouble["consequence"],
  pauseMs = 0,
): Trouble => ({ api, refusal, consequence, pauseMs });

const noNews = ({ api }: OrderSource, height: number): Refusal =>
  failure(
    "no_news",
    `${api} shows nothing above height ${height} any more: the network stands still, or it is withheld here`,
  ).error;

/**
 * Each height above `after`, in order and without a gap, once it is proven; a height is asked for only when the one
 * before was taken. Ends when `signal` fires, or with the refusal after which no API is left: `unreachable` or
 * `not_available` when all were away for too long, what didn't hold otherwise.
 */
export async function* followOrder(options: FollowOptions): AsyncGenerator<Proof<FollowedHeight>> {
  const { domain, wait, signal, report } = options;
  const sources = [...options.sources];
  let after = options.after;
  let certified = 0;
  let [turn, failures, idle] = [0, 0, 0];

  for (let source = sources[0]; source !== undefined && !signal.aborted; source = sources[turn % sources.length]) {
    const run = await source.client.order(domain, after);
    if (signal.aborted) return;
    if (run.ok) {
      failures = 0;
      idle = run.value.heights.length === 0 ? idle + 1 : 0;
      certified = Math.max(certified, run.value.certified);
      for (const height of run.value.heights) {
        after = height.cursor;
        yield success({ ...height, certified: asHeight(certified) });
      }
      if (idle === 0) continue;
      if (idle % limits.idlePolls === 0) {
        const isFirstTime = idle <= limits.idlePolls * sources.length;
        if (isFirstTime) report(troubleOf(source, noNews(source, after.height), "retried"));
        turn++;
      }
      await wait(limits.pollMs);
      continue;
    }
    const patience = patienceWith(run.error);
    if (patience > 0) failures++;
    const round = failures / sources.length;
    if (round < patience) {
      turn++;
      const pauseMs = Number.isInteger(round) ? pauseAfter(round) : 0;
      report(troubleOf(source, run.error, "retried", pauseMs));
      if (pauseMs > 0) await wait(pauseMs);
    } else {
      sources.splice(turn % sources.length, 1);
      if (sources.length === 0) yield run;
      else report(troubleOf(source, run.error, "dropped"));
    }
  }
}
