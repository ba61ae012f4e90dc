import {
  AddressLookupTableAccount,
  AddressLookupTableProgram,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
} from "@solana/web3.js";
import { beforeAll, describe, expect, it } from "vitest";
import { deployment, loader, memoCode, programData } from "../../test/fixtures/svmLoader.ts";
import type { Execution, Executor, Seal } from "../adapter.ts";
import { contextOf, createStore, runBlock, type Store } from "../complianceChain.ts";
import { decodeAccount, rentExemption } from "./account.ts";
import { svmAdapter } from "./adapter.ts";
import { readSvm, type SvmRead } from "./reads.ts";
import { decodeReceipt } from "./receipt.ts";
import {
  alice,
  blockhashAt,
  bob,
  budget,
  buildEngine,
  config,
  domain,
  encodeConfig,
  erin,
  feeRecipient,
  keypairOf,
  sign,
  signVersioned,
  transfer,
} from "./testChain.ts";
import { errorJson } from "./transactionError.ts";

const open = async (store?: Store): Promise<{ executor: Executor; genesis: Seal; store: Store }> => {
  const kept = createStore();
  const source = store?.source();
  const opened = await svmAdapter.open({
    ...{ domain, config: encodeConfig(config), budget },
    ...(source === undefined ? {} : { source }),
  });
  if (opened.genesis !== undefined) kept.save(opened.genesis);
  return { executor: opened.executor, genesis: opened.genesis as Seal, store: store ?? kept };
};

const ask = async <Read extends SvmRead>(executor: Executor, read: Read) => {
  const answer = await readSvm(executor.read, read);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
};

/** A chain that goes on: each slice is a block. */
const createChain = async () => {
  const { executor, genesis, store } = await open();
  let head = genesis;
  const run = async (...slice: Uint8Array[]): Promise<Execution[]> => {
    const { executions, seal } = await runBlock(svmAdapter, executor, head.number + 1, head.blockHash, slice);
    store.save(seal);
    head = seal;
    return executions;
  };
  const idle = async (blocks: number): Promise<void> => {
    for (let i = 0; i < blocks; i++) await run();
  };
  return { executor, store, run, idle, head: () => head };
};

const pay = (recent: number, lamports = 1n): Uint8Array =>
  sign({ instructions: [transfer(alice, bob.publicKey, lamports)], signers: [alice], recent });

const memo = (programId: PublicKey, text = "hello") =>
  new TransactionInstruction({ programId, keys: [], data: Buffer.from(text) });

const codes = async (executor: Executor, ...transactions: Uint8Array[]) =>
  (await executor.inspect(transactions)).map((inspection) => (inspection.ok ? "ok" : inspection.error.code));

describe("an SVM tenant", () => {
  beforeAll(buildEngine, 900_000);

  it("takes transactions of its writers alone, at admission and in a block", async () => {
    const options = { domain, config: encodeConfig(config), budget };
    const writers = [alice.publicKey.toBase58()];
    const { executor, genesis } = await svmAdapter.open({ ...options, writers });
    if (genesis === undefined) throw new Error("no genesis");
    const strange = sign({ instructions: [transfer(bob, alice.publicKey, 1n)], signers: [bob], recent: 0 });
    expect(await codes(executor, pay(0), strange)).toEqual(["ok", "not_a_writer"]);
    const { executions } = await runBlock(svmAdapter, executor, 1, genesis.blockHash, [strange, pay(0)]);
    expect(executions).toMatchObject([
      { kind: "omitted", index: 0, reason: "not_a_writer", hopeless: true },
      { kind: "applied", index: 1 },
    ]);
    await expect(svmAdapter.open({ ...options, writers: ["bob"] })).rejects.toMatchObject({ code: "bad_config" });
  });

  it("takes a blockhash until both 150 blocks and 90 seconds have passed", async () => {
    const { executor, idle } = await createChain();
    await idle(150);
    expect(await codes(executor, pay(0), pay(149), pay(150), pay(151))).toEqual(["invalid", "ok", "ok", "invalid"]);
    // Blocks follow each other after 300 ms; only genesis was long before.
    await idle(151);
    expect(await codes(executor, pay(1))).toEqual(["ok"]);
    expect(await ask(executor, { kind: "blockhash", blockhash: blockhashAt(1) })).toEqual({
      isRecent: true,
      number: 1,
    });
    await idle(1);
    expect(await codes(executor, pay(1), pay(2))).toEqual(["invalid", "ok"]);
  });

  it("applies a transaction once, also after a restart", async () => {
    const { executor, store, run, idle, head } = await createChain();
    const once = pay(0);
    expect(await run(once)).toMatchObject([{ kind: "applied", succeeded: true }]);
    expect(await codes(executor, once)).toEqual(["duplicate"]);
    await idle(3);
    const restored = (await open(store)).executor;
    expect(await codes(restored, once)).toEqual(["duplicate"]);
    // Block 5 certifies block 3, which has it; the one after block 0 had not.
    for (const [certified, hopeless] of [
      [3, true],
      [0, false],
    ] as const) {
      await restored.begin({ ...contextOf(5, head().blockHash), certified });
      expect(await restored.execute([{ bytes: once, gas: [3_000] }])).toEqual([
        { kind: "omitted", index: 0, reason: "duplicate", hopeless },
      ]);
      await restored.discard();
    }
  });

  it("gives fees to their recipient, and neither makes nor loses a lamport", async () => {
    const { executor, store, run } = await createChain();
    const total = async (): Promise<bigint> => {
      let sum = 0n;
      for await (const [key, value] of store.source()?.state() ?? []) {
        if (key[0] === 0x61) sum += decodeAccount(value).lamports;
      }
      return sum;
    };
    const before = await total();
    const failing = sign({ instructions: [transfer(bob, erin.publicKey, 10n ** 18n)], signers: [bob], recent: 0 });
    const executions = await run(pay(0), failing, pay(0, 2n));
    const fees = executions.flatMap((each) => (each.kind === "applied" ? [decodeReceipt(each.receipt).fee] : []));
    expect(fees).toEqual([5_000n, 5_000n, 5_000n]);
    expect(await total()).toBe(before);
    const [recipient] = await ask(executor, { kind: "accounts", number: 1, keys: [feeRecipient.toBytes()] });
    expect(recipient?.lamports).toBe(15_000n);
  });

  it("returns what doesn't fit into the block's compute units", async () => {
    const { executor } = await svmAdapter.open({
      ...{ domain, config: encodeConfig(config) },
      budget: { ...budget, gas: { ...budget.gas, burst: 7_000, largest: 7_000 } },
    });
    const { genesis } = await open();
    await executor.begin(contextOf(1, genesis.blockHash));
    const slice = [pay(0, 1n), pay(0, 2n), pay(0, 3n)].map((bytes) => ({ bytes, gas: [3_000] }));
    expect(await executor.execute(slice)).toMatchObject([
      { kind: "applied" },
      { kind: "applied" },
      { kind: "returned", reason: "block_full" },
    ]);
  });

  it("bounds the bytes of accounts that a block changes", async () => {
    const { executor, run } = await createChain();
    const large = 10 * 1024 * 1024;
    const create = (name: string) =>
      sign({
        instructions: [
          SystemProgram.createAccount({
            ...{ fromPubkey: alice.publicKey, newAccountPubkey: keypairOf(name).publicKey, space: large },
            ...{ lamports: rentExemption(large), programId: SystemProgram.programId },
          }),
        ],
        signers: [alice, keypairOf(name)],
        recent: 0,
      });
    const kinds = (executions: readonly Execution[]) => executions.map(({ kind }) => kind);
    const [a, b, c, d] = ["a", "b", "c", "d"].map(create) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(kinds(await run(a, b, c, d))).toEqual(["applied", "applied", "applied", "returned"]);
    const written = [keypairOf("c"), keypairOf("d")].map(({ publicKey }) => publicKey.toBytes());
    const [third, fourth] = await ask(executor, { kind: "accounts", number: 1, keys: written });
    expect([third?.data.length, fourth]).toEqual([large, undefined]);
    expect(kinds(await run(d))).toEqual(["applied"]);
  });

  it("bounds how often a block loads the code of programs", async () => {
    const { run } = await createChain();
    const token2022 = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
    const touches = Array.from({ length: 16 }, (_, i) =>
      sign({ instructions: [transfer(alice, token2022, BigInt(i + 1))], signers: [alice], recent: 0 }),
    );
    const kinds = (await run(...touches)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "applied")).toHaveLength(13);
    expect(kinds.filter((kind) => kind === "returned")).toHaveLength(3);
  });

  it("is full once it has undone four transactions that had loaded programs", async () => {
    const { run } = await createChain();
    const token2022 = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
    const touch = (lamports: bigint) =>
      sign({ instructions: [transfer(alice, token2022, lamports)], signers: [alice], recent: 0 });
    const touches = (first: number, count: number) => Array.from({ length: count }, (_, i) => touch(BigInt(first + i)));
    const three = await run(...touches(1, 16), pay(0));
    expect(three.at(-1)).toMatchObject({ kind: "applied", index: 16 });
    const four = await run(...touches(17, 17), pay(0, 2n));
    expect(four.at(-1)).toEqual({ kind: "returned", index: 17, reason: "block_full" });
  });

  it("goes on with its loaders when a transaction names them as written", async () => {
    const { executor, run } = await createChain();
    const names = ["BPFLoaderUpgradeab1e11111111111111111111111", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"];
    const naming = new TransactionInstruction({
      programId: new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
      keys: names.map((name) => ({ pubkey: new PublicKey(name), isSigner: false, isWritable: true })),
      data: Buffer.of(1),
    });
    const table = new TransactionInstruction({
      ...{ programId: AddressLookupTableProgram.programId, keys: [], data: Buffer.of(6) },
    });
    const [call, simple] = [[table], [memo(new PublicKey(names[1] as string))]].map((instructions) =>
      sign({ instructions, signers: [bob], recent: 0 }),
    ) as [Uint8Array, Uint8Array];
    const simulate = (transaction: Uint8Array) =>
      ask(executor, { kind: "simulate", transaction, verify: true, recent: true, accounts: [] });
    const before = [await simulate(call), await simulate(simple)];
    expect(before.map(({ error }) => error && errorJson(error))).toEqual([
      { InstructionError: [0, "InvalidInstructionData"] },
      undefined,
    ]);
    await run(sign({ instructions: [naming], signers: [alice], recent: 0 }));
    expect([await simulate(call), await simulate(simple)]).toEqual(before);
    expect(await run(call, simple)).toMatchObject([
      { kind: "applied", succeeded: false },
      { kind: "applied", succeeded: true },
    ]);
  });

  it("takes keys from lookup tables", async () => {
    const { executor, run, idle } = await createChain();
    await idle(1);
    const [create, table] = AddressLookupTableProgram.createLookupTable({
      authority: alice.publicKey,
      payer: alice.publicKey,
      recentSlot: 1,
    });
    const to = keypairOf("listed").publicKey;
    const extend = AddressLookupTableProgram.extendLookupTable({
      lookupTable: table,
      authority: alice.publicKey,
      payer: alice.publicKey,
      addresses: [to],
    });
    const made = await run(sign({ instructions: [create, extend], signers: [alice], recent: 1 }));
    expect(made).toMatchObject([{ kind: "applied", succeeded: true }]);
    const [stored] = await ask(executor, { kind: "accounts", number: 2, keys: [table.toBytes()] });
    const state = AddressLookupTableAccount.deserialize(stored?.data ?? new Uint8Array());
    const lookupTable = new AddressLookupTableAccount({ key: table, state });
    const instructions = [transfer(alice, to, 5_000_000n)];
    const paid = await run(signVersioned({ instructions, signers: [alice], recent: 2 }, [lookupTable]));
    const [receipt] = paid.flatMap((each) => (each.kind === "applied" ? [decodeReceipt(each.receipt)] : []));
    expect(receipt?.loaded.writable.map((key) => new PublicKey(key).toBase58())).toEqual([to.toBase58()]);
    const [listed] = await ask(executor, { kind: "accounts", number: 3, keys: [to.toBytes()] });
    expect(listed?.lamports).toBe(5_000_000n);
  });

  it("knows the same programs after reverts and restarts: deployed, upgraded and closed", async () => {
    const [program, buffer] = [keypairOf("program"), keypairOf("buffer")];
    const [a, b] = [await createChain(), await createChain()];
    const call = (recent: number, text: string): Uint8Array =>
      sign({ instructions: [memo(program.publicKey, text)], signers: [bob], recent });
    const steps = deployment(alice.publicKey, buffer.publicKey, program.publicKey, memoCode());
    for (const chain of [a, b]) {
      const signed = (instructions: TransactionInstruction[], ...signers: (typeof alice)[]) =>
        sign({ instructions, signers: [alice, ...signers], recent: chain.head().number });
      const done = await chain.run(signed(steps.open, buffer));
      done.push(...(await chain.run(...steps.writes.map((instructions) => signed(instructions)))));
      expect(done.every((each) => each.kind === "applied" && each.succeeded)).toBe(true);
    }
    const { number, blockHash } = a.head();
    const deploy = sign({ instructions: steps.deploy, signers: [alice, program], recent: number });
    const rollOut = [call(number, "too early"), deploy, call(number, "at once")];
    // One of them deploys, drops it, and does it again.
    const ordered = (await a.executor.inspect(rollOut)).map((inspection, i) => ({
      bytes: rollOut[i] as Uint8Array,
      gas: [inspection.ok ? inspection.value.gas : 0],
    }));
    await a.executor.begin(contextOf(number + 1, blockHash));
    const checkpoint = await a.executor.checkpoint();
    await a.executor.execute(ordered);
    await a.executor.revert(checkpoint);
    expect(await a.executor.execute(ordered.slice(0, 1))).toMatchObject([{ kind: "omitted", reason: "invalid" }]);
    await a.executor.discard();
    const both = async (...slice: Uint8Array[]) => {
      const done = await a.run(...slice);
      expect(await b.run(...slice)).toEqual(done);
      expect(b.head()).toEqual(a.head());
      return done.map((each) => (each.kind === "applied" ? each.succeeded : each.reason));
    };
    expect(await both(...rollOut)).toEqual(["invalid", true, expect.any(Boolean)]);
    // From here on, one of them is a restarted one.
    const again = async (...slice: Uint8Array[]) => {
      const done = await a.run(...slice);
      const restored = (await open(b.store)).executor;
      const block = await runBlock(svmAdapter, restored, b.head().number + 1, b.head().blockHash, slice);
      expect(block).toEqual({ executions: done, seal: a.head() });
      await b.run(...slice);
      return done.map((each) => (each.kind === "applied" ? each.succeeded : each.reason));
    };
    expect(await again(call(number + 1, "hello"))).toEqual([true]);
    const close = sign({
      instructions: [loader.close(program.publicKey, alice.publicKey)],
      signers: [alice],
      recent: number + 2,
    });
    expect(await again(call(number + 2, "still there"), close, call(number + 2, "gone"))).toEqual([true, true, false]);
    expect(await again(call(number + 3, "gone for good"))).toEqual([false]);
  }, 60_000);

  it("survives lamports paid to where the code of a closed program was", async () => {
    const { executor, store, run, head } = await createChain();
    const [program, buffer] = [keypairOf("program"), keypairOf("buffer")];
    const steps = deployment(alice.publicKey, buffer.publicKey, program.publicKey, memoCode());
    const signed = (instructions: TransactionInstruction[], ...signers: (typeof alice)[]) =>
      sign({ instructions, signers: [alice, ...signers], recent: head().number });
    await run(signed(steps.open, buffer));
    await run(...steps.writes.map((instructions) => signed(instructions)));
    await run(signed(steps.deploy, program));
    const close = loader.close(program.publicKey, alice.publicKey);
    const revive = transfer(alice, programData(program.publicKey), 2_000_000n);
    const touch = transfer(alice, program.publicKey, 1n);
    const errorOf = async (...instructions: TransactionInstruction[]) => {
      const [execution] = await run(signed(instructions));
      if (execution?.kind !== "applied") throw new Error("it was left out");
      const { error, fee } = decodeReceipt(execution.receipt);
      expect(fee).toBe(5_000n);
      return error === undefined ? undefined : errorJson(error);
    };
    expect(await errorOf(close, revive)).toBe("InvalidProgramForExecution");
    expect(await errorOf(touch)).toBeUndefined();
    expect(await errorOf(close)).toBeUndefined();
    expect(await errorOf(revive)).toBeUndefined();
    expect(await errorOf(touch)).toBe("InvalidProgramForExecution");
    // Started again, it takes the program for closed as well.
    const call = signed([memo(program.publicKey)]);
    const { number, blockHash } = head();
    const restored = (await open(store)).executor;
    const done = await runBlock(svmAdapter, restored, number + 1, blockHash, [call]);
    expect(done).toEqual(await runBlock(svmAdapter, executor, number + 1, blockHash, [call]));
    expect(done.executions).toMatchObject([{ kind: "applied", succeeded: false }]);
  });
});
