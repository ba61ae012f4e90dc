import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { RpcServer } from "../adapter.ts";
import { transportLimits } from "./limits.ts";
import { serveJsonRpc } from "./server.ts";
import type { Method, Service } from "./service.ts";

/** Subscriptions to whatever the test publishes. */
const listeners = new Set<(text: string) => void>();
const publish = (text: string): void => {
  for (const listener of [...listeners]) listener(text);
};
const service: Service = {
  methods: new Map<string, Method>([
    ["echo", (params) => params],
    [
      "subscribe",
      (_, session) =>
        session?.subscribe((id) => {
          const listener = (text: string): void => session.send(JSON.stringify({ id, text }));
          listeners.add(listener);
          listener("first");
          return () => listeners.delete(listener);
        }),
    ],
    ["unsubscribe", (params, session) => session?.unsubscribe((params as [number])[0])],
    ["long", () => "x".repeat(2 ** 20)],
  ]),
  grouped: new Map(),
};

let server: RpcServer;
beforeEach(async () => {
  server = await serveJsonRpc(service, { host: "127.0.0.1", port: 0 });
});
afterEach(async () => {
  await server.close();
  vi.useRealTimers();
  expect(listeners.size).toBe(0);
});

const open = async (): Promise<{ socket: WebSocket; next(): Promise<unknown>; ask(value: unknown): void }> => {
  const socket = new WebSocket(server.ws);
  const queue: unknown[] = [];
  let wake = (): void => {};
  socket.on("message", (data) => {
    queue.push(JSON.parse(data.toString()));
    wake();
  });
  socket.on("error", () => {});
  await once(socket, "open");
  const next = async (): Promise<unknown> => {
    while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return queue.shift();
  };
  return { socket, next, ask: (value) => socket.send(typeof value === "string" ? value : JSON.stringify(value)) };
};
const call = (id: number, method: string, params: unknown[] = []) => ({ jsonrpc: "2.0", id, method, params });

/** A WebSocket that does nothing after its handshake unless told. */
const openRaw = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(server.ws).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  const [head] = await once(socket, "data");
  expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
  return socket;
};
const masked = (text: string): Buffer => {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
};

it("answers requests, batches and nonsense", async () => {
  const { ask, next, socket } = await open();
  ask(call(1, "echo", ["é"]));
  expect(await next()).toEqual({ jsonrpc: "2.0", id: 1, result: ["é"] });
  ask([call(2, "echo"), call(3, "nothing")]);
  expect(await next()).toMatchObject([
    { id: 2, result: [] },
    { id: 3, error: { code: -32601 } },
  ]);
  ask("{");
  expect(await next()).toMatchObject({ id: null, error: { code: -32700 } });
  socket.close();
});

describe("subscriptions", () => {
  it("start after their id was answered, and end when asked", async () => {
    const { ask, next, socket } = await open();
    ask(call(1, "subscribe"));
    expect(await next()).toMatchObject({ id: 1, result: 1 });
    expect(await next()).toEqual({ id: 1, text: "first" });
    publish("second");
    expect(await next()).toEqual({ id: 1, text: "second" });
    ask(call(2, "unsubscribe", [1]));
    expect(await next()).toMatchObject({ id: 2, result: true });
    ask(call(3, "unsubscribe", [1]));
    expect(await next()).toMatchObject({ id: 3, result: false });
    expect(listeners.size).toBe(0);
    socket.close();
  });

  it("are bounded per connection", async () => {
    const { ask, next, socket } = await open();
    ask(Array.from({ length: transportLimits.subscriptions + 1 }, (_, i) => call(i, "subscribe")));
    const answers = (await next()) as { error?: { code: number } }[];
    expect(answers.filter(({ error }) => error === undefined)).toHaveLength(transportLimits.subscriptions);
    expect(answers.at(-1)).toMatchObject({ error: { code: -32005 } });
    socket.close();
    await once(socket, "close");
  });

  it("end with a connection that vanishes without a word", async () => {
    const socket = await openRaw();
    socket.write(masked(JSON.stringify(call(1, "subscribe"))));
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(listeners.size).toBe(0));
  });
});

describe("a slow reader", () => {
  it("of notifications is cut off, others go on", async () => {
    const slow = await openRaw();
    slow.pause();
    slow.write(masked(JSON.stringify(call(1, "subscribe"))));
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    const text = "x".repeat(2 ** 20);
    for (let i = 0; i < 64 && listeners.size > 0; i++) {
      publish(text);
      await new Promise(setImmediate);
    }
    await vi.waitFor(() => expect(listeners.size).toBe(0));
    const { ask, next, socket } = await open();
    ask(call(1, "echo"));
    expect(await next()).toMatchObject({ id: 1 });
    socket.close();
    slow.destroy();
  });

  it("leaves nothing behind that others would miss", async () => {
    const rounds = Math.ceil(transportLimits.bufferedBytes / transportLimits.unsentBytes) + 4;
    const text = "x".repeat(transportLimits.unsentBytes / 2);
    for (let round = 0; round < rounds; round++) {
      const slow = await openRaw();
      slow.pause();
      slow.write(masked(JSON.stringify(call(1, "subscribe"))));
      await vi.waitFor(() => expect(listeners.size).toBe(1), { interval: 1 });
      for (let i = 0; i < 16 && listeners.size > 0; i++) {
        publish(text);
        await new Promise(setImmediate);
      }
      await vi.waitFor(() => expect(listeners.size).toBe(0), { interval: 1 });
      slow.destroy();
    }
    const { ask, next, socket } = await open();
    ask(call(1, "long"));
    expect(await next()).toMatchObject({ id: 1 });
    socket.close();
  });

  it("of answers is cut off", async () => {
    const slow = await openRaw();
    slow.pause();
    slow.write(masked(JSON.stringify(call(0, "subscribe"))));
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    for (let i = 1; i < 64; i++) slow.write(masked(JSON.stringify(call(i, "long"))));
    await vi.waitFor(() => expect(listeners.size).toBe(0));
    const closed = once(slow, "close");
    slow.resume();
    await closed;
    expect(slow.bytesRead).toBeLessThan(40 * 2 ** 20);
  });
});

it("a message above the cap closes the connection with 1009", async () => {
  const { socket } = await open();
  socket.send("x".repeat(transportLimits.requestBytes + 1));
  const [code] = await once(socket, "close");
  expect(code).toBe(1009);
});

it("many messages at once are all answered", async () => {
  const { ask, next, socket } = await open();
  const count = 4 * transportLimits.socketMessages;
  for (let i = 0; i < count; i++) ask(call(i, "echo"));
  const ids = new Set<unknown>();
  for (let i = 0; i < count; i++) ids.add(((await next()) as { id: number }).id);
  expect(ids.size).toBe(count);
  socket.close();
});

it.each(["\xff\xff\xff\xff", "\x81\x05hello", "\x83\x80\0\0\0\0"])(
  "frames that break the protocol end the connection alone",
  async (bytes) => {
    const socket = await openRaw();
    const closed = once(socket.resume(), "close");
    socket.write(Buffer.from(bytes, "latin1"));
    await closed;
    const { ask, next, socket: other } = await open();
    ask(call(1, "echo"));
    expect(await next()).toMatchObject({ id: 1 });
    other.close();
  },
);

it("a half-open connection is ended by the heartbeat, a live one isn't", async () => {
  await server.close();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  server = await serveJsonRpc(service, { host: "127.0.0.1", port: 0 });
  const silent = await openRaw();
  const closed = once(silent.resume(), "close");
  const { socket, ask, next } = await open();
  const ponged = once(socket, "ping");
  vi.advanceTimersByTime(transportLimits.heartbeatMs);
  await ponged;
  ask(call(1, "echo"));
  await next();
  vi.advanceTimersByTime(transportLimits.heartbeatMs);
  await closed;
  ask(call(2, "echo"));
  expect(await next()).toMatchObject({ id: 2 });
  socket.close();
});

it("closing the server tells its clients", async () => {
  const { socket } = await open();
  const closed = once(socket, "close");
  await server.close();
  const [code] = await closed;
  expect(code).toBe(1001);
});
