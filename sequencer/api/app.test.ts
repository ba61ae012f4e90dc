import { describe, expect, test } from "vitest";
import type * as z from "zod";
import { createBudget } from "../../adapters/http/budget.ts";
import { transactionId } from "../../protocol/batch.ts";
import { usualBudgets } from "../../protocol/budget.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { success } from "../../protocol/errors.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { Header } from "../../protocol/header.ts";
import { OrderingState, OrderingTenant } from "../../protocol/ordering.ts";
import { refuteSlice } from "../../protocol/payload.ts";
import { verifyField } from "../../protocol/ssz.ts";
import { Summary } from "../../protocol/summary.ts";
import { Registration } from "../../protocol/tenant.ts";
import { decodeWire, wires } from "../../protocol/wire.ts";
import { buildChain, dataDomain, evmDomain } from "../../test/fixtures/chain.ts";
import { createTestNode } from "../../test/fixtures/node.ts";
import { createApi } from "./app.ts";
import { apiLimits } from "./limits.ts";

const silent = { warn: () => {}, error: () => {} };
const chain = buildChain();
const node = createTestNode(chain);
const api = createApi(node, silent);

const get = async (path: string, init?: RequestInit) => {
  const response = await api.request(path, init);
  return { status: response.status, headers: response.headers, json: await response.json() };
};
const decoded = async <Name extends keyof typeof wires>(name: Name, path: string) => {
  const { status, json } = await get(path);
  expect(status).toBe(200);
  const value = decodeWire(wires[name] as unknown as z.ZodType<z.output<(typeof wires)[Name]>>, json);
  if (!value.ok) throw new Error(value.error.message);
  return value.value;
};
const post = (body: BodyInit, type = "application/json", query = "") =>
  get(`/v1/transactions${query}`, { method: "POST", body, headers: { "content-type": type } });

describe("the chain", () => {
  test("a block arrives as it was signed", async () => {
    const block = await decoded("Block", "/v1/blocks/5");
    expect(block).toEqual(chain.blocks[5]);
    expect(Header.root(block.header)).toEqual(chain.blocks[5]?.root);
  });

  test("`latest` is the newest finalized block, executed summary and epoch", async () => {
    expect((await decoded("Block", "/v1/blocks/latest")).header.height).toBe(11);
    expect((await decoded("Summary", "/v1/summaries/latest")).summary.height).toBe(11);
    expect((await decoded("Epoch", "/v1/epochs/latest")).set).toEqual(chain.sets[2]);
    expect((await decoded("Slice", `/v1/blocks/latest/tenants/${dataDomain}`)).block.header.height).toBe(11);
  });

  test("a slice arrives with entries, inputs and a proof that holds; a tenant without entries with a proof of that", async () => {
    for (const [height, domain] of [
      [4, evmDomain],
      [3, evmDomain],
      [5, 9004],
    ] as const) {
      const slice = await decoded("Slice", `/v1/blocks/${height}/tenants/${domain}`);
      const leaves = slice.entries.map(transactionId);
      expect(refuteSlice(slice.block.header.payloadRoot, slice.domain, leaves, slice.proof)).toBeUndefined();
      expect(slice.inputs).toEqual(chain.slices.get(`${height}/${domain}`)?.inputs);
    }
  });

  test("summaries, certificates, epochs, validators, genesis and status", async () => {
    expect((await decoded("Summary", "/v1/summaries/7")).root).toEqual(Summary.root(chain.summaries[7] as Summary));
    const certificate = await decoded("FinalCertificate", "/v1/certificates/latest");
    expect(certificate.certified).toEqual(certificate.carrier.header.certified);
    expect(certificate.summary).toEqual(chain.summaries[9]);
    expect((await decoded("Epoch", "/v1/epochs/1")).transition).toEqual(chain.blocks[4]);
    expect((await decoded("Epoch", "/v1/epochs/0")).transition).toBeUndefined();
    expect((await decoded("Epoch", "/v1/validators")).set).toEqual(chain.sets[2]);
    expect((await decoded("Genesis", "/v1/genesis")).root).toEqual(Genesis.root(chain.genesis));
    expect(await decoded("Status", "/v1/status")).toEqual(node.status());
  });

  test.each([
    ["/v1/blocks/0", 404, "not_found", /genesis/],
    ["/v1/blocks/999", 404, "not_found", /newest finalized height is 11/],
    ["/v1/blocks/5/tenants/77", 404, "not_found", /domain 77/],
    ["/v1/summaries/999", 404, "not_found", /newest executed height is 11/],
    ["/v1/epochs/9", 404, "not_found", /this is epoch 2/],
    ["/v1/blocks/-1", 400, "invalid_request", /height/],
    ["/v1/blocks/1e3", 400, "invalid_request", /height/],
    ["/v1/blocks/99999999999999999999", 400, "invalid_request", /height/],
    ["/v1/blocks/%ff%00", 400, "invalid_request", /height/],
    ["/v1/blocks/5/tenants/4294967296", 400, "invalid_request", /domain/],
    ["/v1/transactions/0x00", 400, "invalid_request", /32 bytes/],
    ["/v1/transactions/zz", 400, "invalid_request", /id/],
    [`/v1/transactions/0x${"00".repeat(32)}`, 404, "not_found", /knows no transaction/],
    [`/v1/transactions/0x${"00".repeat(32)}?domain=x`, 400, "invalid_request", /domain/],
    ["/v1/tenants/77", 404, "not_found", /\/v1\/tenants lists them/],
    ["/v1/tenants/x", 400, "invalid_request", /domain/],
    ["/v1/nothing", 404, "unknown_route", /openapi\.json/],
    ["/v1/stream", 426, "upgrade_required", /WebSocket/],
  ])("%s is refused with %i %s", async (path, status, code, message) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.json.error.code).toBe(code);
    expect(answer.json.error.message).toMatch(message);
  });

  test("another method on a path says which one is right", async () => {
    const answer = await get("/v1/status", { method: "DELETE" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET");
    expect((await get("/v1/transactions")).headers.get("allow")).toBe("POST");
  });

  test("a certificate that isn't there yet has a code of its own", async () => {
    const young = createApi({ ...node, latestCertificate: async () => undefined }, silent);
    const response = await young.request("/v1/certificates/latest");
    expect([response.status, (await response.json()).error.code]).toEqual([404, "not_certified_yet"]);
  });

  test("a node that breaks answers 500 without its reasons, and logs them", async () => {
    const logged: unknown[] = [];
    const broken = createApi(
      {
        ...node,
        block: async () => {
          throw new Error("disk secrets");
        },
      },
      { ...silent, error: (fields) => logged.push(fields) },
    );
    const response = await broken.request("/v1/blocks/1");
    const text = await response.text();
    expect([response.status, text.includes("secrets"), logged.length]).toEqual([500, false, 1]);
  });
});

describe("submitting", () => {
  const note = (text: string) => toHex(utf8(text));

  test("JSON: an answer each, in order, whatever the others get", async () => {
    const big = `0x${"00".repeat(128 * 1024 + 1)}`;
    const { status, json } = await post(
      JSON.stringify({ domain: 1, transactions: [note("a"), "0xnope", big, note("b"), note("a")] }),
    );
    expect(status).toBe(200);
    expect(json[0]).toEqual({ id: toHex(transactionId(utf8("a"))), nativeId: toHex(transactionId(utf8("a"))) });
    expect(json[1].error.code).toBe("undecodable");
    expect(json[2].error.code).toBe("oversized");
    expect(json[3].id).toBe(toHex(transactionId(utf8("b"))));
    expect(json[4].error.code).toBe("already_known");
    expect(decodeWire(wires.Submission, json).ok).toBe(true);
    expect((await get(`/v1/transactions/${json[0].id}`)).json).toMatchObject({ domain: 1, status: "pending" });
  });

  test("octets: u32 big-endian length and bytes, repeated", async () => {
    const { status, json } = await post(
      Uint8Array.of(0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9),
      "application/octet-stream",
      "?domain=1",
    );
    expect(status).toBe(200);
    expect(json.map(({ id }: { id: string }) => id)).toEqual([
      toHex(transactionId(Uint8Array.of(7, 8))),
      toHex(transactionId(Uint8Array.of(9))),
    ]);
  });

  test("an unknown tenant is an error each", async () => {
    const { status, json } = await post(JSON.stringify({ domain: 5, transactions: [note("x")] }));
    expect([status, json[0].error.code, json[0].error.domain]).toEqual([200, "unknown_tenant", 5]);
  });

  test.each([
    ["no JSON", "{", "application/json", "", 400, "malformed_body"],
    ["no object", "null", "application/json", "", 400, "malformed_body"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "application/json", "", 400, "malformed_body"],
    ["an unknown field", '{"domain":1,"transactions":["0x00"],"x":1}', "application/json", "", 400, "malformed_body"],
    ["a domain as text", '{"domain":"1","transactions":["0x00"]}', "application/json", "", 400, "malformed_body"],
    ["a transaction that is no text", '{"domain":1,"transactions":[5]}', "application/json", "", 400, "malformed_body"],
    ["no transactions", '{"domain":1,"transactions":[]}', "application/json", "", 400, "malformed_body"],
    ["octets without domain", Uint8Array.of(0, 0, 0, 1, 1), "application/octet-stream", "", 400, "invalid_request"],
    ["a length cut off", Uint8Array.of(0, 0, 0), "application/octet-stream", "?domain=1", 400, "malformed_body"],
    ["bytes cut off", Uint8Array.of(0, 0, 0, 2, 1), "application/octet-stream", "?domain=1", 400, "malformed_body"],
    ["no octets", new Uint8Array(), "application/octet-stream", "?domain=1", 400, "malformed_body"],
    ["another type", "x", "text/plain", "", 415, "unsupported_media_type"],
  ])("%s: %o is refused", async (_name, body, type, query, status, code) => {
    const answer = await post(body, type, query);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(answer.json.error.message.length).toBeGreaterThan(10);
  });

  test("too many transactions, too large a body", async () => {
    const many = JSON.stringify({ domain: 1, transactions: Array(8193).fill("0x00") });
    expect((await post(many)).status).toBe(400);
    const octets = new Uint8Array(5 * 8193);
    for (let i = 0; i < octets.length; i += 5) octets[i + 3] = 1;
    expect((await post(octets, "application/octet-stream", "?domain=1")).status).toBe(400);
    expect(
      (await post(new Uint8Array(apiLimits.requestBytes + 1), "application/octet-stream", "?domain=1")).status,
    ).toBe(413);
  });

  test("bodies beyond the budget of all connections are refused, and their bytes given back", async () => {
    const budget = createBudget(400);
    const small = createApi(node, silent, budget);
    const send = (body: string) =>
      small.request("/v1/transactions", { method: "POST", body, headers: { "content-type": "application/json" } });
    expect((await send(JSON.stringify({ domain: 1, transactions: [`0x${"00".repeat(400)}`] }))).status).toBe(503);
    expect((await send(JSON.stringify({ domain: 1, transactions: ["0x77"] }))).status).toBe(200);
    expect(budget.used).toBe(0);
  });
});

describe("tenants", () => {
  const control = (body: BodyInit, type = "application/json") =>
    get("/v1/control", { method: "POST", body, headers: { "content-type": type } });
  const taking = createApi(
    { ...node, submit: async (_, all) => all.map((bytes) => success({ id: transactionId(bytes), nativeId: "0x01" })) },
    silent,
  );

  test("are listed as the ordering state has them", async () => {
    expect(await decoded("Tenants", "/v1/tenants")).toEqual(node.tenants());
    expect(node.tenants()[1]).toMatchObject({
      domain: evmDomain,
      status: "active",
      writers: [],
      activatedAt: 0,
      sequence: 0,
      capacity: { gas: usualBudgets.evm.gas.burst, bytes: usualBudgets.evm.bytes.burst },
    });
  });

  test("one comes with a block whose header commits to it, and its registration", async () => {
    const { block, index, tenant, branch, registration } = await decoded("TenantProof", `/v1/tenants/${evmDomain}`);
    const root = OrderingTenant.root(tenant);
    expect(verifyField(OrderingState, ["tenants", index], root, branch, block.header.controlRoot)).toBe(true);
    expect(Registration.root(registration)).toEqual(tenant.registration);
    expect(registration).toEqual(chain.genesis.tenants[1]);
  });

  test("one that no finalized header commits to yet is told apart from none", async () => {
    const young = createApi({ ...node, tenant: () => undefined }, silent);
    const codes = [evmDomain, 77].map(async (domain) => {
      const response = await young.request(`/v1/tenants/${domain}`);
      return [response.status, (await response.json()).error.code];
    });
    expect(await Promise.all(codes)).toEqual([
      [404, "not_finalized_yet"],
      [404, "not_found"],
    ]);
  });

  test("a control transaction is taken in JSON and in octets, and answered with its id", async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const send = async (body: BodyInit, type: string) =>
      (await taking.request("/v1/control", { method: "POST", body, headers: { "content-type": type } })).json();
    const id = toHex(transactionId(bytes));
    expect(await send(JSON.stringify({ transaction: "0x010203" }), "application/json")).toEqual({ id });
    expect(await send(bytes, "application/octet-stream")).toEqual({ id });
  });

  test.each<[string, BodyInit, string, number, string]>([
    ["what the order would not take", '{"transaction":"0x01"}', "application/json", 422, "unknown_tenant"],
    ["no JSON", "{", "application/json", 400, "malformed_body"],
    ["an unknown field", '{"transaction":"0x01","x":1}', "application/json", 400, "malformed_body"],
    ["what is no hexadecimal", '{"transaction":"01"}', "application/json", 400, "malformed_body"],
    ["another type", "x", "text/plain", 415, "unsupported_media_type"],
    ["too large a body", new Uint8Array(apiLimits.requestBytes + 1), "application/octet-stream", 413, "body_too_large"],
  ])("%s is refused", async (_what, body, type, status, code) => {
    const answer = await control(body, type);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(answer.json.error.message.length).toBeGreaterThan(10);
  });
});

describe("asking where a transaction stands", () => {
  test("executed and omitted ones, by Lockstep id and by native id", async () => {
    const executed = toHex(transactionId(utf8("transfer 4")));
    expect((await get(`/v1/transactions/${executed}`)).json).toEqual({
      id: executed,
      domain: 31337,
      nativeId: executed,
      status: "executed",
      height: 4,
      index: 0,
      succeeded: true,
    });
    const omitted = toHex(transactionId(utf8("underfunded 4")));
    expect((await get(`/v1/transactions/${omitted}?domain=31337`)).json).toMatchObject({
      status: "omitted",
      reason: "insufficient_funds",
    });
    expect((await get(`/v1/transactions/${omitted}?domain=1`)).status).toBe(404);
  });
});

describe("health, metrics, description", () => {
  test("healthz says why a node isn't healthy", async () => {
    node.noticeList.push("validator 2 can't execute tenant 1");
    expect((await get("/healthz")).json).toEqual({
      healthy: true,
      problems: [],
      notices: ["validator 2 can't execute tenant 1"],
    });
    node.noticeList.pop();
    node.problemList.push("the EVM executor of domain 31337 is down");
    const answer = await get("/healthz");
    node.problemList.pop();
    expect(answer.status).toBe(503);
    expect(answer.json.problems).toEqual(["the EVM executor of domain 31337 is down"]);
  });

  test("metrics are Prometheus text", async () => {
    const response = await api.request("/metrics");
    expect(response.headers.get("content-type")).toContain("version=0.0.4");
    expect(await response.text()).toContain("lockstep_finalized_height 11");
  });

  test("the description names every route, and every reference in it leads somewhere", async () => {
    const { json } = await get("/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    expect(Object.keys(json.paths).sort()).toEqual([
      "/v1/blocks/{height}",
      "/v1/blocks/{height}/tenants/{domain}",
      "/v1/bundles",
      "/v1/bundles/simulate",
      "/v1/bundles/{id}",
      "/v1/certificates/latest",
      "/v1/control",
      "/v1/epochs/{epoch}",
      "/v1/genesis",
      "/v1/sponsors/{sponsor}",
      "/v1/status",
      "/v1/summaries/{height}",
      "/v1/tenants",
      "/v1/tenants/{domain}",
      "/v1/transactions",
      "/v1/transactions/{id}",
      "/v1/validators",
    ]);
    const references = [...JSON.stringify(json).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(10);
    for (const name of references) expect(Object.keys(json.components.schemas)).toContain(name);
  });

  test("any origin may read", async () => {
    const preflight = await api.request("/v1/transactions", {
      method: "OPTIONS",
      headers: { origin: "https://wallet.example", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(
      (await api.request("/v1/status", { headers: { origin: "https://wallet.example" } })).headers.get(
        "access-control-allow-origin",
      ),
    ).toBe("*");
  });
});
