import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toHex } from "../protocol/bytes.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { serveApi } from "../sequencer/api/server.ts";
import { buildChain, dataDomain, evmDomain, type TestChain } from "../test/fixtures/chain.ts";
import { createTestNode } from "../test/fixtures/node.ts";
import { type ReplayArguments, runReplay } from "./replay.ts";

/** Certified, but by validators that executed nothing: its EVM roots are labels. */
let chain: TestChain;
let api: Awaited<ReturnType<typeof serveApi>>;
let trust: string;
beforeAll(async () => {
  chain = buildChain({ heights: 10 });
  trust = toHex(ValidatorSet.root(chain.sets[0] as ValidatorSet));
  const log = { warn: () => {}, error: () => {} };
  api = await serveApi(createTestNode(chain), { host: "127.0.0.1", port: 0, log });
});
afterAll(() => api.close());

const replay = async (args: Partial<ReplayArguments> = {}) => {
  let text = "";
  const all = { api: api.url, trust, domain: String(evmDomain), ...args };
  const exit = await runReplay(all, { write: (part) => (text += part) });
  return { exit, text };
};

describe("lockstep replay", () => {
  test("exits 1 where what is certified is not what executing comes to, and shows both values", async () => {
    const { exit, text } = await replay();
    const certified = toHex(chain.summaries[0]?.tenants[1]?.stateRoot ?? new Uint8Array());
    expect(text).toMatch(/^proven: height 8 is certified by more than two thirds/m);
    expect(text).toMatch(/^proven: its summary names that of every height before it/m);
    expect(text).toMatch(
      new RegExp(
        `^differs: height 0: the state root is 0x[0-9a-f]{64} when replayed, the certified one is ${certified}$`,
        "m",
      ),
    );
    expect(exit).toBe(1);
  });

  test("says the same as one line of JSON", async () => {
    const { exit, text } = await replay({ json: true, to: "5" });
    expect(text.split("\n")).toHaveLength(2);
    const certified = toHex(chain.summaries[0]?.tenants[1]?.stateRoot ?? new Uint8Array());
    expect(JSON.parse(text)).toMatchObject({
      equal: false,
      domain: evmDomain,
      difference: { height: 0, what: "state root", certified },
    });
    expect(exit).toBe(1);
  });

  test.each<[string, Partial<ReplayArguments>, string]>([
    ["a height that is not certified", { to: "10" }, "(not_available)"],
    ["a tenant that is none", { domain: "5" }, "(unknown_tenant)"],
    ["a tenant of another VM", { domain: String(dataDomain) }, "(unsupported_vm)"],
    ["a root that nobody has", { trust: `0x${"12".repeat(32)}` }, "(unknown_root)"],
  ])("exits 1, with a reason, for %s", async (_what, args, words) => {
    const { exit, text } = await replay(args);
    expect(text).toContain("not proven: ");
    expect(text).toContain(words);
    expect(exit).toBe(1);
  });

  test.each<[string, Partial<ReplayArguments>, string]>([
    ["a root that is none", { trust: "0x12" }, "no root"],
    ["an address that is none", { api: "localhost:7300" }, "no address of an API"],
    ["a domain that is none", { domain: "evm" }, "give --domain <number>"],
    ["a height that is none", { to: "0" }, "--to 0 is no height"],
    ["an API that isn't there", { api: "http://127.0.0.1:1" }, "doesn't answer"],
  ])("exits 2 for %s", async (_what, args, words) => {
    const { exit, text } = await replay(args);
    expect(text).toContain(words);
    expect(exit).toBe(2);
    expect(JSON.parse((await replay({ ...args, json: true })).text).error.message).toContain(words);
  });

  test("without --trust says where a root comes from", async () => {
    const { trust: _, ...args } = { api: api.url, trust, domain: String(evmDomain) };
    let text = "";
    expect(await runReplay(args, { write: (part) => (text += part) })).toBe(2);
    expect(text).toContain("never taken from the server");
  });
});
