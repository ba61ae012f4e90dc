import { describe, expect, test } from "vitest";
import { accountsOf, evmAccounts } from "./accounts.ts";
import type { DevnetEvent } from "./ready.ts";
import { createScreen, describeEvent, statusLine, welcome } from "./screen.ts";

describe("status line", () => {
  test("takes the furthest answers, and counts who answered", () => {
    const status = { height: 1234, certified: 1232, peers: 3, pending: 0, tenants: [] };
    const behind = { height: 1200, certified: 1198, peers: 3, pending: 7, tenants: [] };
    expect(statusLine([status, behind, undefined, status], "building")).toBe(
      "height 1234 · certified 1232 · 3/4 validators · 7 pending · building",
    );
  });

  test("when nobody answers", () => {
    expect(statusLine([undefined], "")).toBe("height 0 · certified 0 · 0/1 validators · 0 pending");
  });
});

describe("screen", () => {
  const record = (isTerminal: boolean) => {
    let written = "";
    const screen = createScreen((text) => {
      written += text;
    }, isTerminal);
    return { screen, written: () => written };
  };

  test("on a terminal the status changes in place and stays below what is printed", () => {
    const { screen, written } = record(true);
    screen.status("height 1");
    screen.status("height 1");
    screen.print("validator 2 ended\n");
    screen.status("height 2");
    expect(written()).toBe("\r\x1b[2Kheight 1\r\x1b[2Kvalidator 2 ended\nheight 1\r\x1b[2Kheight 2");
  });

  test("elsewhere there is no status and no escape sequence", () => {
    const { screen, written } = record(false);
    screen.status("height 1");
    screen.print("validator 2 ended\n");
    expect(written()).toBe("validator 2 ended\n");
  });
});

const evm = { domain: 31337, vm: "evm", rpc: "http://127.0.0.1:8545", ws: "ws://127.0.0.1:8545" };

test("the welcome names tenants that are yet to come, and offers no steps with them", () => {
  const data = { domain: 1, vm: "data" };
  const ready = { ready: true, api: "http://127.0.0.1:7300", genesis: "0x01", trustedRoot: "0x02" } as const;
  const text = welcome({ ...ready, validators: [], tenants: [data], accounts: {} }, ["evm"]);
  expect(text).toMatch(/^ {2}evm +comes as soon as its engine is there$/m);
  expect(text).not.toContain("viem");
});

describe("events", () => {
  const told = (event: DevnetEvent) => describeEvent(event, "http://127.0.0.1:7300");

  test("read as sentences", () => {
    const exited = { event: "validator_exited", index: 2, pid: 77, code: null, signal: "SIGKILL", reason: "" } as const;
    expect(told(exited)).toBe("validator 2 (process 77) ended by SIGKILL");
    expect(told({ ...exited, code: 1, signal: null, reason: "lockstep: the disk is full" })).toBe(
      "validator 2 (process 77) ended with code 1: lockstep: the disk is full",
    );
  });

  test("a tenant that joined brings its endpoint, its accounts and first steps", () => {
    const text = told({ event: "tenant", ...evm, validators: [], accounts: accountsOf(["evm"]) });
    expect(text).toMatch(/^evm has joined\n {2}evm {2}http:\/\/127.0.0.1:8545 {2}domain 31337, ws:/);
    for (const { address } of evmAccounts()) expect(text).toContain(address);
    expect(text).toContain("# send 1 ETH with viem");
  });

  test("a tenant that failed says why, what to do, and that all else runs", () => {
    const failed = { event: "tenant_failed", domain: 31337, vm: "evm", code: "engine_unavailable" } as const;
    expect(told({ ...failed, message: "install Rust." })).toBe(
      "evm has not joined: install Rust.\nEverything else runs. The next start tries again; --tenants chooses which tenants there are.",
    );
  });
});
