import { beforeAll, describe, expect, test } from "vitest";
import { transactionId } from "../../protocol/batch.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { FinalCertificateWire } from "../../protocol/wire.ts";
import { lockstep } from "./commands.ts";
import { executedAt, getFrom, opaque, statusOf, submitJson } from "./dataTenant.ts";
import { devnet, type Endpoint, eventually, evmDomain, fundedAccount, validators } from "./network.ts";
import { type Change, startProxy } from "./tamperingProxy.ts";

const trust = ["--trust", devnet.trustedRoot];
const { address } = fundedAccount(9);
const bytes = opaque();
const id: Hex = toHex(transactionId(bytes));
const [entry] = validators as [Endpoint];

/** What can be verified, by flags of the command. */
const claims = {
  newest: [],
  transaction: ["--transaction", id],
  account: ["--account", `${evmDomain}:${address}`],
} as const;

/** Waits until each validator shows our transaction certified, in an epoch after that of the trusted root. */
beforeAll(async () => {
  await submitJson(entry, [bytes]);
  for (const validator of validators) {
    const { height = 0 } = await executedAt(validator, id);
    await eventually(async () => {
      const { certified, summary } = await getFrom(validator, "/v1/certificates/latest", FinalCertificateWire);
      return (certified.height >= height && summary.epoch >= 1 && (await statusOf(validator)).epoch >= 1) || undefined;
    });
  }
});

describe.each(validators)("lockstep verify, asking validator $index", (validator) => {
  test("proves from the root of an older epoch what is newest, and says it in words", async () => {
    const { code, out } = await lockstep("verify", validator.api, ...trust);
    expect(out).toMatch(/^proven: the trusted root leads to the 4 validators of epoch [1-9]\d*$/m);
    expect(out).toMatch(/^proven: height \d+ is certified: more than two thirds of its validators attested/m);
    expect(out).toMatch(/^proven: tenant 1: exactly \d+ transactions? ordered at height \d+/m);
    expect(out).toMatch(/^proven: tenant 31337: exactly \d+ transactions? ordered at height \d+/m);
    expect(out).toMatch(/^proven: account 0x[0-9a-f]{40} of tenant 31337 has \d+(\.\d+)? ETH and nonce \d+/im);
    expect(out).toMatch(/All of this follows from the trusted root alone\.\n$/);
    expect(code).toBe(0);
  });

  test("proves a transaction and an account that are named", async () => {
    const transaction = await lockstep("verify", validator.api, ...trust, ...claims.transaction);
    const found = `^proven: transaction ${id} is entry \\d+ of tenant 1 at height \\d+; the certified inputs apply it$`;
    expect(transaction.out).toMatch(new RegExp(found, "m"));
    expect(transaction.code).toBe(0);
    const account = await lockstep("verify", validator.api, ...trust, ...claims.account);
    const holds = `^proven: account ${address} of tenant 31337 has .* ETH and nonce \\d+ in the certified state`;
    expect(account.out).toMatch(new RegExp(holds, "m"));
    expect(account.code).toBe(0);
  });
});

describe("lockstep verify", () => {
  test("says the same as one line of JSON", async () => {
    const { code, out } = await lockstep("verify", entry.api, ...trust, "--json");
    expect(out.trimEnd().split("\n")).toHaveLength(1);
    const { proven, checks } = JSON.parse(out) as { proven: boolean; checks: { facts: Record<string, unknown> }[] };
    expect(proven).toBe(true);
    expect(checks[0]?.facts).toMatchObject({ genesis: devnet.genesis, validators: 4 });
    expect(code).toBe(0);
  });

  test("without --trust proves nothing, and says where a root comes from", async () => {
    const { code, out } = await lockstep("verify", entry.api);
    expect(code).toBe(2);
    expect(out).toContain("--trust <root>");
    expect(out).toContain("a devnet prints its own as `trustedRoot` when it starts");
    expect(out).not.toContain(devnet.trustedRoot);
  });

  test.each([
    ["first", 2],
    ["last", 64],
  ])("with a trusted root whose %s byte differs proves nothing", async (_which, at) => {
    const { trustedRoot } = devnet;
    const wrong = trustedRoot.slice(0, at) + (trustedRoot[at] === "1" ? "2" : "1") + trustedRoot.slice(at + 1);
    const { code, out } = await lockstep("verify", entry.api, "--trust", wrong);
    expect(out).toMatch(/^not proven: .*trusted root.* \(unknown_root\)\n$/);
    expect(code).toBe(1);
  });

  test.each(Object.entries(claims))("through a faithful proxy proves the same (%s)", async (_claim, flags) => {
    const proxy = await startProxy(entry);
    const { code, out } = await lockstep("verify", proxy.url, ...trust, ...flags);
    await proxy.close();
    expect(out).not.toContain("not proven");
    expect(code).toBe(0);
  });
});

describe("lockstep verify, behind a proxy that changes one digit of", () => {
  const latest = /^\/v1\/certificates\/latest$/;
  const dataSlice = /^\/v1\/blocks\/\d+\/tenants\/1$/;
  const evmSlice = /^\/v1\/blocks\/\d+\/tenants\/31337$/;
  const summaries = /^\/v1\/summaries\/\d+$/;
  const proof = /^eth_getProof$/;
  const trusted = /^\/v1\/epochs\/0$/;
  const next = /^\/v1\/epochs\/1$/;
  const genesis = /^\/v1\/genesis$/;
  const change = (of: RegExp, ...place: Change["place"]): Change => ({ of, place });

  type Case = [what: string, change: Change, claim: keyof typeof claims, code: string];
  const cases: Case[] = [
    ["the certificate's signature", change(latest, "carrier", "certificate", "signature"), "newest", "signature"],
    ["the certificate's signers", change(latest, "carrier", "certificate", "signers"), "newest", "no_quorum"],
    ["the view it is from", change(latest, "carrier", "proposal", "view"), "newest", "signature"],
    ["a header's payload root", change(latest, "carrier", "header", "payloadRoot"), "newest", "malformed_answer"],
    ["a header's time", change(latest, "carrier", "header", "timestampMs"), "newest", "malformed_answer"],
    ["a header's root", change(latest, "carrier", "root"), "newest", "malformed_answer"],
    ["the attestations", change(latest, "certified", "certificate", "signature"), "newest", "not_carried"],
    ["a certified state root", change(latest, "summary", "tenants", 1, "stateRoot"), "newest", "wrong_summary"],
    ["the summary of a height", change(summaries, "summary", "timestampMs"), "transaction", "malformed_answer"],
    ["the genesis", change(genesis, "genesis", "salt"), "newest", "malformed_answer"],
    ["a validator's key", change(next, "set", "members", 0, "publicKey"), "newest", "malformed_answer"],
    ["a validator's weight", change(next, "set", "members", 3, "weight"), "newest", "malformed_answer"],
    ["the trusted set", change(trusted, "set", "members", 0, "publicKey"), "newest", "malformed_answer"],
    ["the step into an epoch", change(next, "transition", "certificate", "signature"), "newest", "signature"],
    ["an entry of a slice", change(dataSlice, "entries", 0), "transaction", "malformed_answer"],
    ["a slice's branch", change(dataSlice, "proof", "witness", "branch", 0), "transaction", "branch"],
    ["a slice's root", change(dataSlice, "proof", "witness", "entry", "entriesRoot"), "transaction", "branch"],
    ["a slice's certificate", change(dataSlice, "block", "certificate", "signature"), "transaction", "signature"],
    ["an executed input", change(dataSlice, "inputs", 0, "bytes"), "transaction", "wrong_inputs"],
    ["a protocol write", change(evmSlice, "inputs", 0, "bytes"), "newest", "wrong_inputs"],
    ["an account's balance", change(proof, "balance"), "account", "refuted"],
    ["an account's nonce", change(proof, "nonce"), "account", "refuted"],
    ["a node of an account's proof", change(proof, "accountProof", 0), "account", "bad_proof"],
  ];
  // Each case meets one of the validators in turn: it is the reader that is tried.
  test.each(cases.map((row, i) => [...row, validators[i % validators.length] as Endpoint] as const))(
    "%s: not proven, and says why",
    async (_what, change, claim, code, validator) => {
      const proxy = await startProxy(validator, change);
      const run = await lockstep("verify", proxy.url, ...trust, ...claims[claim]);
      await proxy.close();
      expect(run.out).toMatch(new RegExp(`^not proven: .{20,} \\(${code}\\)$`, "m"));
      expect(run.out).not.toContain("All of this follows");
      expect(run.code).toBe(1);
      expect(proxy.changed()).toBeGreaterThan(0);
    },
  );
});
