import { request as httpRequest } from "node:http";
import { buildSchema } from "graphql";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LockstepError } from "../../../protocol/errors.ts";
import type { RpcServer } from "../../adapter.ts";
import type { Context } from "./context.ts";
import { serveGraphql } from "./door.ts";
import { doorLimits, rpcLimits } from "./limits.ts";

const schema = buildSchema(`
  type Query { double(of: Int!): Int! long(bytes: Int!): String! broken: Int! refused: Int! }
  type Mutation { raise: Int! }
  type Subscription { count(to: Int!): Int! never: Int! }
`);

let height = 7;
const waiting = new Set<object>();

const root = {
  double: ({ of }: { of: number }) => 2 * of,
  long: ({ bytes }: { bytes: number }, context: Context) => {
    context.spend(bytes);
    return "x".repeat(bytes);
  },
  broken: () => {
    throw new TypeError("a secret of ours");
  },
  refused: () => {
    throw new LockstepError("no_luck", "that can't be had: ask for something else");
  },
  raise: () => ++height,
  async *count({ to }: { to: number }) {
    for (let count = 1; count <= to; count++) yield { count };
  },
  never: (_: unknown, { signal }: Context) => ({
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () =>
      new Promise((resolve) => {
        waiting.add(signal);
        signal.addEventListener("abort", () => {
          waiting.delete(signal);
          resolve({ done: true, value: undefined });
        });
      }),
  }),
};

let server: RpcServer;
beforeAll(async () => {
  server = await serveGraphql({ schema, root, height: () => height }, { host: "127.0.0.1", port: 0 });
});
afterAll(() => server.close());

type Answer = {
  data?: Record<string, unknown>;
  errors?: { message: string; extensions?: object }[];
  extensions?: object;
};

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
const ask = async (query: string, more: object = {}): Promise<Answer> =>
  (await (await post(server.rpc, { query, ...more })).json()) as Answer;
const events = async (query: string): Promise<Answer[]> => {
  const response = await post(server.ws, { query });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const frames = (await response.text()).split("\n\n").filter((frame) => frame.startsWith("data:"));
  return frames.map((frame) => JSON.parse(frame.slice("data:".length)) as Answer);
};

describe("GraphQL over HTTP", () => {
  it("answers with data, and with the height it knows", async () => {
    expect(await ask("query ($n: Int!) { double(of: $n) }", { variables: { n: 4 } })).toEqual({
      data: { double: 8 },
      extensions: { current_fuel_block_height: 7, fuel_block_height_precondition_failed: false },
    });
  });

  it("doesn't answer from an older state than the client has seen", async () => {
    const answer = await ask("{ double(of: 1) }", { extensions: { required_fuel_block_height: 8 } });
    expect(answer.data).toBeUndefined();
    expect(answer.extensions).toEqual({ current_fuel_block_height: 7, fuel_block_height_precondition_failed: true });
    expect(answer.errors?.[0]?.message).toMatch(
      /^The required fuel block height is higher than the current block height. Required: 8, Current: 7$/,
    );
    expect((await ask("{ double(of: 1) }", { extensions: { required_fuel_block_height: 7 } })).data).toEqual({
      double: 2,
    });
  });

  it("tells the height after what a mutation did", async () => {
    const answer = await ask("mutation { raise }");
    expect(answer).toMatchObject({ data: { raise: 8 }, extensions: { current_fuel_block_height: 8 } });
    height = 7;
  });

  it("tells errors that are meant for callers, and keeps defects to itself", async () => {
    expect((await ask("{ refused }")).errors).toMatchObject([
      { message: "that can't be had: ask for something else", path: ["refused"], extensions: { code: "no_luck" } },
    ]);
    const { errors } = await ask("{ broken }");
    expect(errors).toMatchObject([{ message: "internal error" }]);
    expect(JSON.stringify(errors)).not.toMatch(/secret/);
  });

  it("stops an answer that gets too long before it is made", async () => {
    const { data, errors } = await ask(`{ long(bytes: ${rpcLimits.answerBytes + 1}) }`);
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.message).toMatch(/too long/);
  });

  it.each([
    ["no JSON", "{", 400, /not JSON/],
    ["no request", "[]", 400, /send one GraphQL request/],
    ["a request that nests too deep", `{"a":${"[".repeat(50)}`, 400, /nests deeper/],
    ["too much", "x".repeat(doorLimits.requestBytes + 1), 413, /more than/],
  ])("refuses %s", async (_, body, status, message) => {
    const response = await post(server.rpc, body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as Answer).errors?.[0]?.message).toMatch(message);
  });

  it("refuses other addresses and methods, and says what to do", async () => {
    const origin = new URL(server.rpc).origin;
    expect((await post(`${origin}/graphql`, "{}")).status).toBe(404);
    expect((await fetch(server.rpc)).status).toBe(405);
    expect((await ask("subscription { never }")).errors?.[0]?.message).toMatch(/-sub/);
    expect((await fetch(`${origin}/v1/health`)).status).toBe(200);
    expect((await fetch(server.rpc, { method: "OPTIONS" })).headers.get("access-control-allow-origin")).toBe("*");
  });

  it("answers a document with several operations only when one is named", async () => {
    const query = "query a { double(of: 1) } query b { double(of: 2) }";
    expect((await ask(query)).errors?.[0]?.message).toMatch(/operationName/);
    expect((await ask(query, { operationName: "b" })).data).toEqual({ double: 4 });
  });
});

describe("GraphQL over server-sent events", () => {
  it("streams what a subscription has, and ends", async () => {
    const all = await events("subscription { count(to: 3) }");
    expect(all.map(({ data }) => data)).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    expect(all[0]?.extensions).toMatchObject({ current_fuel_block_height: 7 });
  });

  it("answers queries there too, and errors as one event", async () => {
    expect(await events("{ double(of: 2) }")).toMatchObject([{ data: { double: 4 } }]);
    const [wrong, ...more] = await events("subscription { nothing }");
    expect(wrong?.errors?.[0]?.message).toMatch(/Cannot query field/);
    expect(more).toEqual([]);
  });

  it("ends what feeds a stream when its reader has gone, and gives its place back", async () => {
    const request = httpRequest(server.ws, { method: "POST" });
    request.on("error", () => {});
    request.end(JSON.stringify({ query: "subscription { never }" }));
    await vi.waitFor(() => expect(waiting.size).toBe(1));
    await vi.waitFor(() => expect(server.stats().sockets).toBe(1));
    request.destroy();
    await vi.waitFor(() => expect(waiting.size).toBe(0));
    await vi.waitFor(() => expect(server.stats().sockets).toBe(0));
  });
});
