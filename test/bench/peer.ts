/** Starts and ends the programs that Lockstep is compared with. */
import { type ChildProcess, spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { call } from "./http.ts";

const host = "127.0.0.1";
const readyMs = 60_000;
const pollMs = 50;
const graceMs = 10_000;

/** Distinct ports of the loopback that nobody listens on now. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer().once("error", reject);
          server.listen(0, host, () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

export type Peer = { pid: number; url: string; end(): Promise<void> };

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Starts a program that serves JSON-RPC at `port`, and doesn't wait for it. */
export const startPeer = (program: string, args: readonly string[], port: number): Peer => {
  const child = spawn(program, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    pid: child.pid ?? 0,
    url: `http://${host}:${port}`,
    end: async () => {
      if (isOver(child) || child.pid === undefined) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
};

/** Asks until the answer is what `isReady` looks for. */
export const untilAnswers = async (
  url: string,
  method: string,
  isReady: (answer: unknown) => boolean,
): Promise<void> => {
  let problem: unknown = "no fit answer";
  for (const deadline = performance.now() + readyMs; performance.now() < deadline; await pause(pollMs)) {
    try {
      if (isReady(await call(url, method, []))) return;
    } catch (error) {
      problem = error;
    }
  }
  throw new Error(`${url} was not ready for ${method} within ${readyMs} ms: ${problem}`);
};
