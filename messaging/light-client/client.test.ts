import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createBlst } from "../../consensus/certificate/blst.ts";
import { createNobleVerifier } from "../../consensus/certificate/noble.ts";
import { transactionId } from "../../protocol/batch.ts";
import { type Hex, utf8 } from "../../protocol/bytes.ts";
import { asDomain, asHeight, asRoot, type Root } from "../../protocol/ids.ts";
import { tenantStatuses } from "../../protocol/summary.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import { buildChain, dataDomain, evmDomain, fundedAccount, type TestChain } from "../../test/fixtures/chain.ts";
import { buildTestEvmState, type EvmState, slotOne } from "../../test/fixtures/evmState.ts";
import { fetchFrom, type Meddle, testApi } from "../../test/fixtures/lightClient.ts";
import { createLightClient, type LightClient } from "./client.ts";
import type { Proof } from "./refusal.ts";
import { createTransport } from "./transport.ts";

const blst = createBlst();
const nobody: Hex = `0x${"00".repeat(20)}`;
const slotTwo: Hex = `0x${"00".repeat(31)}02`;

let evm: EvmState;
let chain: TestChain;
beforeAll(async () => {
  evm = await buildTestEvmState();
  chain = buildChain({ evmStateRoot: evm.root });
});

const rootOf = (epoch: number): Root => ValidatorSet.root(chain.sets[epoch] as ValidatorSet);
const clientOf = (
  meddle?: Meddle,
  trustedRoot = rootOf(0),
  verifier = blst as Parameters<typeof createLightClient>[0]["verifier"],
): LightClient =>
  createLightClient({ api: createTransport(testApi, fetchFrom(chain, evm, meddle)), trustedRoot, verifier });
const proven = async <T>(proof: Promise<Proof<T>>): Promise<T> => {
  const result = await proof;
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const codeOf = async (proof: Promise<Proof<unknown>>) => {
  const result = await proof;
  return result.ok ? "proven" : result.error.code;
};

describe("proves, from a trusted root alone", () => {
  test("validator sets over epochs, from any epoch's root", async () => {
    for (const epoch of [0, 1, 2]) {
      expect(await proven(clientOf(undefined, rootOf(epoch)).validators())).toEqual(chain.sets[2]);
    }
  });

  test("a finalized block, and a notarized one by its finalized descendant", async () => {
    expect(await proven(clientOf().block(asHeight(6)))).toEqual(chain.blocks[6]);
    expect(chain.blocks[7]?.kind).toBe("notarize");
    expect(await proven(clientOf().block(asHeight(7)))).toEqual(chain.blocks[7]);
  });

  test("the newest execution certificate, the summary of its height and of every height below", async () => {
    const { certified, summary } = await proven(clientOf().execution());
    expect([certified.height, summary]).toEqual([9, chain.summaries[9]]);
    for (const height of [9, 4, 1, 0]) {
      expect(await proven(clientOf().summary(asHeight(height)))).toEqual(chain.summaries[height]);
    }
  });

  test("exactly a tenant's transactions, and that there are none", async () => {
    const client = clientOf();
    const slice = await proven(client.slice(asHeight(8), evmDomain));
    expect(slice.entries).toEqual([utf8("transfer 8"), utf8("underfunded 8")]);
    expect((await proven(client.slice(asHeight(7), evmDomain))).entries).toEqual([]);
    expect((await proven(client.slice(asHeight(9), dataDomain))).entries).toEqual([]);
    expect((await proven(client.slice(asHeight(8), asDomain(9004)))).entries).toEqual([]);
  });

  test("a tenant's inputs", async () => {
    const { inputs } = await proven(clientOf().inputs(asHeight(8), evmDomain));
    expect(inputs).toEqual(chain.slices.get(`8/${evmDomain}`)?.inputs);
  });

  test("where a transaction stands: applied, omitted and why, or only ordered", async () => {
    const client = clientOf();
    expect(await proven(client.transaction(transactionId(utf8("transfer 8"))))).toMatchObject({
      domain: evmDomain,
      height: 8,
      index: 0,
      outcome: "applied",
    });
    expect(await proven(client.transaction(transactionId(utf8("underfunded 8"))))).toMatchObject({
      index: 1,
      outcome: "omitted",
      reason: "insufficient_funds",
    });
    expect(await proven(client.transaction(transactionId(utf8("note 11"))))).toMatchObject({ outcome: "ordered" });
    expect(await codeOf(client.transaction(transactionId(utf8("unheard of"))))).toBe("not_available");
  });

  test("an account and slots in the certified state, and that there is no account", async () => {
    const client = clientOf();
    const state = await proven(client.account(evmDomain, fundedAccount, [slotOne, slotTwo]));
    expect(state).toMatchObject({ exists: true, height: 9, slots: [77n, 0n] });
    expect([state.account.balance, state.account.nonce]).toEqual([10n ** 22n, 7n]);
    expect(await proven(client.account(evmDomain, nobody))).toMatchObject({ exists: false, slots: [] });
    expect(await codeOf(client.account(dataDomain, fundedAccount))).toBe("unsupported_vm");
  });

  test("a tenant, and what it was registered with", async () => {
    const { block, tenant, registration } = await proven(clientOf().tenant(evmDomain));
    expect([block.header.height, tenant.status]).toEqual([11, tenantStatuses.active]);
    expect(registration).toEqual(chain.genesis.tenants[1]);
    expect(await codeOf(clientOf().tenant(asDomain(77)))).toBe("not_available");
  });

  test("the same with the portable verifier", async () => {
    const client = clientOf(undefined, rootOf(0), createNobleVerifier());
    expect((await proven(client.execution())).summary).toEqual(chain.summaries[9]);
  });
});

/** Changes one byte of the hexadecimal or digit of the number at a path inside some JSON. */
const tamper = (json: unknown, [key, ...rest]: readonly (string | number)[], at = -1): unknown => {
  if (key === undefined) {
    const text = String(json);
    const position = at < 0 ? text.length + at : at;
    const digit = text[position] === "1" ? "2" : "1";
    const changed = text.slice(0, position) + digit + text.slice(position + 1);
    return typeof json === "number" ? Number(changed) : changed;
  }
  if (Array.isArray(json)) return json.map((item, i) => (i === key ? tamper(item, rest, at) : item));
  const object = json as Record<string, unknown>;
  return { ...object, [key]: tamper(object[key], rest, at) };
};

describe("refuses a changed byte, and says why", () => {
  type Case = [
    what: string,
    path: string,
    place: (string | number)[],
    run: (client: LightClient) => Promise<Proof<unknown>>,
    code: string,
  ];
  const newest = (client: LightClient) => client.execution();
  const slice = (client: LightClient) => client.slice(asHeight(8), evmDomain);
  const inputs = (client: LightClient) => client.inputs(asHeight(8), evmDomain);
  const account = (client: LightClient) => client.account(evmDomain, fundedAccount, [slotOne]);
  const tenant = (client: LightClient) => client.tenant(evmDomain);
  const tenantPath = "/v1/tenants/31337";
  const slicePath = "/v1/blocks/8/tenants/31337";
  const latest = "/v1/certificates/latest";
  test.each<Case>([
    ["the carrier's signature", latest, ["carrier", "certificate", "signature"], newest, "signature"],
    ["the carrier's signers", latest, ["carrier", "certificate", "signers"], newest, "no_quorum"],
    ["the carrier's view", latest, ["carrier", "proposal", "view"], newest, "signature"],
    ["the carrier's header", latest, ["carrier", "header", "payloadRoot"], newest, "malformed_answer"],
    ["the certified summary root", latest, ["certified", "summaryRoot"], newest, "not_carried"],
    ["the execution certificate", latest, ["certified", "certificate", "signature"], newest, "not_carried"],
    ["a state root in the summary", latest, ["summary", "tenants", 1, "stateRoot"], newest, "wrong_summary"],
    ["a set's member", "/v1/epochs/1", ["set", "members", 0, "publicKey"], newest, "malformed_answer"],
    ["a set's weight", "/v1/epochs/2", ["set", "members", 0, "weight"], newest, "malformed_answer"],
    ["a transition's certificate", "/v1/epochs/1", ["transition", "certificate", "signature"], newest, "signature"],
    ["the genesis", "/v1/genesis", ["genesis", "epochLength"], newest, "malformed_answer"],
    ["an entry of a slice", slicePath, ["entries", 0], slice, "malformed_answer"],
    ["a slice's branch", slicePath, ["proof", "witness", "branch", 0], slice, "branch"],
    ["a slice's count", slicePath, ["proof", "witness", "entry", "count"], slice, "branch"],
    ["a slice's index", slicePath, ["proof", "witness", "index"], slice, "branch"],
    ["a slice's block", slicePath, ["block", "certificate", "signature"], slice, "signature"],
    ["an input", slicePath, ["inputs", 0, "bytes"], inputs, "wrong_inputs"],
    ["the summary over an input", "/v1/summaries/8", ["summary", "header"], inputs, "malformed_answer"],
    ["a tenant's domain", tenantPath, ["tenant", "domain"], tenant, "domain"],
    ["a tenant's owner", tenantPath, ["tenant", "owner"], tenant, "branch"],
    ["a tenant's index", tenantPath, ["index"], tenant, "branch"],
    ["a tenant's branch", tenantPath, ["branch", 3], tenant, "branch"],
    ["a tenant's control root", tenantPath, ["block", "header", "controlRoot"], tenant, "malformed_answer"],
    ["a tenant's block", tenantPath, ["block", "certificate", "signature"], tenant, "signature"],
    ["a tenant's registered config", tenantPath, ["registration", "config"], tenant, "wrong_registration"],
    ["an account's balance", "eth_getProof", ["balance"], account, "refuted"],
    ["an account's nonce", "eth_getProof", ["nonce"], account, "refuted"],
    ["an account's address", "eth_getProof", ["address"], account, "wrong_account"],
    ["a slot's value", "eth_getProof", ["storageProof", 0, "value"], account, "refuted"],
    ["a node of an account's proof", "eth_getProof", ["accountProof", 0], account, "bad_proof"],
  ])("%s (%s)", async (_what, path, place, run, code) => {
    const client = clientOf((asked, json) => (asked === path ? tamper(json, place) : json));
    expect(await codeOf(run(clientOf()))).toBe("proven");
    expect(await codeOf(run(client))).toBe(code);
  });

  test("the trusted root", async () => {
    for (let byte = 0; byte < 32; byte++) {
      const root = asRoot(rootOf(0).map((value, i) => (i === byte ? value ^ 1 : value)));
      expect(await codeOf(clientOf(undefined, root).execution())).toBe("unknown_root");
    }
  });
});

/** Places of all texts and numbers in some JSON. */
const placesOf = (json: unknown): (string | number)[][] => {
  if (typeof json === "string" || typeof json === "number") return [[]];
  if (typeof json !== "object" || json === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(json) ? [...json.entries()] : Object.entries(json);
  return entries.flatMap(([key, value]) => placesOf(value).map((place) => [key, ...place]));
};

test("one changed byte anywhere in any answer: refused, or what was proven is the same", {
  timeout: 60_000,
}, async () => {
  const claims: ((client: LightClient) => Promise<Proof<unknown>>)[] = [
    (client) => client.validators(),
    (client) => client.block(asHeight(7)),
    (client) => client.execution(),
    (client) => client.summary(asHeight(2)),
    (client) => client.slice(asHeight(9), evmDomain),
    (client) => client.inputs(asHeight(8), evmDomain),
    (client) => client.account(evmDomain, fundedAccount, [slotOne]),
    (client) => client.account(evmDomain, nobody),
    (client) => client.tenant(dataDomain),
  ];
  const answers = new Map<string, unknown>();
  const truths: unknown[] = [];
  const asked: string[][] = [];
  for (const claim of claims) {
    const paths: string[] = [];
    truths.push(
      await proven(
        claim(
          clientOf((path, json) => {
            answers.set(path, json);
            paths.push(path);
            return json;
          }),
        ),
      ),
    );
    asked.push([...new Set(paths)]);
  }
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(claims.length - 1), fc.nat(), fc.nat(), fc.nat(), async (which, a, b, c) => {
      const paths = asked[which] as string[];
      const path = paths[a % paths.length] as string;
      const places = placesOf(answers.get(path));
      const place = places[b % places.length] as (string | number)[];
      const value = String(place.reduce((json, key) => (json as never)[key], answers.get(path)));
      const from = value.startsWith("0x") ? 2 : 0;
      if (value.length === from) return;
      const at = from + (c % (value.length - from));
      const client = clientOf((asked, json) => (asked === path ? tamper(json, place, at) : json));
      const result = await (claims[which] as (typeof claims)[number])(client);
      if (result.ok) expect(result.value).toEqual(truths[which]);
      else {
        refusals++;
        expect(result.error.message.length).toBeGreaterThan(10);
      }
    }),
    { numRuns: 400 },
  );
  expect(refusals).toBeGreaterThan(200);
});

test("any JSON whatever is an answer in words", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.nat(3), async (json, which) => {
      const path = ["/v1/epochs/latest", "/v1/genesis", "/v1/certificates/latest", "eth_getProof"][which] as string;
      const client = clientOf((asked, real) => (asked === path ? json : real));
      expect(await codeOf(client.account(evmDomain, fundedAccount))).toBe("malformed_answer");
    }),
    { numRuns: 200 },
  );
});

describe("is not taken in by", () => {
  test("a step into an epoch shown by a block that isn't its last", async () => {
    const client = clientOf((path, json) =>
      path === "/v1/epochs/1" ? { ...(json as object), transition: blockJson[2] } : json,
    );
    expect(await codeOf(client.validators())).toBe("wrong_height");
  });

  test("another height, tenant or epoch than was asked for", async () => {
    const swap = (from: string, to: string) => clientOf((path, json) => (path === from ? answersOf.get(to) : json));
    expect(await codeOf(swap("/v1/blocks/6", "/v1/blocks/8").block(asHeight(6)))).toBe("wrong_height");
    const slices = swap("/v1/blocks/8/tenants/31337", "/v1/blocks/8/tenants/1");
    expect(await codeOf(slices.slice(asHeight(8), evmDomain))).toBe("domain");
    expect(await codeOf(swap("/v1/epochs/1", "/v1/epochs/2").validators())).toBe("wrong_epoch");
    expect(await codeOf(swap("/v1/summaries/2", "/v1/summaries/1").summary(asHeight(2)))).toBe("wrong_height");
  });

  test("a notarized block that the next one doesn't build on", async () => {
    const client = clientOf((path, json) => (path === "/v1/blocks/8" ? answersOf.get("/v1/blocks/10") : json));
    expect(await codeOf(client.block(asHeight(7)))).toBe("wrong_height");
  });

  test("a notarization passed off as a finalization", async () => {
    const client = clientOf((path, json) =>
      path === "/v1/blocks/7" ? { ...(json as object), kind: "finalize" } : json,
    );
    expect(await codeOf(client.block(asHeight(7)))).toBe("signature");
  });

  test("another network with sets of its own", async () => {
    const other = buildChain({ epochLength: 5 });
    const client = createLightClient({
      api: createTransport(testApi, fetchFrom(other, evm)),
      trustedRoot: rootOf(0),
      verifier: blst,
    });
    expect(await codeOf(client.execution())).toBe("unknown_root");
  });

  const answersOf = new Map<string, unknown>();
  const blockJson: unknown[] = [];
  beforeAll(async () => {
    const fetch = fetchFrom(chain, evm);
    const paths = ["blocks/2", "blocks/8", "blocks/10", "blocks/8/tenants/1", "epochs/2", "summaries/1"];
    for (const path of paths) {
      answersOf.set(`/v1/${path}`, await (await fetch(`${testApi}/v1/${path}`)).json());
    }
    blockJson[2] = answersOf.get("/v1/blocks/2");
  });
});

test("epochs before the trusted root are refused, with what to do", async () => {
  const result = await clientOf(undefined, rootOf(2)).block(asHeight(2));
  expect(result).toMatchObject({ ok: false, error: { code: "before_trusted_epoch" } });
});

test("an API that can't be reached, or answers no JSON, is said so", async () => {
  const transport = (fetch: () => Promise<Response>) => createTransport("http://127.0.0.1:1", fetch);
  const client = (fetch: () => Promise<Response>) =>
    createLightClient({ api: transport(fetch), trustedRoot: rootOf(0), verifier: blst });
  expect(await codeOf(client(() => Promise.reject(new Error("connection refused"))).execution())).toBe("unreachable");
  expect(await codeOf(client(async () => new Response("<html>")).execution())).toBe("malformed_answer");
});
