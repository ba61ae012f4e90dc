import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import type { FinalizedBlock } from "../../consensus/application.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { asHeight, asRoot, zeroRoot } from "../../protocol/ids.ts";
import { type Summary, Summary as SummaryObject } from "../../protocol/summary.ts";
import { decodeWire, EventWire } from "../../protocol/wire.ts";
import { buildChain, dataDomain, evmDomain } from "../../test/fixtures/chain.ts";
import { createTestNode, type TestNode } from "../../test/fixtures/node.ts";
import type { NodeEvent } from "../service.ts";
import { apiLimits } from "./limits.ts";
import { serveApi } from "./server.ts";

const log = { warn: () => {}, error: () => {} };
const chain = buildChain({ heights: 3 });
let node: TestNode;
let api: Awaited<ReturnType<typeof serveApi>>;
beforeAll(async () => {
  node = createTestNode(chain);
  api = await serveApi(node, { host: "127.0.0.1", port: 0, log });
});
afterAll(() => api.close());

const portOf = (url: string): number => Number(new URL(url).port);

/** Sends bytes over TCP and reads until the server closes. */
const exchange = async (bytes: string | Uint8Array): Promise<string> => {
  const socket = connect(portOf(api.url), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await once(socket, "close");
  return Buffer.concat(chunks).toString();
};

describe("HTTP", () => {
  test("answers on the port it took", async () => {
    const response = await fetch(`${api.url}/v1/status`);
    expect(await response.json()).toMatchObject({ finalized: 3, certified: 1, peers: [1, 2, 3] });
  });

  test("takes transactions as octets", async () => {
    const response = await fetch(`${api.url}/v1/transactions?domain=1`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: Uint8Array.of(0, 0, 0, 3, 1, 2, 3),
    });
    expect(await response.json()).toEqual([
      { id: expect.stringMatching(/^0x/), nativeId: expect.stringMatching(/^0x/) },
    ]);
  });

  test("refuses a body that is too large, whether it says so or not", async () => {
    const declared = await exchange(
      `POST /v1/transactions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${apiLimits.requestBytes + 1}\r\n\r\n`,
    );
    expect(declared).toContain("413");
    expect(declared).toContain("body_too_large");
    const chunk = `100000\r\n${"x".repeat(2 ** 20)}\r\n`;
    const chunked = await exchange(
      `POST /v1/transactions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(apiLimits.requestBytes / 2 ** 20 + 2)}0\r\n\r\n`,
    );
    expect(chunked).toContain("413");
    expect((await fetch(`${api.url}/v1/status`)).status).toBe(200);
  });

  test("answers what is no HTTP in words, and lives", async () => {
    expect(await exchange("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")).toContain("invalid_request");
    expect(await exchange(`GET /${"a".repeat(apiLimits.headerBytes)} HTTP/1.1\r\n\r\n`)).toContain("invalid_request");
    expect(await exchange("GET /v1/status HTTP/1.1\r\nhost: \u0000\r\n\r\n")).toContain("400");
    expect(await exchange("GET /v1\\status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).toContain(
      "invalid_request",
    );
    expect(await exchange("GET //%%% HTTP/1.1\r\nhost: [\r\nconnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 4/);
    expect((await fetch(`${api.url}/v1/status`)).status).toBe(200);
  });

  test("a port in use has a code of its own", async () => {
    await expect(serveApi(node, { host: "127.0.0.1", port: portOf(api.url), log })).rejects.toMatchObject({
      code: "port_in_use",
      message: expect.stringContaining(String(portOf(api.url))),
    });
    expect(node.listeners()).toBe(1);
  });

  test("closing ends streams, connections and the subscription to the node", async () => {
    const other = createTestNode(chain);
    const server = await serveApi(other, { host: "127.0.0.1", port: 0, log });
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/stream`);
    await once(socket, "open");
    const closed = once(socket, "close");
    await Promise.all([server.close(), server.close()]);
    expect((await closed)[0]).toBe(1001);
    expect(other.listeners()).toBe(0);
    await expect(fetch(`${server.url}/v1/status`)).rejects.toThrow();
  });
});

describe("the stream", () => {
  const summary = chain.summaries[3] as Summary;
  const events: NodeEvent[] = [
    { type: "finalized", block: chain.blocks[3] as FinalizedBlock },
    { type: "executed", summary, summaryRoot: SummaryObject.root(summary) },
    { type: "certified", height: asHeight(1), carrier: asHeight(3) },
    ...[dataDomain, evmDomain].map(
      (domain): NodeEvent => ({
        type: "tenant",
        block: {
          domain,
          context: {
            height: asHeight(3),
            number: 3,
            timestampMs: 3000,
            header: zeroRoot,
            parent: zeroRoot,
            parentHash: zeroRoot,
            certified: 1,
          },
          seal: {
            number: 3,
            blockHash: asRoot(new Uint8Array(32).fill(1)),
            stateRoot: zeroRoot,
            auxRoot: zeroRoot,
            receiptsRoot: zeroRoot,
            gasUsed: 21_000,
            block: new Uint8Array(),
          },
          writes: [],
          transactions: [{ bytes: utf8("a"), nativeId: "0x01", receipt: new Uint8Array(), succeeded: true }],
        },
      }),
    ),
  ];
  const open: WebSocket[] = [];
  beforeEach(() => () => {
    for (const socket of open.splice(0)) socket.terminate();
  });

  const subscribe = async (query: string) => {
    const socket = new WebSocket(`${api.url.replace("http", "ws")}/v1/stream${query}`);
    open.push(socket);
    const received: unknown[] = [];
    let wake = (): void => {};
    socket.on("message", (data: RawData) => {
      received.push(JSON.parse(data.toString()));
      wake();
    });
    await once(socket, "open");
    const messages = async (count: number): Promise<unknown[]> => {
      while (received.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received;
    };
    return { socket, messages };
  };
  const topicsOf = (messages: unknown[]) => messages.map((message) => (message as EventWire).topic);

  test("tells the topics asked for, as objects that decode to what happened", async () => {
    const { messages } = await subscribe("?topics=finalized,executed,certified,tenant");
    for (const event of events) node.emit(event);
    const decoded = (await messages(5)).map(
      (message) => decodeWire(EventWire as never, message) as { ok: boolean; value: EventWire },
    );
    expect(decoded.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
    expect(decoded[0]?.value).toEqual({ topic: "finalized", block: chain.blocks[3] });
    expect(decoded[1]?.value).toMatchObject({ topic: "executed", summary });
    expect(decoded[4]?.value).toMatchObject({
      topic: "tenant",
      domain: evmDomain,
      transactions: [{ nativeId: "0x01" }],
    });
  });

  test("filters tenants by domain, and subscriptions change by message", async () => {
    const { socket, messages } = await subscribe(`?topics=tenant&domain=${evmDomain}`);
    for (const event of events) node.emit(event);
    expect(await messages(1)).toMatchObject([{ topic: "tenant", domain: evmDomain }]);
    socket.send('{"subscribe":["certified"],"domains":[1]}');
    expect((await messages(2))[1]).toEqual({ subscribed: ["tenant", "certified"], domains: [1] });
    for (const event of events) node.emit(event);
    expect(topicsOf((await messages(4)).slice(2))).toEqual(["certified", "tenant"]);
    socket.send("nonsense");
    expect((await messages(5))[4]).toMatchObject({ error: { code: "invalid_request" } });
  });

  test.each([
    ["/v1/stream?topics=everything", "400"],
    ["/v1/elsewhere", "404"],
    ["//", "404"],
  ])("refuses to become a WebSocket at %s", async (path, status) => {
    const answer = await exchange(
      `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain('"error"');
  });

  test("cuts off a reader that leaves too much unread, and says why; others go on", async () => {
    const slow = await subscribe("?topics=finalized");
    const fast = await subscribe("?topics=certified");
    slow.socket.pause();
    const header = { ...(chain.blocks[3] as FinalizedBlock).header, batches: Array(64).fill(zeroRoot) };
    const big: NodeEvent = { type: "finalized", block: { ...(chain.blocks[3] as FinalizedBlock), header } };
    const size = JSON.stringify(toHex(zeroRoot)).length * 64;
    const closed = once(slow.socket, "close");
    for (let sent = 0; sent < 16 * apiLimits.unsentBytes; sent += size) {
      node.emit(big);
      if (sent % (100 * size) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    slow.socket.resume();
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([1013, expect.stringContaining("reader too slow")]);
    node.emit(events[2] as NodeEvent);
    expect(await fast.messages(1)).toMatchObject([{ topic: "certified" }]);
  });

  test("cuts off a reader that talks too much, and one whose message is too long", async () => {
    const talker = await subscribe("");
    const silenced = once(talker.socket, "close");
    for (let i = 0; i <= apiLimits.messages; i++) talker.socket.send('{"subscribe":[]}');
    expect((await silenced)[0]).toBe(1008);
    const shouter = await subscribe("");
    const ended = once(shouter.socket, "close");
    shouter.socket.send("x".repeat(apiLimits.messageBytes + 1));
    expect((await ended)[0]).toBe(1009);
  });
});
