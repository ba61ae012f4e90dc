import { describe, expect, test } from "vitest";
import { accountsOf } from "../../devnet/accounts.ts";
import { type Attempt, attemptOf } from "./attempt.ts";
import { faultOf } from "./check.ts";
import { createGenerators } from "./generator.ts";

const vms = createGenerators(accountsOf(["evm", "svm", "cairo", "fuel"]));
const attempts = (seed: number, count: number): Promise<Attempt[]> =>
  Promise.all(Array.from({ length: count }, (_, number) => attemptOf(seed, number, vms, 4)));

test("the same seed makes the same attempts, another seed others", async () => {
  const first = await attempts(1, 200);
  expect(await attempts(1, 200)).toEqual(first);
  expect(await attempts(2, 200)).not.toEqual(first);
  expect(await attemptOf(1, 150, vms, 4)).toEqual(first[150]);
});

test("attempts reach every door of every validator", async () => {
  const reached = new Set((await attempts(3, 300)).map(({ door, validator }) => `${door} ${validator}`));
  const doors = ["api", ...vms.flatMap(({ domain, rpc, graphql }) => ((rpc ?? graphql) === undefined ? [] : [domain]))];
  for (const door of doors) for (const validator of [0, 1, 2, 3]) expect(reached).toContain(`${door} ${validator}`);
});

describe("an answer", () => {
  const to = (door: Attempt["door"], language: Attempt["language"]): Attempt => ({
    over: "http",
    door,
    language,
    validator: 0,
    method: "POST",
    path: "/v1/status",
    contentType: "",
    body: new Uint8Array(),
  });
  const rpc = (status: number, body: unknown) => faultOf(to(31337, "jsonRpc"), { status, body: JSON.stringify(body) });
  const api = (status: number, body: unknown) => faultOf(to("api", "rest"), { status, body: JSON.stringify(body) });

  test("of JSON-RPC is a result or an error with code and message, each on its own or in a batch", () => {
    const good = { jsonrpc: "2.0", id: 1, result: null };
    const refused = { jsonrpc: "2.0", id: 1, error: { code: -32000, message: "nonce too low" } };
    for (const body of [good, refused, [good, refused]]) expect(rpc(200, body)).toBeUndefined();
    for (const body of [
      1,
      {},
      { ...good, jsonrpc: "1.0" },
      { ...good, error: refused.error },
      { ...refused, error: { message: "no code" } },
      { ...refused, error: { code: -32603, message: "internal error: undefined is not a function" } },
      [good, 1],
    ]) {
      expect(rpc(200, body)).toEqual(expect.any(String));
    }
    expect(rpc(500, refused)).toEqual("status 500");
    expect(faultOf(to(31337, "jsonRpc"), { status: 200, body: '{"jsonrpc":' })).toEqual(expect.any(String));
  });

  test("of GraphQL is data or errors that say something, in a body or in each frame of a stream", () => {
    const graphql = (status: number, body: unknown, over: Attempt["over"] = "http") =>
      faultOf({ ...to(9889, "graphql"), over }, { status, body: JSON.stringify(body) });
    const refused = { errors: [{ message: "no such field" }] };
    for (const body of [{ data: { health: true } }, { data: null, ...refused }, refused]) {
      expect(graphql(200, body)).toBeUndefined();
    }
    expect(graphql(400, refused)).toBeUndefined();
    expect(graphql(200, [{ data: {} }, refused], "events")).toBeUndefined();
    expect(graphql(200, [], "events")).toBeUndefined();
    const internal = { errors: [{ message: "internal error", extensions: { code: "internal" } }] };
    for (const body of [1, {}, [refused], internal, { errors: [] }, { errors: [{ message: "" }] }]) {
      expect(graphql(200, body)).toEqual(expect.any(String));
    }
    expect(graphql(500, refused)).toBe("status 500");
    expect(graphql(400, { data: {} })).toEqual(expect.any(String));
    expect(graphql(200, [internal], "events")).toEqual(expect.any(String));
  });

  test("of the API is JSON, or an error with a code and a sentence, and no 5xx but 503", () => {
    const error = { code: "not_found", message: "this node knows no transaction 0x12" };
    expect(api(200, { anything: 1 })).toBeUndefined();
    expect(api(404, { error })).toBeUndefined();
    expect(api(503, { error: { ...error, code: "busy" } })).toBeUndefined();
    expect(api(500, { error })).toBe("status 500");
    expect(api(400, { error: { code: "x", message: "no" } })).toEqual(expect.any(String));
    expect(faultOf(to("api", "rest"), { status: 404, body: "not found" })).toEqual(expect.any(String));
  });
});
