import { beforeAll, describe, expect, test } from "vitest";
import { toHex } from "../../protocol/bytes.ts";
import { asHeight } from "../../protocol/ids.ts";
import { Summary } from "../../protocol/summary.ts";
import { buildChain, dataDomain, evmDomain, sliceKey, type TestChain } from "../../test/fixtures/chain.ts";
import { buildTestEvmState, type EvmState } from "../../test/fixtures/evmState.ts";
import { fetchFrom, type Meddle, testApi } from "../../test/fixtures/lightClient.ts";
import { proveHistory, stepsOf } from "./history.ts";
import { createTransport } from "./transport.ts";

const heights = 40;
const top = 38;
let chain: TestChain;
let other: TestChain;
let evm: EvmState;
beforeAll(async () => {
  evm = await buildTestEvmState();
  chain = buildChain({ heights });
  other = buildChain({ heights, evmStateRoot: evm.root });
});

const newest = (): Summary => chain.summaries[top] as Summary;

/** Counts what is asked for. */
const open = (of: TestChain = chain, meddle?: Meddle) => {
  const asked: string[] = [];
  const fetch = fetchFrom(of, evm, meddle);
  const api = createTransport(testApi, (url, init) => {
    asked.push(url.slice(testApi.length));
    return fetch(url, init);
  });
  return { api, asked };
};

const history = async (meddle?: Meddle) => {
  const proven = await proveHistory(open(chain, meddle).api, newest());
  if (!proven.ok) throw new Error(proven.error.message);
  return proven.value;
};

describe("the history of a certified height", () => {
  test("is every summary down to genesis, proven without another certificate", async () => {
    const { api, asked } = open();
    const proven = await proveHistory(api, newest());
    if (!proven.ok) throw new Error(proven.error.message);
    expect(asked.every((path) => path.startsWith("/v1/summaries/"))).toBe(true);
    for (let height = 0; height <= top; height++) {
      const summary = await proven.value.summary(asHeight(height));
      expect(summary.ok && toHex(Summary.root(summary.value))).toBe(
        toHex(Summary.root(chain.summaries[height] as Summary)),
      );
    }
  });

  test("has the header and inputs of each height, in order", async () => {
    let height = 0;
    for await (const step of stepsOf(await history(), evmDomain, asHeight(0), asHeight(top), 3)) {
      height++;
      if (!step.ok) throw new Error(step.error.message);
      expect(step.value.header).toEqual(chain.blocks[height]?.header);
      expect(step.value.inputs).toEqual(chain.slices.get(sliceKey(height, evmDomain))?.inputs);
    }
    expect(height).toBe(top);
  });

  test("of a height just after genesis needs nothing but that one", async () => {
    const proven = await proveHistory(open().api, chain.summaries[1] as Summary);
    expect(proven.ok && (await proven.value.summary(asHeight(0))).ok).toBe(true);
  });

  test("is refused where summaries are another chain's", async () => {
    const proven = await proveHistory(open(other).api, newest());
    expect(proven).toMatchObject({ ok: false, error: { code: "wrong_summary" } });
    expect(proven.ok || proven.error.message).toContain(
      `height ${top - 1} is not the one that height ${top} builds on`,
    );
  });

  test("is refused where one height is answered with another", async () => {
    const twin = await open().api.get("/v1/summaries/20");
    const proven = await proveHistory(
      open(chain, (path, json) => (path === "/v1/summaries/21" && twin.ok ? twin.value : json)).api,
      newest(),
    );
    expect(proven).toMatchObject({ ok: false, error: { code: "wrong_summary" } });
  });

  test("refuses inputs of another tenant, header or height, and summaries that change later", async () => {
    const swap = async (path: string, by: string) => {
      const answer = await open().api.get(by);
      return history((asked, json) => (asked === path && answer.ok ? answer.value : json));
    };
    const path = "/v1/blocks/8/tenants/31337";
    const tenant = await (await swap(path, "/v1/blocks/8/tenants/1")).step(asHeight(8), evmDomain);
    expect(tenant).toMatchObject({ ok: false, error: { code: "wrong_inputs" } });
    const height = await (await swap(path, "/v1/blocks/14/tenants/31337")).step(asHeight(8), evmDomain);
    expect(height).toMatchObject({ ok: false, error: { code: "wrong_summary" } });
    let calls = 0;
    const later = await history((asked, json) => (asked === "/v1/summaries/8" && ++calls > 1 ? undefined : json));
    expect(await later.step(asHeight(8), dataDomain)).toMatchObject({ ok: false });
  });
});
