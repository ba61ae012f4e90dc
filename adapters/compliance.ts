/**
 * What every VM must do, as one vitest suite. A VM passes by giving a fixture: its adapter, and real
 * transactions of its own.
 */
import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { TenantBudget } from "../protocol/budget.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { Domain } from "../protocol/ids.ts";
import type { Runtime } from "../protocol/ports.ts";
import type {
  Adapter,
  Exclusion,
  Execution,
  Executor,
  RefusalCode,
  Seal,
  SealedHead,
  TransactionFacts,
} from "./adapter.ts";
import {
  beginBlock,
  contextOf,
  createStore,
  declared,
  type ExecutedBlock,
  runBlock,
  type Store,
} from "./complianceChain.ts";
import { invertDiff, unpackDiff } from "./diff.ts";
import { hostExecutor } from "./host/host.ts";
import { processLimits } from "./host/limits.ts";
import { createMarkFile, openMark } from "./host/mark.ts";

/** What must become of an entry, in the words of `Execution`. */
export type Expected =
  | { kind: "applied"; index: number; succeeded: boolean }
  | { kind: "omitted" | "returned"; index: number; reason: RefusalCode | Exclusion };

export type ComplianceFixture = {
  adapter: Adapter;
  domain: Domain;
  config: Uint8Array;
  /** Of this machine, for what lives in a process of its own. */
  runtime: Pick<Runtime, "after">;
  budget: TenantBudget;
  /** Runs once before everything else. */
  prepare?: () => Promise<void>;
  /** Configs and what is wrong with them; all are `bad_config`. */
  badConfigs: readonly { what: string; config: Uint8Array }[];
  /**
   * The slice of block `number` (from 1, each on top of the one before), and what becomes of it, in
   * canonical order. Has everything the VM can do: valid, failed, invalid, repeated, out of order.
   */
  slice(number: number): Promise<{ entries: Uint8Array[]; outcome: Expected[] }>;
  /** Valid on the genesis state, with facts that must be read from them there. */
  admitted(): Promise<{ bytes: Uint8Array; facts: TransactionFacts }[]>;
  /** What must be refused whatever the state, and with which code. */
  refused(): Promise<{ what: string; bytes: Uint8Array; reason: RefusalCode }[]>;
  /** Whether a key of the state changes even in a block without transactions. */
  isBookkeeping(key: Uint8Array): boolean;
  /** Reads at a sealed block whose answers must not depend on which executor gives them. */
  reads(number: number): unknown[];
  /** Checks proofs of the state at `head`, against its roots; throws when one doesn't hold. */
  checkProofs(executor: Executor, head: SealedHead): Promise<void>;
  /** A read at block `number`, and whether an answer to it refuses because the block is out of reach. */
  isUnavailable(executor: Executor, number: number): Promise<boolean>;
};

const blocks = 6;

const outcomeOf = (executions: readonly Execution[]): Expected[] =>
  executions.map((execution) =>
    execution.kind === "applied"
      ? { kind: "applied", index: execution.index, succeeded: execution.succeeded }
      : { kind: execution.kind, index: execution.index, reason: execution.reason },
  );

const contextOfFirst = (genesis: Seal) => contextOf(1, genesis.blockHash);

const silent = { info: () => {}, error: () => {} };

export const describeAdapterCompliance = (name: string, fixture: ComplianceFixture): void => {
  const { adapter, domain, config, budget } = fixture;
  const closing: Executor[] = [];

  const open = async (store?: Store) => {
    const source = store?.source();
    const opened = await adapter.open({ domain, config, budget, ...(source === undefined ? {} : { source }) });
    closing.push(opened.executor);
    return opened;
  };

  /** A new tenant; what it seals goes into `store`. */
  const start = async (store: Store = createStore()) => {
    const { executor, genesis } = await open();
    if (genesis === undefined) throw new Error("a new tenant gives its genesis");
    store.save(genesis);
    return { executor, genesis, store };
  };

  const run = async (executor: Executor, from: Seal, count: number, store?: Store): Promise<ExecutedBlock[]> => {
    const done: ExecutedBlock[] = [];
    let head = from;
    for (let number = from.number + 1; number <= from.number + count; number++) {
      const { entries } = await fixture.slice(number);
      const block = await runBlock(adapter, executor, number, head.blockHash, entries);
      store?.save(block.seal);
      head = block.seal;
      done.push(block);
    }
    return done;
  };

  const last = (done: readonly ExecutedBlock[]): Seal => {
    const block = done.at(-1);
    if (block === undefined) throw new Error("no block was executed");
    return block.seal;
  };

  describe(`${name} adapter`, () => {
    beforeAll(async () => await fixture.prepare?.(), 900_000);

    afterEach(async () => {
      for (const executor of closing.splice(0)) await executor.close();
    });

    describe("opening", () => {
      it("gives a genesis that is block 0 and holds the whole state", async () => {
        const { genesis, store } = await start();
        expect(genesis.number).toBe(0);
        expect(unpackDiff(genesis.diff).every(({ before }) => before === undefined)).toBe(true);
        const { sealed, genesis: again } = await open(store);
        expect(again).toBeUndefined();
        expect(sealed).toEqual({ number: 0, blockHash: genesis.blockHash, stateRoot: genesis.stateRoot });
      });

      it.each(fixture.badConfigs)("refuses a config: $what", async ({ config }) => {
        await expect(adapter.open({ domain, config, budget })).rejects.toMatchObject({ code: "bad_config" });
      });
    });

    describe("admission", () => {
      it("reads a transaction's facts, and what the state says of its sender", async () => {
        const { executor } = await start();
        const admitted = await fixture.admitted();
        const inspections = await executor.inspect(admitted.map(({ bytes }) => bytes));
        expect(inspections).toEqual(admitted.map(({ facts }) => ({ ok: true, value: facts })));
      });

      it("refuses what no state makes valid, and says what was wrong", async () => {
        const { executor } = await start();
        const refused = await fixture.refused();
        const inspections = await executor.inspect(refused.map(({ bytes }) => bytes));
        refused.forEach(({ what, reason }, i) => {
          const inspection = inspections[i];
          expect({ what, code: inspection?.ok === false && inspection.error.code }).toEqual({ what, code: reason });
          expect(inspection?.ok === false && inspection.error.message.length).toBeGreaterThan(10);
        });
      });

      it("answers any bytes with a result", async () => {
        const { executor, genesis } = await start();
        const seeds = (await fixture.admitted()).map(({ bytes }) => bytes);
        const mutated = fc
          .tuple(fc.constantFrom(...seeds), fc.nat(), fc.integer({ min: 1, max: 255 }))
          .map(([bytes, at, change]) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ change : byte)));
        const anything = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), { maxLength: 8 });
        await fc.assert(
          fc.asyncProperty(anything, async (entries) => {
            expect(await executor.inspect(entries)).toHaveLength(entries.length);
            await executor.begin(contextOfFirst(genesis));
            const indices = (await executor.execute(await declared(executor, entries))).map(({ index }) => index);
            await executor.discard();
            expect(indices.toSorted((a, b) => a - b)).toEqual(entries.map((_, i) => i));
          }),
          { numRuns: 150 },
        );
      });

      it("executes what one producer declared right, and leaves out what none did", async () => {
        const { executor, genesis } = await start();
        const { entries, outcome } = await fixture.slice(1);
        const bytes = entries[outcome.find(({ kind }) => kind === "applied")?.index ?? 0] ?? new Uint8Array();
        const [inspection] = await executor.inspect([bytes]);
        if (!inspection?.ok) throw new Error("the fixture's first applied transaction is refused");
        const right = inspection.value.gas;
        await executor.begin(contextOfFirst(genesis));
        expect(await executor.execute([{ bytes, gas: [right + 1] }])).toEqual([
          { kind: "omitted", index: 0, reason: "gas_mismatch", hopeless: true },
        ]);
        expect(await executor.execute([{ bytes, gas: [right + 1, right] }])).toMatchObject([{ kind: "applied" }]);
        await executor.discard();
      });

      it("answers any write and any read with nothing but an error of ours", async () => {
        const { executor, genesis } = await start();
        await executor.begin(contextOfFirst(genesis));
        const ours = (error: unknown): void => expect(error).toBeInstanceOf(LockstepError);
        await fc.assert(
          fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.jsonValue(), async (write, read) => {
            await executor.write(write).catch(ours);
            await executor.read(read).catch(ours);
          }),
          { numRuns: 100 },
        );
      });
    });

    describe("execution", () => {
      it("puts a slice into its canonical order, keeps failed ones, and leaves invalid ones out", async () => {
        const { executor, genesis } = await start();
        const done = await run(executor, genesis, blocks);
        for (const [i, { executions, seal }] of done.entries()) {
          const { outcome } = await fixture.slice(i + 1);
          expect(outcomeOf(executions)).toEqual(outcome);
          const gas = executions.reduce((sum, entry) => sum + (entry.kind === "applied" ? entry.gasUsed : 0), 0);
          expect(seal.gasUsed).toBe(gas);
        }
      });

      it("gives the same block for a slice and for what of it was applied", async () => {
        const [a, b] = [await start(), await start()];
        const { entries } = await fixture.slice(1);
        const whole = await runBlock(adapter, a.executor, 1, a.genesis.blockHash, entries);
        const applied = whole.executions.flatMap((execution) =>
          execution.kind === "applied" ? [entries[execution.index] ?? new Uint8Array(0)] : [],
        );
        const alone = await runBlock(adapter, b.executor, 1, b.genesis.blockHash, applied);
        expect(applied.length).toBeGreaterThan(0);
        expect(applied.length).toBeLessThan(entries.length);
        expect(alone.seal).toEqual(whole.seal);
      });

      it("agrees with another instance on everything", async () => {
        const [a, b] = [await start(), await start()];
        const [one, other] = [await run(a.executor, a.genesis, blocks), await run(b.executor, b.genesis, blocks)];
        expect(other).toEqual(one);
      });

      it("seals an empty block that changes nothing but its bookkeeping", async () => {
        const { executor, genesis } = await start();
        const before = last(await run(executor, genesis, 2));
        const { seal } = await runBlock(adapter, executor, 3, before.blockHash, []);
        const changed = unpackDiff(seal.diff).filter(({ key }) => !fixture.isBookkeeping(key));
        expect(changed).toEqual([]);
        expect(seal.gasUsed).toBe(0);
        expect(seal.blockHash).not.toEqual(before.blockHash);
      });

      it("refuses what comes at the wrong moment, and goes on", async () => {
        const { executor, genesis } = await start();
        const wrongState = expect.objectContaining({ code: "wrong_state" });
        await expect(executor.execute([])).rejects.toEqual(wrongState);
        await expect(executor.seal()).rejects.toEqual(wrongState);
        await executor.begin(contextOfFirst(genesis));
        await expect(executor.begin(contextOfFirst(genesis))).rejects.toEqual(wrongState);
        await expect(executor.revert(7)).rejects.toMatchObject({ code: "bad_checkpoint" });
        const checkpoint = await executor.checkpoint();
        await expect(executor.seal()).rejects.toEqual(wrongState);
        await executor.commit(checkpoint);
        await executor.discard();
        await executor.discard();
        await expect(executor.begin({ ...contextOfFirst(genesis), number: 2 })).rejects.toEqual(wrongState);
        await run(executor, genesis, 1);
      });
    });

    describe("checkpoints", () => {
      it("leave no trace when they are reverted, however they nest", async () => {
        const [a, b] = [await start(), await start()];
        const { entries } = await fixture.slice(1);
        const { executor } = a;
        await beginBlock(adapter, executor, 1, a.genesis.blockHash);

        const outer = await executor.checkpoint();
        await executor.execute(await declared(executor, entries.slice(0, 2)));
        const inner = await executor.checkpoint();
        await executor.execute(await declared(executor, entries.slice(2)));
        await executor.revert(inner);
        const second = await executor.checkpoint();
        await executor.execute(await declared(executor, entries));
        await executor.commit(second);
        await executor.checkpoint();
        await executor.revert(outer);
        await expect(executor.revert(inner)).rejects.toMatchObject({ code: "bad_checkpoint" });

        const kept = await executor.checkpoint();
        const executions = await executor.execute(await declared(executor, entries));
        await executor.commit(kept);
        const seal = await executor.seal();
        expect({ executions, seal }).toEqual(await runBlock(adapter, b.executor, 1, b.genesis.blockHash, entries));
      });

      it("keep what was executed before them", async () => {
        const [a, b] = [await start(), await start()];
        const { entries } = await fixture.slice(1);
        await beginBlock(adapter, a.executor, 1, a.genesis.blockHash);
        await a.executor.execute(await declared(a.executor, entries.slice(0, 1)));
        const checkpoint = await a.executor.checkpoint();
        await a.executor.execute(await declared(a.executor, entries.slice(1)));
        await a.executor.revert(checkpoint);
        const seal = await a.executor.seal();
        const first = entries.slice(0, 1);
        expect(seal).toEqual((await runBlock(adapter, b.executor, 1, b.genesis.blockHash, first)).seal);
      });

      it("leave nothing of a block that is discarded", async () => {
        const [a, b] = [await start(), await start()];
        const { entries } = await fixture.slice(1);
        await beginBlock(adapter, a.executor, 1, a.genesis.blockHash);
        await a.executor.execute(await declared(a.executor, entries));
        await a.executor.checkpoint();
        await a.executor.discard();
        expect(await run(a.executor, a.genesis, blocks)).toEqual(await run(b.executor, b.genesis, blocks));
      });
    });

    describe("state", () => {
      it("goes back to what it was when its diffs are inverted", async () => {
        const { executor, genesis } = await start();
        const keys = new Map(unpackDiff(genesis.diff).map(({ key, after }) => [String(key), String(after)]));
        const before = new Map(keys);
        const done = await run(executor, genesis, blocks);
        const diffs = done.map(({ seal }) => seal.diff);
        for (const diff of [...diffs, ...diffs.toReversed().map(invertDiff)]) {
          for (const change of unpackDiff(diff)) {
            expect(keys.get(String(change.key))).toBe(change.before && String(change.before));
            if (change.after === undefined) keys.delete(String(change.key));
            else keys.set(String(change.key), String(change.after));
          }
        }
        expect(keys).toEqual(before);
      });

      it("is restored from its diffs, with reads and proofs at past heights", async () => {
        const { executor, genesis, store } = await start();
        const done = await run(executor, genesis, blocks, store);
        const restored = await open(store);
        const { number, blockHash, stateRoot } = last(done);
        expect(restored.sealed).toEqual({ number, blockHash, stateRoot });
        for (const { seal } of [{ seal: genesis }, ...done]) {
          for (const read of fixture.reads(seal.number)) {
            expect(await restored.executor.read(read)).toEqual(await executor.read(read));
          }
          await fixture.checkProofs(restored.executor, seal);
        }
        const next = [await run(executor, last(done), 2), await run(restored.executor, last(done), 2)];
        expect(next[1]).toEqual(next[0]);
      });

      it("is read as it was sealed while a block is open", async () => {
        const { executor, genesis } = await start();
        const head = last(await run(executor, genesis, 1));
        const readAll = () => Promise.all(fixture.reads(head.number).map((read) => executor.read(read)));
        const before = await readAll();
        await beginBlock(adapter, executor, 2, head.blockHash);
        await executor.execute(await declared(executor, (await fixture.slice(2)).entries));
        expect(await readAll()).toEqual(before);
        await fixture.checkProofs(executor, head);
      });

      it("is read at the last 256 heights and no others", async () => {
        const { executor, genesis, store } = await start();
        let head = genesis;
        for (let number = 1; number <= 257; number++) {
          head = (await runBlock(adapter, executor, number, head.blockHash, [])).seal;
          store.save(head);
        }
        const restored = await open(store);
        for (const either of [executor, restored.executor]) {
          expect(await fixture.isUnavailable(either, 1)).toBe(true);
          expect(await fixture.isUnavailable(either, 2)).toBe(false);
          expect(await fixture.isUnavailable(either, 257)).toBe(false);
          expect(await fixture.isUnavailable(either, 258)).toBe(true);
        }
      });

      it("refuses a store that holds something else", async () => {
        const store = createStore();
        const { genesis } = await start(store);
        const [change] = unpackDiff(genesis.diff);
        const broken = {
          state: async function* () {
            if (change?.after !== undefined) yield [change.key, change.after.subarray(1)] as const;
          },
          diffs: async function* () {},
        };
        await expect(adapter.open({ domain, config, budget, source: broken })).rejects.toBeInstanceOf(LockstepError);
      });
    });

    describe("in a process of its own", () => {
      it("notes an entry, by its place as ordered, before it executes it", async () => {
        const file = createMarkFile();
        try {
          const mark = openMark(file.descriptor);
          const { executor, genesis } = await adapter.open({ domain, config, budget, mark });
          const [refused] = await fixture.refused();
          const [admitted] = await fixture.admitted();
          if (!genesis || !refused || !admitted) throw new Error("nothing to execute");
          mark.begin(1);
          await beginBlock(adapter, executor, 1, genesis.blockHash);
          expect(file.place()).toEqual({ height: 1, at: "writes" });
          await executor.execute(await declared(executor, [refused.bytes, admitted.bytes]));
          expect(file.place()).toEqual({ height: 1, at: 1 });
        } finally {
          file.close();
        }
      });

      const host = async (store: Store) => {
        const pids: number[] = [];
        const deaths: unknown[] = [];
        const hosted = await hostExecutor({
          vm: adapter.vm,
          domain,
          config,
          budget,
          source: () => store.source(),
          log: { ...silent, info: ({ pid }: { pid?: number }) => void (pid !== undefined && pids.push(pid)) },
          runtime: fixture.runtime,
          limits: processLimits,
          onDeath: (death) => deaths.push(death),
        });
        closing.push(hosted.executor);
        if (hosted.genesis !== undefined) store.save(hosted.genesis);
        return { ...hosted, deaths, pid: () => pids.at(-1) ?? 0 };
      };

      it("does the same, and again after it was killed", async () => {
        const reference = await start();
        const expected = await run(reference.executor, reference.genesis, blocks);

        const store = createStore();
        const { executor, genesis, ready, pid, deaths } = await host(store);
        expect(genesis).toEqual(reference.genesis);
        const half = await run(executor, reference.genesis, blocks / 2, store);
        expect(half).toEqual(expected.slice(0, blocks / 2));

        const { blockHash, number } = last(half);
        await beginBlock(adapter, executor, number + 1, blockHash);
        const first = pid();
        const { entries } = await fixture.slice(number + 1);
        const ordered = await declared(executor, entries);
        const pending = Array.from({ length: 5 }, () => executor.execute(ordered));
        process.kill(first, "SIGKILL");
        for (const call of pending) {
          await call.catch((error: unknown) => expect(error).toMatchObject({ code: "executor_died" }));
        }
        await expect(executor.seal()).rejects.toMatchObject({ code: "executor_died" });

        expect(await ready()).toMatchObject({ number, blockHash });
        expect(pid()).not.toBe(first);
        expect(deaths).toEqual([expect.objectContaining({ pid: first, signal: "SIGKILL" })]);
        await expect(executor.seal()).rejects.toMatchObject({ code: "executor_died" });
        const rest = await run(executor, last(half), blocks / 2, store);
        expect(rest).toEqual(expected.slice(blocks / 2));
        await fixture.checkProofs(executor, last(half));
      }, 120_000);
    });
  });
};
