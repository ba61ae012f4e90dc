import { readFileSync } from "node:fs";
import { hash } from "starknet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Hex } from "../../protocol/bytes.ts";
import type { Execution, Executor, Seal } from "../adapter.ts";
import { beginBlock, contextOf, runBlock } from "../complianceChain.ts";
import { cairoAdapter } from "./adapter.ts";
import { decodeBlock } from "./block.ts";
import { contract } from "./contracts/classes.ts";
import { classHashOf, contractAddress, selectorOf } from "./contracts/classHash.ts";
import { deployerAddress, strkAddress } from "./genesis.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { type CairoAnswers, type CairoRead, readCairo } from "./reads.ts";
import { type CairoEvent, type CairoReceipt, decodeReceipt } from "./receipt.ts";
import { SierraClass } from "./sierraClass.ts";
import {
  accountOf,
  alice,
  bob,
  bounds,
  budget,
  buildEngine,
  type Call,
  carol,
  config,
  dave,
  declare,
  deployAccount,
  domain,
  encodeConfig,
  invoke,
  type Signed,
  strk,
} from "./testChain.ts";
import { encodeTransaction } from "./transaction.ts";

const source = new URL("../../test/contracts/cairo/trouble.sierra.json", import.meta.url);
const troubleClass = SierraClass.parse(JSON.parse(readFileSync(source, "utf8")));
const trouble = {
  class: troubleClass,
  classHash: classHashOf(troubleClass),
  compiledClassHash: "0x0" as Hex,
};
const troubleAddress = contractAddress({ classHash: trouble.classHash, salt: "0x7", calldata: [] });

let executor: Executor;
let head: Seal;

const read = async <Read extends CairoRead>(request: Read): Promise<CairoAnswers[Read["kind"]]> => {
  const answer = await readCairo(executor.read, request);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
};

/** Executes transactions as a block of their own. */
const block = async (...list: readonly Signed[]): Promise<Execution[]> => {
  await beginBlock(cairoAdapter, executor, head.number + 1, head.blockHash);
  const gas = ({ transaction }: Signed) => [Number(transaction.resource_bounds.l2_gas.max_amount)];
  const executions = await executor.execute(list.map((each) => ({ bytes: each.bytes, gas: gas(each) })));
  head = await executor.seal();
  return executions;
};

const receiptOf = (execution: Execution | undefined): CairoReceipt => {
  if (execution?.kind !== "applied") throw new Error(`not applied: ${JSON.stringify(execution)}`);
  return decodeReceipt(execution.receipt);
};

const nonces = new Map<Hex, number>();
/** The next nonce of an account, which counts on. */
const next = ({ address }: { address: Hex }): number => {
  const nonce = nonces.get(address) ?? 0;
  nonces.set(address, nonce + 1);
  return nonce;
};

const pay = (to: Hex, amount: bigint): Call => ({ to: strkAddress, entrypoint: "transfer", calldata: [to, amount, 0] });
const ask = (entrypoint: string, calldata: Call["calldata"] = []): Call => ({
  to: troubleAddress,
  entrypoint,
  calldata,
});

const refusalOf = async ({ bytes }: Signed) => {
  const [inspection] = await executor.inspect([bytes]);
  if (inspection === undefined || inspection.ok) throw new Error("it was admitted");
  const { code, detail, message } = inspection.error;
  return { code, detail, message };
};

const balanceAt = async (address: Hex): Promise<bigint> => {
  const request = { address: strkAddress, selector: selectorOf("balance_of"), calldata: [address] };
  const outcome = await read({ kind: "call", number: head.number, ...request });
  if (outcome?.kind !== "returned") throw new Error("the token doesn't answer");
  return BigInt(outcome.result[0] ?? 0);
};

beforeAll(async () => {
  await buildEngine();
  const opened = await cairoAdapter.open({ domain, config: encodeConfig(config), budget });
  if (opened.genesis === undefined) throw new Error("no genesis");
  executor = opened.executor;
  head = opened.genesis;
}, 900_000);

afterAll(() => executor.close());

describe("transactions", () => {
  it("have the hashes that starknet.js computes, and move what they say for the fee in their receipt", async () => {
    const before = [await balanceAt(alice.address), await balanceAt(bob.address), await balanceAt("0xfee")];
    const sent = invoke(alice, { nonce: next(alice), tip: 5n }, pay(bob.address, 11n));
    const [execution] = await block(sent);
    const receipt = receiptOf(execution);
    expect(execution).toMatchObject({ kind: "applied", nativeId: sent.hash, succeeded: true, gas: 20_000_000 });
    expect(receipt).toMatchObject({ type: "INVOKE", sender_address: alice.address, execution_status: "SUCCEEDED" });
    const { l1_gas, l1_data_gas, l2_gas } = receipt.execution_resources;
    const fee = BigInt(l1_gas + l1_data_gas) * 10n ** 9n + BigInt(l2_gas) * (10n ** 9n + 5n);
    expect(BigInt(receipt.actual_fee)).toBe(fee);
    const after = [await balanceAt(alice.address), await balanceAt(bob.address), await balanceAt("0xfee")];
    expect(after.map((balance, i) => balance - (before[i] ?? 0n))).toEqual([-11n - fee, 11n, fee]);
    expect(receipt.events.map(({ from_address }: CairoEvent) => from_address)).toEqual([strkAddress, strkAddress]);
    expect(decodeBlock(head.block)).toMatchObject({ transaction_count: 1, event_count: 2, starknet_version: "0.14.1" });
  });

  it("can deploy an account in the block in which it sends its first", async () => {
    const fresh = accountOf("fresh");
    const first = invoke(fresh, { nonce: 1 }, pay(alice.address, 1n));
    const deploy = deployAccount(fresh, { nonce: 0 });
    const [funded, deployed, sent] = await block(
      invoke(alice, { nonce: next(alice) }, pay(fresh.address, strk)),
      first,
      deploy,
    );
    expect(receiptOf(funded).execution_status).toBe("SUCCEEDED");
    expect(receiptOf(deployed)).toMatchObject({ type: "DEPLOY_ACCOUNT", contract_address: fresh.address });
    expect([deployed, sent]).toMatchObject([{ nativeId: deploy.hash }, { nativeId: first.hash, succeeded: true }]);
    const { classHash } = contract("account");
    expect(await read({ kind: "classHashAt", number: head.number, address: fresh.address })).toBe(classHash);
  });

  it("that fail keep fee and nonce, and nothing else", async () => {
    const [failed] = await block(invoke(bob, { nonce: next(bob) }, pay(alice.address, 5000n * strk)));
    const receipt = receiptOf(failed);
    expect(receipt).toMatchObject({ execution_status: "REVERTED", revert_reason: expect.stringMatching(/ERC20/) });
    expect(receipt.events).toHaveLength(1);
    expect(await read({ kind: "nonce", number: head.number, address: bob.address })).toBe("0x1");
  });

  it("are left out with a reason where their account doesn't take them or took them already", async () => {
    const [stolen, used] = [
      invoke(dave, { nonce: 0, key: bob.privateKey }, pay(bob.address, 1n)),
      invoke(alice, { nonce: 0 }, pay(bob.address, 12n)),
    ];
    const balance = await balanceAt(dave.address);
    expect(await block(stolen, used)).toEqual([
      { kind: "omitted", index: 0, reason: "bad_signature", hopeless: true },
      { kind: "omitted", index: 1, reason: "nonce_too_low", hopeless: true },
    ]);
    expect(await balanceAt(dave.address)).toBe(balance);
    expect(await read({ kind: "nonce", number: head.number, address: dave.address })).toBe("0x0");
  });
});

describe("classes", () => {
  it("are declared under the hash of what they compile to, and refused under any other", async () => {
    const wrong = declare(carol, { nonce: 0, bounds: bounds(500_000_000n) }, trouble);
    const refusal = await refusalOf(wrong);
    expect(refusal).toMatchObject({ code: "undecodable", detail: "compiled_class_hash_mismatch" });
    expect(await block(wrong)).toEqual([{ kind: "omitted", index: 0, reason: "undecodable", hopeless: true }]);

    const [, compiledClassHash] = /compiles to (0x[0-9a-f]+)/.exec(refusal.message) ?? [];
    const right = { ...trouble, compiledClassHash: compiledClassHash as Hex };
    const sent = declare(carol, { nonce: next(carol), bounds: bounds(500_000_000n) }, right);
    const [declared] = await block(sent);
    expect(receiptOf(declared)).toMatchObject({ type: "DECLARE", class_hash: trouble.classHash });
    expect(declared).toMatchObject({ nativeId: sent.hash });
    const { number } = head;
    const casm = await read({ kind: "casm", number, classHash: trouble.classHash });
    expect(BigInt(hash.computeCompiledClassHash(casm as never, "0.14.1"))).toBe(BigInt(right.compiledClassHash));
    expect(await read({ kind: "class", number, classHash: trouble.classHash })).toEqual(troubleClass);
    expect(await read({ kind: "class", number: number - 1, classHash: trouble.classHash })).toBeNull();

    const again = declare(carol, { nonce: next(carol), bounds: bounds(500_000_000n) }, right);
    expect(await refusalOf(again)).toMatchObject({ code: "invalid", detail: "class_already_declared" });
    expect(await block(again)).toMatchObject([{ kind: "omitted", reason: "invalid" }]);
    nonces.set(carol.address, 1);
  });

  it("that don't compile are refused", async () => {
    const broken = { ...troubleClass, sierra_program: troubleClass.sierra_program.slice(0, 200) };
    const garbage = {
      ...troubleClass,
      sierra_program: troubleClass.sierra_program.map((felt, i) => (i > 100 ? "0x1" : felt)),
    };
    for (const each of [broken, garbage, { ...troubleClass, sierra_program: [] }] as SierraClass[]) {
      const draft = { class: each, classHash: classHashOf(each), compiledClassHash: trouble.compiledClassHash };
      const sent = declare(carol, { nonce: 1, bounds: bounds(500_000_000n) }, draft);
      expect(await refusalOf(sent)).toMatchObject({ code: "undecodable", detail: "compilation_failed" });
      expect(await block(sent)).toMatchObject([{ kind: "omitted", reason: "undecodable" }]);
    }
  });

  it("that nobody declared can't be deployed", async () => {
    const unknown: Call = { to: deployerAddress, entrypoint: "deploy_contract", calldata: ["0xabc", 7, 0, 0] };
    const [failed] = await block(invoke(alice, { nonce: next(alice) }, unknown));
    expect(receiptOf(failed)).toMatchObject({ execution_status: "REVERTED", revert_reason: /not declared/ });
  });

  it("are deployed by the universal deployer", async () => {
    const deploy: Call = {
      to: deployerAddress,
      entrypoint: "deploy_contract",
      calldata: [trouble.classHash, 7, 0, 0],
    };
    const [deployed] = await block(invoke(alice, { nonce: next(alice) }, deploy, ask("count")));
    expect(receiptOf(deployed).events[0]).toMatchObject({
      from_address: deployerAddress,
      data: expect.arrayContaining([troubleAddress]),
    });
    const key = selectorOf("counter");
    expect(await read({ kind: "storage", number: head.number, address: troubleAddress, key })).toBe("0x1");
    expect(await read({ kind: "storage", number: head.number - 1, address: troubleAddress, key })).toBeNull();
  });
});

describe("what a contract does to its executor", () => {
  const most = bounds(1_000_000_000n);

  it("an endless loop ends when its gas does", async () => {
    const [ended] = await block(invoke(alice, { nonce: next(alice), bounds: most }, ask("spin")));
    const receipt = receiptOf(ended);
    expect(receipt).toMatchObject({ execution_status: "REVERTED" });
    expect(ended).toMatchObject({ gasUsed: 1_000_000_000, gas: 1_000_000_000 });
  }, 60_000);

  it("calls nest as deep as Starknet lets them", async () => {
    const [dug] = await block(invoke(alice, { nonce: next(alice), bounds: most }, ask("dig", [troubleAddress, 0])));
    expect(receiptOf(dug)).toMatchObject({ execution_status: "REVERTED" });
  }, 60_000);

  it("a panic takes back what its transaction wrote", async () => {
    const [failed] = await block(invoke(alice, { nonce: next(alice) }, ask("count"), ask("fail")));
    expect(receiptOf(failed)).toMatchObject({ execution_status: "REVERTED", revert_reason: /as asked/ });
    const counted = { address: troubleAddress, selector: selectorOf("counted"), calldata: [] };
    expect(await read({ kind: "call", number: head.number, ...counted })).toEqual({
      kind: "returned",
      result: ["0x1"],
    });
  });

  it("as much calldata as a transaction can have has its price, and more is refused", async () => {
    const call = (words: number) => ask("count", new Array<Hex>(words).fill("0x1"));
    const longest = invoke(alice, { nonce: next(alice), bounds: most }, call(4996));
    const [executed] = await block(longest);
    expect(receiptOf(executed).execution_resources.l2_gas).toBeGreaterThan(5000 * 5000);
    const longer = invoke(alice, { nonce: nonces.get(alice.address) ?? 0, bounds: most }, call(4997));
    expect(await refusalOf(longer)).toMatchObject({ code: "oversized" });
    expect(await block(longer)).toMatchObject([{ reason: "oversized", hopeless: true }]);
  }, 60_000);

  it("calls that fail or don't end are answered", async () => {
    const ask = (name: string) => ({ address: troubleAddress, selector: selectorOf(name), calldata: [] });
    const { number } = head;
    expect(await read({ kind: "call", number, ...ask("spin") })).toMatchObject({ kind: "failed" });
    const asAsked = { kind: "failed", data: expect.arrayContaining([`0x${Buffer.from("as asked").toString("hex")}`]) };
    expect(await read({ kind: "call", number, ...ask("fail") })).toMatchObject(asAsked);
    expect(await read({ kind: "call", number, ...ask("fail"), address: "0x1234" })).toBeNull();
  }, 60_000);
});

describe("protocol writes", () => {
  it("are L1 handlers that nobody else can send", async () => {
    const take = selectorOf("take_note");
    await executor.begin(contextOf(head.number + 1, head.blockHash));
    await executor.write(encodeWrite(troubleAddress, take, ["0x2a"]));
    const failed = expect.objectContaining({ code: "write_failed" });
    await expect(executor.write(encodeWrite(troubleAddress, take, ["0x0"]))).rejects.toEqual(failed);
    await expect(executor.write(encodeWrite("0x1234", take, ["0x1"]))).rejects.toEqual(failed);
    head = await executor.seal();
    const noted = { address: troubleAddress, selector: selectorOf("noted"), calldata: [] };
    expect(await read({ kind: "call", number: head.number, ...noted })).toEqual({ kind: "returned", result: ["0x2a"] });
    const [sent] = await block(invoke(alice, { nonce: next(alice) }, ask("take_note", [1, 2])));
    expect(receiptOf(sent).execution_status).toBe("REVERTED");
  });
});

describe("simulations", () => {
  it("estimate what executing costs, without a signature, under the hash of the query version", async () => {
    const sent = invoke(alice, { nonce: next(alice) }, ask("count"));
    const free = { max_amount: "0x0", max_price_per_unit: "0x0" } as const;
    const estimated = encodeTransaction({
      ...sent.transaction,
      signature: [],
      resource_bounds: { l1_gas: free, l1_data_gas: free, l2_gas: free },
    });
    const request = { number: head.number, skipValidate: true, skipFeeCharge: true };
    const simulation = await read({ kind: "simulate", ...request, transactions: [{ bytes: estimated, query: true }] });
    if (simulation.kind !== "simulated") throw new Error(simulation.reason);
    const [{ receipt, trace } = { receipt: undefined, trace: undefined }] = simulation.transactions;
    expect(trace).toMatchObject({ type: "INVOKE", execute_invocation: { contract_address: alice.address } });
    const [executed] = await block(sent);
    const spent = receiptOf(executed);
    expect(Number(receipt?.actual_fee)).toBeGreaterThan(0.3 * Number(spent.actual_fee));
    expect(receipt?.transaction_hash).not.toBe(spent.transaction_hash);
    const traced = await read({ kind: "trace", number: head.number, transactions: [sent.bytes] });
    expect(traced).toMatchObject({ kind: "simulated", transactions: [{ receipt: spent }] });
  });

  it("end when they have used as much gas as a simulation may", async () => {
    const most = bounds(1_000_000_000n);
    const nonce = nonces.get(alice.address) ?? 0;
    const transactions = [nonce, nonce + 1]
      .map((each) => invoke(alice, { nonce: each, bounds: most }, ask("spin")))
      .map(({ bytes }) => ({ bytes, query: false }));
    const request = { number: head.number, skipValidate: false, skipFeeCharge: true, transactions };
    expect(await read({ kind: "simulate", ...request })).toMatchObject({
      kind: "refused",
      index: 1,
      code: "gas_limit",
    });
  }, 60_000);

  it("build on one another, and say which one can't be executed", async () => {
    const fresh = accountOf("simulated");
    const request = { kind: "simulate", number: head.number, skipValidate: false, skipFeeCharge: false } as const;
    const nonce = nonces.get(alice.address) ?? 0;
    const transactions = [
      invoke(alice, { nonce }, pay(fresh.address, strk)),
      deployAccount(fresh, { nonce: 0 }),
      invoke(fresh, { nonce: 1 }, pay(alice.address, 1n)),
      invoke(fresh, { nonce: 1 }, pay(alice.address, 1n)),
    ].map(({ bytes }) => ({ bytes, query: false }));
    expect(await read({ ...request, transactions: transactions.slice(0, 3) })).toMatchObject({ kind: "simulated" });
    expect(await read({ ...request, transactions })).toMatchObject({
      kind: "refused",
      index: 3,
      code: "nonce_too_low",
    });
  });
});

describe("blocks", () => {
  it("know the hash of the tenth before them", async () => {
    while (head.number < 12) head = (await runBlock(cairoAdapter, executor, head.number + 1, head.blockHash, [])).seal;
    const { number } = head;
    const key: Hex = `0x${(number - 10).toString(16)}`;
    const stored = await read({ kind: "storage", number, address: "0x1", key });
    const diff = await read({ kind: "stateDiff", number: number - 10 });
    expect(stored).toBe(diff.block_hash);
    expect(decodeBlock(head.block).parent_hash).toBe(
      (await read({ kind: "stateDiff", number: number - 1 })).block_hash,
    );
  });
});
