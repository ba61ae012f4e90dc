import { BitArray } from "@chainsafe/ssz";
import { describe, expect, it } from "vitest";
import { usualBudgets } from "../../protocol/budget.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { emptyCertificate } from "../../protocol/certificate.ts";
import type { ControlBody, Recovery } from "../../protocol/control.ts";
import { Genesis, vms } from "../../protocol/genesis.ts";
import type { Header } from "../../protocol/header.ts";
import {
  asDomain,
  asHeight,
  asPublicKey,
  asRevision,
  asRoot,
  asSignature,
  type PublicKey,
  zeroRoot,
} from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import { tenantStatuses } from "../../protocol/summary.ts";
import { nobody, Registration } from "../../protocol/tenant.ts";
import { registrationOf } from "../../test/fixtures/registration.ts";
import { type Command, command } from "./ledger.ts";
import { genesisState, tenantState } from "./state.ts";

const key = (byte: number): PublicKey => asPublicKey(new Uint8Array(48).fill(byte));
const [owner, stranger] = [key(100), key(101)];
const validators = [1, 2, 3, 4].map(key);
const [first, second, third, fourth] = validators as [PublicKey, PublicKey, PublicKey, PublicKey];
const evm = asDomain(31337);
const block0 = asRoot(new Uint8Array(32).fill(7));

const genesis: Genesis = {
  salt: zeroRoot,
  timestampMs: 1_000,
  epochLength: 20,
  validators: validators.map((publicKey) => ({
    publicKey,
    weight: 1,
    possession: asSignature(new Uint8Array(96)),
  })),
  deposits: [],
  tenants: [registrationOf(asDomain(1), "data"), registrationOf(evm, "evm", { owner, port: 8545 })],
};
const start = genesisState(genesis, Genesis.root(genesis));

/** A header whose execution certificate these seats signed. */
const headerAt = (height: number, signers: readonly boolean[] = []): Pick<Header, "height" | "certified"> => ({
  height: asHeight(height),
  certified: {
    height: asHeight(0),
    revision: asRevision(0),
    summaryRoot: zeroRoot,
    certificate:
      signers.length === 0
        ? emptyCertificate()
        : { signers: BitArray.fromBoolArray([...signers]), signature: asSignature(new Uint8Array(96)) },
  },
});

const commandOf = (body: ControlBody, ...signers: PublicKey[]): Command => ({ id: zeroRoot, body, signers });
const registering = (registration: Registration, ...signers: PublicKey[]) =>
  commandOf({ kind: "register", value: registration }, ...signers);
const ready = (signer: PublicKey, genesisRoot = block0) =>
  commandOf({ kind: "ready", value: { domain: svm, genesis: genesisRoot } }, signer);
const setStatus = (status: keyof typeof tenantStatuses, sequence: number, ...signers: PublicKey[]) =>
  commandOf({ kind: "setStatus", value: { domain: evm, sequence, status: tenantStatuses[status] } }, ...signers);

const svm = asDomain(501);
const registration = registrationOf(svm, "svm", { owner, port: 8899 });

const run = (state: OrderingState, commands: readonly Command[], header = headerAt(5)) =>
  command(state, header, commands);
const codes = (state: OrderingState, ...commands: readonly Command[]) =>
  run(state, commands).outcomes.map(({ code }) => code ?? "done");
const statusOf = (state: OrderingState, domain = svm) =>
  Object.entries(tenantStatuses).find(([, status]) => status === tenantState(state, domain)?.status)?.[0];

describe("a registration", () => {
  it("makes a tenant, once, with its owner's signature", () => {
    expect(codes(start, registering(registration, stranger))).toEqual(["not_signed"]);
    const { state, outcomes } = run(start, [registering(registration, owner), registering(registration, owner)]);
    expect(outcomes.map(({ code }) => code)).toEqual([undefined, "domain_taken"]);
    expect(statusOf(state)).toBe("registered");
    expect(tenantState(state, svm)?.registration).toEqual(Registration.root(registration));
    expect(state.tenants.map(({ domain }) => domain)).toEqual([1, 501, 31337]);
  });

  it("without an owner takes two thirds of the validators", () => {
    const orphan = { ...registration, owner: nobody };
    expect(codes(start, registering(orphan, first, second))).toEqual(["not_signed"]);
    expect(codes(start, registering(orphan, first, second, third))).toEqual(["done"]);
  });

  it.each<[string, Partial<Registration>]>([
    ["domain_taken", { domain: evm }],
    ["domain_taken", { domain: asDomain(0) }],
    ["unknown_vm", { vm: 99 }],
    ["bad_name", { name: utf8("Ünder the sea") }],
    ["port_taken", { port: 8545 }],
    ["port_taken", { port: 8544 }],
    ["port_taken", { port: 65_536, vm: vms.evm }],
    ["bad_budget", { budget: { ...usualBudgets.svm, bytes: usualBudgets.data.bytes } }],
  ])("is refused for %s: %o", (code, change) => {
    expect(codes(start, registering({ ...registration, ...change }, owner))).toEqual([code]);
  });

  it("is one of a few that wait", () => {
    const small = { ...usualBudgets.evm, bytes: { rate: 1000, burst: 1000 } };
    const many = Array.from({ length: limits.pendingTenants + 1 }, (_, i) =>
      registering(registrationOf(asDomain(100 + i), "evm", { owner, budget: small, port: 0 }), owner),
    );
    expect(codes(start, ...many).filter((code) => code !== "done")).toEqual(["too_many_pending"]);
  });
});

describe("a registered tenant", () => {
  const registered = run(start, [registering(registration, owner)]).state;

  it("is active once all validators that are at work run its engine", () => {
    const some = run(registered, [ready(first), ready(second)]).state;
    expect(statusOf(some)).toBe("registered");
    const three = run(some, [ready(third)], headerAt(9, [true, true, true, true])).state;
    expect(statusOf(three)).toBe("registered");
    const fourIsAway = run(three, [], headerAt(10, [true, true, true, false])).state;
    expect(statusOf(fourIsAway)).toBe("active");
    expect(tenantState(fourIsAway, svm)?.activatedAt).toBe(10);
    expect(statusOf(run(three, [ready(fourth)], headerAt(11, [true, true, true, true])).state)).toBe("active");
  });

  it("is active with two thirds after a minute", () => {
    const three = run(
      registered,
      [ready(first), ready(second), ready(third)],
      headerAt(9, [true, true, true, true]),
    ).state;
    expect(statusOf(three)).toBe("registered");
    const later = { ...three, timestampMs: three.timestampMs + limits.readinessMs };
    expect(statusOf(run(later, [], headerAt(10, [true, true, true, true])).state)).toBe("active");
  });

  it("is not active when validators don't agree on its block 0", () => {
    const other = asRoot(new Uint8Array(32).fill(8));
    const split = run(registered, [ready(first), ready(second), ready(third, other), ready(fourth, other)]).state;
    expect(statusOf(split)).toBe("registered");
  });

  it("counts each validator once, and nobody else", () => {
    expect(codes(registered, ready(stranger), ready(first), ready(first))).toEqual([
      "not_signed",
      "done",
      "not_signed",
    ]);
    expect(codes(start, ready(first))).toEqual(["unknown_tenant"]);
    const active = run(
      registered,
      validators.map((validator) => ready(validator)),
    ).state;
    expect(codes(active, ready(first))).toEqual(["not_pending"]);
  });

  it("is forgotten when it does not become ready, and its domain is free again", () => {
    const later = { ...registered, timestampMs: registered.timestampMs + limits.pendingMs };
    const { state } = run(later, []);
    expect(tenantState(state, svm)).toBeUndefined();
    expect(codes(state, registering(registration, owner))).toEqual(["done"]);
  });
});

describe("a tenant's status", () => {
  it("is changed by its owner or by two thirds of the validators, each change once", () => {
    expect(codes(start, setStatus("paused", 1, stranger))).toEqual(["not_signed"]);
    expect(codes(start, setStatus("paused", 1, first, second))).toEqual(["not_signed"]);
    expect(codes(start, setStatus("paused", 1, first, second, third))).toEqual(["done"]);
    const pause = setStatus("paused", 1, owner);
    const resume = setStatus("active", 2, owner);
    const { state, outcomes } = run(start, [pause, pause, resume, pause]);
    expect(outcomes.map(({ code }) => code)).toEqual([undefined, "wrong_sequence", undefined, "wrong_sequence"]);
    expect(statusOf(state, evm)).toBe("active");
    expect(codes(start, setStatus("active", 1, owner))).toEqual(["wrong_status"]);
  });

  it("retires for good: the domain is never used again, its port and room are", () => {
    const { state } = run(start, [setStatus("retired", 1, owner)]);
    expect(statusOf(state, evm)).toBe("retired");
    expect(codes(state, setStatus("active", 2, owner))).toEqual(["wrong_status"]);
    expect(codes(state, registering(registrationOf(evm, "evm", { owner }), owner))).toEqual(["domain_taken"]);
    const heir = registrationOf(asDomain(31338), "evm", { owner, port: 8545 });
    expect(codes(state, registering(heir, owner))).toEqual(["done"]);
  });
});

describe("a recovery", () => {
  const stuck: OrderingState = { ...start, certified: asHeight(40) };
  const recovery = (change: Partial<Recovery> = {}): Recovery => ({
    base: asHeight(40),
    revision: asRevision(1),
    drop: [],
    skip: [{ domain: evm, height: asHeight(41), id: block0 }],
    ...change,
  });
  const recovering = (value: Recovery, ...signers: PublicKey[]) => commandOf({ kind: "recover", value }, ...signers);

  it("takes two thirds of the validators, and starts the next revision, once", () => {
    expect(codes(stuck, recovering(recovery(), first, second, owner))).toEqual(["not_signed"]);
    const twice = [recovering(recovery(), first, second, third), recovering(recovery(), first, second, third)];
    const { state, outcomes } = run(stuck, twice);
    expect(outcomes.map(({ code }) => code)).toEqual([undefined, "wrong_revision"]);
    expect(state.revision).toBe(1);
    expect(state.tenants).toEqual(stuck.tenants);
    expect(codes(state, recovering(recovery({ revision: asRevision(2) }), first, second, third))).toEqual(["done"]);
  });

  it("retires the tenants that it drops", () => {
    const { state } = run(stuck, [recovering(recovery({ drop: [evm] }), first, second, third)]);
    expect(statusOf(state, evm)).toBe("retired");
    expect(statusOf(state, asDomain(1))).toBe("active");
  });

  it.each<[string, Partial<Recovery>]>([
    ["wrong_base", { base: asHeight(39) }],
    ["wrong_base", { base: asHeight(41) }],
    ["wrong_revision", { revision: asRevision(0) }],
    ["wrong_revision", { revision: asRevision(2) }],
    ["unknown_tenant", { drop: [svm] }],
    ["wrong_skip", { skip: [{ domain: evm, height: asHeight(40), id: block0 }] }],
    ["wrong_skip", { skip: [{ domain: svm, height: asHeight(41), id: block0 }] }],
  ])("is refused for %s: %o", (code, change) => {
    expect(codes(stuck, recovering(recovery(change), ...validators))).toEqual([code]);
  });
});
