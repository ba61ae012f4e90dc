import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, inject, test } from "vitest";
import { gone, lockstep } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";

const shared = inject("devnet");
const small = ["--validators", "1", "--tenants", "data"];
const command = fileURLToPath(new URL("../../bin/lockstep.js", import.meta.url));

const started: Devnet[] = [];
const start = async (options: Parameters<typeof startDevnet>[0]): Promise<Devnet> => {
  const devnet = await startDevnet(options);
  started.push(devnet);
  return devnet;
};
afterEach(async () => {
  for (const devnet of started.splice(0)) await devnet.remove();
});

const heightOf = async (api: string): Promise<number> => {
  const response = await fetch(`${api}/v1/status`);
  return ((await response.json()) as { finalized: number }).finalized;
};

const reaches = async (api: string, height: number): Promise<void> => {
  while ((await heightOf(api)) < height) await new Promise((resolve) => setTimeout(resolve, 50));
};

describe("the ready line", () => {
  test("names four validators, all tenants at each, and ten accounts of every VM", () => {
    const { validators, tenants, accounts, api, genesis, trustedRoot } = shared;
    expect(validators.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(new Set(validators.map(({ pid }) => pid)).size).toBe(4);
    for (const validator of validators) {
      expect(validator.tenants.map(({ domain }) => domain)).toEqual([1, 501, 9004, 9889, 31337]);
      expect(existsSync(validator.dataDir)).toBe(true);
    }
    expect(tenants).toEqual([
      { domain: 1, vm: "data" },
      { domain: 501, vm: "svm", rpc: expect.stringMatching(/^http:/), ws: expect.stringMatching(/^ws:/) },
      { domain: 9004, vm: "cairo", rpc: expect.stringMatching(/^http:/), ws: expect.stringMatching(/^ws:/) },
      { domain: 9889, vm: "fuel", rpc: expect.stringMatching(/^http:/), ws: expect.any(String) },
      { domain: 31337, vm: "evm", rpc: expect.stringMatching(/^http:/), ws: expect.stringMatching(/^ws:/) },
    ]);
    expect(accounts.evm).toHaveLength(10);
    expect(accounts.svm).toHaveLength(10);
    expect(accounts.cairo).toHaveLength(10);
    expect(accounts.fuel).toHaveLength(10);
    expect(api).toBe(validators[0]?.api);
    for (const root of [genesis, trustedRoot]) expect(root).toMatch(/^0x[0-9a-f]{64}$/);
  });

  test("all validators say that they belong to its genesis", async () => {
    for (const { api, index } of shared.validators) {
      const status = (await (await fetch(`${api}/v1/status`)).json()) as { genesis: string; index: number };
      expect(status).toMatchObject({ genesis: shared.genesis, index });
    }
  });
});

describe("a start that can't be", () => {
  test("on ports in use names the port, its user and what to do", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lockstep-"));
    const port = new URL(shared.api).port;
    const { code, out, err } = await lockstep("devnet", ...small, "--json", "--port-base", port, "--data-dir", folder);
    await rm(folder, { recursive: true });
    expect(code).toBe(1);
    expect(JSON.parse(out).error).toMatchObject({
      code: "port_in_use",
      port: Number(port),
      pid: shared.validators[0]?.pid,
    });
    expect(err).toMatch(new RegExp(`^lockstep: Port ${port} .* is used by process \\d+ .*--port-base.*\\n$`));
  });

  test("on a data directory in use says by whom", async () => {
    const folder = join(shared.validators[0]?.dataDir ?? "", "../..");
    const { code, err } = await lockstep("devnet", "--port-base", "0", "--data-dir", folder);
    expect(code).toBe(1);
    expect(err).toMatch(/^lockstep: .* is in use by another devnet \(process \d+\).*--data-dir/);
  });
});

describe("processes", () => {
  test("a killed validator comes back; a killed devnet takes all with it; the chain goes on", async () => {
    const first = await start({ flags: small });
    const [validator] = first.ready.validators;
    await reaches(first.ready.api, 2);

    process.kill(validator?.pid ?? 0, "SIGKILL");
    expect(await first.event("validator_exited")).toMatchObject({ index: 0, pid: validator?.pid, signal: "SIGKILL" });
    const { pid } = await first.event("validator_restarted");
    expect(pid).not.toBe(validator?.pid);
    const height = await heightOf(first.ready.api);
    expect(height).toBeGreaterThanOrEqual(2);

    process.kill(first.pid, "SIGKILL");
    await gone([first.pid, pid]);

    const second = await start({ dataDir: first.dataDir });
    expect(second.ready.genesis).toBe(first.ready.genesis);
    expect(second.ready.trustedRoot).toBe(first.ready.trustedRoot);
    await reaches(second.ready.api, height + 1);
    await second.stop();
    expect(await second.event("stopped")).toEqual({ event: "stopped" });
    await gone(second.pids());
  });

  test("--no-restart leaves a killed validator dead", async () => {
    const devnet = await start({ flags: [...small, "--no-restart"] });
    const [pid = 0] = devnet.pids();
    process.kill(pid, "SIGKILL");
    await devnet.event("validator_exited");
    await devnet.stop();
    await devnet.event("stopped");
    expect(devnet.pids()).toEqual([pid]);
  });

  test("Ctrl-C while it starts ends all, too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lockstep-"));
    const args = ["devnet", "--port-base", "0", "--data-dir", folder, ...small];
    const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    await rm(folder, { recursive: true });
    expect(code).toBe(0);
  });
});
