import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main } from "./main.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = async (...args: string[]) => {
  let [out, err] = ["", ""];
  const output = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  return { code: await main(args, output), out, err };
};

describe("help", () => {
  test("without arguments, and when asked, it lists the commands with examples", async () => {
    for (const args of [["--help"], ["-h"]]) {
      const { code, out } = await run(...args);
      expect(code).toBe(0);
      for (const word of ["devnet", "node", "keys", "verify", "derive", "bundle", "Examples:"])
        expect(out).toContain(word);
    }
    expect(await run()).toMatchObject({ code: 2, out: expect.stringContaining("Examples:") });
  });

  test.each(["devnet", "node", "keys", "verify", "derive", "bundle"])("%s --help has an example", async (command) => {
    const { code, out } = await run(command, "--help");
    expect(code).toBe(0);
    expect(out).toContain(`  lockstep ${command} `);
  });

  test("--version is that of the package", async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, "..", "package.json"), "utf8"));
    expect(await run("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

describe("what isn't understood gets a sentence and exit code 2", () => {
  test.each([
    [["devnett"], /unknown command 'devnett'.*devnet.*See `lockstep --help`/],
    [["devnet", "--validator", "4"], /unknown option '--validator'.*--validators.*See `lockstep devnet --help`/],
    [["devnet", "--validators", "5"], /'5' is invalid.*1, 4, 7/],
    [["devnet", "--tenants", "evm,wasm"], /--tenants knows data, svm, cairo, fuel, evm, not "wasm"/],
    [["devnet", "--tenants", ""], /--tenants knows data, svm, cairo, fuel, evm, not ""/],
    [["devnet", "--port-base", "80"], /0 or an integer from 1024 to 65535/],
    [["devnet", "--port-base", "8e3"], /0 or an integer from 1024 to 65535/],
    [["devnet", "--epoch-length", "1"], /from 2/],
    [["devnet", "extra"], /too many arguments/],
    [["node"], /'--config <file>' not specified/],
    [["keys", "new"], /missing required argument 'file'/],
    [["keys", "frobnicate"], /unknown command 'frobnicate'/],
    [["bundle", "send", "http://127.0.0.1:1"], /'--file <file>' not specified/],
    [["bundle", "status", "127.0.0.1:1", `0x${"00".repeat(32)}`], /no address of an API/],
    [["bundle", "status", "http://127.0.0.1:1", "0x12"], /no id of a bundle/],
  ])("lockstep %j", async (args, sentence) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(sentence);
    expect(err).toMatch(/^lockstep: .*\n$/);
  });
});

describe("keys", () => {
  test("new makes a private file that show reads back", async () => {
    const file = join(folder, "keys.json");
    const made = await run("keys", "new", file, "--json");
    expect(made.code).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const shown = await run("keys", "show", file, "--json");
    expect(shown).toEqual(made);
    expect(JSON.parse(shown.out)).toMatchObject({
      publicKey: expect.stringMatching(/^0x[0-9a-f]{96}$/),
      possession: expect.stringMatching(/^0x[0-9a-f]{192}$/),
    });
    expect(made.out).not.toContain(JSON.parse(await readFile(file, "utf8")).secretKey);
  });

  test("an existing file is never overwritten", async () => {
    const file = join(folder, "keys.json");
    await run("keys", "new", file);
    const before = await readFile(file, "utf8");
    expect(await run("keys", "new", file)).toMatchObject({
      code: 1,
      err: expect.stringContaining("never overwritten"),
    });
    expect(await readFile(file, "utf8")).toBe(before);
  });
});

describe("files that are wrong are named, with the field", () => {
  const configuration = {
    genesis: "genesis.ssz",
    keys: "keys.json",
    index: 0,
    dataDir: "data",
    p2p: { listen: "/ip4/127.0.0.1/tcp/0", peers: [] },
    api: { host: "127.0.0.1", port: 0 },
    rpc: { host: "127.0.0.1", ports: {} },
    log: { level: "silent" },
  };

  const runWith = async (content: string) => {
    const file = join(folder, "node.json");
    await writeFile(file, content);
    return run("node", "--config", file);
  };

  test.each([
    ["{", /is not JSON/],
    [JSON.stringify({ ...configuration, index: -1 }), /is wrong at index/],
    [JSON.stringify({ ...configuration, colour: "red" }), /colour/],
    [JSON.stringify({ ...configuration, api: { host: "127.0.0.1", port: 70_000 } }), /is wrong at api\.port/],
    [JSON.stringify({ ...configuration, rpc: { host: "127.0.0.1", ports: { evm: 1 } } }), /is wrong at rpc\.ports/],
    [
      JSON.stringify({
        ...configuration,
        p2p: { listen: "/ip4/127.0.0.1/tcp/0", peers: [{ publicKey: "0x12", address: "/" }] },
      }),
      /p2p\.peers\.0\.publicKey: expected 48 bytes/,
    ],
    [JSON.stringify(configuration), /genesis .*genesis\.ssz can't be read/],
  ])("%s", async (content, sentence) => {
    const { code, err } = await runWith(content);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err).toMatch(/^lockstep: .*\n$/);
  });

  test("a genesis that is no genesis", async () => {
    await writeFile(join(folder, "genesis.ssz"), "not SSZ");
    expect((await runWith(JSON.stringify(configuration))).err).toMatch(/genesis\.ssz is damaged/);
  });

  test("with --json the error is a line of JSON, too", async () => {
    const { code, out } = await run("keys", "show", join(folder, "none.json"), "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "unreadable_file", path: join(folder, "none.json") } });
  });
});
