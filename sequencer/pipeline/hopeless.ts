/** What producers had ordered that could not come to anything: it costs them capacity once it is certified. */
import type { Execution } from "../../adapters/adapter.ts";
import { compareBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import type { HopelessCount } from "../../protocol/summary.ts";
import type { SliceEntry } from "../block/payload.ts";

/** Adds up what each producer has; increasing by producer. */
export const addUp = (counts: readonly HopelessCount[]): HopelessCount[] => {
  const sums = new Map<Hex, HopelessCount>();
  for (const { producer, count } of counts) {
    const key = toHex(producer);
    sums.set(key, { producer, count: count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()].sort((a, b) => compareBytes(a.producer, b.producer));
};

/** How often each producer ordered what was hopeless, or declared another gas than a transaction has. */
export const hopelessCounts = (executions: readonly Execution[], slice: readonly SliceEntry[]): HopelessCount[] =>
  addUp(
    executions.flatMap((execution) =>
      (slice[execution.index]?.declarations ?? [])
        .filter(({ gas }) =>
          execution.kind === "omitted" ? execution.hopeless : execution.kind === "applied" && gas !== execution.gas,
        )
        .map(({ producer }) => ({ producer, count: 1 })),
    ),
  );
