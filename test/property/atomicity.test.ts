/**
 * Random bundles over four real engines, whose legs fail in every way that their VM knows. One set of tenants executes
 * all bundles; the other only what committed ones left in its inputs, one after the other, as a tenant alone does. After each block
 * both are the same, byte for byte: so a bundle that is undone was never there, and a committed one is its legs in sequence.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Executor, Seal } from "../../adapters/adapter.ts";
import { beginBlock, declared } from "../../adapters/complianceChain.ts";
import type { Bundle } from "../../protocol/bundle.ts";
import { asBundleId, asHeight, asPublicKey, asSponsor, type BundleId, type Domain } from "../../protocol/ids.ts";
import { runBundle } from "../../sequencer/bundle/run.ts";
import { cairoLegs } from "../fixtures/legs/cairo.ts";
import { evmLegs } from "../fixtures/legs/evm.ts";
import { fuelLegs } from "../fixtures/legs/fuel.ts";
import type { Legs } from "../fixtures/legs/legs.ts";
import { svmLegs } from "../fixtures/legs/svm.ts";

const vms: readonly Legs[] = [evmLegs, svmLegs, cairoLegs, fuelLegs];
const [blocks, bundlesPerBlock] = [10, 10];

/** A set of tenants: their executors, and their newest seals. */
type Side = Map<Domain, { legs: Legs; executor: Executor; seal: Seal }>;

const open = async (): Promise<Side> => {
  const side: Side = new Map();
  for (const legs of vms) {
    const { adapter, domain, config, budget } = legs;
    const { executor, genesis } = await adapter.open({ domain, config, budget });
    await beginBlock(adapter, executor, 1, (genesis as Seal).blockHash);
    const done = await executor.execute(await declared(executor, await legs.setUp()));
    for (const execution of done) expect(execution).toMatchObject({ kind: "applied", succeeded: true });
    side.set(domain, { legs, executor, seal: await executor.seal() });
  }
  return side;
};

const [together, alone]: [Side, Side] = [new Map(), new Map()];
/** Legs of each tenant's account that were applied and stayed. */
const turns = new Map<Domain, number>();

beforeAll(async () => {
  for (const legs of vms) await legs.prepare();
  for (const [domain, tenant] of await open()) together.set(domain, tenant);
  for (const [domain, tenant] of await open()) alone.set(domain, tenant);
}, 900_000);
afterAll(async () => {
  for (const { executor } of [...together.values(), ...alone.values()]) await executor.close();
});

const kinds = [
  "payment",
  "failing",
  "endless",
  "poor",
  "stale",
  "early",
  "demanding",
  "misled",
  "send",
  "hear",
  "deaf",
] as const;
type Plan = { vm: number; kind: (typeof kinds)[number]; other: number };

/** Mostly legs that succeed, so that many bundles are committed. */
const plan = fc.record({
  vm: fc.nat(vms.length - 1),
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("payment" as const) },
    { weight: 4, arbitrary: fc.constantFrom(...kinds) },
  ),
  other: fc.nat(vms.length - 1),
});

/** Sometimes a message and who consumes it, on two VMs, in this order or the other. */
const bundlePlan = fc
  .tuple(
    fc.array(plan, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("none", "heard", "unheard", "twice", "early"),
    fc.nat(vms.length - 1),
    fc.integer({ min: 1, max: vms.length - 1 }),
  )
  .map(([legs, talk, from, distance]): Plan[] => {
    const to = (from + distance) % vms.length;
    const send: Plan = { vm: from, kind: "send", other: to };
    const hear: Plan = { vm: to, kind: "hear", other: from };
    const talks = { none: [], heard: [send, hear], unheard: [send], twice: [send, hear, hear], early: [hear, send] };
    return [...legs, ...talks[talk]];
  });

const idOf = (block: number, position: number): BundleId => {
  const id = new Uint8Array(32).fill(1 + block);
  id[0] = 0;
  id[31] = position;
  return asBundleId(id);
};

const indexOfMessages = 4;

const transactionOf = (id: BundleId, { vm, kind, other }: Plan, turn: number): Promise<Uint8Array> => {
  const [own, theirs] = [vms[vm] as Legs, vms[other] as Legs];
  const message = { index: indexOfMessages, body: Uint8Array.from({ length: 40 }, (_, i) => i + vm) };
  switch (kind) {
    case "payment":
      return own.payment(id, turn, 7 + turn);
    case "stale":
      // A spent coin, a used nonce; where there is neither, another bundle's leg.
      return own === svmLegs ? own.payment(idOf(99, 99), turn, 1) : own.payment(id, turn - 1, 1);
    case "early":
      return own.payment(id, turn + (own === fuelLegs || own === svmLegs ? 0 : 3), 1);
    case "demanding":
      return own.demanding(id, turn, id);
    case "misled":
      return own.demanding(id, turn, idOf(99, 99));
    case "send":
      return own.sending(id, turn, { ...message, destination: theirs.domain, recipient: theirs.contract });
    case "hear":
      return own.consuming(id, turn, { ...message, origin: theirs.domain, sender: theirs.contract });
    case "deaf":
      return own.consuming(id, turn, { ...message, index: 9, origin: theirs.domain, sender: theirs.contract });
    default:
      return own[kind](id, turn);
  }
};

/** Whether all legs succeed and every message is heard, by the plan alone. */
const shouldCommit = (legs: readonly Plan[]): boolean => {
  const waiting = new Set<string>();
  const seen = new Set<string>();
  for (const { vm, kind, other } of legs) {
    if (kind === "send") {
      const route = `${vm}-${other}`;
      if (seen.has(route)) return false;
      seen.add(route);
      waiting.add(route);
    } else if (kind === "hear") {
      if (!waiting.delete(`${other}-${vm}`)) return false;
    } else if (kind === "early") {
      const { domain } = vms[vm] as Legs;
      if (domain !== fuelLegs.domain && domain !== svmLegs.domain) return false;
    } else if (kind !== "payment" && kind !== "demanding") return false;
  }
  return waiting.size === 0;
};

const tenantOf = (side: Side, domain: Domain) => side.get(domain) as { legs: Legs; executor: Executor; seal: Seal };

/** A bundle of real legs, each signed for where its sender will be then. */
const bundleOf = async (id: BundleId, plans: readonly Plan[]): Promise<Pick<Bundle, "legs">> => {
  const next = new Map(turns);
  const legs: Bundle["legs"] = [];
  for (const each of plans) {
    const { domain } = vms[each.vm] as Legs;
    const turn = next.get(domain) ?? 0;
    next.set(domain, turn + 1);
    legs.push({ domain, transaction: await transactionOf(id, each, turn), idOffsets: [] });
  }
  return { legs };
};

/** Executes a bundle at all tenants, and what it left at those that stand alone. */
const runOne = async (id: BundleId, plans: readonly Plan[]): Promise<string | undefined> => {
  const { legs } = await bundleOf(id, plans);
  const gas: number[] = [];
  for (const { domain, transaction } of legs) {
    const [inspection] = await tenantOf(together, domain).executor.inspectLegs([transaction]);
    gas.push(inspection?.ok ? inspection.value.gas : 0);
  }
  const bundle: Bundle = {
    ...{ legs, notAfter: asHeight(9), sponsor: asSponsor(new Uint8Array(32)), nonce: 0 },
    ...{ fee: [], fills: [], signature: new Uint8Array(64) },
  };
  const producer = asPublicKey(new Uint8Array(48));
  const ordered = {
    bundle,
    bytes: new Uint8Array(),
    key: "0x" as const,
    leaves: [],
    keys: [],
    declarations: [{ producer, gas }],
  };
  const places = legs.map((_, i) => i);
  const { steps, failure } = await runBundle(ordered, id, places, (domain) => {
    const { executor, legs: of } = tenantOf(together, domain);
    return { executor, support: of.adapter.bundles as NonNullable<Legs["adapter"]["bundles"]> };
  });
  for (const [domain, { steps: own }] of steps) {
    const { executor } = tenantOf(alone, domain);
    for (const step of own) {
      if (step.kind === "write") await executor.write(step.bytes);
      else {
        expect((await executor.leg(step.leg)).execution).toMatchObject({ kind: "applied", succeeded: true });
        turns.set(domain, (turns.get(domain) ?? 0) + 1);
      }
    }
  }
  return failure?.code;
};

test("a bundle that is undone was never there, a committed one is its legs in sequence", async () => {
  const outcomes = { committed: 0, undone: 0 };
  const reasons = new Set<string>();
  const plans = fc.sample(bundlePlan, { seed: 8, numRuns: blocks * bundlesPerBlock });
  for (let block = 0; block < blocks; block++) {
    for (const side of [together, alone]) {
      for (const { legs, executor, seal } of side.values())
        await beginBlock(legs.adapter, executor, block + 2, seal.blockHash);
    }
    for (let position = 0; position < bundlesPerBlock; position++) {
      const each = plans[block * bundlesPerBlock + position] as Plan[];
      const failure = await runOne(idOf(block, position), each);
      const what = each.map(({ vm, kind, other }) => `${vm}:${kind}:${other}`).join(" ");
      expect(failure === undefined, `${what}: ${failure}`).toBe(shouldCommit(each));
      outcomes[failure === undefined ? "committed" : "undone"]++;
      if (failure !== undefined) reasons.add(failure);
    }
    for (const [domain, tenant] of together) {
      tenant.seal = await tenant.executor.seal();
      const other = tenantOf(alone, domain);
      other.seal = await other.executor.seal();
      expect(other.seal, `tenant ${domain} at block ${block + 2}`).toEqual(tenant.seal);
    }
  }
  expect(outcomes.committed).toBeGreaterThan(8);
  expect(outcomes.undone).toBeGreaterThan(8);
  expect([...reasons]).toEqual(
    expect.arrayContaining([
      "leg_failed",
      "message_unconsumed",
      "insufficient_funds",
      "nonce_too_low",
      "nonce_too_high",
    ]),
  );
}, 240_000);
