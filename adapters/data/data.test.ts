import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createRuntime } from "../../consensus/runtime/runtime.ts";
import { usualBudgets } from "../../protocol/budget.ts";
import { equalBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asDomain } from "../../protocol/ids.ts";
import { entriesRoot } from "../../protocol/payload.ts";
import type { Executor, SealedHead } from "../adapter.ts";
import { describeAdapterCompliance } from "../compliance.ts";
import { contextOf, declared } from "../complianceChain.ts";
import { dataAdapter } from "./adapter.ts";
import { nextStateRoot, receipt } from "./block.ts";
import type { DataAnswer } from "./executor.ts";

const domain = asDomain(1);

const blockAt = async (executor: Executor, number: number) => {
  const answer = (await executor.read({ kind: "block", number })) as DataAnswer;
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
};

const slice = async (number: number) => {
  const entries = ["a", "b", "a", ""].map((text) => utf8(text === "" ? "" : `${text} of block ${number}`));
  return {
    entries: [...entries, new Uint8Array(131_073), new Uint8Array(131_072).fill(number)],
    outcome: [
      { kind: "applied", index: 0, succeeded: true } as const,
      { kind: "applied", index: 1, succeeded: true } as const,
      { kind: "omitted", index: 2, reason: "duplicate" } as const,
      { kind: "omitted", index: 3, reason: "undecodable" } as const,
      { kind: "omitted", index: 4, reason: "oversized" } as const,
      { kind: "applied", index: 5, succeeded: true } as const,
    ],
  };
};

const leavesOf = async (number: number) => {
  const { entries, outcome } = await slice(number);
  return outcome.flatMap(({ kind, index }) => (kind === "applied" ? [sha256(entries[index] ?? utf8(""))] : []));
};

describeAdapterCompliance("data", {
  adapter: dataAdapter,
  domain,
  config: utf8("{}"),
  runtime: createRuntime(),
  budget: usualBudgets.data,
  badConfigs: [{ what: "unknown fields", config: utf8('{"chainId":1}') }],
  slice,
  admitted: async () => {
    const bytes = utf8("opaque");
    const nativeId = toHex(createHash("sha256").update(bytes).digest());
    return [{ bytes, facts: { nativeId, sender: nativeId, gas: 6, cost: 0n, price: { max: 0n, tip: 0n } } }];
  },
  refused: async () => [
    { what: "nothing", bytes: new Uint8Array(0), reason: "undecodable" },
    { what: "a byte too many", bytes: new Uint8Array(128 * 1024 + 1), reason: "oversized" },
  ],
  isBookkeeping: (key) => equalBytes(key, utf8("m")),
  reads: (number) => [{ kind: "block", number }],
  checkProofs: async (executor: Executor, { number, stateRoot }: SealedHead) => {
    const block = await blockAt(executor, number);
    expect(block.stateRoot).toEqual(stateRoot);
    if (number === 0) return;
    const previous = await blockAt(executor, number - 1);
    expect(nextStateRoot(previous.stateRoot, number, entriesRoot(await leavesOf(number)))).toEqual(stateRoot);
  },
  isUnavailable: async (executor, number) => {
    const answer = (await executor.read({ kind: "block", number })) as DataAnswer;
    return !answer.ok && answer.error.code === "height_unavailable";
  },
});

describe("a data tenant", () => {
  const sealWith = async (transactions: readonly Uint8Array[], tenant = domain) => {
    const { executor, genesis } = await dataAdapter.open({
      domain: tenant,
      config: utf8(""),
      budget: usualBudgets.data,
    });
    if (genesis === undefined) throw new Error("no genesis");
    await executor.begin(contextOf(1, genesis.blockHash));
    await executor.execute(await declared(executor, transactions));
    return { genesis, seal: await executor.seal() };
  };

  it("commits to its transactions and their order", async () => {
    const [a, b] = [utf8("a"), utf8("b")];
    const roots = await Promise.all(
      [[a, b], [b, a], [a]].map(async (each) => toHex((await sealWith(each)).seal.stateRoot)),
    );
    expect(new Set(roots).size).toBe(3);
  });

  it("has its documented roots", async () => {
    const { genesis, seal } = await sealWith([utf8("a")]);
    const hash = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
    const number = Buffer.from("0000000000000001", "hex");
    const stateRoot = hash(genesis.stateRoot, number, entriesRoot([sha256(utf8("a"))]));
    expect(toHex(seal.stateRoot)).toBe(toHex(stateRoot));
    expect(toHex(seal.blockHash)).toBe(toHex(hash(contextOf(1, genesis.blockHash).header, number, stateRoot)));
    expect(seal.receiptsRoot).toEqual(entriesRoot([sha256(receipt)]));
    expect(toHex(genesis.stateRoot)).toBe(toHex(hash(utf8("lockstep data tenant"), Buffer.from("00000001", "hex"))));
  });

  it("keeps its state, and changes its block hash, in a block without transactions", async () => {
    const { genesis, seal } = await sealWith([]);
    expect(seal.stateRoot).toEqual(genesis.stateRoot);
    expect(seal.blockHash).not.toEqual(genesis.blockHash);
  });

  it("can't be registered with writers: its transactions have no senders", async () => {
    const writers = [toHex(utf8("alice"))];
    const open = dataAdapter.open({ domain, config: utf8(""), budget: usualBudgets.data, writers });
    await expect(open).rejects.toMatchObject({ code: "bad_config" });
  });

  it("differs from every other data tenant from its genesis on", async () => {
    const [one, other] = [await sealWith([]), await sealWith([], asDomain(2))];
    expect(one.genesis.stateRoot).not.toEqual(other.genesis.stateRoot);
    expect(one.seal.blockHash).not.toEqual(other.seal.blockHash);
  });
});
