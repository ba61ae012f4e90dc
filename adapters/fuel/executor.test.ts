import { beforeAll, describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Execution, Executor, Seal } from "../adapter.ts";
import { contextOf, createStore, runBlock } from "../complianceChain.ts";
import { fuelAdapter } from "./adapter.ts";
import { decodeBlock } from "./block.ts";
import { bytesOf, transactionId, zero32 } from "./codec.ts";
import { gatewayId } from "./contracts/gateway.ts";
import { baseAssetId } from "./params.ts";
import { encodeWrite } from "./protocolWrites.ts";
import { type FuelRead, readFuel } from "./reads.ts";
import { decodeReceipt, type FuelReceipt, withOutcome } from "./receipt.ts";
import {
  alice,
  blob,
  bob,
  budget,
  buildEngine,
  carol,
  change,
  coin,
  coinsEach,
  coinValue,
  config,
  contractIdOf,
  contractInput,
  contractOutput,
  create,
  dave,
  domain,
  encodeConfig,
  erin,
  genesisUtxo,
  idOf,
  type Owner,
  otherAsset,
  pay,
  predicateOwner,
  script,
  sign,
  spend,
} from "./testChain.ts";
import { callData, programs } from "./testPrograms.ts";
import type { ChargeableTransaction, CoinInput } from "./transaction.ts";

const ask = async <Read extends FuelRead>(executor: Executor, read: Read) => {
  const answer = await readFuel(executor.read, read);
  if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  return answer.value;
};

/** A chain that goes on: each slice is a block. */
const createChain = async () => {
  const options = { domain, config: encodeConfig(config), budget };
  const { executor, genesis } = await fuelAdapter.open(options);
  const store = createStore();
  store.save(genesis as Seal);
  let head = genesis as Seal;
  const run = async (...slice: Uint8Array[]): Promise<Execution[]> => {
    const { executions, seal } = await runBlock(fuelAdapter, executor, head.number + 1, head.blockHash, slice);
    store.save(seal);
    head = seal;
    return executions;
  };
  /** The same with declared gas, whatever inspection says. */
  const force = async (gas: number, ...slice: Uint8Array[]): Promise<Execution[]> => {
    await executor.begin(contextOf(head.number + 1, head.blockHash));
    const executions = await executor.execute(slice.map((bytes) => ({ bytes, gas: [gas] })));
    head = await executor.seal();
    store.save(head);
    return executions;
  };
  const balance = (owner: Owner, assetId = baseAssetId) =>
    ask(executor, { kind: "balance", number: head.number, owner: owner.address, assetId });
  return { executor, store, run, force, balance, head: () => head };
};

const codes = async (executor: Executor, ...transactions: Uint8Array[]) =>
  (await executor.inspect(transactions)).map((inspection) => (inspection.ok ? "ok" : inspection.error.code));

const receiptOf = (execution: Execution | undefined): FuelReceipt => {
  if (execution?.kind !== "applied") throw new Error(`not applied: ${JSON.stringify(execution)}`);
  return decodeReceipt(execution.receipt);
};

const gasOf = async (executor: Executor, bytes: Uint8Array): Promise<number> => {
  const [inspection] = await executor.inspect([bytes]);
  if (!inspection?.ok) throw new Error(inspection?.error.message);
  return inspection.value.gas;
};

const plain = (owner: Owner, number: number, more: Partial<Parameters<typeof script>[0]> = {}) =>
  script({ inputs: [coin(owner, number)], outputs: [change(owner.address)], ...more });

/** A coin that a program spends instead of a signature. */
const predicateCoin = (predicate: `0x${string}`, utxo: CoinInput["utxoId"], amount: bigint, gas = 0n): CoinInput => ({
  ...spend(alice, utxo, amount),
  owner: predicateOwner(predicate),
  witnessIndex: 0,
  predicateGasUsed: gas,
  predicate,
});

describe("a Fuel tenant", () => {
  beforeAll(buildEngine, 900_000);

  it("moves coins, gives change, and gives the fees to their recipient", async () => {
    const { executor, run, balance, head } = await createChain();
    const transfer = script({
      inputs: [coin(alice, 0)],
      outputs: [pay(erin.address, 1_000n), change(alice.address)],
    });
    const [execution] = await run(sign(transfer, alice));
    const receipt = receiptOf(execution);
    expect(receipt).toMatchObject({ succeeded: true, state: { kind: "return", value: 1n } });
    expect(execution).toMatchObject({ nativeId: idOf(transfer), gasUsed: Number(receipt.totalGas) });
    const whole = BigInt(coinsEach) * coinValue;
    expect(await balance(erin)).toBe(1_000n);
    expect(await balance(alice)).toBe(whole - 1_000n - receipt.totalFee);
    expect(receipt.outputs[1]).toMatchObject({ kind: "change", amount: coinValue - 1_000n - receipt.totalFee });
    const fees = { number: 1, contractId: config.feeRecipient };
    expect(await ask(executor, { kind: "contractBalance", ...fees, assetId: baseAssetId })).toBe(receipt.totalFee);
    expect(await ask(executor, { kind: "contractBalances", ...fees, limit: 5 })).toEqual({
      balances: [{ assetId: baseAssetId, amount: receipt.totalFee }],
      more: false,
    });
    expect(decodeBlock(head().block)).toMatchObject({
      height: 1,
      transactionsCount: 2,
      mint: { transaction: { mintAmount: receipt.totalFee, gasPrice: 1n, txPointer: { height: 1, index: 1 } } },
    });
  });

  it("counts gas as Fuel does: the same in the receipt, the fee and the block", async () => {
    const { executor, run, head } = await createChain();
    const { feeParams } = await ask(executor, { kind: "parameters" });
    const receipt = receiptOf((await run(sign(plain(alice, 0, { tip: 77n }), alice)))[0]);
    const price = (gas: bigint) => (gas + feeParams.gasPriceFactor - 1n) / feeParams.gasPriceFactor;
    expect(receipt.totalFee).toBe(price(receipt.totalGas) + 77n);
    expect(head().gasUsed).toBe(Number(receipt.totalGas));
  });

  it("keeps what a failed script cost, and undoes what it did", async () => {
    const { executor, run, balance } = await createChain();
    const reverting = script({
      inputs: [coin(alice, 0)],
      outputs: [pay(erin.address, 5n), change(alice.address)],
      script: programs.revert,
    });
    const receipt = receiptOf((await run(sign(reverting, alice)))[0]);
    expect(receipt).toMatchObject({ succeeded: false, state: { kind: "revert", value: 1n } });
    expect(receipt.receipts.at(-1)).toMatchObject({ kind: "scriptResult", result: 1n });
    expect(receipt.totalFee).toBeGreaterThan(0n);
    // A coin output stands whatever the script does.
    expect(await balance(erin)).toBe(5n);
    expect(await ask(executor, { kind: "coin", number: 1, utxoId: genesisUtxo(0) })).toBeUndefined();
    expect(await ask(executor, { kind: "coin", number: 0, utxoId: genesisUtxo(0) })).toMatchObject({
      amount: coinValue,
    });
  });

  it("spends the change of a transaction that is pending, executed in the open block, or sealed", async () => {
    const { executor, run, head } = await createChain();
    const first = plain(alice, 0);
    const dry = await ask(executor, { kind: "dryRun", transactions: [sign(first, alice)], utxoValidation: true });
    const amountOf = (receipt: FuelReceipt | undefined) => {
      const [output] = receipt?.outputs ?? [];
      return output?.kind === "change" ? output.amount : 0n;
    };
    const next = (transaction: ChargeableTransaction, amount: bigint) =>
      script({
        inputs: [spend(alice, { txId: idOf(transaction), index: 0 }, amount)],
        outputs: [change(alice.address)],
      });
    const amount = amountOf(dry[0]?.receipt);
    const second = next(first, amount);
    expect(await codes(executor, sign(second, alice))).toEqual(["insufficient_funds"]);
    expect(await codes(executor, sign(first, alice), sign(second, alice))).toEqual(["ok", "ok"]);
    const gas = await gasOf(executor, sign(second, alice));
    await executor.begin(contextOf(1, head().blockHash));
    expect(await executor.execute([{ bytes: sign(first, alice), gas: [gas] }])).toMatchObject([{ kind: "applied" }]);
    expect(await codes(executor, sign(second, alice))).toEqual(["ok"]);
    expect(await executor.execute([{ bytes: sign(second, alice), gas: [gas] }])).toMatchObject([{ kind: "applied" }]);
    await executor.discard();
    const executions = await run(sign(second, alice), sign(first, alice));
    expect(executions).toMatchObject([
      { kind: "applied", index: 1 },
      { kind: "applied", index: 0 },
    ]);
    const third = next(second, amountOf(receiptOf(executions[1])));
    expect(await run(sign(third, alice))).toMatchObject([{ kind: "applied" }]);
  });

  it("lets a coin be spent once, and refuses to order a second spend unless it pays more", async () => {
    const { executor, run, force } = await createChain();
    const [one, other] = [sign(plain(alice, 0), alice), sign(plain(alice, 0, { gas: 10_001n }), alice)];
    const better = sign(plain(alice, 0, { tip: 100_000n }), alice);
    expect(await codes(executor, one, one, other, better)).toEqual(["ok", "ok", "duplicate", "ok"]);
    const gas = await gasOf(executor, better);
    expect(await run(better)).toMatchObject([{ kind: "applied" }]);
    expect(await codes(executor, one)).toEqual(["insufficient_funds"]);
    const spent = await force(gas, sign(plain(alice, 0, { tip: 5n }), alice));
    expect(spent).toEqual([{ kind: "omitted", index: 0, reason: "insufficient_funds", hopeless: false }]);
  });

  it("refuses coins that were never put out, or that are others than the transaction says", async () => {
    const { executor, force } = await createChain();
    const gas = await gasOf(executor, sign(plain(alice, 0), alice));
    const never = script({ inputs: [spend(alice, genesisUtxo(9_999))], outputs: [change(alice.address)] });
    const richer = script({ inputs: [spend(alice, genesisUtxo(0), 2n * coinValue)], outputs: [change(alice.address)] });
    const stolen = script({ inputs: [spend(bob, genesisUtxo(0))], outputs: [change(bob.address)] });
    const slice = [sign(never, alice), sign(richer, alice), sign(stolen, bob)];
    expect(await codes(executor, ...slice)).toEqual(["insufficient_funds", "invalid", "invalid"]);
    expect((await force(gas, ...slice)).map((execution) => "reason" in execution && execution.reason)).toEqual([
      "insufficient_funds",
      "invalid",
      "invalid",
    ]);
  });

  it("creates contracts, calls them, and fills in what Fuel leaves to execution", async () => {
    const { executor, run } = await createChain();
    const contractId = contractIdOf(programs.counter, zero32);
    const created = create({
      inputs: [coin(bob, 0)],
      outputs: [change(bob.address)],
      code: programs.counter,
      salt: zero32,
    });
    const call = (number: number) =>
      script({
        inputs: [contractInput(contractId), coin(dave, number)],
        outputs: [contractOutput(0), change(dave.address)],
        script: programs.caller,
        scriptData: callData(contractId),
        gas: 100_000n,
      });
    const [, first] = await run(sign(created, bob), sign(call(0), dave));
    expect(receiptOf(first).receipts.map(({ kind }) => kind)).toEqual(["call", "return", "return", "scriptResult"]);
    expect(receiptOf(first).receipts[1]).toMatchObject({ kind: "return", id: contractId, val: 1n });
    expect(receiptOf(first).inputs[0]).toMatchObject({
      utxoId: { txId: idOf(created), index: 1 },
      txPointer: { height: 1, index: 0 },
      balanceRoot: zero32,
    });
    const [second] = await run(sign(call(1), dave));
    const receipt = receiptOf(second);
    expect(receipt.receipts[1]).toMatchObject({ val: 2n });
    // What the first call left is what the second found.
    const [before, after] = [receipt.inputs[0], receiptOf(first).outputs[0]];
    expect(before).toMatchObject({ stateRoot: (after as { stateRoot: string }).stateRoot });
    expect(before).toMatchObject({ utxoId: { txId: idOf(call(0)), index: 0 } });
    const whole = withOutcome(call(1), receipt);
    expect(transactionId(domain, whole)).toBe(idOf(call(1)));
    const slots = await ask(executor, { kind: "contractSlots", number: 2, contractId, slots: [zero32, gatewayId] });
    expect(slots.map((value) => value && toHex(value))).toEqual([`0x${"0".repeat(15)}2${"0".repeat(48)}`, undefined]);
    expect(await ask(executor, { kind: "contract", number: 2, contractId })).toEqual(bytesOf(programs.counter));
    expect(
      await run(
        sign(create({ ...created, inputs: [coin(bob, 1)], outputs: [], code: programs.counter, salt: zero32 }), bob),
      ),
    ).toMatchObject([{ kind: "omitted", reason: "invalid" }]);
  });

  it("keeps blobs", async () => {
    const { executor, run } = await createChain();
    const stored = blob({ inputs: [coin(bob, 0)], outputs: [change(bob.address)], data: "0xc0ffee" });
    await run(sign(stored, bob));
    expect(await ask(executor, { kind: "blob", number: 1, blobId: stored.blobId })).toEqual(bytesOf("0xc0ffee"));
    expect(await ask(executor, { kind: "blob", number: 0, blobId: stored.blobId })).toBeUndefined();
  });

  it("takes predicates whose gas is right, and refuses those that fail or never end", async () => {
    const { executor, run } = await createChain();
    const fund = (predicate: `0x${string}`, number: number) =>
      script({
        inputs: [coin(alice, number)],
        outputs: [pay(predicateCoin(predicate, genesisUtxo(0), 0n).owner, 1_000_000n), change(alice.address)],
      });
    const draft = (predicate: `0x${string}`, number: number, gas = 0n) =>
      script({
        inputs: [predicateCoin(predicate, { txId: idOf(fund(predicate, number)), index: 0 }, 1_000_000n, gas)],
        outputs: [change(erin.address)],
        maxFee: 100_000n,
      });
    const [good, bad, endless] = [programs.returnOne, programs.revert, programs.endless];
    await run(...[good, bad, endless].map((predicate, i) => sign(fund(predicate, i), alice)));
    const bytes = sign(draft(good, 0), alice);
    expect(await codes(executor, bytes)).toEqual(["invalid"]);
    const estimated = await ask(executor, { kind: "estimatePredicates", transaction: bytes });
    expect(await codes(executor, estimated)).toEqual(["ok"]);
    const refusals = [sign(draft(bad, 1, 100n), alice), sign(draft(endless, 2, 50_000n), alice)];
    expect(await codes(executor, ...refusals)).toEqual(["invalid", "invalid"]);
    // An estimate ends with the gas that one predicate may use, and then it doesn't hold.
    const capped = await ask(executor, { kind: "estimatePredicates", transaction: sign(draft(endless, 2), alice) });
    expect(await codes(executor, capped)).toEqual(["fee_too_low"]);
    expect(await run(estimated)).toMatchObject([{ kind: "applied", succeeded: true }]);
  });

  it("ends loops, deep calls and hoarding by gas and rules, and goes on", async () => {
    const { run } = await createChain();
    const contractId = contractIdOf(programs.recursive, zero32);
    const created = create({
      inputs: [coin(bob, 0)],
      outputs: [change(bob.address)],
      code: programs.recursive,
      salt: zero32,
    });
    const deep = script({
      inputs: [contractInput(contractId), coin(bob, 1)],
      outputs: [contractOutput(0), change(bob.address)],
      script: programs.caller,
      scriptData: callData(contractId),
      gas: 5_000_000n,
    });
    const slice = [
      sign(plain(alice, 0, { script: programs.endless, gas: 20_000_000n, maxFee: 10n ** 9n }), alice),
      sign(plain(alice, 1, { script: programs.hoarder, gas: 10_000_000n }), alice),
      sign(created, bob),
      sign(deep, bob),
      sign(
        plain(alice, 2, { script: programs.logger(64_000), scriptData: `0x${"ab".repeat(64_000)}`, gas: 10_000_000n }),
        alice,
      ),
      sign(plain(alice, 3), alice),
    ];
    const executions = await run(...slice);
    expect(executions.map((execution) => execution.kind === "applied" && execution.succeeded)).toEqual([
      false,
      false,
      true,
      false,
      true,
      true,
    ]);
    const outOfGas = 2n;
    const panicOf = (i: number) => {
      const panic = receiptOf(executions[i]).receipts.find(({ kind }) => kind === "panic");
      return panic?.kind === "panic" ? panic.reason >> 56n : undefined;
    };
    expect([panicOf(0), panicOf(3)]).toEqual([outOfGas, outOfGas]);
    expect(panicOf(1)).toBeDefined();
    const logged = receiptOf(executions[4]).receipts[0];
    expect(logged).toMatchObject({ kind: "logData", len: 64_000n, data: `0x${"ab".repeat(64_000)}` });
  });

  it("returns what the block has no gas for, with what spends its outputs", async () => {
    const { run } = await createChain();
    const greedy = (number: number) =>
      sign(plain(alice, number, { script: programs.endless, gas: 90_000_000n, maxFee: 10n ** 9n }), alice);
    const third = script({
      inputs: [coin(carol, 0)],
      outputs: [pay(dave.address, 1_000_000n), change(carol.address)],
      gas: 90_000_000n,
      maxFee: 10n ** 9n,
    });
    const child = script({
      inputs: [spend(dave, { txId: idOf(third), index: 0 }, 1_000_000n)],
      outputs: [change(dave.address)],
      maxFee: 100_000n,
    });
    const executions = await run(greedy(0), greedy(1), sign(third, carol), sign(child, dave));
    expect(executions.map(({ kind }) => kind)).toEqual(["applied", "applied", "returned", "returned"]);
  }, 60_000);

  it("takes transactions of its writers alone, at admission and in a block", async () => {
    const options = { domain, config: encodeConfig(config), budget };
    const { executor, genesis } = await fuelAdapter.open({
      ...options,
      writers: [alice.address.toUpperCase().replace("0X", "0x")],
    });
    const slice = [sign(plain(alice, 0), alice), sign(plain(bob, 0), bob)];
    expect(await codes(executor, ...slice)).toEqual(["ok", "not_a_writer"]);
    const gas = await gasOf(executor, slice[0] as Uint8Array);
    await executor.begin(contextOf(1, (genesis as Seal).blockHash));
    expect(await executor.execute(slice.map((bytes) => ({ bytes, gas: [gas] })))).toMatchObject([
      { kind: "applied" },
      { kind: "omitted", reason: "not_a_writer", hopeless: true },
    ]);
    await expect(fuelAdapter.open({ ...options, writers: ["alice"] })).rejects.toMatchObject({ code: "bad_config" });
  });

  it("takes the sequencer's writes into the gateway's storage", async () => {
    const { executor, head } = await createChain();
    const slot = sha256(utf8("slot"));
    await executor.begin(contextOf(1, head().blockHash));
    await executor.write(encodeWrite(slot, utf8("hello")));
    await expect(executor.write(new Uint8Array(31))).rejects.toMatchObject({ code: "bad_input" });
    await executor.seal();
    const slots = [toHex(slot)];
    expect(await ask(executor, { kind: "contractSlots", number: 1, contractId: gatewayId, slots })).toEqual([
      utf8("hello"),
    ]);
  });

  it("lists coins and balances in pages, at any readable block", async () => {
    const { executor, run } = await createChain();
    const owner = alice.address;
    await run(sign(plain(alice, 3), alice));
    for (const number of [0, 1]) {
      const all = await ask(executor, { kind: "coins", number, owner, limit: 100 });
      expect(all.coins).toHaveLength(coinsEach + 1);
      let after: Extract<FuelRead, { kind: "coins" }>["after"];
      const paged = [];
      for (;;) {
        const page = await ask(executor, { kind: "coins", number, owner, limit: 7, ...(after ? { after } : {}) });
        paged.push(...page.coins);
        const last = page.coins.at(-1);
        if (!page.more || last === undefined) break;
        after = { assetId: last.assetId, utxoId: last.utxoId };
      }
      expect(paged).toEqual(all.coins);
    }
    const coinsAt = async (number: number) =>
      (await ask(executor, { kind: "coins", number, owner, assetId: baseAssetId, limit: 100 })).coins;
    expect((await coinsAt(0)).map(({ utxoId }) => utxoId)).toContainEqual(genesisUtxo(3));
    expect((await coinsAt(1)).map(({ utxoId }) => utxoId)).not.toContainEqual(genesisUtxo(3));
    const first = await ask(executor, { kind: "balances", number: 1, owner, limit: 1 });
    expect(first).toEqual({ balances: [{ assetId: otherAsset, amount: 5_000n }], more: true });
    expect(await ask(executor, { kind: "balances", number: 0, owner, after: otherAsset, limit: 5 })).toEqual({
      balances: [{ assetId: baseAssetId, amount: BigInt(coinsEach) * coinValue }],
      more: false,
    });
  });

  it("chooses coins to spend, and says why it can't", async () => {
    const { executor } = await createChain();
    const spendable = (amount: bigint, max: number, excluded = [genesisUtxo(0)]) =>
      readFuel(executor.read, {
        kind: "coinsToSpend",
        owner: alice.address,
        assets: [{ assetId: baseAssetId, amount, max }],
        excluded,
      });
    const chosen = await spendable(coinValue + 1n, 5);
    expect(chosen.ok && chosen.value[0]?.map(({ utxoId }) => utxoId)).toEqual([genesisUtxo(1), genesisUtxo(2)]);
    expect(await spendable(coinValue * 40n, 100)).toMatchObject({ ok: false, error: { code: "insufficient_coins" } });
    expect(await spendable(coinValue * 10n, 5)).toMatchObject({ ok: false, error: { code: "too_many_coins" } });
  });

  it("runs transactions dry: with coins that don't exist, unsigned, and naming contracts that are missing", async () => {
    const { executor, run } = await createChain();
    const contractId = contractIdOf(programs.counter, zero32);
    await run(
      sign(
        create({ inputs: [coin(bob, 0)], outputs: [change(bob.address)], code: programs.counter, salt: zero32 }),
        bob,
      ),
    );
    const call = script({
      inputs: [spend(erin, genesisUtxo(9_999), 10n ** 9n)],
      outputs: [change(erin.address)],
      script: programs.caller,
      scriptData: callData(contractId),
      gas: 100_000n,
    });
    const bytes = sign(call, bob);
    const checked = await readFuel(executor.read, { kind: "dryRun", transactions: [bytes], utxoValidation: true });
    expect(checked).toMatchObject({ ok: false, error: { code: "bad_signature" } });
    const [dry] = await ask(executor, { kind: "dryRun", transactions: [bytes], utxoValidation: false });
    expect(dry?.receipt.succeeded).toBe(false);
    expect(dry?.receipt.receipts.at(-1)).toMatchObject({ kind: "panic", contractId });
    const whole = script({
      ...call,
      inputs: [...call.inputs, contractInput(contractId)],
      outputs: [...call.outputs, contractOutput(1)],
      script: programs.caller,
      scriptData: callData(contractId),
      gas: 100_000n,
    });
    const pair = [sign(whole, bob), sign({ ...whole, scriptGasLimit: 99_999n }, bob)];
    const runs = await ask(executor, { kind: "dryRun", transactions: pair, utxoValidation: false });
    expect(runs.map(({ receipt }) => receipt.receipts[1])).toMatchObject([{ val: 1n }, { val: 2n }]);
    expect(await ask(executor, { kind: "contractSlots", number: 1, contractId, slots: [zero32] })).toEqual([undefined]);
  });
});
