/** Wrong ways to call `lockstep`: an exit code, and one sentence that says what to do. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createRegistration } from "../../devnet/genesis.ts";
import { tenantPlans } from "../../devnet/tenants.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { asPublicKey } from "../../protocol/ids.ts";
import { type Finished, lockstep } from "./commands.ts";
import { expectUnharmed, rpcOf } from "./transfers.ts";

const devnet = inject("devnet");
const healthy = join(devnet.validators[0]?.dataDir ?? "", "../..");

expectUnharmed(devnet);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One line on standard error, a sentence about it, and nothing else. */
const expectSentence = ({ code, out, err }: Finished, exitCode: number, sentence: RegExp): void => {
  expect(err).toMatch(/^lockstep: [^\n]+\n$/);
  expect(err).toMatch(sentence);
  expect(err).not.toMatch(/unexpected error|\bat .*:\d+:\d+/);
  expect({ code, out }).toEqual({ code: exitCode, out: "" });
};

describe("what isn't understood: exit code 2", () => {
  test.each([
    [["frobnicate"], /unknown command 'frobnicate'. See `lockstep --help`/],
    [["--frobnicate"], /unknown option '--frobnicate'/],
    [["devnet", "--frobnicate"], /unknown option '--frobnicate'. See `lockstep devnet --help`/],
    [["devnet", "--validators", "5"], /'5' is invalid.*1, 4, 7\. See/],
    [["devnet", "--validators"], /argument missing/],
    [["devnet", "--port-base", "x"], /'x' is invalid.*integer/],
    [["devnet", "--port-base", "65535"], /65535.*use at most/],
    [["devnet", "--wait", "some"], /'some' is invalid.*all\. See/],
    [["devnet", "--tenants", "foo"], /data, svm, cairo, fuel, evm, not "foo"/],
    [["node"], /'--config <file>' not specified/],
    [["keys", "frobnicate"], /unknown command/],
  ])("lockstep %j", async (args, sentence) => {
    const [command = "", ...flags] = args;
    const place = command === "devnet" ? ["--data-dir", folder] : [];
    expectSentence(await lockstep(command, ...place, ...flags), 2, sentence);
  });
});

const start = (...flags: string[]): Promise<Finished> => lockstep("devnet", "--data-dir", folder, ...flags);

/** Copies the running devnet's genesis, keys and configurations. */
const copyNetwork = async (): Promise<void> => {
  for (const file of ["lockstep.json", "genesis.ssz"]) await cp(join(healthy, file), join(folder, file));
  for (const { index } of devnet.validators) {
    const validator = join("validators", String(index));
    await mkdir(join(folder, validator), { recursive: true });
    for (const file of ["keys.json", "node.json"]) {
      await cp(join(healthy, validator, file), join(folder, validator, file));
    }
  }
};

const change = async (file: string, edit: (content: Buffer) => Buffer | string): Promise<void> => {
  const path = join(folder, file);
  await writeFile(path, edit(await readFile(path)));
};

const runNode = (): Promise<Finished> => lockstep("node", "--config", join(folder, "validators/0/node.json"));

describe("ports in use: exit code 1", () => {
  test("a tenant's port, which follows from the API's", async () => {
    const used = Number(new URL(rpcOf(devnet, 0)).port);
    const finished = await start("--validators", "1", "--port-base", String(used - (8545 - 7300)));
    expectSentence(finished, 1, /is used by process \d+ .*--port-base/);
    expect(finished.err).toContain(`Port ${used} (evm RPC of validator 0)`);
  });

  test.each(["p2p", "API", "RPC"])("the %s port of a validator that runs by itself", async (port) => {
    await copyNetwork();
    // Of tenants that are there from the start: those that come later find their ports taken then.
    await change("genesis.ssz", (content) => {
      const { tenants, ...genesis } = Genesis.decode(content);
      const owner = genesis.validators[0]?.publicKey ?? asPublicKey(new Uint8Array(48));
      const evm = tenantPlans.filter(({ name }) => name === "evm");
      return Buffer.from(
        Genesis.encode({ ...genesis, tenants: [...tenants, ...evm.map((plan) => createRegistration(plan, owner, 0))] }),
      );
    });
    const own = JSON.parse(await readFile(join(healthy, "validators/0/node.json"), "utf8"));
    const free = { ...own, p2p: { listen: "/ip4/127.0.0.1/tcp/0", peers: [] } };
    const changed = {
      p2p: { p2p: own.p2p },
      API: { api: own.api },
      RPC: { rpc: own.rpc },
    }[port];
    const host = "127.0.0.1";
    const genesis = join(folder, "genesis.ssz");
    const config = { ...free, genesis, api: { host, port: 0 }, rpc: { host, ports: {} }, ...changed };
    await change("validators/0/node.json", () =>
      JSON.stringify({ ...config, dataDir: join(folder, "data"), log: { level: "silent" } }),
    );
    expectSentence(await runNode(), 1, /port \d+ .*in use.*choose another|EADDRINUSE.*choose another/);
  });
});

describe("data directories that can't be used: exit code 1", () => {
  test("one with other files in it, which stay untouched even with --reset", async () => {
    await writeFile(join(folder, "thesis.txt"), "years of work");
    for (const flags of [[], ["--reset"]]) {
      expectSentence(
        await start("--port-base", "0", ...flags),
        1,
        /holds files that are not of a lockstep devnet.*--data-dir/,
      );
    }
    expect(await readFile(join(folder, "thesis.txt"), "utf8")).toBe("years of work");
  });

  test("a file in place of a folder, and a folder under a file", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    for (const path of [file, join(file, "below")]) {
      expectSentence(await lockstep("devnet", "--port-base", "0", "--data-dir", path), 1, /can't be used as a folder/);
    }
  });

  test("the one that a devnet runs on", async () => {
    const finished = await lockstep("devnet", "--port-base", "0", "--data-dir", healthy);
    expectSentence(finished, 1, /in use by another devnet \(process \d+\).*--data-dir/);
  });

  test("one of another network than the flags ask for", async () => {
    await copyNetwork();
    for (const flags of [
      ["--validators", "7"],
      ["--epoch-length", "50"],
    ]) {
      expectSentence(
        await start("--port-base", "0", ...flags),
        1,
        new RegExp(`${flags[0]} .*, not ${flags[1]}.*--reset`),
      );
    }
  });

  test("one of another version, and one whose mark is damaged", async () => {
    await copyNetwork();
    await change("lockstep.json", () => '{"format":"lockstep devnet","version":999}');
    expectSentence(await start("--port-base", "0"), 1, /another version.*--reset/);
    await change("lockstep.json", () => "{");
    expectSentence(await start("--port-base", "0"), 1, /not of a lockstep devnet/);
  });

  test.each([
    ["cut off", (genesis: Buffer) => genesis.subarray(0, 100)],
    ["empty", () => Buffer.alloc(0)],
    ["filled with noise", (genesis: Buffer) => genesis.map((byte, i) => byte ^ (i * 7)) as Buffer],
  ])("a genesis that is %s", async (_, edit) => {
    await copyNetwork();
    await change("genesis.ssz", edit);
    expectSentence(await start("--port-base", "0"), 1, /genesis\.ssz is damaged/);
  });

  test("keys that are damaged, missing, or of another validator", async () => {
    await copyNetwork();
    const keys = "validators/2/keys.json";
    for (const [content, sentence] of [
      ["", /keys\.json is not JSON/],
      ["[]", /keys\.json is wrong at its top level/],
      ['{"publicKey":"0x12","secretKey":"0x34"}', /keys\.json is wrong at publicKey: expected 48 bytes/],
    ] as const) {
      await change(keys, () => content);
      expectSentence(await start("--port-base", "0"), 1, sentence);
    }
    await cp(join(folder, "validators/1/keys.json"), join(folder, keys));
    expectSentence(await start("--port-base", "0"), 1, /not the key that genesis names for validator 2.*--reset/);
    await rm(join(folder, keys));
    expectSentence(await start("--port-base", "0"), 1, /keys\.json can't be read/);
  });
});

describe("a validator's files that are wrong: exit code 1", () => {
  const configured = (fields: object) => (content: Buffer) =>
    JSON.stringify({ ...JSON.parse(content.toString()), log: { level: "silent" }, ...fields });

  test.each([
    ["no JSON", () => "{", /node\.json is not JSON/],
    ["nothing", () => "{}", /node\.json is wrong at genesis/],
    ["an unknown field", configured({ colour: "red" }), /colour/],
    ["an index out of range", configured({ index: 9 }), /not the key of validator 9.*set index to 0/],
    ["another's place", configured({ index: 1 }), /not the key of validator 1.*set index to 0/],
    ["no such genesis", configured({ genesis: "none.ssz" }), /none\.ssz can't be read/],
    ["no such keys", configured({ keys: "none.json" }), /none\.json can't be read/],
    ["an address that is none", configured({ p2p: { listen: "/nowhere", peers: [] } }), /\/nowhere/],
    ["a host that is none", configured({ api: { host: "nowhere.invalid", port: 0 } }), /nowhere\.invalid/],
  ])("%s", async (_, edit, sentence) => {
    await copyNetwork();
    await change(
      "validators/0/node.json",
      configured({
        dataDir: join(folder, "data"),
        api: { host: "127.0.0.1", port: 0 },
        p2p: { listen: "/ip4/127.0.0.1/tcp/0", peers: [] },
        rpc: { host: "127.0.0.1", ports: {} },
      }),
    );
    await change("validators/0/node.json", edit);
    expectSentence(await runNode(), 1, sentence);
  });

  test("a database that is damaged", async () => {
    await copyNetwork();
    const data = join(folder, "data");
    await change("validators/0/node.json", configured({ dataDir: data }));
    await mkdir(data);
    await writeFile(join(data, "CURRENT"), "MANIFEST-000007\n");
    expectSentence(await runNode(), 1, /data can't be opened as a data directory|data .* is damaged/);
  });
});
