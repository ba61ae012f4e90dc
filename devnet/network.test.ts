import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseCairoConfig } from "../adapters/cairo/genesis.ts";
import { parseEvmConfig } from "../adapters/evm/genesis.ts";
import { parseFuelConfig } from "../adapters/fuel/genesis.ts";
import { parseSvmConfig } from "../adapters/svm/genesis.ts";
import { createBlst } from "../consensus/certificate/blst.ts";
import { usualBudgets } from "../protocol/budget.ts";
import { Genesis, vmName } from "../protocol/genesis.ts";
import { asDomain, asPublicKey } from "../protocol/ids.ts";
import { openDataDirectory } from "./dataDirectory.ts";
import { createRegistration } from "./genesis.ts";
import { type NetworkChoice, openNetwork } from "./network.ts";
import { type TenantPlan, tenantPlans } from "./tenants.ts";

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "lockstep-"));
  folder = join(parent, "data");
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "opened",
    (error) => error.code,
  );

describe("data directory", () => {
  test("one devnet at a time; the next one may come after it", async () => {
    const first = await openDataDirectory(folder, false);
    const second = openDataDirectory(folder, false);
    await expect(second).rejects.toThrow(`in use by another devnet (process ${process.pid})`);
    expect(await codeOf(openDataDirectory(folder, true))).toBe("data_directory_locked");
    await first.close();
    await (await openDataDirectory(folder, false)).close();
  });

  test("a folder with anything else in it is refused, with --reset too, and left as it was", async () => {
    await mkdir(folder);
    await writeFile(join(folder, "thesis.txt"), "years of work");
    for (const reset of [false, true]) {
      expect(await codeOf(openDataDirectory(folder, reset))).toBe("not_a_data_directory");
    }
    expect(await readdir(folder)).toEqual(["thesis.txt"]);
  });

  test("a file in its place is refused", async () => {
    await writeFile(folder, "");
    expect(await codeOf(openDataDirectory(folder, false))).toBe("unusable_directory");
  });

  test("--reset wipes what a devnet left there", async () => {
    await (await openDataDirectory(folder, false)).close();
    await writeFile(join(folder, "genesis.ssz"), "old");
    await (await openDataDirectory(folder, true)).close();
    expect(existsSync(join(folder, "genesis.ssz"))).toBe(false);
  });
});

describe("network", () => {
  const choice = { validators: 4, tenants: ["data", "svm", "cairo", "fuel", "evm"], epochLength: 20 } as const;
  const open = (path: string, chosen: NetworkChoice, nowMs: number) => openNetwork(path, chosen, nowMs);
  const names = (plans: readonly TenantPlan[]) => plans.map(({ name }) => name);

  test("is made once and kept: same keys, same genesis, whatever the clock says", async () => {
    const made = await open(folder, choice, 1_700_000_000_000);
    const kept = await open(folder, {}, 1_800_000_000_000);
    expect(kept).toEqual(made);
    expect(kept.validators).toHaveLength(4);
    expect([names(kept.present), names(kept.coming)]).toEqual([["data"], ["svm", "cairo", "fuel", "evm"]]);
    expect(kept.genesis.epochLength).toBe(20);
  });

  test("two networks with the same choices share neither genesis nor trusted root", async () => {
    const one = await open(join(parent, "one"), choice, 0);
    const other = await open(join(parent, "other"), choice, 0);
    expect(one.genesisRoot).not.toEqual(other.genesisRoot);
    expect(one.trustedRoot).not.toEqual(other.trustedRoot);
  });

  test("every validator proves possession of its key", async () => {
    const { genesis } = await open(folder, choice, 0);
    const bls = createBlst();
    for (const { publicKey, possession } of genesis.validators) {
      expect(await bls.verifyPossession(publicKey, possession)).toBe(true);
    }
    expect(Genesis.decode(Genesis.encode(genesis))).toEqual(genesis);
  });

  test("the tenants' adapters accept their configuration, with ten accounts funded", async () => {
    const registered = tenantPlans.map((plan) =>
      createRegistration(plan, asPublicKey(new Uint8Array(48)), 1_700_000_000_999),
    );
    expect(registered.map(({ domain, vm }) => [domain, vmName(vm)])).toEqual([
      [1, "data"],
      [501, "svm"],
      [9004, "cairo"],
      [9889, "fuel"],
      [31337, "evm"],
    ]);
    const evm = registered[4];
    const config = parseEvmConfig(asDomain(31337), evm?.config ?? new Uint8Array(), usualBudgets.evm);
    expect(config.timestamp).toBe(1_700_000_000);
    expect(Object.values(config.alloc)).toEqual(Array(10).fill({ balance: "10000000000000000000000" }));
    const cairo = parseCairoConfig(asDomain(9004), registered[2]?.config ?? new Uint8Array(), usualBudgets.cairo);
    expect(Object.values(cairo.accounts).map(({ balance }) => balance)).toEqual(
      Array(10).fill("1000000000000000000000"),
    );
    const svm = parseSvmConfig(registered[1]?.config ?? new Uint8Array());
    expect(svm.timestamp).toBe(1_700_000_000);
    expect(Object.values(svm.accounts).filter((lamports) => lamports === "10000000000000")).toHaveLength(10);
    const fuel = parseFuelConfig(registered[3]?.config ?? new Uint8Array());
    expect(fuel.timestamp).toBe(1_700_000_000);
    expect(fuel.coins.map(({ amount }) => amount)).toEqual(Array(100).fill(String(10n ** 17n)));
  });

  test("key files are readable by their owner only", async () => {
    const { validators } = await open(folder, choice, 0);
    for (const { keyFile } of validators) expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  });

  test("other flags than those of the stored network are refused by name", async () => {
    await open(folder, choice, 0);
    await expect(open(folder, { validators: 7 }, 0)).rejects.toThrow(/--validators 4, not 7.*--reset/);
    await expect(open(folder, { epochLength: 30 }, 0)).rejects.toThrow(/--epoch-length 20, not 30/);
  });

  test("tenants with an engine come later, and may be chosen anew at every start", async () => {
    const made = await open(folder, choice, 0);
    expect(made.genesis.tenants.map(({ domain }) => domain)).toEqual([1]);
    const comingAt = async (chosen: NetworkChoice) => names((await open(folder, chosen, 0)).coming);
    expect(await comingAt({})).toEqual(["svm", "cairo", "fuel", "evm"]);
    expect(await comingAt({ tenants: ["data"] })).toEqual([]);
    expect(await comingAt({})).toEqual([]);
    expect(await comingAt({ tenants: ["evm"] })).toEqual(["evm"]);
  });

  test("one that was interrupted while being made is made anew", async () => {
    await open(folder, choice, 0);
    await rm(join(folder, "genesis.ssz"));
    await rm(join(folder, "validators", "3"), { recursive: true });
    expect((await open(folder, choice, 0)).validators).toHaveLength(4);
  });

  test("a damaged genesis or a foreign key is named", async () => {
    const { validators } = await open(folder, choice, 0);
    const [first, second] = validators;
    await writeFile(join(folder, "genesis.ssz"), "damaged");
    expect(await codeOf(open(folder, {}, 0))).toBe("bad_file");
    await rm(join(folder, "genesis.ssz"));
    await open(folder, choice, 0);
    await copyFile(second?.keyFile ?? "", first?.keyFile ?? "");
    await expect(open(folder, {}, 0)).rejects.toThrow(/not the key that genesis names for validator 0/);
  });
});
