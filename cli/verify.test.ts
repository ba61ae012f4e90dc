import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { transactionId } from "../protocol/batch.ts";
import { type Hex, toHex, utf8 } from "../protocol/bytes.ts";
import { Registration } from "../protocol/tenant.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { serveApi } from "../sequencer/api/server.ts";
import { buildChain, evmDomain, fundedAccount, spentAccount, type TestChain } from "../test/fixtures/chain.ts";
import { buildTestEvmState, type EvmState } from "../test/fixtures/evmState.ts";
import { createTestNode } from "../test/fixtures/node.ts";
import { runVerify, type VerifyArguments } from "./verify.ts";

const log = { warn: () => {}, error: () => {} };

/** The RPC of the EVM tenant, as far as a light client needs it. */
const serveProofs = async (evm: EvmState): Promise<Server> => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { id, params } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; params: [Hex, Hex[]] };
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: await evm.getProof(...params) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
};

let chain: TestChain;
let rpc: Server;
let api: Awaited<ReturnType<typeof serveApi>>;
let trust: string;
const serve = (of: TestChain) =>
  serveApi(createTestNode(of, { rpc: `http://127.0.0.1:${(rpc.address() as AddressInfo).port}` }), {
    host: "127.0.0.1",
    port: 0,
    log,
  });
beforeAll(async () => {
  const evm = await buildTestEvmState();
  chain = buildChain({ heights: 10, evmStateRoot: evm.root });
  trust = toHex(ValidatorSet.root(chain.sets[0] as ValidatorSet));
  rpc = await serveProofs(evm);
  api = await serve(chain);
});
afterAll(async () => {
  await api.close();
  rpc.close();
});

const verify = async (args: Partial<VerifyArguments> = {}) => {
  let text = "";
  const exit = await runVerify({ api: api.url, trust, ...args }, { write: (part) => (text += part) });
  return { exit, text };
};

describe("lockstep verify", () => {
  test("proves the newest certificate, every tenant's slice there and a funded account", async () => {
    const { exit, text } = await verify();
    expect(text).toMatchInlineSnapshot(`
      "proven: the trusted root leads to the 4 validators of epoch 2
      proven: height 8 is certified: more than two thirds of its validators attested to what executing it came to, and final block 10 carries their certificate
      proven: tenant 1: exactly 2 transactions ordered at height 8, and its 2 inputs are those that were executed
      proven: tenant 31337: exactly 2 transactions ordered at height 8, and its 3 inputs are those that were executed
      proven: account 0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1 of tenant 31337 has 10000 ETH and nonce 7 in the certified state of block 8
      All of this follows from the trusted root alone.
      "
    `);
    expect(exit).toBe(0);
  });

  test("proves what is named instead", async () => {
    const id = toHex(transactionId(utf8("transfer 8")));
    const transaction = await verify({ transaction: id });
    expect(transaction.text).toContain(
      `transaction ${id} is entry 0 of tenant 31337 at height 8; the certified inputs apply it`,
    );
    expect([transaction.exit, transaction.text.includes("tenant 1:")]).toEqual([0, false]);
    const omitted = await verify({ transaction: toHex(transactionId(utf8("underfunded 8"))) });
    expect(omitted.text).toContain("leave it out: insufficient_funds");
    const account = await verify({ account: `${evmDomain}:${spentAccount}` });
    expect(account.text).toContain("has 0 ETH and nonce 1");
    const tenant = await verify({ tenant: String(evmDomain) });
    expect(tenant.text).toMatch(/tenant 31337 \(evm, evm\) is active as of height 10, owned by 0x[0-9a-f]{96};/);
    expect(tenant.text).toContain(toHex(Registration.root(chain.genesis.tenants[1] as Registration)));
    const absent = await verify({ account: `${evmDomain}:0x${"00".repeat(20)}` });
    expect([absent.exit, absent.text]).toEqual([0, expect.stringContaining("does not exist")]);
  });

  test("says the same as one line of JSON", async () => {
    const { exit, text } = await verify({ json: true });
    const answer = JSON.parse(text);
    expect([exit, text.split("\n").length, answer.proven, answer.checks.length]).toEqual([0, 2, true, 5]);
    expect(answer.checks[4].facts).toMatchObject({ address: fundedAccount, balance: "10000000000000000000000" });
  });

  test("without --trust says where a root comes from, and takes none from the server", async () => {
    const args: VerifyArguments = { api: api.url };
    let text = "";
    expect(await runVerify(args, { write: (part) => (text += part) })).toBe(2);
    expect(text).toContain("trustedRoot");
    expect(text).toContain("never taken from the server");
    expect(text).not.toContain(trust);
  });

  test.each<[string, Partial<VerifyArguments>, string]>([
    ["a root that is none", { trust: "0x12" }, "no root"],
    ["an address that is none", { api: "localhost:7300" }, "no address of an API"],
    ["a transaction id that is none", { transaction: "0xzz" }, "no Lockstep id"],
    ["an account that is none", { account: "31337:alice" }, "<domain>:<address>"],
    ["a tenant that is none", { tenant: "evm" }, "give --tenant <number>"],
    ["an API that isn't there", { api: "http://127.0.0.1:1" }, "doesn't answer"],
  ])("exits 2 for %s", async (_what, args, words) => {
    const { exit, text } = await verify(args);
    expect(text).toContain(words);
    expect(exit).toBe(2);
    expect(JSON.parse((await verify({ ...args, json: true })).text).error.message).toContain(words);
  });

  test("exits 1, with a reason, for a root, an account or a transaction that doesn't hold", async () => {
    const wrong = await verify({ trust: `${trust.slice(0, -1)}${trust.endsWith("0") ? "1" : "0"}` });
    expect([wrong.exit, wrong.text]).toEqual([1, expect.stringMatching(/not proven: .*\(unknown_root\)/)]);
    const other = await verify({ account: `1:${fundedAccount}` });
    expect([other.exit, other.text]).toEqual([1, expect.stringContaining("(unsupported_vm)")]);
    const unheard = await verify({ transaction: `0x${"00".repeat(32)}` });
    expect([unheard.exit, unheard.text]).toEqual([1, expect.stringContaining("knows no transaction")]);
  });

  test("exits 1 for a node whose state isn't the certified one", async () => {
    const liar = await serve(buildChain({ heights: 10 }));
    const { exit, text } = await verify({ api: liar.url }).finally(() => liar.close());
    expect([exit, text]).toEqual([1, expect.stringContaining("(bad_proof)")]);
  });
});
