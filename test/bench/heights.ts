/** When heights were finalized, executed and certified, as one validator's stream tells it. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { decodeWire, EventWire } from "../../protocol/wire.ts";

export type Heights = {
  /** Gas of a tenant that was executed since the stream was opened. */
  gasOf(domain: number): number;
  /** The same after each height that executed some, and when that was on the clock of `performance.now()`. */
  stepsOf(domain: number): readonly { at: number; gas: number }[];
  /** Newest height that executed gas of the tenant. */
  lastOf(domain: number): number;
  /** When a height reached a stage, on the clock of `performance.now()`; `undefined` while it hasn't. */
  finalizedAt(height: number): number | undefined;
  executedAt(height: number): number | undefined;
  certifiedAt(height: number): number | undefined;
  /** Resolves when `isDone()`, which is asked at every event. Rejects when nothing more is executed of what is awaited. */
  until(isDone: () => boolean): Promise<void>;
  close(): void;
};

/** Longer than the network is ever silent about a height with transactions, on a machine that works hard. */
const patienceMs = 120_000;

/** Times by height; a height counts from the first event about it or a later one. */
const createStage = () => {
  const events: { height: number; at: number }[] = [];
  return {
    add: (height: number, at: number) => {
      if (height > (events.at(-1)?.height ?? -1)) events.push({ height, at });
    },
    at: (height: number) => {
      let [low, high] = [0, events.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((events[middle]?.height ?? 0) < height) low = middle + 1;
        else high = middle;
      }
      return events[low]?.at;
    },
  };
};

/** @param api of the validator */
export const followHeights = async (api: string): Promise<Heights> => {
  const socket = new WebSocket(`${api.replace("http", "ws")}/v1/stream?topics=finalized,executed,certified`);
  const stages = { finalized: createStage(), executed: createStage(), certified: createStage() };
  const steps = new Map<number, { at: number; gas: number }[]>();
  const last = new Map<number, number>();
  let progressAt = performance.now();
  const waiting = new Set<() => void>();
  let broken: Error | undefined;

  const take = (event: EventWire, at: number): void => {
    switch (event.topic) {
      case "finalized":
        stages.finalized.add(event.block.header.height, at);
        break;
      case "executed":
        stages.executed.add(event.summary.height, at);
        for (const { domain, gasUsed } of event.summary.tenants) {
          if (gasUsed === 0) continue;
          const own = steps.get(domain) ?? [];
          own.push({ at, gas: (own.at(-1)?.gas ?? 0) + gasUsed });
          steps.set(domain, own);
          last.set(domain, event.summary.height);
          progressAt = at;
        }
        break;
      case "certified":
        stages.certified.add(event.height, at);
        break;
    }
  };

  socket.on("message", (text) => {
    const at = performance.now();
    const event = decodeWire(EventWire, JSON.parse(text.toString()));
    if (event.ok) take(event.value, at);
    else broken = new Error(event.error.message);
    for (const check of waiting) check();
  });
  socket.on("close", (code, reason) => {
    broken ??= new Error(`${api} closed its stream: ${code} ${reason}`);
    for (const check of waiting) check();
  });
  await once(socket, "open");

  const gasOf = (domain: number): number => steps.get(domain)?.at(-1)?.gas ?? 0;

  return {
    gasOf,
    stepsOf: (domain) => steps.get(domain) ?? [],
    lastOf: (domain) => last.get(domain) ?? 0,
    finalizedAt: stages.finalized.at,
    executedAt: stages.executed.at,
    certifiedAt: stages.certified.at,
    until: (isDone) =>
      new Promise((resolve, reject) => {
        progressAt = performance.now();
        const settle = (error?: Error): void => {
          clearInterval(timer);
          waiting.delete(check);
          if (error === undefined) resolve();
          else reject(error);
        };
        const check = (): void => {
          if (isDone()) settle();
          else if (broken !== undefined) settle(broken);
          else if (performance.now() - progressAt > patienceMs) {
            const executed = [...steps.keys()].map((domain) => `${gasOf(domain)} gas of tenant ${domain}`).join(", ");
            settle(
              new Error(`nothing more was executed at ${api} for ${patienceMs} ms, after ${executed || "nothing"}`),
            );
          }
        };
        const timer = setInterval(check, 1000);
        waiting.add(check);
        check();
      }),
    close: () => socket.terminate(),
  };
};
