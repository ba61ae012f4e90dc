import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { toHex } from "../protocol/bytes.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { serveApi } from "../sequencer/api/server.ts";
import { buildChain, dataDomain, sliceKey, type TestChain } from "../test/fixtures/chain.ts";
import { createTestNode } from "../test/fixtures/node.ts";
import { type DeriveArguments, runDerive } from "./derive.ts";

type Api = Awaited<ReturnType<typeof serveApi>>;
const log = { warn: () => {}, error: () => {} };
const serve = (of: TestChain, port = 0): Promise<Api> => serveApi(createTestNode(of), { host: "127.0.0.1", port, log });

/** The same chain early and late. */
let early: TestChain;
let chain: TestChain;
let trust: string;
let api: Api;
let folder: string;
let state: string;
beforeAll(async () => {
  early = buildChain({ heights: 7 });
  chain = buildChain({ heights: 12 });
  trust = toHex(ValidatorSet.root(chain.sets[0] as ValidatorSet));
  api = await serve(chain);
});
afterAll(() => api.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-derive-"));
  state = join(folder, "cursor.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Line = { event?: string; height?: number; transactions?: string[]; code?: string; error?: { code: string } };

/** Runs until it ends; `seen` is told of each text that is written, before it counts as taken. */
const derive = async (
  args: Partial<DeriveArguments> = {},
  seen: (text: string, stop: () => void) => unknown = () => {},
  input: AsyncIterator<string> = (async function* () {})(),
) => {
  const controller = new AbortController();
  let [out, err] = ["", ""];
  const all = { apis: [api.url], trust, domain: String(dataDomain), to: "12", ...args };
  const output = {
    out: async (text: string) => {
      out += text;
      await seen(text, () => controller.abort());
    },
    err: (text: string) => {
      err += text;
    },
  };
  const exit = await runDerive(all, { output, input, signal: controller.signal });
  const lines = (): Line[] => out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
  return { exit, out, err, lines };
};

const entriesAt = (height: number): string[] =>
  (chain.slices.get(sliceKey(height, dataDomain))?.entries ?? []).map(toHex);
const heightsOf = (lines: readonly Line[]) =>
  lines.filter(({ event }) => event === "height").map((line) => line.height);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const keptHeight = async (): Promise<number> => JSON.parse(await readFile(state, "utf8")).cursor.height;

describe("lockstep derive", () => {
  test("tells each height in words: its time, how final it is, and its transactions", async () => {
    const { exit, out, err } = await derive({ from: "9", to: "11" });
    expect(out).toMatchInlineSnapshot(`
      "height 9  2023-11-14T22:13:29.000Z  certified  0 transactions
      height 10  2023-11-14T22:13:30.000Z  certified  2 transactions
        0x6e6f7465203130
        0x616e6f74686572203130
      height 11  2023-11-14T22:13:31.000Z  ordered    2 transactions
        0x6e6f7465203131
        0x616e6f74686572203131
      "
    `);
    expect([exit, err]).toEqual([0, ""]);
  });

  test("and as a line of JSON", async () => {
    const { exit, lines } = await derive({ json: true });
    expect(lines()).toEqual(
      numbers(1, 12).map((height) => ({
        event: "height",
        height,
        timestampMs: chain.blocks[height]?.header.timestampMs,
        header: toHex(chain.blocks[height]?.root as Uint8Array),
        parent: toHex(chain.blocks[height]?.header.parent as Uint8Array),
        finality: height <= 10 ? "certified" : "ordered",
        certified: 10,
        transactions: entriesAt(height),
      })),
    );
    expect(exit).toBe(0);
  });

  test("keeps its cursor, and goes on from there whatever --from says", async () => {
    const first = await derive({ json: true, state, to: "5" });
    expect(heightsOf(first.lines())).toEqual(numbers(1, 5));
    const second = await derive({ json: true, state, from: "2" });
    expect(heightsOf(second.lines())).toEqual(numbers(6, 12));
    expect((await derive({ json: true, state })).out).toBe("");
    expect(await readdir(folder)).toEqual(["cursor.json"]);
  });

  test("counts a height as done only once its reader took it", async () => {
    const crash = new Error("the reader crashed");
    const stopped = derive({ json: true, state }, async (text) => {
      if ((JSON.parse(text) as Line).height !== 4) return;
      expect(await keptHeight()).toBe(3);
      throw crash;
    });
    await expect(stopped).rejects.toThrow(crash);
    expect(heightsOf((await derive({ json: true, state })).lines())).toEqual(numbers(4, 12));
  });

  test("with --confirm counts a height once its reader says so, and gives out the next one then", async () => {
    const given: number[] = [];
    const upToFive = async function* () {
      for (const height of numbers(1, 5)) yield String(height);
    };
    const seen = (text: string) => given.push((JSON.parse(text) as Line).height ?? 0);
    const ended = await derive({ json: true, state, confirm: true }, seen, upToFive());
    expect([ended.exit, given, await keptHeight()]).toEqual([0, numbers(1, 6), 5]);

    given.length = 0;
    const wrong = async function* () {
      yield "6";
      yield "8";
    };
    const refused = await derive({ json: true, state, confirm: true }, seen, wrong());
    expect(refused.lines().at(-1)).toMatchObject({ error: { code: "wrong_confirmation" } });
    expect([refused.exit, given.slice(0, 2), await keptHeight()]).toEqual([2, [6, 7], 6]);
  });

  test("with --confirm ends when it is told to while it waits for its reader", async () => {
    const silent: AsyncIterator<string> = { next: () => new Promise(() => {}) };
    const { exit, lines } = await derive({ json: true, state, confirm: true }, (_text, stop) => stop(), silent);
    expect([exit, heightsOf(lines())]).toEqual([0, [1]]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("ends when it is told to, between two heights", async () => {
    const { exit, lines } = await derive({ json: true, state }, (text, stop) => {
      if ((JSON.parse(text) as Line).height === 6) stop();
    });
    expect([exit, heightsOf(lines())]).toEqual([0, numbers(1, 6)]);
    expect(await keptHeight()).toBe(6);
  });

  test("outlasts a restart of its API, and takes up what was ordered meanwhile", async () => {
    const first = await serve(early);
    const port = Number(new URL(first.url).port);
    let second: Api | undefined;
    const { exit, lines } = await derive({ apis: [first.url], json: true }, async (text) => {
      const { height, event } = JSON.parse(text) as Line;
      if (height === 7) await first.close();
      if (event === "trouble") second ??= await serve(chain, port);
    });
    await second?.close();
    expect([exit, heightsOf(lines())]).toEqual([0, numbers(1, 12)]);
    expect(lines()).toContainEqual(
      expect.objectContaining({ event: "trouble", code: "unreachable", consequence: "retried", pauseMs: 250 }),
    );
  });

  test("names what went wrong on standard error, and goes on at another API", async () => {
    const { exit, err, out } = await derive({ apis: ["http://127.0.0.1:1", api.url], to: "2" });
    expect(exit).toBe(0);
    expect(err).toMatch(
      /^lockstep derive: http:\/\/127\.0\.0\.1:1\/.* doesn't answer: .* \(unreachable\); trying again\n$/,
    );
    expect(out).toContain("height 2 ");
  });

  test("exits 1, with a reason, for a root that nobody has", async () => {
    const args = { trust: `0x${"12".repeat(32)}` };
    const { exit, err, out } = await derive(args);
    expect([exit, out]).toEqual([1, ""]);
    expect(err).toMatch(/^lockstep derive: no validator set .* \(unknown_root\)\n$/);
    expect((await derive({ ...args, json: true })).lines()).toMatchObject([{ error: { code: "unknown_root" } }]);
  });

  test("and for a tenant that is none, in the API's own words", async () => {
    const { exit, lines } = await derive({ domain: "5", json: true });
    expect(exit).toBe(1);
    const message = expect.stringContaining("domain 5 is no tenant at height 1: /v1/status lists the tenants");
    expect(lines().at(-1)).toMatchObject({ error: { code: "withheld", message } });
  });

  test.each<[string, Partial<DeriveArguments>, string]>([
    ["a root that is none", { trust: "0x12" }, "no root"],
    ["an address that is none", { apis: ["http://127.0.0.1:1", "localhost:7300"] }, "no address of an API"],
    ["a domain that is none", { domain: "data" }, "give --domain <number>"],
    ["a domain above u32", { domain: "4294967296" }, "give --domain <number>"],
    ["a first height that is none", { from: "0" }, "--from 0 is no height"],
    ["a last height that is none", { to: "-1" }, "--to -1 is no height"],
    ["confirmations without a state file", { confirm: true }, "--confirm needs --state"],
  ])("exits 2 for %s", async (_what, args, words) => {
    const { exit, err } = await derive(args);
    expect([exit, err]).toEqual([2, expect.stringContaining(words)]);
    expect((await derive({ ...args, json: true })).out).toContain(words);
  });
});

describe("a state file", () => {
  const start = () => derive({ state, to: "3", json: true });

  test("of another network is refused before anything is given out", async () => {
    await start();
    const kept = JSON.parse(await readFile(state, "utf8"));
    await writeFile(state, JSON.stringify({ ...kept, cursor: { ...kept.cursor, genesis: `0x${"12".repeat(32)}` } }));
    const { exit, err, out } = await derive({ state });
    expect([exit, out]).toEqual([1, ""]);
    expect(err).toMatch(/height 3 was read from network 0x1212.*, the trust is in 0x.*\(wrong_genesis\)/);
  });

  test("of another domain, a damaged one and one that can't be written are named", async () => {
    await start();
    await expect(derive({ state, domain: "31337" })).rejects.toThrow(/is of domain 1, not 31337/);
    await writeFile(state, "{");
    await expect(derive({ state })).rejects.toThrow(/state file .*cursor\.json is not JSON/);
    await writeFile(state, JSON.stringify({ format: "lockstep cursor 1", height: -1 }));
    await expect(derive({ state })).rejects.toThrow(/state file .* is wrong at /);
    await expect(derive({ state: join(folder, "none", "cursor.json") })).rejects.toThrow(/can't be written/);
  });
});
