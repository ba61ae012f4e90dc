import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { boundConnections, type Connections } from "./connections.ts";
import { listenOn } from "./listen.ts";

let server: Server;
let connections: Connections;
let port: number;
/** Requests whose answers wait for the test. */
let answers: (() => void)[];
beforeEach(async () => {
  answers = [];
  server = createServer((request, response) => {
    request.resume();
    answers.push(() => response.end("ok"));
  });
  connections = boundConnections(server, { connections: 3, sockets: 1 });
  port = Number((await listenOn(server, { host: "0.0.0.0", port: 0 })).split(":")[1]);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const open = async (text = "", localAddress = "127.0.0.1"): Promise<Socket> => {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  socket.write(text);
  return socket;
};
const closed = (socket: Socket) => (socket.closed ? undefined : once(socket, "close"));
const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const slowBody = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
const asked = async (count: number) => {
  while (answers.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("a new connection takes the place of the oldest that waits for its peer: idle, or sending slowly", async () => {
  const working = await open(get);
  await asked(1);
  const slow = await open(slowBody);
  await asked(2);
  const idle = await open();
  const others = [await open(get), await open(get)];
  await Promise.all([closed(slow), closed(idle)]);
  await asked(4);
  expect([working, ...others].map((socket) => socket.closed)).toEqual([false, false, false]);
  expect([connections.http.taken, connections.http.evicted]).toEqual([3, 2]);
});

test("where all are being answered, the host with the most gives way to another, not to itself", async () => {
  const [first, second, third] = [await open(get), await open(get), await open(get)];
  await asked(3);
  await closed(await open(get));
  const stranger = await open(get, "127.0.0.2");
  await closed(third);
  await asked(4);
  expect([first, second, stranger].map((socket) => socket.closed)).toEqual([false, false, false]);
});
