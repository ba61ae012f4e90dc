import { createPublicClient, createWalletClient, http, parseEther, publicActions } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { anvil } from "viem/chains";
import { beforeAll, describe, expect, test } from "vitest";
import { FinalCertificateWire } from "../../protocol/wire.ts";
import { compileContract } from "../fixtures/solidity.ts";
import { transaction } from "./api.ts";
import { lockstep } from "./commands.ts";
import { getFrom } from "./dataTenant.ts";
import { devnet, type Endpoint, eventually, evmDomain, fundedAccount, validators } from "./network.ts";
import { type Change, startProxy } from "./tamperingProxy.ts";

const [entry, other] = validators as [Endpoint, Endpoint];
const token = compileContract("Token");
const wallet = createWalletClient({
  account: privateKeyToAccount(fundedAccount(8).privateKey),
  chain: anvil,
  transport: http(entry.rpc),
  pollingInterval: 100,
}).extend(publicActions);

/** A height that our transfers and the deployed contract are in, certified at both validators that are asked. */
let to = 0;
let activatedAt = 0;
const flags = () => ["--trust", devnet.trustedRoot, "--domain", String(evmDomain), "--to", String(to)];

beforeAll(async () => {
  const stranger = privateKeyToAccount(generatePrivateKey());
  const hashes = [
    await wallet.sendTransaction({ to: stranger.address, value: parseEther("1") }),
    await wallet.deployContract({ ...token, args: [1000n] }),
    await wallet.sendTransaction({ to: stranger.address, value: 1n }),
  ];
  const receipts = await Promise.all(
    hashes.map((hash) => wallet.waitForTransactionReceipt({ hash, timeout: 100_000 })),
  );
  for (const { transactionHash, blockNumber } of receipts) {
    const { height = 0 } = (await transaction(entry.api, evmDomain, transactionHash)) ?? {};
    // Block 0 of a tenant that registered is of the height at which it became active.
    [to, activatedAt] = [Math.max(to, height), height - Number(blockNumber)];
  }
  for (const validator of [entry, other]) {
    await eventually(async () => {
      const { certified } = await getFrom(validator, "/v1/certificates/latest", FinalCertificateWire);
      return certified.height >= to || undefined;
    });
  }
});

describe("lockstep replay", () => {
  test("comes to what is certified at every height, and says so in words", async () => {
    const { code, out } = await lockstep("replay", other.api, ...flags());
    expect(out).toMatch(new RegExp(`^proven: height ${to} is certified by more than two thirds`, "m"));
    expect(out).toMatch(
      new RegExp(`^equal: tenant ${evmDomain}, .* from ${activatedAt} to ${to}: \\d+ transactions, \\d+ gas\\.$`, "m"),
    );
    expect(code).toBe(0);
  });

  test("goes to the newest certified height, and says the same as one line of JSON", async () => {
    const { code, out } = await lockstep("replay", entry.api, ...flags().slice(0, 4), "--json");
    const { equal, height, transactions, blockHash } = JSON.parse(out);
    expect(equal).toBe(true);
    expect(height).toBeGreaterThanOrEqual(to);
    expect(transactions).toBeGreaterThanOrEqual(3);
    const client = createPublicClient({ transport: http(entry.rpc) });
    expect(blockHash).toBe((await client.getBlock({ blockNumber: BigInt(height - activatedAt) })).hash);
    expect(code).toBe(0);
  });

  test("refuses a tenant that is none, or no EVM", async () => {
    const trust = ["--trust", devnet.trustedRoot];
    const absent = await lockstep("replay", entry.api, ...trust, "--domain", "7");
    expect([absent.code, absent.out]).toEqual([1, expect.stringContaining("(unknown_tenant)")]);
    const data = await lockstep("replay", entry.api, ...trust, "--domain", "1");
    expect([data.code, data.out]).toEqual([1, expect.stringContaining("(unsupported_vm)")]);
  });
});

describe("lockstep replay, behind a proxy that changes one digit of", () => {
  const slices = /^\/v1\/blocks\/\d+\/tenants\/31337$/;
  const summaries = /^\/v1\/summaries\/\d+$/;
  test.each<[string, Change, string]>([
    ["a protocol write", { of: slices, place: ["inputs", 0, "bytes"] }, "wrong_inputs"],
    ["a header's time", { of: slices, place: ["block", "header", "timestampMs"] }, "malformed_answer"],
    ["a state root", { of: summaries, place: ["summary", "tenants", 0, "stateRoot"] }, "malformed_answer"],
    ["the genesis", { of: /^\/v1\/genesis$/, place: ["genesis", "tenants", 0, "config"] }, "malformed_answer"],
  ])("%s: not proven, and says why", async (_what, change, code) => {
    const proxy = await startProxy(entry, change);
    const run = await lockstep("replay", proxy.url, ...flags());
    await proxy.close();
    expect(run.out).toMatch(new RegExp(`^not proven: .{20,} \\(${code}\\)$`, "m"));
    expect(run.out).not.toContain("equal");
    expect(run.code).toBe(1);
    expect(proxy.changed()).toBeGreaterThan(0);
  });
});
