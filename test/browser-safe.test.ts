import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import type { createNobleVerifier } from "../consensus/certificate/noble.ts";
import type { createLightClient } from "../messaging/light-client/client.ts";
import type { createTransport } from "../messaging/light-client/transport.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { buildChain, evmDomain, fundedAccount } from "./fixtures/chain.ts";
import { buildTestEvmState, slotOne } from "./fixtures/evmState.ts";
import { fetchFrom, testApi } from "./fixtures/lightClient.ts";

const repository = join(dirname(fileURLToPath(import.meta.url)), "..");
const filesOf = (folder: string): string[] =>
  readdirSync(join(repository, folder))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => `./${folder}/${name}`);

/** All that a page needs to check a network itself, and to make bundles. */
const browserSafe = [
  ...filesOf("protocol"),
  ...filesOf("messaging/light-client"),
  ...filesOf("client"),
  "./adapters/evm/codec/leg.ts",
  "./adapters/svm/codec/leg.ts",
  "./adapters/cairo/codec/leg.ts",
  "./adapters/fuel/codec/leg.ts",
  "./adapters/cairo/proof.ts",
  "./adapters/evm/proof.ts",
  "./adapters/svm/proof.ts",
  "./consensus/certificate/noble.ts",
  "./consensus/certificate/verify.ts",
];

/** Minified, before compression. */
const budget = 480_000;

/** Bundles files for a browser into one script that leaves what they export in `lockstep`. */
const bundle = async (files: readonly string[]): Promise<string> => {
  const { outputFiles } = await build({
    stdin: {
      contents: files.map((file) => `export * from "${file}";`).join("\n"),
      resolveDir: repository,
      loader: "ts",
    },
    bundle: true,
    minify: true,
    platform: "browser",
    format: "iife",
    globalName: "lockstep",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
};

describe("the browser-safe set", () => {
  test("needs nothing of Node.js and stays within its budget", async () => {
    const script = await bundle(browserSafe);
    expect(script.length).toBeGreaterThan(budget / 2);
    expect(script.length).toBeLessThan(budget);
  });

  test("doesn't hold files that need Node.js", async () => {
    await expect(bundle(["./consensus/certificate/pool.ts"])).rejects.toThrow(/node:/);
  });

  test("proves execution and an account where there are only a browser's globals", async () => {
    const evm = await buildTestEvmState();
    const chain = buildChain({ evmStateRoot: evm.root });
    const page = createContext({ TextEncoder, TextDecoder });
    expect(runInContext("typeof Buffer + typeof process + typeof require", page)).toBe("undefined".repeat(3));
    runInContext(`${await bundle(browserSafe)}; globalThis.lockstep = lockstep;`, page);
    const { lockstep } = page as {
      lockstep: {
        createLightClient: typeof createLightClient;
        createTransport: typeof createTransport;
        createNobleVerifier: typeof createNobleVerifier;
      };
    };
    const client = lockstep.createLightClient({
      api: lockstep.createTransport(testApi, fetchFrom(chain, evm)),
      trustedRoot: ValidatorSet.root(chain.sets[0] as ValidatorSet),
      verifier: lockstep.createNobleVerifier(),
    });
    expect(await client.inputs(chain.summaries[8]?.height as never, evmDomain)).toMatchObject({ ok: true });
    const account = await client.account(evmDomain, fundedAccount, [slotOne]);
    expect(account).toMatchObject({ ok: true, value: { exists: true, slots: [77n] } });
  });
});
