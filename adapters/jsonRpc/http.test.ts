import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockstepError } from "../../protocol/errors.ts";
import type { RpcServer } from "../adapter.ts";
import { transportLimits } from "./limits.ts";
import { serveJsonRpc } from "./server.ts";
import type { Service } from "./service.ts";

const service: Service = { methods: new Map([["echo", (params) => params]]), grouped: new Map() };
const local = { host: "127.0.0.1", port: 0 };
const echoCall = '{"jsonrpc":"2.0","id":1,"method":"echo","params":["é"]}';

let server: RpcServer;
beforeEach(async () => {
  server = await serveJsonRpc(service, local);
});
afterEach(() => server.close());

const post = (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.rpc, { method: "POST", body: body as RequestInit["body"] & {}, headers });

const portOf = (url: string): number => Number(new URL(url).port);

const raw = async (text: string): Promise<Socket> => {
  const socket = connect(portOf(server.rpc), "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(text);
  return socket;
};
const readAll = async (socket: Socket): Promise<string> => {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
};

const expectAlive = async (): Promise<void> => {
  expect(await (await post(echoCall)).json()).toEqual({ jsonrpc: "2.0", id: 1, result: ["é"] });
};

describe("POST", () => {
  it("answers JSON with status 200, errors included", async () => {
    const response = await post(echoCall);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    const unknown = await post('{"jsonrpc":"2.0","id":1,"method":"nothing"}');
    expect([unknown.status, (await unknown.json()).error.code]).toEqual([200, -32601]);
    const malformed = await post("{");
    expect([malformed.status, (await malformed.json()).error.code]).toEqual([200, -32700]);
    const binary = await post(Uint8Array.from({ length: 256 }, (_, i) => i));
    expect((await binary.json()).error.code).toBe(-32700);
  });

  it("answers nothing to a notification", async () => {
    const response = await post('{"jsonrpc":"2.0","method":"echo"}');
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });

  it("lets pages of other origins ask", async () => {
    const preflight = await fetch(server.rpc, {
      method: "OPTIONS",
      headers: { origin: "http://page.example", "access-control-request-headers": "content-type" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect((await post(echoCall, { origin: "http://page.example" })).headers.get("access-control-allow-origin")).toBe(
      "*",
    );
  });

  it("refuses a body above the cap and says so", async () => {
    const response = await post("x".repeat(transportLimits.requestBytes + 1));
    expect(response.status).toBe(413);
    expect((await response.json()).error.message).toContain(`more than ${transportLimits.requestBytes} bytes`);
    await expectAlive();
  });

  it("keeps the connection for the next request", async () => {
    const request = `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(echoCall)}\r\n`;
    const socket = await raw(`${request}\r\n${echoCall}${request}connection: close\r\n\r\n${echoCall}`);
    expect((await readAll(socket)).match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  });
});

it("tells a browser's GET what to do", async () => {
  const response = await fetch(server.rpc);
  expect(response.status).toBe(405);
  expect((await response.json()).error.message).toContain("POST");
});

describe("what isn't HTTP", () => {
  it.each(["\0\0\0\0\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: abc\r\n\r\n", `GET /${"x".repeat(100_000)}`])(
    "is ended, and the server lives",
    async (text) => {
      expect(await readAll(await raw(text))).toMatch(/^HTTP\/1.1 4\d\d /);
      await expectAlive();
    },
  );

  it("a connection lost inside a request does no harm", async () => {
    for (const sent of ["POST / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"]) {
      const socket = await raw(sent);
      socket.destroy();
    }
    const reset = await raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999\r\n\r\n{");
    reset.resetAndDestroy();
    await expectAlive();
  });

  it("an endless body is cut off", async () => {
    const socket = await raw("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const piece = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    let closed = false;
    void ended.then(() => {
      closed = true;
    });
    let pieces = 0;
    while (!closed && pieces < 200) {
      pieces++;
      await new Promise((resolve) => {
        if (socket.write(piece)) setImmediate(resolve);
        else Promise.race([new Promise((drained) => socket.once("drain", drained)), ended]).then(resolve);
      });
    }
    await ended;
    expect(pieces).toBeLessThan(200);
    await expectAlive();
  });
});

it("a port in use is named, with what to do", async () => {
  const port = portOf(server.rpc);
  const refused = await serveJsonRpc(service, { host: "127.0.0.1", port }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(LockstepError);
  expect((refused as LockstepError).failure).toMatchObject({ code: "port_in_use", port, host: "127.0.0.1" });
  expect((refused as LockstepError).message).toContain(`port ${port}`);
});

it("closing ends idle connections and frees the port", async () => {
  const idle = await raw("");
  const closed = new Promise((resolve) => idle.once("close", resolve));
  const port = portOf(server.rpc);
  await server.close();
  await closed;
  server = await serveJsonRpc(service, { host: "127.0.0.1", port });
  await expectAlive();
});
