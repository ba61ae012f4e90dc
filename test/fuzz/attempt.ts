/** One request of the fuzzer: made of its seed and number, and of what its VM knows of the chain. */
import { concatBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { createRandom, type Random } from "../replay/random.ts";
import type { Call, GraphqlRequest, VmGenerator } from "./generator.ts";
import { anyJson, mutateBytes, mutateJson, mutateText } from "./mutate.ts";

export type Attempt = {
  /** Whether it is a request over HTTP, a message over a WebSocket of the tenant's, or a request for a stream of events. */
  over: "http" | "socket" | "events";
  /** The API of a validator, or that of the tenant with this domain. */
  door: "api" | number;
  /** What is spoken there. */
  language: "rest" | "jsonRpc" | "graphql";
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

const post = (door: Attempt["door"], language: Attempt["language"], path: string, value: unknown): Body => ({
  over: "http",
  door,
  language,
  method: "POST",
  path,
  contentType: json,
  body: utf8(JSON.stringify(value) ?? ""),
});

type Speaking =
  | (VmGenerator & { rpc: NonNullable<VmGenerator["rpc"]> })
  | (VmGenerator & { rpc?: undefined; graphql: NonNullable<VmGenerator["graphql"]> });
const speaking = (random: Random, vms: readonly VmGenerator[]): Speaking =>
  random.pick(vms.filter((vm): vm is Speaking => vm.rpc !== undefined || vm.graphql !== undefined));

const rpcBody = (domain: number, value: unknown): Body => post(domain, "jsonRpc", "/", value);

/** Subscriptions mostly go where streams of events come from, other requests now and then. */
const graphqlBody = (random: Random, domain: number, request: GraphqlRequest): Body => {
  const isStream = random.chance(request.query.startsWith("subscription") ? 0.8 : 0.05);
  const value = random.chance(0.1) ? mutateJson(random, request) : request;
  const made = post(domain, "graphql", isStream ? "/v1/graphql-sub" : "/v1/graphql", value);
  return isStream ? { ...made, over: "events" } : made;
};

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
  const vm = speaking(random, vms);
  const bytes = await vm.transaction(random, number);
  if (vm.rpc === undefined) return graphqlBody(random, vm.domain, vm.graphql.submit(bytes, random));
  return rpcBody(vm.domain, envelope(random, vm.rpc.submit(bytes, random)));
};

const submission: Make = async (random, vms, number) => {
  const vm = random.pick(vms);
  const transactions = (await transactionsOf(random, vm, number)).map((bytes) => toHex(bytes));
  const domain = random.chance(0.9) ? vm.domain : random.pick([0, 7, 2 ** 32 - 1]);
  const value: unknown = { domain, transactions };
  return post("api", "rest", "/v1/transactions", random.chance(0.3) ? mutateJson(random, value) : value);
};

const octets: Make = async (random, vms, number) => {
  const vm = random.pick(vms);
  const body = concatBytes(...(await transactionsOf(random, vm, number)).map(framed));
  return {
    over: "http",
    door: "api",
    language: "rest",
    method: "POST",
    path: `/v1/transactions?domain=${random.chance(0.9) ? vm.domain : random.pick(["", "x", "-1", "0", "99"])}`,
    contentType: "application/octet-stream",
    body: random.chance(0.3) ? mutateBytes(random, body) : body,
  };
};

const call: Make = async (random, vms) => {
  const vm = speaking(random, vms);
  if (vm.rpc === undefined) return graphqlBody(random, vm.domain, vm.graphql.request(random));
  const made = vm.rpc.call(random);
  const params = random.chance(0.7) ? mutateJson(random, made.params) : made.params;
  const request = envelope(random, { ...made, params });
  return rpcBody(vm.domain, random.chance(0.1) ? mutateJson(random, request) : request);
};

const batch: Make = async (random, vms, number) => {
  const vm = speaking(random, vms);
  const calls: unknown[] = [];
  if (vm.rpc === undefined) {
    for (let count = random.int(8); count > 0; count--) calls.push(vm.graphql.request(random));
    return post(vm.domain, "graphql", "/v1/graphql", calls);
  }
  for (let count = random.int(8); count > 0; count--) {
    const made = random.chance(0.5) ? vm.rpc.call(random) : vm.rpc.submit(await vm.transaction(random, number), random);
    calls.push(random.chance(0.2) ? anyJson(random) : envelope(random, made));
  }
  return rpcBody(vm.domain, calls);
};

const brokenText: Make = async (random, vms, number) => {
  const made = random.chance(0.5) ? await call(random, vms, number) : await submission(random, vms, number);
  return { ...made, body: mutateText(random, new TextDecoder().decode(made.body)) };
};

const wrongDoor: Make = async (random, vms, number) => {
  const made = await random.pick([call, submission, octets])(random, vms, number);
  if (made.over !== "http") return made;
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
  const asked = { method: "GET", path: mutated, contentType: "", body: new Uint8Array() };
  return { over: "http", door: "api", language: "rest", ...asked };
};

/** Over a WebSocket where the tenant has one, else as a stream. */
const message: Make = async (random, vms, number) => {
  const made = await random.pick([call, rawTransaction, batch])(random, vms, number);
  if (made.language !== "graphql") return { ...made, over: "socket" };
  return { ...made, over: "events", path: "/v1/graphql-sub" };
};

/** Of a hundred attempts, so many are of each kind. */
const shares: readonly (readonly [share: number, make: Make])[] = [
  [33, rawTransaction],
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
