/** Abuse of the HTTP doors, from a host of its own so that it can be told from honest users. */
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import { encodeTransaction, zero32 } from "../../../adapters/fuel/codec.ts";
import { toHex } from "../../../protocol/bytes.ts";

const localAddress = "127.0.0.2";

const portOf = (url: string): number => Number(new URL(url).port);

export type Crowd = {
  /** How many of the connections the server has ended. */
  ended(): number;
  leave(): void;
};

/** Opens connections that say `text` and no more, and read nothing. */
export const crowd = async (url: string, count: number, text: string | Buffer): Promise<Crowd> => {
  let ended = 0;
  const open = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect({ port: portOf(url), host: "127.0.0.1", localAddress });
      socket.once("connect", () => {
        socket.write(text);
        resolve(socket);
      });
      socket.once("error", () => resolve(socket));
      socket.once("close", () => ended++);
      socket.on("error", () => {});
    });
  const sockets: Socket[] = [];
  for (let opened = 0; opened < count; opened += 50) {
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, count - opened) }, open))));
  }
  // Only who reads hears of the end.
  for (const socket of sockets) socket.resume();
  return {
    ended: () => ended,
    leave: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** Body of one request, held back before its last byte. */
export const slowBody = (sent: number, announced: number): Buffer =>
  Buffer.concat([
    Buffer.from(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${announced}\r\n\r\n`),
    Buffer.alloc(sent, 0x20),
  ]);

export const slowHeaders = "POST / HTTP/1.1\r\nhost: x\r\nx-slow: ";
export const hugeHeaders = `GET / HTTP/1.1\r\n${"x-flood: yes\r\n".repeat(20_000)}\r\n`;

/** Sends a body again and again from so many connections until `isOver`; gives how many answers came. */
export const hammer = async (
  url: string,
  bodies: readonly string[],
  connections: number,
  isOver: () => boolean,
): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let answers = 0;
  const send = (body: string): Promise<void> =>
    new Promise((resolve) => {
      const method = body === "" ? "GET" : "POST";
      const { port, pathname } = new URL(url);
      const headers = { "content-type": "application/json" };
      const sent = request(
        { port, host: "127.0.0.1", localAddress, path: pathname, method, headers, agent },
        (response) => {
          response.resume();
          response.once("close", () => {
            answers++;
            resolve();
          });
        },
      );
      sent.once("error", () => resolve());
      sent.end(body === "" ? undefined : body);
    });
  const work = async (first: number): Promise<void> => {
    for (let at = first; !isOver(); at++) await send(bodies[at % bodies.length] ?? "");
  };
  await Promise.all(Array.from({ length: connections }, (_, first) => work(first)));
  agent.destroy();
  return answers;
};

const call = (method: string, ...params: unknown[]) => ({ jsonrpc: "2.0", id: 1, method, params });
const text = (value: unknown): string => JSON.stringify(value);

/** Endless loop, as code of a contract to be created. */
const endless = "0x5b600056";
/** Loops until 50,000 gas are left: every estimate tries many limits. */
const burner = "0x5b5a6200c3501060005700";
const slots = Array.from({ length: 1024 }, (_, i) => `0x${i.toString(16)}`);
const everyone = "0x0000f90827f1c53a10cb7a02335b175320002935";

/** Calls that cost the node far more than their sender. */
export const expensiveCalls: readonly string[] = [
  text(call("eth_call", { data: endless }, "latest")),
  text(call("eth_estimateGas", { data: burner })),
  text(call("eth_getProof", everyone, slots, "latest")),
  text(call("eth_getLogs", { fromBlock: "0x0", toBlock: "latest" })),
  text(Array.from({ length: 1000 }, () => call("eth_getLogs", { fromBlock: "0x0", toBlock: "latest" }))),
  text(Array.from({ length: 1000 }, () => call("eth_call", { data: endless }, "latest"))),
  text(Array.from({ length: 1000 }, () => call("eth_feeHistory", "0x100", "latest", [5, 50, 95]))),
  `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
  "[".repeat(4 * 2 ** 20),
  " ".repeat(8 * 2 ** 20),
];

/** A script of Fuel that ends when its gas does. */
const endlessScript = toHex(
  encodeTransaction({
    ...{ kind: "script", scriptGasLimit: 95_000_000n, receiptsRoot: zero32, script: "0x90000000", scriptData: "0x" },
    ...{ policies: { maxFee: 0n }, outputs: [], witnesses: [] },
    inputs: [
      {
        ...{ kind: "coin", utxoId: { txId: zero32, index: 0 }, owner: zero32, amount: 0n, assetId: zero32 },
        ...{ txPointer: { height: 0, index: 0 }, witnessIndex: 0, predicateGasUsed: 0n },
        ...{ predicate: "0x24040000", predicateData: "0x" },
      },
    ],
  }),
);
const operation = (query: string, variables = {}): string => text({ query, variables });
const dryRun =
  "($tx: HexString!) { dryRun(txs: [$tx, $tx], utxoValidation: false, gasPrice: 0) { receipts { data } } }";

/** Operations of GraphQL that cost the node far more than their sender. */
export const expensiveOperations: readonly string[] = [
  operation(`query ${dryRun}`, { tx: endlessScript }),
  operation("{ blocks(last: 512) { nodes { transactions { id rawPayload status { __typename } } } } }"),
  operation(`{ ${Array.from({ length: 64 }, (_, i) => `a${i}: transactions(last: 60) { nodes { id } }`).join(" ")} }`),
  operation(`{ ${"chain { latestBlock { transactions { status { ... on SuccessStatus { block { ".repeat(200)}`),
  operation(`{ ${"health ".repeat(1000)} }`),
  "[".repeat(4 * 2 ** 20),
];

/** A request for an event stream on which nothing ever happens. */
export const silentStream = (path: string): string => {
  const body = operation(`subscription { statusChange(id: "${zero32}") { __typename } }`);
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

/** WebSockets that subscribe as often as they may and read nothing. */
export const deafSubscribers = async (url: string, count: number, subscriptions: number): Promise<Crowd> => {
  let ended = 0;
  const open = (): Promise<WebSocket> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, { localAddress });
      socket.on("error", () => {});
      socket.once("close", () => ended++);
      socket.once("close", () => resolve(socket));
      socket.once("open", () => {
        const kinds = ["newHeads", "newPendingTransactions", "logs"];
        for (let i = 0; i < subscriptions; i++) {
          socket.send(text(call("eth_subscribe", kinds[i % kinds.length] ?? "logs")));
        }
        resolve(socket);
      });
    });
  const sockets = await Promise.all(Array.from({ length: count }, open));
  return {
    ended: () => ended,
    leave: () => {
      for (const socket of sockets) socket.terminate();
    },
  };
};
