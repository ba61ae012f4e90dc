/** Tenants whose engines are not built when a network starts. */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rpc, submit, transaction, until } from "./api.ts";
import { gone, lockstep } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";

const tenants = ["--tenants", "data,evm"] as const;

let folder: string;
let devnet: Devnet | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
  await mkdir(join(folder, "tools"));
});
afterEach(async () => {
  await devnet?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** No engine is built, and all tools that there are lie in `tools`. */
const bareMachine = () => ({ HOME: folder, PATH: join(folder, "tools"), LOCKSTEP_CACHE: join(folder, "cache") });

const placeTool = async (name: string, script: string): Promise<void> => {
  const path = join(folder, "tools", name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
};

const expectOrdered = async ({ ready }: Devnet, bytes: string): Promise<void> => {
  const [answer] = await submit(ready.api, 1, bytes);
  const { nativeId } = answer as { nativeId: `0x${string}` };
  for (const { api } of ready.validators) {
    await until("executed", async () => (await transaction(api, 1, nativeId))?.status === "executed");
  }
};

test("without a compiler data runs and orders, and the next start with one lets the EVM join", async () => {
  devnet = await startDevnet({ flags: tenants, early: true, environment: bareMachine() });
  const { ready, dataDir } = devnet;
  expect(ready.tenants).toEqual([{ domain: 1, vm: "data" }]);
  expect(await devnet.event("tenant_failed")).toMatchObject({
    domain: 31337,
    vm: "evm",
    code: "engine_unavailable",
    message: expect.stringMatching(/rustc was not found: install Rust .* from https:/),
  });
  await expectOrdered(devnet, "0x0102");
  await devnet.stop();
  expect(await devnet.event("stopped")).toEqual({ event: "stopped" });

  devnet = await startDevnet({ dataDir, early: true });
  expect(devnet.ready.genesis).toBe(ready.genesis);
  const joined = await devnet.event("tenant");
  expect(joined).toMatchObject({ domain: 31337, vm: "evm", rpc: joined.validators[0]?.rpc });
  expect(joined.accounts.evm).toHaveLength(10);
  expect(joined.validators.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  const [account] = joined.accounts.evm ?? [];
  for (const { rpc: url = "" } of joined.validators) {
    expect(await rpc(url, "eth_chainId")).toMatchObject({ result: "0x7a69" });
    const balance = await rpc(url, "eth_getBalance", account?.address, "latest");
    expect(balance.result).toBe(`0x${(10_000n * 10n ** 18n).toString(16)}`);
  }
  await expectOrdered(devnet, "0x0304");
  const { api, trustedRoot } = devnet.ready;
  const replayed = await lockstep("replay", api, "--trust", trustedRoot, "--domain", "31337");
  expect([replayed.code, replayed.out]).toEqual([
    0,
    expect.stringMatching(/comes to the certified block .* at every height from [1-9]/),
  ]);
});

test("Ctrl-C in the middle of a build ends the build, too", async () => {
  const pidFile = join(folder, "pid");
  await placeTool("rustc", "echo 'release: 1.99.0'");
  await placeTool("cc", "exit 0");
  await placeTool("cargo", `[ "$1" = build ] || exit 0\necho $$ > ${pidFile}\nexec /bin/sleep 1000`);
  devnet = await startDevnet({
    flags: [...tenants, "--validators", "1"],
    early: true,
    environment: bareMachine(),
  });
  await until("compiling", async () => existsSync(pidFile) && (await readFile(pidFile, "utf8")).endsWith("\n"));
  const compiler = Number(await readFile(pidFile, "utf8"));
  await devnet.stop();
  await gone([compiler, ...devnet.pids()]);
  expect(await devnet.event("stopped")).toEqual({ event: "stopped" });
});
