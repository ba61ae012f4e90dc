/** Every TCP port of a development network: planned before anything starts, and probed. */
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { LockstepError } from "../protocol/errors.ts";
import type { Domain } from "../protocol/ids.ts";
import { findPortOwner, type PortOwner } from "./portOwner.ts";
import type { TenantPlan } from "./tenants.ts";

export const host = "127.0.0.1";

const apiPort = 7300;
const p2pPort = 7400;
/** Validator i serves everything this much further up. */
const stride = 1000;

/** Free ports are taken below the range from which systems number outgoing connections. */
const freeRange = { from: 10_000, to: 32_768 } as const;

export type PlannedPort = { port: number; purpose: string };

export type ValidatorPorts = {
  api: number;
  p2p: number;
  rpc: ReadonlyMap<Domain, number>;
  /** How far above their registered ports it serves tenants that come later; absent with free ports. */
  offset?: number;
};

/**
 * Ports of all validators, with `portBase` as the API port of validator 0 and all others at their
 * usual distance from it.
 *
 * @throws LockstepError `bad_flag` when one would be above 65535
 */
export const planPorts = (
  validators: number,
  tenants: readonly TenantPlan[],
  portBase: number = apiPort,
): ValidatorPorts[] => {
  const plans = Array.from({ length: validators }, (_, i) => {
    const shift = portBase - apiPort + stride * i;
    const rpc = tenants.flatMap(({ domain, port }) => (port === undefined ? [] : [[domain, port + shift] as const]));
    return { api: apiPort + shift, p2p: p2pPort + shift, rpc: new Map(rpc), offset: shift };
  });
  const highest = Math.max(...describePorts(plans, tenants).map(({ port }) => port));
  if (highest > 65_535) {
    const largest = portBase - (highest - 65_535);
    throw new LockstepError(
      "bad_flag",
      `--port-base ${portBase} puts the last validator on port ${highest}; use at most ${largest}, or 0 for free ports.`,
      { flag: "--port-base" },
    );
  }
  return plans;
};

/** Ports with their purpose in words. */
export const describePorts = (plans: readonly ValidatorPorts[], tenants: readonly TenantPlan[]): PlannedPort[] =>
  plans.flatMap(({ api, p2p, rpc }, i) => [
    { port: api, purpose: `API of validator ${i}` },
    { port: p2p, purpose: `p2p of validator ${i}` },
    ...tenants.flatMap(({ name, domain, ports = 1 }) => {
      const first = rpc.get(domain);
      if (first === undefined) return [];
      return Array.from({ length: ports }, (_, offset) => ({
        port: first + offset,
        purpose: `${name} ${offset === 0 ? "RPC" : "WebSocket"} of validator ${i}`,
      }));
    }),
  ]);

const listenOn = (port: number): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });

const closeServer = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Distinct ports that nobody listens on, as many in a row as each size says; the first of each row. All are held until the last is found. */
const takeFreePorts = async (sizes: readonly number[]): Promise<number[]> => {
  const held = new Map<number, Server>();
  const hold = async (port: number): Promise<boolean> => {
    const server = held.has(port) ? undefined : await listenOn(port);
    if (server !== undefined) held.set(port, server);
    return server !== undefined;
  };
  const takeRow = async (size: number): Promise<number> => {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const first = randomInt(freeRange.from, freeRange.to - size);
      let taken = 0;
      while (taken < size && (await hold(first + taken))) taken++;
      if (taken === size) return first;
    }
    throw new LockstepError("no_free_ports", `No ${size} ports in a row are free between 10000 and 32767.`);
  };
  try {
    const firsts: number[] = [];
    for (const size of sizes) firsts.push(await takeRow(size));
    return firsts;
  } finally {
    await Promise.all([...held.values()].map(closeServer));
  }
};

/** A plan of ports that are free now, for `--port-base 0`. */
export const planFreePorts = async (validators: number, tenants: readonly TenantPlan[]): Promise<ValidatorPorts[]> => {
  const served = tenants.filter(({ port }) => port !== undefined);
  const sizes = [1, 1, ...served.map(({ ports = 1 }) => ports)];
  const taken = await takeFreePorts(Array.from({ length: validators }, () => sizes).flat());
  return Array.from({ length: validators }, (_, i) => {
    const [api = 0, p2p = 0, ...rpc] = taken.slice(i * sizes.length, (i + 1) * sizes.length);
    return { api, p2p, rpc: new Map(served.map(({ domain }, t) => [domain, rpc[t] ?? 0] as const)) };
  });
};

/** How long validators of a devnet that was killed may take to notice that and end. */
const leftoverMs = 5000;
const isLeftover = (owner: PortOwner | undefined): boolean =>
  / node --config .*--die-with-parent/.test(owner?.command ?? "");

/** Who keeps `port` from being listened on; `undefined` when it is free. */
const findUser = async (port: number, deadline: number): Promise<{ owner: PortOwner | undefined } | undefined> => {
  const server = await listenOn(port);
  if (server !== undefined) {
    await closeServer(server);
    return undefined;
  }
  const owner = await findPortOwner(port);
  if (!isLeftover(owner) || Date.now() > deadline) return { owner };
  await new Promise((resolve) => setTimeout(resolve, 50));
  return findUser(port, deadline);
};

const shorten = (command: string): string => (command.length <= 80 ? command : `${command.slice(0, 77)}...`);

/**
 * Checks that every planned port can be listened on.
 *
 * @throws LockstepError `port_in_use` with the port, what uses it and what to do
 */
export const probePorts = async (ports: readonly PlannedPort[]): Promise<void> => {
  const deadline = Date.now() + leftoverMs;
  for (const { port, purpose } of ports) {
    const found = await findUser(port, deadline);
    if (found === undefined) continue;
    const { owner } = found;
    const user = owner === undefined ? "another program" : `process ${owner.pid} (${shorten(owner.command)})`;
    throw new LockstepError(
      "port_in_use",
      `Port ${port} (${purpose}) is used by ${user}: end that, or choose other ports with --port-base (0 takes free ones).`,
      { port, purpose, ...(owner === undefined ? {} : { pid: owner.pid }) },
    );
  }
};
