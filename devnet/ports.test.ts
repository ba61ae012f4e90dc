import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { asDomain } from "../protocol/ids.ts";
import { findPortOwner } from "./portOwner.ts";
import { describePorts, host, planFreePorts, planPorts, probePorts } from "./ports.ts";
import { plansOf } from "./tenants.ts";

const tenants = plansOf(["data", "svm", "cairo", "evm"]);
const evm = asDomain(31337);
const svm = asDomain(501);
const cairo = asDomain(9004);

let occupied: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (occupied === undefined ? resolve() : occupied.close(() => resolve()))));

const occupy = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    occupied = server;
    server.listen({ host, port: 0 }, () => resolve((server.address() as { port: number }).port));
  });

describe("planPorts", () => {
  test("validator 0 has the usual ports, validator i is 1000·i further up", () => {
    const plans = planPorts(4, tenants);
    expect(plans[0]).toEqual({
      api: 7300,
      p2p: 7400,
      rpc: new Map([
        [svm, 8899],
        [cairo, 5050],
        [evm, 8545],
      ]),
      offset: 0,
    });
    expect(plans[3]).toEqual({
      api: 10300,
      p2p: 10400,
      rpc: new Map([
        [svm, 11899],
        [cairo, 8050],
        [evm, 11545],
      ]),
      offset: 3000,
    });
  });

  test("a port base moves the API of validator 0 there, and all others along", () => {
    expect(planPorts(1, tenants, 17300)[0]).toEqual({
      api: 17300,
      p2p: 17400,
      rpc: new Map([
        [svm, 18899],
        [cairo, 15050],
        [evm, 18545],
      ]),
      offset: 10_000,
    });
  });

  test("no port is planned twice", () => {
    const ports = describePorts(planPorts(7, tenants), tenants).map(({ port }) => port);
    expect(new Set(ports).size).toBe(7 * 6);
  });

  test("a base that leads beyond 65535 is refused with the largest that works", () => {
    expect(() => planPorts(4, tenants, 65_000)).toThrow(/use at most 60935/);
    expect(() => planPorts(4, tenants, 60_935)).not.toThrow();
    expect(() => planPorts(4, tenants, 60_936)).toThrow();
  });
});

describe("planFreePorts", () => {
  test("gives distinct ports that can be listened on", async () => {
    const planned = describePorts(await planFreePorts(4, tenants), tenants);
    expect(new Set(planned.map(({ port }) => port)).size).toBe(4 * 6);
    await probePorts(planned);
  });
});

describe("probePorts", () => {
  test("names the port, its purpose, who has it and what to do", async () => {
    const port = await occupy();
    const probing = probePorts([{ port, purpose: "API of validator 0" }]);
    await expect(probing).rejects.toMatchObject({ failure: { code: "port_in_use", port, pid: process.pid } });
    await expect(probing).rejects.toThrow(
      new RegExp(`^Port ${port} \\(API of validator 0\\) is used by process ${process.pid} .*--port-base`),
    );
  });
});

describe("findPortOwner", () => {
  test("finds the listening process, and nobody where nobody listens", async () => {
    const port = await occupy();
    expect((await findPortOwner(port))?.pid).toBe(process.pid);
    occupied?.close();
    expect(await findPortOwner(port)).toBeUndefined();
  });
});
