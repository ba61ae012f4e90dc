import { beforeAll, describe, expect, test } from "vitest";
import { createBlst } from "../../consensus/certificate/blst.ts";
import { asHeight, asRoot } from "../../protocol/ids.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import { buildChain, dataDomain, sliceKey, type TestChain } from "../../test/fixtures/chain.ts";
import { buildTestEvmState, type EvmState } from "../../test/fixtures/evmState.ts";
import { fetchFrom, testApi } from "../../test/fixtures/lightClient.ts";
import { createLightClient } from "./client.ts";
import { type FollowedHeight, followOrder, type OrderSource, type Trouble } from "./follow.ts";
import { lightClientLimits as limits } from "./limits.ts";
import { createTransport, type Fetch } from "./transport.ts";

const blst = createBlst();
/** The same chain, at three times. */
const lengths = [3, 9, 14] as const;
let fetches: Fetch[];
let chain: TestChain;
let evm: EvmState;
beforeAll(async () => {
  evm = await buildTestEvmState();
  const chains = lengths.map((heights) => buildChain({ heights }));
  fetches = chains.map((at) => fetchFrom(at, evm));
  chain = chains[2] as TestChain;
});

const away: Fetch = async () => {
  throw new Error("connection refused");
};
/** A node that shows `heights` heights of the chain. */
const showing = (heights: (typeof lengths)[number]): Fetch => fetches[lengths.indexOf(heights)] as Fetch;
const lying: Fetch = async (url, init) => {
  const response = await showing(14)(url, init);
  const json = (await response.json()) as { entries?: unknown[]; leaves?: unknown[] };
  const cut = json.entries?.length ? { ...json, entries: json.entries.slice(1), leaves: json.leaves?.slice(1) } : json;
  return Response.json(cut, { status: response.status });
};

/** What a follower sees of an API: how it behaves may change while it is followed. */
type Node = { source: OrderSource; fetch: Fetch; asked: number };
const nodeOf = (name: string, fetch: Fetch): Node => {
  const node = { fetch, asked: 0 } as Node;
  const trustedRoot = ValidatorSet.root(chain.sets[0] as ValidatorSet);
  const api = createTransport(testApi, (url, init) => {
    node.asked++;
    return node.fetch(url, init);
  });
  node.source = { api: name, client: createLightClient({ api, trustedRoot, verifier: blst }) };
  return node;
};

/** Follows until `enough` heights or the end; `waiting` is told of every pause before it passes. */
const follow = async (
  nodes: readonly Node[],
  { after = 0, enough = 14, waiting = (_ms: number, _stop: () => void): void => {} } = {},
) => {
  const controller = new AbortController();
  const heights: FollowedHeight[] = [];
  const troubles: Trouble[] = [];
  const waits: number[] = [];
  let end: string | undefined;
  const followed = followOrder({
    sources: nodes.map(({ source }) => source),
    domain: dataDomain,
    after: { height: asHeight(after) },
    signal: controller.signal,
    report: (trouble) => troubles.push(trouble),
    wait: async (ms) => {
      waits.push(ms);
      waiting(ms, () => controller.abort());
    },
  });
  for await (const height of followed) {
    if (height.ok) heights.push(height.value);
    else end = height.error.code;
    if (heights.length === enough) break;
  }
  return { heights, troubles, waits, end };
};

const expectHeights = (heights: readonly FollowedHeight[], from: number, to: number): void => {
  expect(heights.map(({ header }) => header.height)).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i));
  for (const { header, entries } of heights) {
    expect(entries).toEqual(chain.slices.get(sliceKey(header.height, dataDomain))?.entries);
  }
};

describe("a follower of the order", () => {
  test("gets each height once, also those that come later, and how far execution is certified by then", async () => {
    const node = nodeOf("a", showing(3));
    const pending: [number, Fetch][] = [
      [2, showing(9)],
      [5, showing(14)],
    ];
    let looks = 0;
    const { heights, troubles, waits } = await follow([node], {
      waiting: () => {
        looks++;
        const next = pending.find(([at]) => at === looks);
        if (next) node.fetch = next[1];
      },
    });
    expectHeights(heights, 1, 14);
    expect(troubles).toEqual([]);
    expect(new Set(waits)).toEqual(new Set([limits.pollMs]));
    expect(heights.map(({ certified }) => certified)).toEqual([1, 1, 1, ...Array(6).fill(7), ...Array(5).fill(12)]);
  });

  test("starts where it is told to", async () => {
    const { heights } = await follow([nodeOf("a", showing(14))], { after: 6, enough: 8 });
    expectHeights(heights, 7, 14);
  });

  test("outlasts an API that is away: pauses grow, and stay bounded", async () => {
    const node = nodeOf("a", showing(9));
    let rounds = 0;
    const { heights, troubles, waits } = await follow([node], {
      waiting: (ms) => {
        if (ms === limits.pollMs && rounds === 0) node.fetch = away;
        else if (++rounds === 8) node.fetch = showing(14);
      },
    });
    expectHeights(heights, 1, 14);
    const pauses = waits.filter((ms) => ms !== limits.pollMs);
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    expect(troubles.map(({ refusal, pauseMs }) => [refusal.code, pauseMs])).toEqual(
      pauses.map((ms) => ["unreachable", ms]),
    );
  });

  test("ends when all APIs were away for too long", async () => {
    const nodes = [nodeOf("a", away), nodeOf("b", away)];
    const { heights, troubles, waits, end } = await follow(nodes);
    expect([heights, end]).toEqual([[], "unreachable"]);
    expect(troubles.at(-1)).toMatchObject({ api: "b", consequence: "dropped" });
    expect(waits).toHaveLength(limits.retries - 1);
    expect(Math.max(...waits)).toBe(limits.longestRetryMs);
  });

  test("waits a little for what an API must have, then takes it as withheld", async () => {
    const missing = { error: { code: "not_found", message: "no such height" } };
    const hiding: Fetch = async (url, init) =>
      /blocks\/4\/tenants/.test(url) ? Response.json(missing, { status: 404 }) : showing(14)(url, init);
    const node = nodeOf("a", hiding);
    let pauses = 0;
    const shown = await follow([node], {
      waiting: () => {
        if (++pauses === 3) node.fetch = showing(14);
      },
    });
    expectHeights(shown.heights, 1, 14);
    expect(shown.troubles.map(({ refusal }) => refusal.code)).toEqual(Array(3).fill("withheld"));

    const hidden = await follow([nodeOf("a", hiding), nodeOf("b", hiding)]);
    expect([hidden.heights, hidden.end]).toEqual([[], "withheld"]);
    expect(hidden.waits).toEqual([250, 500, 1000, 2000]);
  });

  test("goes to the next API when one fails, and takes what is wrong with it as passing", async () => {
    const busy: Fetch = async () =>
      Response.json({ error: { code: "busy", message: "this node is busy" } }, { status: 503 });
    const gateway: Fetch = async () => new Response("<html>502</html>", { status: 502 });
    const nodes = [nodeOf("a", away), nodeOf("b", busy), nodeOf("c", gateway), nodeOf("d", showing(14))];
    const { heights, troubles, waits } = await follow(nodes);
    expectHeights(heights, 1, 14);
    expect(troubles.map(({ api, refusal, consequence }) => [api, refusal.code, consequence])).toEqual([
      ["a", "unreachable", "retried"],
      ["b", "not_available", "retried"],
      ["c", "unreachable", "retried"],
    ]);
    expect(waits).toEqual([]);
  });

  test("drops an API that lies, for good, and misses nothing", async () => {
    const [liar, honest] = [nodeOf("liar", showing(3)), nodeOf("honest", showing(9))];
    let polls = 0;
    let askedWhenDropped = 0;
    const { heights, troubles } = await follow([liar, honest], {
      waiting: () => {
        polls++;
        if (polls === 1) liar.fetch = lying;
        if (polls === 2) askedWhenDropped = liar.asked;
        if (polls === 2) honest.fetch = showing(14);
      },
    });
    expectHeights(heights, 1, 14);
    expect(troubles).toMatchObject([{ api: "liar", refusal: { code: "entries" }, consequence: "dropped" }]);
    expect(liar.asked).toBe(askedWhenDropped);
  });

  test("ends with what didn't hold, once the last API lied", async () => {
    const { heights, troubles, end } = await follow([nodeOf("a", lying), nodeOf("b", lying)]);
    expect([heights, end]).toEqual([[], "entries"]);
    expect(troubles).toMatchObject([{ api: "a", consequence: "dropped" }]);
  });

  test("asks the next API when one has nothing new for long, and says so once", async () => {
    const [stale, current] = [nodeOf("stale", showing(3)), nodeOf("current", showing(14))];
    const { heights, troubles } = await follow([stale, current]);
    expectHeights(heights, 1, 14);
    expect(troubles).toMatchObject([{ api: "stale", refusal: { code: "no_news" }, consequence: "retried" }]);

    let polls = 0;
    const alone = await follow([nodeOf("alone", showing(3))], {
      waiting: (_ms, stop) => {
        if (++polls === 5 * limits.idlePolls) stop();
      },
    });
    expectHeights(alone.heights, 1, 3);
    expect(alone.troubles).toMatchObject([{ api: "alone", refusal: { code: "no_news" } }]);
    expect(alone.end).toBeUndefined();
  });

  test("refuses an API that goes on with another chain", async () => {
    const node = nodeOf("a", showing(9));
    const fork = fetchFrom({ ...buildChain({ heights: 14 }), ...forkAt(9) }, evm);
    const { heights, end } = await follow([node], {
      waiting: () => {
        node.fetch = fork;
      },
    });
    expectHeights(heights, 1, 9);
    expect(end).toBe("wrong_parent");
  });
});

/** The chain with height 10 in the place of another that its validators signed on top of a different height 9. */
const forkAt = (height: number): Pick<TestChain, "blocks"> => {
  const other = buildChain({ heights: 14, evmStateRoot: asRoot(new Uint8Array(32).fill(7)) });
  return { blocks: chain.blocks.map((block, at) => (at > height ? other.blocks[at] : block)) };
};
