/** What every VM that takes part in bundles must do with their legs, as one vitest suite over real transactions. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { TenantBudget } from "../protocol/budget.ts";
import { bundleIdBytes, hasIdAt, type SyncMessage } from "../protocol/bundle.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { asBundleId, asDomain, type BundleId, type Domain } from "../protocol/ids.ts";
import type { Adapter, BundleSupport, Executor, LegExecution, OrderedLeg, Seal } from "./adapter.ts";
import { beginBlock, createStore } from "./complianceChain.ts";
import { simulate } from "./simulate.ts";

export type BundleFixture = {
  adapter: Adapter;
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  prepare?: () => Promise<void>;
  /** Opened for block 1: what the tenant has to hold before the legs. */
  setUp(): Promise<Uint8Array[]>;
  /** A payment that is valid after the set-up, marked with this id. */
  payment(id: BundleId): Promise<Uint8Array>;
  /** A leg that is valid, and fails. */
  failing(id: BundleId): Promise<Uint8Array>;
  /** A leg of which the gateway itself demands that this bundle runs, as a contract would; `asked` may be another one. */
  demanding(id: BundleId, asked: BundleId): Promise<Uint8Array>;
  /**
   * A contract's address in 32 bytes, and legs in which it sends a message and consumes one. The sending leg and the
   * consuming one may stand in one block, in this order.
   */
  contract: Uint8Array;
  sending(
    id: BundleId,
    message: { destination: Domain; recipient: Uint8Array; index: number; body: Uint8Array },
  ): Promise<Uint8Array>;
  consuming(id: BundleId, message: { origin: Domain; sender: Uint8Array; index: number }): Promise<Uint8Array>;
};

export const testBundleId = (byte: number): BundleId => {
  const id = new Uint8Array(32).fill(byte);
  id[0] = 0;
  return asBundleId(id);
};

const [one, other] = [testBundleId(0x5a), testBundleId(0x6b)];
const elsewhere = asDomain(77);
const stranger = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

export const describeBundleCompliance = (name: string, fixture: BundleFixture): void => {
  const { adapter, domain, config, budget } = fixture;
  const support = adapter.bundles as BundleSupport;
  const closing: Executor[] = [];

  const declaredLeg = async (
    executor: Executor,
    bytes: Uint8Array,
    bundle: BundleId,
    index = 0,
  ): Promise<OrderedLeg> => {
    const [inspection] = await executor.inspectLegs([bytes]);
    return { bytes, bundle, index, gas: [inspection?.ok ? inspection.value.gas : 0] };
  };

  /** A tenant in block 2, its set-up in block 1. */
  const start = async () => {
    const { executor, genesis } = await adapter.open({ domain, config, budget });
    closing.push(executor);
    const store = createStore();
    store.save(genesis as Seal);
    await beginBlock(adapter, executor, 1, (genesis as Seal).blockHash);
    const setUp = await fixture.setUp();
    const inspections = await executor.inspect(setUp);
    const entries = setUp.map((bytes, i) => ({ bytes, gas: [inspections[i]?.ok ? inspections[i].value.gas : 0] }));
    for (const execution of await executor.execute(entries)) {
      expect(execution).toMatchObject({ kind: "applied", succeeded: true });
    }
    const first = await executor.seal();
    const begin = () => beginBlock(adapter, executor, 2, first.blockHash);
    await begin();
    return { executor, first, begin };
  };

  const deliver = async (executor: Executor, message: SyncMessage): Promise<void> => {
    for (const write of support.deliver(message)) await executor.write(write);
  };

  const run = async (executor: Executor, bytes: Uint8Array, bundle: BundleId): Promise<LegExecution> =>
    await executor.leg(await declaredLeg(executor, bytes, bundle));

  describe(`${name} legs`, () => {
    beforeAll(async () => await fixture.prepare?.(), 900_000);
    afterEach(async () => {
      for (const executor of closing.splice(0)) await executor.close();
    });

    it("carry their bundle's id where the codec says", async () => {
      const leg = support.readLeg(await fixture.payment(one));
      if (!leg.ok) throw new Error(leg.error.message);
      expect(hasIdAt(leg.value.unsigned, [leg.value.marker], one)).toBe(true);
      const again = support.readLeg(await fixture.payment(other));
      if (!again.ok) throw new Error(again.error.message);
      expect(again.value.marker).toBe(leg.value.marker);
      const differing = [...leg.value.unsigned].flatMap((byte, i) => (byte === again.value.unsigned[i] ? [] : [i]));
      expect(differing.every((i) => i >= leg.value.marker && i < leg.value.marker + bundleIdBytes)).toBe(true);
    });

    it("say the same unsigned bytes for nothing else but another signature", async () => {
      const bytes = await fixture.payment(one);
      const leg = support.readLeg(bytes);
      if (!leg.ok) throw new Error(leg.error.message);
      const { executor } = await start();
      const alike: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at++) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ 1;
        const read = support.readLeg(changed);
        if (read.ok && equalBytes(read.value.unsigned, leg.value.unsigned)) alike.push(changed);
      }
      expect(alike.length).toBeLessThan(bytes.length / 2 + 70);
      for (const changed of alike) {
        const { execution } = await run(executor, changed, one);
        expect(execution).not.toMatchObject({ kind: "applied", succeeded: true });
      }
    });

    it("are no transactions of a lane", async () => {
      const { executor } = await start();
      const bytes = await fixture.payment(one);
      const [inspection] = await executor.inspect([bytes]);
      expect(inspection).toMatchObject({ ok: false, error: { code: "bundle_only" } });
      const [leg] = await executor.inspectLegs([bytes]);
      if (!leg?.ok) throw new Error("not inspected");
      expect(await executor.execute([{ bytes, gas: [leg.value.gas] }])).toEqual([
        { kind: "omitted", index: 0, reason: "bundle_only", hopeless: true },
      ]);
    });

    it("count for nothing in another bundle, or with another gas", async () => {
      const { executor, first } = await start();
      const bytes = await fixture.payment(one);
      expect((await run(executor, bytes, other)).execution).toMatchObject({ kind: "omitted", reason: "invalid" });
      const leg = await declaredLeg(executor, bytes, one);
      const wrong = await executor.leg({ ...leg, gas: [leg.gas[0] as number, 1].map((gas) => gas + 1) });
      expect(wrong.execution).toMatchObject({ kind: "omitted", reason: "gas_mismatch" });
      const empty = await start();
      expect(await executor.seal()).toEqual(await empty.executor.seal());
      expect(first.number).toBe(1);
    });

    it("are executed under their bundle, and come out the same elsewhere", async () => {
      const seals: Seal[] = [];
      for (let i = 0; i < 2; i++) {
        const { executor } = await start();
        const checkpoint = await executor.checkpoint();
        await executor.write(support.setBundle(one));
        const { execution, sent } = await run(executor, await fixture.payment(one), one);
        expect(execution).toMatchObject({ kind: "applied", succeeded: true });
        expect(sent).toEqual([]);
        await executor.write(support.setBundle(undefined));
        await executor.commit(checkpoint);
        seals.push(await executor.seal());
      }
      expect(seals[0]).toEqual(seals[1]);
      expect(seals[0]?.gasUsed).toBeGreaterThan(0);
    });

    it("leave no trace when their bundle is undone", async () => {
      const plain = await start();
      const { executor } = await start();
      const message = { destination: elsewhere, recipient: stranger, index: 3, body: Uint8Array.of(1, 2, 3) };
      for (const bytes of [
        await fixture.payment(one),
        await fixture.sending(one, message),
        await fixture.failing(one),
      ]) {
        const checkpoint = await executor.checkpoint();
        await executor.write(support.setBundle(one));
        await deliver(executor, {
          ...message,
          origin: elsewhere,
          sender: stranger,
          destination: domain,
          recipient: fixture.contract,
        });
        expect((await run(executor, bytes, one)).execution.kind).toBe("applied");
        await executor.revert(checkpoint);
      }
      expect(await executor.seal()).toEqual(await plain.executor.seal());
    });

    it("fail with a reason, and say nothing then", async () => {
      const { executor } = await start();
      await executor.write(support.setBundle(one));
      const failed = await run(executor, await fixture.failing(one), one);
      expect(failed.execution).toMatchObject({ kind: "applied", succeeded: false });
      expect(failed.reason?.length).toBeGreaterThan(0);
      expect([failed.sent, failed.consumed]).toEqual([[], []]);
    });

    it("can demand their bundle of the gateway", async () => {
      const { executor } = await start();
      const step = async (running: BundleId | undefined, id: BundleId, asked: BundleId): Promise<unknown> => {
        const checkpoint = await executor.checkpoint();
        await executor.write(support.setBundle(running));
        const { execution } = await run(executor, await fixture.demanding(id, asked), id);
        await executor.revert(checkpoint);
        return execution.kind === "applied" && execution.succeeded;
      };
      expect(await step(one, one, one)).toBe(true);
      expect(await step(other, one, one)).toBe(false);
      expect(await step(undefined, one, one)).toBe(false);
      expect(await step(one, one, other)).toBe(false);
    });

    it("send messages, and only within a bundle", async () => {
      const { executor } = await start();
      const message = { destination: elsewhere, recipient: stranger, index: 7, body: Uint8Array.of(9, 8, 7) };
      const bytes = await fixture.sending(one, message);
      const outside = await executor.checkpoint();
      expect((await run(executor, bytes, one)).execution).toMatchObject({ succeeded: false });
      await executor.revert(outside);
      await executor.write(support.setBundle(one));
      const { sent, consumed } = await run(executor, bytes, one);
      expect(consumed).toEqual([]);
      expect(sent).toEqual([{ ...message, origin: domain, sender: fixture.contract }]);
    });

    it("consume what was delivered to them, once, and nothing is left of it", async () => {
      const { executor } = await start();
      const message = { origin: elsewhere, sender: stranger, index: 5 };
      const key = { ...message, destination: domain, recipient: fixture.contract };
      const bytes = await fixture.consuming(one, message);
      await executor.write(support.setBundle(one));
      const missing = await executor.checkpoint();
      expect((await run(executor, bytes, one)).execution).toMatchObject({ succeeded: false });
      await executor.revert(missing);
      const others = await executor.checkpoint();
      await deliver(executor, { ...key, recipient: stranger, body: Uint8Array.of(1) });
      expect((await run(executor, bytes, one)).execution).toMatchObject({ succeeded: false });
      await executor.revert(others);
      for (const body of [
        new Uint8Array(),
        new Uint8Array(256).fill(7),
        Uint8Array.from({ length: 100 }, (_, i) => i),
      ]) {
        const checkpoint = await executor.checkpoint();
        await deliver(executor, { ...key, body });
        const { consumed, sent, execution } = await run(executor, bytes, one);
        expect(execution).toMatchObject({ kind: "applied", succeeded: true });
        expect([sent, consumed]).toEqual([[], [key]]);
        await executor.revert(checkpoint);
      }
    });

    it("are simulated without effect, with fee and logs", async () => {
      const { executor, first, begin } = await start();
      await executor.discard();
      const leg = await declaredLeg(executor, await fixture.payment(one), one);
      const { contextOf } = await import("./complianceChain.ts");
      const steps = [{ kind: "write", bytes: support.setBundle(one) } as const, { kind: "leg", leg } as const];
      const result = await simulate(executor, contextOf(2, first.blockHash), steps);
      expect(result?.execution).toMatchObject({ kind: "applied", succeeded: true });
      expect(result?.fee).toBeGreaterThan(0n);
      expect(JSON.stringify(result?.logs)).toBeDefined();
      await begin();
      const plain = await start();
      expect(await executor.seal()).toEqual(await plain.executor.seal());
    });
  });
};
