/**
 * The summaries behind execution certificates. Ordering depends on what certified heights used, so whoever judges
 * a block needs them, also where it has not executed so far: it asks peers, and the root says whether they are right.
 */
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { LockstepError } from "../../protocol/errors.ts";
import type { Certified } from "../../protocol/header.ts";
import { asHeight, type Height, type Root, type ValidatorIndex } from "../../protocol/ids.ts";
import type { Network, Runtime } from "../../protocol/ports.ts";
import { Summary } from "../../protocol/summary.ts";
import { tagged } from "../message.ts";
import { attestationLimits } from "./limits.ts";

const tags = { request: 1, answer: 2 } as const;

/** A height's summary by its root. */
type Named = { height: Height; root: Root };

export type Summaries = {
  /** Summaries above height `from` up to the certified one, in order, as far as this node knows them by itself. */
  known(from: Height, certified: Pick<Certified, "height" | "summaryRoot">): Promise<Summary[] | undefined>;
  /** The same, with the help of peers; rejects when `signal` fires. */
  hold(from: Height, certified: Pick<Certified, "height" | "summaryRoot">, signal?: AbortSignal): Promise<Summary[]>;
  stop(): void;
};

export type SummariesOptions = {
  network: Network;
  runtime: Runtime;
  /** What this node stored at a height, if it has executed it. */
  stored(height: Height): Promise<Summary | undefined>;
  fatal(error: unknown): void;
};

const encodeRequest = ({ height, root }: Named): Uint8Array => {
  const body = new Uint8Array(40);
  new DataView(body.buffer).setBigUint64(0, BigInt(height));
  body.set(root, 8);
  return body;
};

const decodeRequest = (body: Uint8Array): Named | undefined => {
  if (body.length !== 40) return undefined;
  const height = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(0));
  return Number.isSafeInteger(height) ? { height: asHeight(height), root: body.slice(8) as Root } : undefined;
};

export const createSummaries = (options: SummariesOptions): Summaries => {
  const { network, runtime } = options;
  const cache = new Map<string, Summary>();
  const waiting = new Map<string, Set<(summary: Summary) => void>>();
  const unserved = new Map<ValidatorIndex, number>();
  let stopped = false;

  const remember = (root: Root, summary: Summary): void => {
    cache.set(toHex(root), summary);
    for (const [oldest] of cache) {
      if (cache.size <= attestationLimits.cachedSummaries) break;
      cache.delete(oldest);
    }
  };

  const own = async ({ height, root }: Named): Promise<Summary | undefined> => {
    const known = cache.get(toHex(root));
    if (known !== undefined) return known;
    const stored = await options.stored(height);
    if (stored === undefined || !equalBytes(Summary.root(stored), root)) return undefined;
    remember(root, stored);
    return stored;
  };

  const serve = async (from: ValidatorIndex, named: Named): Promise<void> => {
    const waitingFor = unserved.get(from) ?? 0;
    if (waitingFor >= attestationLimits.unservedPerPeer) return;
    unserved.set(from, waitingFor + 1);
    const summary = await own(named);
    unserved.set(from, (unserved.get(from) ?? 1) - 1);
    if (summary !== undefined && !stopped) network.send(from, "summary", tagged(tags.answer, Summary.encode(summary)));
  };

  const take = (summary: Summary): void => {
    const root = Summary.root(summary);
    const wakes = waiting.get(toHex(root));
    if (wakes === undefined) return;
    remember(root, summary);
    for (const wake of [...wakes]) wake(summary);
  };

  network.listen("summary", (from, message) => {
    if (stopped) return;
    const body = message.subarray(1);
    if (message[0] === tags.answer) return take(Summary.decode(body));
    const named = message[0] === tags.request ? decodeRequest(body) : undefined;
    if (named === undefined) network.penalize(from, "an unknown message about summaries");
    else serve(from, named).catch(options.fatal);
  });

  /** Asks one peer after the other, and the own disk, until the summary is there. */
  const ask = (named: Named, signal: AbortSignal | undefined): Promise<Summary> =>
    new Promise((resolve, reject) => {
      const key = toHex(named.root);
      const wakes = waiting.get(key) ?? new Set();
      waiting.set(key, wakes);
      let attempt = 0;
      let cancel = () => {};
      const end = (): void => {
        cancel();
        wakes.delete(wake);
        if (wakes.size === 0) waiting.delete(key);
        signal?.removeEventListener("abort", abort);
      };
      const wake = (summary: Summary): void => {
        end();
        resolve(summary);
      };
      const abort = (): void => {
        end();
        reject(signal?.reason as LockstepError);
      };
      const next = (): void => {
        if (stopped || !wakes.has(wake)) return;
        const peers = network.peers();
        const peer = peers[(named.height + attempt++) % Math.max(1, peers.length)];
        if (peer !== undefined) network.send(peer, "summary", tagged(tags.request, encodeRequest(named)));
        cancel = runtime.after(attestationLimits.summaryRetryMs, () => {
          own(named).then(
            (summary) => (summary === undefined ? next() : wakes.has(wake) && wake(summary)),
            options.fatal,
          );
        });
      };
      wakes.add(wake);
      signal?.addEventListener("abort", abort, { once: true });
      next();
    });

  /** From the certified summary back along `previous`; `undefined` as soon as one can't be had. */
  const walk = async <T extends Summary | undefined>(
    from: Height,
    { height, summaryRoot }: Pick<Certified, "height" | "summaryRoot">,
    get: (named: Named) => Promise<T>,
  ): Promise<Summary[] | undefined> => {
    const summaries: Summary[] = [];
    for (let named: Named = { height, root: summaryRoot }; named.height > from; ) {
      const summary = await get(named);
      if (summary === undefined) return undefined;
      summaries.unshift(summary);
      named = { height: asHeight(named.height - 1), root: summary.previous };
    }
    return summaries;
  };

  return {
    known: (from, certified) => walk(from, certified, own),
    hold: async (from, certified, signal) =>
      (await walk(from, certified, async (named) => {
        signal?.throwIfAborted();
        return (await own(named)) ?? (await ask(named, signal));
      })) as Summary[],
    stop: () => {
      stopped = true;
    },
  };
};
