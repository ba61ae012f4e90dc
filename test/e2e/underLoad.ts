/** Networks under load whose processes a test ends and replaces, and the claim that nothing of that did harm. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect } from "vitest";
import { evmAccounts } from "../../devnet/accounts.ts";
import type { DevnetReady } from "../../devnet/ready.ts";
import { allReach, expectExecuted, expectSameChain, heightOf } from "./agreement.ts";
import { gone } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { createLoad, type Load } from "./load.ts";
import { accusations } from "./logs.ts";

/** `lockstep` as it was built. */
export const command = fileURLToPath(new URL("../../bin/lockstep.js", import.meta.url));
export const epochLength = 20;

const cleanups: (() => Promise<unknown>)[] = [];

/** Ends what the tests of this file started, newest first, after each of them. */
export const cleanUpAfterEach = (): void => {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
};

export const cleanUpLater = (cleanup: () => Promise<unknown>): void => {
  cleanups.push(cleanup);
};

export type LoadedNetwork = { devnet: Devnet; load: Load; apis: string[]; folders: string[] };

/** A network under load, which enters at the validators that `entrances` leaves. */
export const startUnderLoad = async (
  flags: readonly string[] = [],
  entrances: (validators: DevnetReady["validators"]) => DevnetReady["validators"] = (all) => all,
): Promise<LoadedNetwork> => {
  const devnet = await startDevnet({
    flags: ["--tenants", "data,evm", "--epoch-length", String(epochLength), ...flags],
  });
  const load = createLoad({ evm: evmAccounts(2) });
  cleanUpLater(devnet.remove);
  cleanUpLater(load.stop);
  load.start({ ...devnet.ready, validators: entrances(devnet.ready.validators) });
  const apis = devnet.ready.validators.map(({ api }) => api);
  await allReach(apis, 3, "finalized");
  return { devnet, load, apis, folders: devnet.ready.validators.map(({ dataDir }) => dataDir) };
};

export const kill = async (pid: number): Promise<void> => {
  process.kill(pid, "SIGKILL");
  await gone([pid]);
};

/** Starts a validator as its operator would, with the files that it has; gives its process id. */
export const startValidator = async (folder: string, executable = command): Promise<number> => {
  const args = [executable, "node", "--config", join(folder, "node.json"), "--die-with-parent"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  cleanUpLater(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  await once(child.stdout, "data");
  return child.pid ?? 0;
};

/** Ends the load, and checks that all validators agree on everything that happened under it. */
export const expectWhole = async ({ load, apis, folders }: Omit<LoadedNetwork, "devnet">): Promise<void> => {
  await load.stop();
  expect(load.refused).toEqual([]);
  await expectExecuted(apis, load.acknowledged);
  const height = await heightOf(apis);
  await expectSameChain(apis, height);
  await allReach(apis, height, "certified");
  expect(await accusations(folders)).toEqual([]);
};
