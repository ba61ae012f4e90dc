/** Requests that make no sense, at every door of a node: a clear answer, and the node goes on. */
import { connect } from "node:net";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { WebSocket } from "ws";
import { expectUnharmed, rpcOf } from "./transfers.ts";

const devnet = inject("devnet");
const { api } = devnet;
const rpcUrl = rpcOf(devnet, 0);
const sentence = expect.stringMatching(/\w+ \w+/);
const MiB = 1024 * 1024;

expectUnharmed(devnet);

const post = async (url: string, body: string | Uint8Array<ArrayBuffer>, type = "application/json") => {
  const response = await fetch(url, { method: "POST", headers: { "content-type": type }, body });
  return { status: response.status, body: (await response.json()) as unknown };
};
const call = (body: unknown) => post(rpcUrl, JSON.stringify(body));
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("JSON-RPC", () => {
  test.each(["", "{", "nonsense", '{"jsonrpc":"2.0","id":1,', "\u0000\u0001", '"\ud800'])(
    "%j: parse error",
    async (body) => {
      expect(await post(rpcUrl, body)).toEqual({
        status: 200,
        body: { jsonrpc: "2.0", id: null, error: { code: -32700, message: sentence } },
      });
    },
  );

  test.each([
    1,
    "text",
    null,
    {},
    { jsonrpc: "1.0", id: 1, method: "eth_chainId" },
    { jsonrpc: "2.0", id: 1, method: 5 },
  ])("%j: invalid request", async (request) => {
    expect(await call(request)).toMatchObject({ status: 200, body: { error: { code: -32600, message: sentence } } });
  });

  test.each([
    "eth_nothing",
    "",
    "toString",
    "__proto__",
    "constructor",
    "eth_sendTransaction",
    "evm_mine",
    "debug_setHead",
  ])("the unknown method %j: -32601 with HTTP 200", async (method) => {
    expect(await call({ jsonrpc: "2.0", id: 7, method, params: [] })).toMatchObject({
      status: 200,
      body: { id: 7, error: { code: -32601, message: sentence } },
    });
  });

  test.each([
    ["eth_getBalance", []],
    ["eth_getBalance", ["0x12", "latest"]],
    ["eth_getBalance", [1, 2, 3, 4]],
    ["eth_getBlockByNumber", ["yesterday", false]],
    ["eth_getBlockByHash", ["0x12", false]],
    ["eth_getTransactionReceipt", [{}]],
    ["eth_call", ["0x", "latest"]],
    ["eth_getLogs", [{ fromBlock: "0xzz" }]],
    ["eth_getProof", ["0x0000000000000000000000000000000000000001", "not a list", "latest"]],
    ["eth_feeHistory", ["0x1", "latest", [101]]],
  ])("%s with %j: -32602", async (method, params) => {
    expect(await call({ jsonrpc: "2.0", id: 1, method, params })).toMatchObject({
      status: 200,
      body: { error: { code: -32602, message: sentence } },
    });
  });

  test("batches that are empty or too long", async () => {
    const one = { jsonrpc: "2.0", id: 1, method: "eth_chainId" };
    for (const batch of [[], new Array(1001).fill(one)]) {
      expect(await call(batch)).toMatchObject({ status: 200, body: { error: { code: -32600, message: sentence } } });
    }
  });

  test("bodies nested a hundred thousand deep, and bodies of 17 MiB", async () => {
    expect((await post(rpcUrl, nested(100_000))).body).toMatchObject({ error: { code: -32600, message: sentence } });
    const deep = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":${nested(5_000)}}`;
    expect((await post(rpcUrl, deep)).body).toMatchObject({ error: { message: sentence } });
    expect(await post(rpcUrl, " ".repeat(17 * MiB))).toMatchObject({
      status: 413,
      body: { error: { message: sentence } },
    });
  });

  test("any JSON at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const { status, body } = await call(value);
        expect(status).toBe(200);
        for (const answer of Array.isArray(body) ? body : [body]) {
          expect(answer).toMatchObject({ jsonrpc: "2.0", error: { code: expect.any(Number), message: sentence } });
        }
      }),
      { numRuns: 100 },
    );
  });

  test("another verb than POST", async () => {
    const response = await fetch(rpcUrl);
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ error: { message: sentence } });
  });
});

describe("HTTP API", () => {
  test.each([
    ["/", 404, "unknown_route"],
    ["/v2/status", 404, "unknown_route"],
    ["/v1/blocks", 404, "unknown_route"],
    ["/v1/%ff%00", 404, "unknown_route"],
    ["/v1/blocks/-1", 400, "invalid_request"],
    ["/v1/blocks/01", 400, "invalid_request"],
    ["/v1/blocks/0x10", 400, "invalid_request"],
    ["/v1/blocks/1e3", 400, "invalid_request"],
    ["/v1/blocks/99999999999999999999", 400, "invalid_request"],
    ["/v1/blocks/999999999999999", 404, "not_found"],
    ["/v1/blocks/0", 404, "not_found"],
    ["/v1/summaries/999999999999999", 404, "not_found"],
    ["/v1/summaries/last", 400, "invalid_request"],
    ["/v1/blocks/1/tenants/7", 404, "not_found"],
    ["/v1/blocks/1/tenants/4294967296", 400, "invalid_request"],
    ["/v1/epochs/999999", 404, "not_found"],
    ["/v1/epochs/-1", 400, "invalid_request"],
    ["/v1/transactions/0x12", 400, "invalid_request"],
    ["/v1/transactions/nothing", 400, "invalid_request"],
    [`/v1/transactions/0x${"00".repeat(32)}`, 404, "not_found"],
    ["/v1/stream", 426, "upgrade_required"],
  ])("GET %s: %i %s", async (path, status, code) => {
    for (const { api } of devnet.validators) {
      const response = await fetch(`${api}${path}`);
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({ error: expect.objectContaining({ code, message: sentence }) });
    }
  });

  test("other verbs", async () => {
    for (const [path, method] of [
      ["/v1/status", "POST"],
      ["/v1/status", "DELETE"],
      ["/v1/transactions", "GET"],
    ] as const) {
      const response = await fetch(`${api}${path}`, { method });
      expect(response.status).toBe(405);
      expect(await response.json()).toMatchObject({ error: { code: "method_not_allowed", message: sentence } });
    }
  });

  const submissions = `${api}/v1/transactions`;

  test.each([
    ["", "malformed_body"],
    ["{", "malformed_body"],
    ["[]", "malformed_body"],
    ["{}", "malformed_body"],
    ['{"domain":1,"transactions":[]}', "malformed_body"],
    ['{"domain":-1,"transactions":["0x00"]}', "malformed_body"],
    ['{"domain":1.5,"transactions":["0x00"]}', "malformed_body"],
    ['{"domain":1,"transactions":[5]}', "malformed_body"],
    ['{"domain":1,"transactions":"0x00"}', "malformed_body"],
    ['{"domain":1,"transactions":["0x00"],"more":1}', "malformed_body"],
  ])("POST /v1/transactions %s: 400 %s", async (body, code) => {
    expect(await post(submissions, body)).toEqual({
      status: 400,
      body: { error: expect.objectContaining({ code, message: sentence }) },
    });
  });

  test("POST /v1/transactions nested a hundred thousand deep: 400", async () => {
    expect(await post(submissions, nested(100_000))).toMatchObject({
      status: 400,
      body: { error: { message: sentence } },
    });
  });

  test("each transaction gets its own answer", async () => {
    const { status, body } = await post(submissions, '{"domain":1,"transactions":["0xzz","zz","0x1",""]}');
    expect(status).toBe(200);
    expect(body).toEqual(new Array(4).fill({ error: { code: "undecodable", message: sentence } }));
    const oversized = `0x${"00".repeat(128 * 1024 + 1)}`;
    expect((await post(submissions, JSON.stringify({ domain: 1, transactions: [oversized] }))).body).toMatchObject([
      { error: { code: "oversized", message: sentence } },
    ]);
  });

  test("bodies that are too large, of another type, or cut off", async () => {
    const large = await post(submissions, " ".repeat(17 * MiB));
    expect(large).toMatchObject({ status: 413, body: { error: { code: "body_too_large", message: sentence } } });
    const text = await post(submissions, "hello", "text/plain");
    expect(text).toMatchObject({ status: 415, body: { error: { code: "unsupported_media_type", message: sentence } } });
    for (const octets of [Uint8Array.of(0, 0), Uint8Array.of(0, 0, 0, 9, 1), Uint8Array.of(255, 255, 255, 255)]) {
      const cut = await post(`${submissions}?domain=1`, octets, "application/octet-stream");
      expect(cut).toMatchObject({ status: 400, body: { error: { code: "malformed_body", message: sentence } } });
    }
  });
});

/** Opens a WebSocket; `closed` resolves with its end. */
const openSocket = (url: string) => {
  const socket = new WebSocket(url);
  const messages: string[] = [];
  let wake = () => {};
  socket.on("message", (data) => {
    messages.push(data.toString());
    wake();
  });
  socket.on("error", () => {});
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  const opened = new Promise<void>((resolve) => socket.once("open", () => resolve()));
  const next = async (): Promise<string> => {
    while (messages.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return messages.shift() ?? "";
  };
  return { socket, opened, closed, next };
};

describe("WebSockets", () => {
  test.each(["not JSON", "{}", '{"subscribe":["weather"]}', '{"subscribe":[]', "[[[[", "\u0000", nested(20)])(
    "the stream answers %j with an error, and stays open",
    async (message) => {
      const { socket, opened, closed, next } = openSocket(`${api.replace("http", "ws")}/v1/stream`);
      await opened;
      socket.send(message);
      expect(JSON.parse(await next())).toEqual({ error: { code: "invalid_request", message: sentence } });
      socket.send('{"subscribe":["finalized"]}');
      expect(JSON.parse(await next())).toEqual({ subscribed: ["finalized"] });
      socket.close();
      await closed;
    },
  );

  test("the stream refuses other paths and topics before it opens", async () => {
    for (const [path, status] of [
      ["/v1/status", 404],
      ["/v1/stream?topics=weather", 400],
      ["/v1/stream?domain=x", 400],
    ] as const) {
      const socket = new WebSocket(`${api.replace("http", "ws")}${path}`);
      const refused = await new Promise<number | undefined>((resolve) => {
        socket.once("unexpected-response", (_, { statusCode }) => resolve(statusCode));
        socket.once("error", () => {});
      });
      expect(refused).toBe(status);
    }
  });

  test("the stream closes on a message above its limit", async () => {
    const { socket, opened, closed } = openSocket(`${api.replace("http", "ws")}/v1/stream`);
    await opened;
    socket.send("x".repeat(MiB));
    expect(await closed).toBe(1009);
  });

  test("JSON-RPC answers garbage with errors, and stays open", async () => {
    const { socket, opened, closed, next } = openSocket(rpcUrl.replace("http", "ws"));
    await opened;
    const cases: [string | Buffer, number][] = [
      ["nonsense", -32700],
      [Buffer.from([0xff, 0xfe, 0x00]), -32700],
      ["[]", -32600],
      ["5", -32600],
      ['{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}', -32601],
      ['{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["weather"]}', -32602],
    ];
    for (const [message, code] of cases) {
      socket.send(message);
      expect(JSON.parse(await next())).toMatchObject({ error: { code, message: sentence } });
    }
    socket.close();
    await closed;
  });

  test("broken frames end the connection", async () => {
    for (const url of [`${api}/v1/stream`, rpcUrl]) {
      const { socket, opened, closed } = openSocket(url.replace("http", "ws"));
      await opened;
      (socket as unknown as { _socket: NodeJS.WritableStream })._socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      expect(await closed).toBeGreaterThanOrEqual(1000);
    }
  });
});

test("bytes that are no HTTP end their connection", async () => {
  for (const url of devnet.validators.flatMap(({ api }, index) => [api, rpcOf(devnet, index)])) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {}).resume();
    socket.end(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 31) % 256)));
    await new Promise((resolve) => socket.once("close", resolve));
  }
});
