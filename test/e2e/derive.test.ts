import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { keccak256 } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evmAccounts } from "../../devnet/accounts.ts";
import { transactionId } from "../../protocol/batch.ts";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { lockstep } from "./commands.ts";
import { executedAt, opaque, submitJson } from "./dataTenant.ts";
import { startDevnet } from "./devnet.ts";
import { dataDomain, devnet, type Endpoint, eventually, validators } from "./network.ts";
import { type RollupNode, rollupChainId, runRollupNode, startRollupNode } from "./rollupNode.ts";
import { type Change, startProxy } from "./tamperingProxy.ts";

const [first, second, third, fourth] = validators as [Endpoint, Endpoint, Endpoint, Endpoint];
const command = fileURLToPath(new URL("../../bin/lockstep.js", import.meta.url));
const flags = (...more: string[]) => ["--trust", devnet.trustedRoot, "--domain", String(dataDomain), ...more];

type Height = { event: string; height: number; header: Hex; parent: Hex; timestampMs: number; transactions: Hex[] };
const heightsOf = (out: string): Height[] =>
  out
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Height]))
    .filter(({ event }) => event === "height");

let folder: string;
const cleanups: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-derive-"));
});
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

describe("lockstep derive", () => {
  const bytes = opaque();
  let height: number;
  beforeAll(async () => {
    await submitJson(first, [bytes]);
    for (const validator of validators) {
      ({ height = 0 } = await executedAt(validator, toHex(transactionId(bytes))));
    }
  });

  test("yields the same heights at each validator, linked from the first on, with our transaction at one", async () => {
    const runs = await Promise.all(
      validators.map(({ api }) => lockstep("derive", api, ...flags("--to", String(height), "--json"))),
    );
    expect(runs.map(({ code, err }) => [code, err])).toEqual(runs.map(() => [0, ""]));
    const [derived = [], ...others] = runs.map(({ out }) =>
      heightsOf(out).map(({ height, header, parent, timestampMs, transactions }) => {
        return { height, header, parent, timestampMs, transactions };
      }),
    );
    for (const other of others) expect(other).toEqual(derived);
    expect(derived.map((at) => at.height)).toEqual(Array.from({ length: height }, (_, i) => i + 1));
    for (const [i, { parent }] of derived.slice(1).entries()) expect(parent).toBe(derived[i]?.header);
    const holding = derived.filter(({ transactions }) => transactions.includes(toHex(bytes)));
    expect(holding.map((at) => at.height)).toEqual([height]);
  });

  test("goes on after kill -9 with the first height that its reader had not confirmed", async () => {
    const args = ["derive", second.api, ...flags("--json", "--state", join(folder, "cursor.json"), "--confirm")];
    const follow = async (last: number, unconfirmed: number): Promise<number[]> => {
      const child = spawn(process.execPath, [command, ...args], { stdio: ["pipe", "pipe", "inherit"] });
      const seen: number[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const { height: at } = JSON.parse(line) as Height;
        seen.push(at);
        if (at === unconfirmed) child.kill("SIGKILL");
        else if (at <= last) child.stdin.write(`${at}\n`);
        if (at === last) child.stdin.end();
      }
      return seen;
    };
    const killedAt = Math.ceil(height / 2);
    const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    expect(await follow(height, killedAt)).toEqual(upTo(1, killedAt));
    expect(await follow(height, 0)).toEqual(upTo(killedAt, height + 1));
  });

  const slices = /^\/v1\/blocks\/\d+\/tenants\/1$/;
  const tip = /^\/v1\/blocks\/latest$/;
  const change = (of: RegExp, ...place: Change["place"]): Change => ({ of, place });
  const atHeight = (): RegExp => new RegExp(`^/v1/blocks/${height}/tenants/1$`);
  test.each<[string, () => Change, string]>([
    ["a transaction", () => change(atHeight(), "entries", 0), "malformed_answer"],
    ["the proof that it was ordered", () => change(atHeight(), "proof", "witness", "branch", 0), "branch"],
    ["a height's parent", () => change(slices, "block", "header", "parent"), "malformed_answer"],
    ["the certificate under the newest height", () => change(tip, "certificate", "signature"), "signature"],
    ["the trusted set", () => change(/^\/v1\/epochs\/0$/, "set", "members", 0, "publicKey"), "malformed_answer"],
  ])("refuses a proxy that changes a digit of %s, and goes on at an honest API", async (_what, changeOf, code) => {
    const proxy = await startProxy(third, changeOf());
    const upTo = flags("--from", String(height), "--to", String(height), "--json");
    const [alone, helped] = await Promise.all([
      lockstep("derive", proxy.url, ...upTo),
      lockstep("derive", proxy.url, fourth.api, ...upTo),
    ]);
    await proxy.close();
    expect(JSON.parse(alone.out)).toMatchObject({ error: { code, message: expect.stringMatching(/.{20,}/) } });
    expect(alone.code).toBe(1);
    const [trouble, ...heights] = helped.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(trouble).toMatchObject({ event: "trouble", api: proxy.url, code, consequence: "dropped" });
    expect(heights).toMatchObject([{ event: "height", height, transactions: expect.arrayContaining([toHex(bytes)]) }]);
    expect(helped.code).toBe(0);
    expect(proxy.changed()).toBeGreaterThan(0);
  });
});

test("lockstep derive outlasts kill -9 of the validator that it asks, and misses no height", async () => {
  const own = await startDevnet({ flags: ["--validators", "1", "--tenants", "data"] });
  cleanups.push(own.remove);
  const { api, trustedRoot } = own.ready;
  const args = ["derive", api, "--trust", trustedRoot, "--domain", "1", "--json"];
  const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [heights, troubles]: [number[], string[]] = [[], []];
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, height, code } = JSON.parse(line) as Height & { code: string };
    if (event === "trouble") troubles.push(code);
    else heights.push(height);
    if (event === "height" && height === 3) process.kill(own.pids()[0] ?? 0, "SIGKILL");
    if (height === 8) child.kill("SIGTERM");
  }
  expect(await ended).toEqual([0, null]);
  expect(heights).toEqual(Array.from({ length: heights.length }, (_, i) => i + 1));
  expect(new Set(troubles)).toEqual(new Set(["unreachable"]));
});

describe("a rollup's nodes that execute elsewhere", () => {
  const payee: Hex = "0x00000000000000000000000000000000000beef0";
  const payer: PrivateKeyAccount = privateKeyToAccount((evmAccounts()[0] as { privateKey: Hex }).privateKey);

  const payment = async (nonce: number, chainId = rollupChainId): Promise<Uint8Array> => {
    const signed = await payer.signTransaction({
      type: "eip1559",
      chainId,
      nonce,
      to: payee,
      value: 1n,
      gas: 21_000n,
      maxFeePerGas: 10n ** 10n,
    });
    return fromHex(signed) as Uint8Array;
  };

  /** Orders payments, among what is none on that chain. */
  const pay = async (validator: Endpoint, ...nonces: number[]): Promise<void> => {
    const payments = await Promise.all(nonces.map((nonce) => payment(nonce)));
    await submitJson(validator, [opaque(), await payment(nonces[0] ?? 0, 1 + (nonces[0] ?? 0)), ...payments, opaque()]);
  };

  const start = async (validator: Endpoint, name: string): Promise<RollupNode> => {
    const node = await startRollupNode([validator.api], join(folder, name));
    cleanups.push(() => node.kill("SIGTERM"));
    return node;
  };

  /** The node's newest block, once `payments` were made. */
  const headAfter = async (node: RollupNode, payments: number) => {
    await eventually(async () => {
      const count = Number(await node.ask("eth_getTransactionCount", payer.address, "latest"));
      return count === payments || undefined;
    });
    const { height: _, ...head } = await node.head();
    return { ...head, paid: await node.ask("eth_getBalance", payee, "latest") };
  };

  test("come to one state: started at different times, at different validators, and after kill -9", async () => {
    await pay(first, 0, 1, 2);
    const early = await start(first, "early");
    await headAfter(early, 3);
    await pay(second, 3, 4);
    const late = await start(third, "late");
    const met = await headAfter(late, 5);
    expect(await headAfter(early, 5)).toEqual(met);
    expect(met.paid).toBe("0x5");

    await pay(fourth, 5);
    await early.kill("SIGKILL");
    await pay(first, 6, 7);
    const again = await start(second, "early");
    await pay(third, 8);
    const last = await headAfter(late, 9);
    expect(await headAfter(again, 9)).toEqual(last);
    expect(await headAfter(await start(fourth, "fresh"), 9)).toEqual(last);

    const hash = keccak256(await payment(8));
    const receipts = await Promise.all([late, again].map((node) => node.ask("eth_getTransactionReceipt", hash)));
    expect(receipts[0]).toMatchObject({ status: "0x1", from: payer.address.toLowerCase(), blockHash: last.hash });
    expect(receipts[1]).toEqual(receipts[0]);
  });

  test("refuse a server that changes what was ordered", async () => {
    const proxy = await startProxy(second, { of: /^\/v1\/blocks\/\d+\/tenants\/1$/, place: ["block", "root"] });
    const { code, err } = await runRollupNode([proxy.url], join(folder, "deceived"));
    await proxy.close();
    expect(code).toBe(1);
    expect(err).toMatch(/^rollup-node: the answer's block is malformed: its root isn't that of its Header\n$/);
  });
});
