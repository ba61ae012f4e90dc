import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { refusalIn, submitAll } from "./submission.ts";

test("a refusal is found in the answers of all three kinds of server", () => {
  expect(refusalIn([{ id: "0x1", nativeId: "0x1" }])).toBeUndefined();
  expect(refusalIn([{ id: "0x1" }, { error: { code: "lane_full", message: "full" } }])).toBe("full");
  expect(refusalIn([{ result: "0xabc" }, { error: { code: -32000, message: "no", data: "why" } }])).toBe("no: why");
  expect(refusalIn([{ result: { code: 0, log: "" } }, { result: { code: 2, log: "bad" } }])).toBe("code 2: bad");
  expect(refusalIn({ error: "none" })).toContain("no list of answers");
});

test("what was taken before counts as taken", () => {
  expect(refusalIn([{ error: { message: "already known" } }])).toBeUndefined();
  expect(refusalIn([{ error: { message: "Internal error", data: "tx already exists in cache" } }])).toBeUndefined();
});

test("bodies arrive in the order of their connection, and refused ones again", async () => {
  const arrived: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const isFirst = !arrived.includes(body);
    arrived.push(body);
    response.end(JSON.stringify([body === "b" && isFirst ? { error: { message: "busy" } } : { result: "0x1" }]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const bodies = ["a", "b", "c"].map((text) => Buffer.from(text));
    const submitted = await submitAll([{ url, contentType: "text/plain", bodies }]);
    expect(submitted).toEqual({ resent: 1, refusals: ["busy"] });
    expect(arrived).toEqual(["a", "b", "b", "c"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
