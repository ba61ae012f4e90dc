import { beforeAll, describe, expect, test } from "vitest";
import { createBlst } from "../../consensus/certificate/blst.ts";
import { asDomain, asHeight, asRoot, type Domain } from "../../protocol/ids.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import { buildChain, dataDomain, evmDomain, sliceKey, type TestChain } from "../../test/fixtures/chain.ts";
import { buildTestEvmState, type EvmState } from "../../test/fixtures/evmState.ts";
import { fetchFrom, type Meddle, testApi } from "../../test/fixtures/lightClient.ts";
import { createLightClient } from "./client.ts";
import { lightClientLimits as limits } from "./limits.ts";
import type { OrderCursor, OrderedHeight } from "./order.ts";
import { createTransport } from "./transport.ts";

const heights = 11;
let evm: EvmState;
let chain: TestChain;
beforeAll(async () => {
  evm = await buildTestEvmState();
  chain = buildChain({ heights });
});

/** A client, the paths that it asks for and how many signatures it checks. */
const open = (meddle?: Meddle, of = chain) => {
  const asked: string[] = [];
  let signatures = 0;
  const blst = createBlst();
  const verifier: typeof blst = {
    ...blst,
    verifyAggregate: (...args) => {
      signatures++;
      return blst.verifyAggregate(...args);
    },
  };
  const fetch = fetchFrom(of, evm, meddle);
  const api = createTransport(testApi, (url, init) => {
    asked.push(url.slice(testApi.length));
    return fetch(url, init);
  });
  const trustedRoot = ValidatorSet.root(chain.sets[0] as ValidatorSet);
  const client = createLightClient({ api, trustedRoot, verifier });
  return { client, asked, signatures: () => signatures };
};

const start: OrderCursor = { height: asHeight(0) };
const above = (height: number): OrderCursor => ({
  height: asHeight(height),
  genesis: chain.genesisRoot,
  header: asRoot(chain.blocks[height]?.root ?? new Uint8Array()),
});

const readAll = async (domain: Domain, { client } = open()): Promise<OrderedHeight[]> => {
  const all: OrderedHeight[] = [];
  for (let after = start; ; after = (all.at(-1) as OrderedHeight).cursor) {
    const run = await client.order(domain, after);
    if (!run.ok) throw new Error(run.error.message);
    if (run.value.heights.length === 0) return all;
    all.push(...run.value.heights);
  }
};

const codeOf = async (meddle: Meddle | undefined, after = above(4), domain: Domain = dataDomain) => {
  const run = await open(meddle).client.order(domain, after);
  return run.ok ? "proven" : run.error.code;
};

describe("the order, from a trusted root alone", () => {
  test.each([dataDomain, evmDomain, asDomain(9004)])(
    "is every height with exactly what it holds for domain %i, empty ones too",
    async (domain) => {
      const all = await readAll(domain);
      expect(all.map(({ header }) => header)).toEqual(chain.blocks.slice(1).map((block) => block?.header));
      expect(all.map(({ cursor }) => cursor.header)).toEqual(chain.blocks.slice(1).map((block) => block?.root));
      for (const { header, entries } of all) {
        expect(entries).toEqual(chain.slices.get(sliceKey(header.height, domain))?.entries);
      }
      expect(all.some(({ entries }) => entries.length === 0)).toBe(true);
      expect(all.some(({ entries }) => entries.length > 0)).toBe(domain !== 9004);
    },
  );

  test("needs no word on execution, and says how far that is certified", async () => {
    const reader = open((path, json) => {
      if (path.includes("/tenants/")) delete (json as { inputs?: unknown }).inputs;
      return json;
    });
    expect(await readAll(dataDomain, reader)).toHaveLength(heights);
    const asked = /^\/v1\/(genesis|epochs\/(latest|\d+)|blocks\/(latest|\d+)|blocks\/\d+\/tenants\/1)$/;
    expect(reader.asked.filter((path) => !asked.test(path))).toEqual([]);
    const run = await reader.client.order(dataDomain, above(9));
    expect(run.ok && run.value.certified).toBe(chain.blocks[heights]?.header.certified.height);
  });

  test("goes on above a cursor, and has nothing new at the newest height or above", async () => {
    const { client, asked } = open();
    const run = await client.order(dataDomain, above(5));
    expect(run.ok && run.value.heights.map(({ header }) => header.height)).toEqual([6, 7, 8, 9]);
    expect(asked.filter((path) => /blocks\/[1-5]\/tenants/.test(path))).toEqual([]);
    for (const after of [above(heights), { height: asHeight(heights + 5) }]) {
      expect(await client.order(dataDomain, after)).toMatchObject({ ok: true, value: { heights: [] } });
    }
  });

  test("comes in runs of bounded length, each proven by the newest block's signature and its own last one's", async () => {
    const { client, signatures } = open();
    await client.block(asHeight(heights));
    const before = signatures();
    const run = await client.order(dataDomain, above(2));
    expect(run.ok && run.value.heights).toHaveLength(limits.runHeights);
    expect(signatures() - before).toBe(2);
    await client.order(dataDomain, above(heights - 3));
    expect(signatures() - before).toBe(3);
  });

  test("is empty before the first height is final", async () => {
    const fresh = open(undefined, { ...chain, blocks: [undefined] });
    expect(await fresh.client.order(dataDomain, start)).toEqual({ ok: true, value: { heights: [], certified: 0 } });
  });
});

describe("is refused when it is", () => {
  const slice = (height: number, domain: number = dataDomain) => `/v1/blocks/${height}/tenants/${domain}`;
  const shown = async (path: string) => (await fetchFrom(chain, evm)(`${testApi}${path}`)).json();
  type Slice = { entries: unknown[]; leaves: unknown[]; proof: unknown; block: { root: string } };
  const changed =
    (path: string, change: (slice: Slice) => unknown): Meddle =>
    (asked, json) =>
      asked === path ? change(json as Slice) : json;

  test("truncated, lengthened or reordered within a height", async () => {
    const edit = (change: (list: unknown[]) => unknown[]): Meddle =>
      changed(slice(8), (json) => ({ ...json, entries: change(json.entries), leaves: change(json.leaves) }));
    expect(await codeOf(undefined)).toBe("proven");
    expect(await codeOf(edit((list) => list.slice(1)))).toBe("entries");
    expect(await codeOf(edit(() => []))).toBe("entries");
    expect(await codeOf(edit((list) => [...list, list[0]]))).toBe("entries");
    expect(await codeOf(edit((list) => list.toReversed()))).toBe("entries");
  });

  test("truncated by the proof that there is nothing", async () => {
    const { proof } = (await shown(slice(9))) as Slice;
    const nothing = changed(slice(8), (json) => ({ ...json, entries: [], leaves: [], proof }));
    expect(await codeOf(nothing)).toBe("not_neighbours");
  });

  test("reordered over heights", async () => {
    const other = await shown(slice(7));
    expect(await codeOf(changed(slice(8), () => other))).toBe("wrong_height");
    const twin = { ...((await shown(slice(8))) as Slice), block: await shown("/v1/blocks/7") };
    expect(await codeOf(changed(slice(8), () => twin))).toBe("wrong_height");
  });

  test("another tenant's", async () => {
    const other = await shown(slice(8, evmDomain));
    expect(await codeOf(changed(slice(8), () => other))).toBe("domain");
  });

  test("another chain's, below the newest block or in its place", async () => {
    const fork = buildChain({ heights, epochLength: 5 });
    const forked = fetchFrom(fork, evm);
    const [forkedSlice, forkedTip] = await Promise.all(
      [slice(6), "/v1/blocks/latest"].map(async (path) => (await forked(`${testApi}${path}`)).json()),
    );
    expect(await codeOf(changed(slice(6), () => forkedSlice))).toBe("wrong_parent");
    expect(await codeOf((path, json) => (path === "/v1/blocks/latest" ? forkedTip : json))).not.toBe("proven");
  });

  test("forged: no quorum signed the newest block, or the run's last", async () => {
    const forge = (path: string): Meddle =>
      changed(path, (json) => {
        const block = (path.endsWith("latest") ? json : json.block) as unknown as {
          certificate: { signature: string };
        };
        block.certificate.signature = `${block.certificate.signature.slice(0, -1)}${block.certificate.signature.endsWith("1") ? "2" : "1"}`;
        return json;
      });
    expect(await codeOf(forge("/v1/blocks/latest"))).toBe("signature");
    expect(await codeOf(forge(slice(8)))).toBe("signature");
  });

  test("withheld: a final height's slice is not shown", async () => {
    const hide = async (asked: string) => {
      const { client } = open();
      const fetch = fetchFrom(chain, evm);
      const api = createTransport(testApi, async (url, init) =>
        url.endsWith(asked)
          ? Response.json({ error: { code: "not_found", message: "there is nothing" } }, { status: 404 })
          : fetch(url, init),
      );
      const trustedRoot = ValidatorSet.root(chain.sets[0] as ValidatorSet);
      const hiding = createLightClient({ api, trustedRoot, verifier: createBlst() });
      expect((await client.order(dataDomain, above(4))).ok).toBe(true);
      return hiding.order(dataDomain, above(4));
    };
    const refused = await hide(slice(6));
    expect(refused).toMatchObject({ ok: false, error: { code: "withheld" } });
    expect(!refused.ok && refused.error.message).toContain("height 6 is final, but what it holds for domain 1");
  });

  test("of a tenant that there is none of, in the API's words", async () => {
    const run = await open().client.order(asDomain(77), start);
    expect(!run.ok && run.error.message).toContain("domain 77 is no tenant at height 1");
  });

  test("no continuation of what was read before", async () => {
    const cursor = { ...above(4), header: asRoot(chain.blocks[3]?.root ?? new Uint8Array()) };
    expect(await codeOf(undefined, cursor)).toBe("wrong_parent");
    expect(await codeOf(undefined, { ...above(4), genesis: asRoot(new Uint8Array(32)) })).toBe("wrong_genesis");
  });
});
