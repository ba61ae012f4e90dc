import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBlst } from "../consensus/certificate/blst.ts";
import { transactionId } from "../protocol/batch.ts";
import { usualBudgets } from "../protocol/budget.ts";
import { type Hex, toHex, utf8 } from "../protocol/bytes.ts";
import { type ControlTransaction, controlDomain, decodeControl } from "../protocol/control.ts";
import { failure, success } from "../protocol/errors.ts";
import { vms } from "../protocol/genesis.ts";
import { asHeight } from "../protocol/ids.ts";
import { tenantStatuses } from "../protocol/summary.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { serveApi } from "../sequencer/api/server.ts";
import { signersOf } from "../sequencer/control/commands.ts";
import { command } from "../sequencer/control/ledger.ts";
import type { NodeService } from "../sequencer/service.ts";
import { buildChain } from "../test/fixtures/chain.ts";
import { createTestNode } from "../test/fixtures/node.ts";
import { main } from "./main.ts";

const chain = buildChain();
const trust = toHex(ValidatorSet.root(chain.sets[0] as ValidatorSet));
const bls = createBlst();

/** What was handed in, and what became of it by the rules of the ledger. */
const taken: { transaction: ControlTransaction; reason: string | undefined }[] = [];

/** The chain stands still, so each transaction meets the state of genesis; only its order is known later. */
const judging = (): NodeService => {
  const node = createTestNode(chain);
  return {
    ...node,
    submit: async (domain, [bytes = new Uint8Array()]) => {
      if (domain !== controlDomain) return [failure("unknown_tenant", "not the control ledger")];
      const transaction = decodeControl(bytes);
      const signers = await signersOf(bls, chain.genesisRoot, transaction);
      const header = (chain.blocks[11] as NonNullable<(typeof chain.blocks)[number]>).header;
      const one = { id: transactionId(bytes), body: transaction.body, signers };
      taken.push({ transaction, reason: command(chain.ordering, header, [one]).outcomes[0]?.code });
      return [success({ id: transactionId(bytes), nativeId: "0x01" })];
    },
    transaction: async (id) => {
      const reason = taken.at(-1)?.reason;
      const ended = reason === undefined ? "executed" : "omitted";
      return { id, domain: controlDomain, status: ended, height: asHeight(7), ...(reason ? { reason } : {}) };
    },
  };
};

let api: Awaited<ReturnType<typeof serveApi>>;
let folder: string;
let key: string;
let owner: Hex;
beforeAll(async () => {
  api = await serveApi(judging(), { host: "127.0.0.1", port: 0, log: { warn: () => {}, error: () => {} } });
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
  key = join(folder, "owner.json");
  owner = JSON.parse((await run("keys", "new", key, "--json")).out).publicKey;
  await writeFile(join(folder, "genesis.json"), '{"chainId":31338}');
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

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
  const code = await main(args, output);
  return { code, out, err };
};
const tenant = (verb: string, ...args: string[]) => run("tenant", verb, api.url, ...args);
const register = (...flags: string[]) =>
  tenant("register", "--domain", "31338", "--name", "mine", "--key", key, ...flags);
const genesis = () => ["--genesis", join(folder, "genesis.json")];

describe("lockstep tenant register", () => {
  test("signs what the flags say as the owner, and tells at which height it is so", async () => {
    const budget = ["--gas-rate", "1000000", "--bytes-burst", "5000"];
    const writers = ["--writer", `0x${"aa".repeat(20)}`, "--writer", `0x${"bb".repeat(20)}`];
    const { code, out } = await register(
      "--vm",
      "evm",
      ...genesis(),
      "--port",
      "8546",
      ...budget,
      ...writers,
      "--json",
    );
    const { transaction, reason } = taken.at(-1) ?? {};
    expect([code, reason]).toEqual([0, undefined]);
    expect(JSON.parse(out)).toMatchObject({ domain: 31338, height: 7, id: expect.stringMatching(/^0x[0-9a-f]{64}$/) });
    const { evm } = usualBudgets;
    expect(transaction?.body).toMatchObject({
      kind: "register",
      value: {
        vm: vms.evm,
        name: utf8("mine"),
        writers: ["aa", "bb"].map((byte) => utf8(`0x${byte.repeat(20)}`)),
        budget: { gas: { ...evm.gas, rate: 1_000_000 }, bytes: { ...evm.bytes, burst: 5_000 } },
        port: 8546,
        config: utf8('{"chainId":31338}'),
      },
    });
    expect(transaction?.body.kind === "register" && toHex(transaction.body.value.owner)).toBe(owner);
  });

  test("a data tenant needs no genesis", async () => {
    expect(await register("--vm", "data")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^tenant 31338 is registered at height 7 .*\nIt becomes active once/),
    });
  });

  test("what the order left out is told with the reason, and exit code 1", async () => {
    const { code, err } = await tenant("register", "--vm", "data", "--domain", "1", "--name", "mine", "--key", key);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^lockstep: .*has or had this domain.*choose another one\n$/),
    ]);
  });

  test.each<[string, string[], RegExp]>([
    ["another VM", ["--vm", "wasm"], /'wasm' is invalid/],
    ["no VM", [], /'--vm <vm>' not specified/],
    ["no genesis", ["--vm", "evm"], /--genesis <file> is missing/],
    ["a budget that can't be", ["--vm", "data", "--gas-burst", "5"], /largest transaction is above its burst/],
    ["a port that is none", ["--vm", "data", "--port", "70000"], /from 1 to 65535/],
    ["a long name", ["--vm", "data", "--name", "n".repeat(65)], /at most 64 bytes/],
  ])("wrong call, %s: a sentence and exit code 2", async (_what, flags, sentence) => {
    const { code, err } = await register(...flags);
    expect([code, err]).toEqual([2, expect.stringMatching(sentence)]);
    expect(err).toMatch(/^lockstep: [^\n]*\n$/);
  });

  test("--help teaches with a whole example", async () => {
    const { code, out } = await run("tenant", "register", "--help");
    expect(code).toBe(0);
    for (const word of ["lockstep keys new owner.json", '"alloc"', "--vm evm", "--wait"]) expect(out).toContain(word);
  });
});

describe("lockstep tenant list and show", () => {
  test("in words and in JSON", async () => {
    const listed = await tenant("list");
    expect(listed.out).toMatch(
      /^domain +name +vm +status +since +gas left +rpc\n1 +data +data +active +0 +100% +-\n31337/,
    );
    expect(JSON.parse((await tenant("list", "--json")).out)).toHaveLength(2);
    const shown = await tenant("show", "31337");
    expect(shown.out).toMatch(/^writers +anybody$/m);
    expect(shown.out).toMatch(/^gas +300,000,000 a second, burst 100,000,000/m);
    expect([listed.code, shown.code]).toEqual([0, 0]);
  });

  test("with a trusted root, proven", async () => {
    const { code, out } = await tenant("show", "31337", "--trust", trust);
    expect([code, out]).toEqual([0, expect.stringContaining("proven from the trusted root, as of height 11")]);
    const json = await tenant("show", "31337", "--trust", trust, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ proven: true, height: 11, domain: 31337, status: "active" });
  });

  test("what isn't there, or isn't proven, is said: exit code 1", async () => {
    expect(await tenant("show", "77")).toMatchObject({ code: 1, err: "lockstep: No tenant has domain 77.\n" });
    const wrong = await tenant("show", "31337", "--trust", `0x${"00".repeat(32)}`);
    expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/^lockstep: Not proven: .*trusted root/) });
    expect(await run("tenant", "list", "http://127.0.0.1:1")).toMatchObject({ code: 1 });
  });

  test.each([
    [["list", "localhost:7300"], /no address of an API/],
    [["show", "http://127.0.0.1:1", "x"], /x is no domain/],
    [["show", "http://127.0.0.1:1", "1", "--trust", "0x12"], /no root/],
    [["pause", "http://127.0.0.1:1", "1"], /'--key <file>' not specified/],
    [["frobnicate"], /unknown command/],
  ])("wrong call %j: exit code 2", async (args, sentence) => {
    expect(await run("tenant", ...args)).toMatchObject({ code: 2, err: expect.stringMatching(sentence) });
  });
});

test("pause, resume and retire sign the next change of status", async () => {
  const statuses = { pause: "paused", resume: "active", retire: "retired" } as const;
  for (const [verb, status] of Object.entries(statuses)) {
    const { code, err } = await tenant(verb, "31337", "--key", key);
    expect(taken.at(-1)).toMatchObject({
      transaction: {
        body: { kind: "setStatus", value: { domain: 31337, sequence: 1, status: tenantStatuses[status] } },
      },
      reason: "not_signed",
    });
    expect([code, err]).toEqual([1, expect.stringMatching(/^lockstep: .*signature of the tenant's owner/)]);
  }
});
