/** One request of the fuzzer: made of its seed and number, and of what its VM knows of the chain. */
import { concatBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { createRandom, type Random } from "../replay/random.ts";
import type { Call, VmGenerator } from "./generator.ts";
import { anyJson, mutateBytes, mutateJson, mutateText } from "./mutate.ts";

export type Attempt = {
  /** Whether it is a request over HTTP, or a message over a WebSocket of the tenant's. */
  over: "http" | "socket";
  /** The API of a validator, or that of the tenant with this domain. */
  door: "api" | number;
  /** Which validator, by index. */
  validator: number;
  method: string;
  path: string;
  contentType: string;
  body: Uint8Array;
};

const json = "application/json";
const contentTypes = [json, json, "application/octet-stream", "text/plain", "", "application/json; charset=utf-16"];
const verbs = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
const paths = [
  "/v1/status",
  "/v1/genesis",
  "/v1/blocks/latest",
  "/v1/blocks/1",
  "/v1/blocks/1/tenants/1",
  "/v1/blocks/latest/tenants/31337",
  "/v1/summaries/latest",
  "/v1/certificates/latest",
  "/v1/epochs/0",
  "/v1/validators",
  `/v1/transactions/0x${"12".repeat(32)}`,
  `/v1/transactions/0x${"34".repeat(32)}?domain=31337`,
  "/v1/stream?topics=finalized",
  "/healthz",
  "/metrics",
  "/openapi.json",
];

/** What a URL may hold once its bytes are escaped or printable. */
const pathOf = (bytes: Uint8Array): string =>
  `/${[...bytes]
    .map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`))
    .join("")}`;

const envelope = (random: Random, { method, params }: Call): Record<string, unknown> => ({
  jsonrpc: "2.0",
  id: random.int(2 ** 16),
  method,
  params,
});

type Body = Omit<Attempt, "validator">;
type Make = (random: Random, vms: readonly VmGenerator[], number: number) => Promise<Body>;

const post = (door: Attempt["door"], path: string, value: unknown): Body => ({
  over: "http",
  door,
  method: "POST",
  path,
  contentType: json,
  body: utf8(JSON.stringify(value) ?? ""),
});

type RpcVm = VmGenerator & Required<Pick<VmGenerator, "rpc">>;
const withRpc = (random: Random, vms: readonly VmGenerator[]): RpcVm =>
  random.pick(vms.filter((vm): vm is RpcVm => vm.rpc !== undefined));

const transactionsOf = async (random: Random, vm: VmGenerator, number: number): Promise<Uint8Array[]> => {
  const transactions: Uint8Array[] = [];
  for (let count = 1 + random.int(4); count > 0; count--) transactions.push(await vm.transaction(random, number));
  return transactions;
};

const framed = (bytes: Uint8Array): Uint8Array => {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
};

const rawTransaction: Make = async (random, vms, number) => {
  const vm = withRpc(random, vms);
  return post(vm.domain, "/", envelope(random, vm.rpc.submit(await vm.transaction(random, number), random)));
};

const submission: Make = async (random, vms, number) => {
  const vm = random.pick(vms);
  const transactions = (await transactionsOf(random, vm, number)).map((bytes) => toHex(bytes));
  const domain = random.chance(0.9) ? vm.domain : random.pick([0, 7, 2 ** 32 - 1]);
  const value: unknown = { domain, transactions };
  return post("api", "/v1/transactions", random.chance(0.3) ? mutateJson(random, value) : value);
};

const octets: Make = async (random, vms, number) => {
  const vm = random.pick(vms);
  const body = concatBytes(...(await transactionsOf(random, vm, number)).map(framed));
  return {
    over: "http",
    door: "api",
    method: "POST",
    path: `/v1/transactions?domain=${random.chance(0.9) ? vm.domain : random.pick(["", "x", "-1", "0", "99"])}`,
    contentType: "application/octet-stream",
    body: random.chance(0.3) ? mutateBytes(random, body) : body,
  };
};

const call: Make = async (random, vms) => {
  const vm = withRpc(random, vms);
  const made = vm.rpc.call(random);
  const params = random.chance(0.7) ? mutateJson(random, made.params) : made.params;
  const request = envelope(random, { ...made, params });
  return post(vm.domain, "/", random.chance(0.1) ? mutateJson(random, request) : request);
};

const batch: Make = async (random, vms, number) => {
  const vm = withRpc(random, vms);
  const calls: unknown[] = [];
  for (let count = random.int(8); count > 0; count--) {
    const made = random.chance(0.5) ? vm.rpc.call(random) : vm.rpc.submit(await vm.transaction(random, number), random);
    calls.push(random.chance(0.2) ? anyJson(random) : envelope(random, made));
  }
  return post(vm.domain, "/", calls);
};

const graphql: Make = async (random, vms) => {
  const vm = random.pick(vms.filter((each) => each.graphql !== undefined));
  const request = (await vm.graphql?.(random)) ?? {};
  return post(vm.domain, "/v1/graphql", random.chance(0.2) ? mutateJson(random, request) : request);
};

const brokenText: Make = async (random, vms, number) => {
  const made = await random.pick([call, submission, submission, graphql])(random, vms, number);
  return { ...made, body: mutateText(random, new TextDecoder().decode(made.body)) };
};

const wrongDoor: Make = async (random, vms, number) => {
  const made = await random.pick([call, submission, octets])(random, vms, number);
  const method = random.pick(verbs);
  return {
    ...made,
    method,
    path: random.chance(0.5) ? made.path : pathOf(random.bytes(random.int(40))),
    contentType: random.pick(contentTypes),
    body: method === "GET" ? new Uint8Array() : made.body,
  };
};

const question: Make = async (random) => {
  const path = random.pick(paths);
  const mutated = random.chance(0.6) ? pathOf(mutateBytes(random, utf8(path.slice(1)))) : path;
  return { over: "http", door: "api", method: "GET", path: mutated, contentType: "", body: new Uint8Array() };
};

const message: Make = async (random, vms, number) => ({
  ...(await random.pick([call, rawTransaction, batch])(random, vms, number)),
  over: "socket",
});

/** Of a hundred attempts, so many are of each kind. */
const shares: readonly (readonly [share: number, make: Make])[] = [
  [25, rawTransaction],
  [8, graphql],
  [10, submission],
  [8, octets],
  [18, call],
  [5, batch],
  [6, message],
  [5, brokenText],
  [5, wrongDoor],
  [10, question],
];
const kinds = shares.flatMap(([share, make]) => Array.from({ length: share }, () => make));

/** Attempt `number` under `seed`, to one of so many validators. */
export const attemptOf = async (
  seed: number,
  number: number,
  vms: readonly VmGenerator[],
  validators: number,
): Promise<Attempt> => {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  return { ...(await random.pick(kinds)(random, vms, number)), validator: random.int(validators) };
};
