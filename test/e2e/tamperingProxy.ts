/** A server between a reader and a validator that changes one digit of what the validator answers. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Endpoint } from "./network.ts";

/** Keys and positions that lead to a text inside some JSON. */
type Place = readonly (string | number)[];

/** Where to change a digit: in the answers on the API's paths, or of the RPC's methods, that `of` fits. */
export type Change = { of: RegExp; place: Place };

/** Changes the last digit, hexadecimal or decimal, of the text at `place`. @throws Error where there is none */
const changeDigit = (json: unknown, place: Place): unknown => {
  const [key, ...rest] = place;
  if (key === undefined) {
    if (typeof json !== "string" || !/[0-9a-f]$/.test(json)) throw new Error(`${JSON.stringify(json)} has no digit`);
    return json.slice(0, -1) + (json.endsWith("1") ? "2" : "1");
  }
  if (Array.isArray(json)) return json.map((item, i) => (i === key ? changeDigit(item, rest) : item));
  const object = json as Record<string, unknown>;
  return { ...object, [key]: changeDigit(object[key], rest) };
};

export type Proxy = {
  url: string;
  /** How many answers were changed. */
  changed(): number;
  close(): Promise<void>;
};

/** Serves on a free port what `validator` does, its EVM tenant's RPC included; faithfully without `change`. */
export const startProxy = async ({ api, rpc }: Endpoint, change?: Change): Promise<Proxy> => {
  let changed = 0;
  let url = "";

  const meddle = (name: string, json: unknown, answerAt: Place): unknown => {
    if (!change?.of.test(name)) return json;
    const meddled = changeDigit(json, [...answerAt, ...change.place]);
    changed++;
    return meddled;
  };

  const forward = async (path: string, method: string, body: Buffer): Promise<{ status: number; json: unknown }> => {
    const toRpc = path === "/rpc";
    const headers = { "content-type": "application/json" };
    const init = method === "GET" ? { method } : { method, headers, body: body.toString() };
    const answer = await fetch(toRpc ? rpc : `${api}${path}`, init);
    const json: unknown = await answer.json();
    const name = toRpc ? (JSON.parse(body.toString()) as { method: string }).method : path;
    return { status: answer.status, json: answer.ok ? meddle(name, json, toRpc ? ["result"] : []) : json };
  };

  const server = createServer(async (request, response) => {
    try {
      const { status, json } = await forward(request.url ?? "/", request.method ?? "GET", await buffer(request));
      // The status tells where the tenant's RPC is: here, too.
      const text = JSON.stringify(json).replaceAll(rpc, `${url}/rpc`);
      response.writeHead(status, { "content-type": "application/json" }).end(text);
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    changed: () => changed,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
