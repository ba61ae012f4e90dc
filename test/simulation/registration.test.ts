import { hexToBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { beforeAll, describe, expect, it } from "vitest";
import { loadEvmEngine } from "../../adapters/evm/engine.ts";
import type { BlsSigner } from "../../consensus/certificate/bls.ts";
import { createSigner, generateSecretKey } from "../../consensus/certificate/blst.ts";
import { type Batch, batchDigest, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { type ControlBody, controlDomain, controlSigningRoot, encodeControl } from "../../protocol/control.ts";
import { asDomain, asHeight, asValidatorIndex } from "../../protocol/ids.ts";
import { tenantStatuses } from "../../protocol/summary.ts";
import type { Registration } from "../../protocol/tenant.ts";
import { batchSigningRoot } from "../../sequencer/batch/exchange.ts";
import { registrationOf } from "../fixtures/registration.ts";
import { createNodes, data, type Nodes } from "./nodes.ts";

const index = asValidatorIndex;
const domain = asDomain(31338);
const owner = createSigner(generateSecretKey(new Uint8Array(32).fill(7)));
const stranger = createSigner(generateSecretKey(new Uint8Array(32).fill(8)));
const alice = privateKeyToAccount(`0x${"a1".repeat(32)}`);
const mallory = privateKeyToAccount(`0x${"b2".repeat(32)}`);

const rich = { balance: (1000n * 10n ** 18n).toString() };
const config = (change: object = {}) =>
  utf8(
    JSON.stringify({
      chainId: domain,
      feeRecipient: `0x${"fe".repeat(20)}`,
      alloc: { [alice.address]: rich, [mallory.address]: rich },
      ...change,
    }),
  );
const registration = (change: Partial<Registration> = {}): Registration =>
  registrationOf(domain, "evm", { name: utf8("second"), owner: owner.publicKey, config: config(), ...change });

const signed = (nodes: Nodes, body: ControlBody, signer = owner): Uint8Array => {
  const genesis = nodes.node(index(0)).service.genesisRoot;
  const signature = signer.sign(controlSigningRoot(genesis, body));
  return encodeControl({ body, signatures: [{ publicKey: signer.publicKey, signature }] });
};

const submit = async (nodes: Nodes, at: number, bytes: Uint8Array, to = controlDomain) => {
  const [answer] = await nodes.ask(nodes.node(index(at)).service.submit(to, [bytes]));
  return answer?.ok ? "ok" : answer?.error.code;
};

const transfer = async (nonce: number, from = alice): Promise<Uint8Array> =>
  hexToBytes(
    await from.signTransaction({
      chainId: domain,
      nonce,
      to: mallory.address,
      value: 1n,
      gas: 21_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 1n,
    }),
  );

const statusOf = async (nodes: Nodes, at: number, bytes: Uint8Array) =>
  await nodes.ask(nodes.node(index(at)).service.transaction(transactionId(bytes)));

const becomes = async (nodes: Nodes, at: number, bytes: Uint8Array, status: string): Promise<void> => {
  for (let round = 0; round < 300 && (await statusOf(nodes, at, bytes))?.status !== status; round++) {
    await nodes.world.run(100);
  }
  expect((await statusOf(nodes, at, bytes))?.status).toBe(status);
};

const isServedAt = (nodes: Nodes, at: number) => nodes.node(index(at)).tenants.has(domain);
const served = (nodes: Nodes) => nodes.world.run(() => nodes.indices.every((at) => isServedAt(nodes, at)));

const start = async (seed: number): Promise<Nodes> => {
  const nodes = await createNodes({ seed });
  await nodes.reach(1);
  return nodes;
};

/** Loading takes real time, of which the world knows nothing. */
beforeAll(async () => void (await loadEvmEngine()));

describe("a rollup that registers itself", () => {
  it("is active at all validators, executes, and is still there when all have crashed", async () => {
    const nodes = await start(81);
    const register = signed(nodes, { kind: "register", value: registration() });
    expect(await submit(nodes, 0, register)).toBe("ok");
    await served(nodes);
    expect((await statusOf(nodes, 3, register))?.status).toBe("executed");

    const first = await transfer(0);
    nodes.submit(index(2), "beside it");
    expect(await submit(nodes, 1, first, domain)).toBe("ok");
    for (const at of nodes.indices) await becomes(nodes, at, first, "executed");

    const height = Math.min(...nodes.indices.map(nodes.executed));
    const roots = await nodes.summaries(index(0), height);
    for (const at of nodes.indices) expect(await nodes.summaries(at, height)).toEqual(roots);
    const { height: ordered = 0 } = (await statusOf(nodes, 0, first)) ?? {};
    const summary = await nodes.ask(nodes.node(index(0)).service.summary(asHeight(ordered)));
    expect(summary?.tenants.map((tenant) => tenant.domain)).toEqual([data, domain]);

    for (const at of nodes.indices) nodes.crash(at);
    for (const at of nodes.indices) nodes.restart(at);
    await nodes.world.run(() => nodes.indices.every((at) => nodes.executed(at) > 0));
    await served(nodes);
    const second = await transfer(1);
    await nodes.world.run(1_000);
    expect(await submit(nodes, 3, second, domain)).toBe("ok");
    for (const at of nodes.indices) await becomes(nodes, at, second, "executed");
    expect(nodes.fatal).toEqual([]);
  });

  it("has one winner where two claim a domain at once, on all validators", async () => {
    const nodes = await start(82);
    const mine = signed(nodes, { kind: "register", value: registration() });
    const rival = registration({ owner: stranger.publicKey, name: utf8("rival") });
    const theirs = signed(nodes, { kind: "register", value: rival }, stranger);
    const claims = [nodes.node(index(0)).service.submit(controlDomain, [mine])];
    claims.push(nodes.node(index(3)).service.submit(controlDomain, [theirs]));
    const answers = (await nodes.ask(Promise.all(claims))).flat();
    await served(nodes);
    await nodes.world.run(2_000);
    const outcomes: (string | undefined)[] = [];
    for (const [i, bytes] of [mine, theirs].entries()) {
      const [answer, end] = [answers[i], await statusOf(nodes, 0, bytes)];
      outcomes.push(answer?.ok ? (end?.reason ?? end?.status) : answer?.error.code);
    }
    expect(outcomes.toSorted()).toEqual(["domain_taken", "executed"]);
    for (const at of [1, 2, 3]) {
      for (const bytes of [mine, theirs]) {
        expect(await statusOf(nodes, at, bytes)).toEqual(await statusOf(nodes, 0, bytes));
      }
    }
  });

  it("is refused with a reason when something is wrong with it", async () => {
    const nodes = await start(83);
    const refuses = async (change: Partial<Registration>, signer = owner) =>
      await submit(nodes, 0, signed(nodes, { kind: "register", value: registration(change) }, signer));
    expect(await refuses({}, stranger)).toBe("not_signed");
    expect(await refuses({ domain: data })).toBe("domain_taken");
    expect(await refuses({ vm: 77 })).toBe("unknown_vm");
    expect(await refuses({ config: utf8("{}") })).toBe("bad_genesis");
    expect(await refuses({ config: config({ chainId: 1 }) })).toBe("bad_genesis");
    expect(await submit(nodes, 0, Uint8Array.of(1, 2, 3))).toBe("undecodable");
    const forged = signed(nodes, { kind: "register", value: registration() });
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
    expect(await submit(nodes, 0, forged)).toBe("bad_signature");
    expect(await submit(nodes, 0, await transfer(0), domain)).toBe("unknown_tenant");
  });
});

describe("a tenant's owner", () => {
  it("pauses and resumes it: in between it takes nothing, and time goes on", async () => {
    const nodes = await start(84);
    await submit(nodes, 0, signed(nodes, { kind: "register", value: registration() }));
    await served(nodes);
    const change = (sequence: number, status: "active" | "paused"): Uint8Array =>
      signed(nodes, { kind: "setStatus", value: { domain, sequence, status: tenantStatuses[status] } });
    const pause = change(1, "paused");
    expect(await submit(nodes, 2, pause)).toBe("ok");
    await becomes(nodes, 0, pause, "executed");
    expect(await submit(nodes, 0, await transfer(0), domain)).toBe("tenant_inactive");
    const before = nodes.node(index(0)).tenants.get(domain)?.services.heads().executed ?? 0;
    await nodes.world.run(5_000);
    expect(nodes.node(index(0)).tenants.get(domain)?.services.heads().executed).toBeGreaterThan(before);
    const summary = await nodes.ask(nodes.node(index(0)).service.summary(nodes.executed(index(0))));
    expect(summary?.tenants.find((tenant) => tenant.domain === domain)?.status).toBe(tenantStatuses.paused);

    const resume = change(2, "active");
    expect(await submit(nodes, 1, resume)).toBe("ok");
    await becomes(nodes, 0, resume, "executed");
    const first = await transfer(0);
    expect(await submit(nodes, 0, first, domain)).toBe("ok");
    await becomes(nodes, 3, first, "executed");
  });
});

describe("a tenant with writers", () => {
  it("takes no stranger's transaction, also when a producer has it ordered", async () => {
    const nodes = await start(85);
    const writers = [utf8(alice.address)];
    await submit(nodes, 0, signed(nodes, { kind: "register", value: registration({ writers }) }));
    await served(nodes);
    const strange = await transfer(0, mallory);
    for (const at of nodes.indices) expect(await submit(nodes, at, strange, domain)).toBe("not_a_writer");

    nodes.crash(index(3));
    nodes.world.restart(index(3), async () => {});
    const producer = nodes.signers[3] as BlsSigner;
    const sequence = 1_000;
    const batch: Batch = {
      producer: producer.publicKey,
      sequence,
      transactions: [{ domain, gas: 21_000, bytes: strange }],
      bundles: [],
    };
    const genesis = nodes.node(index(0)).service.genesisRoot;
    const signature = producer.sign(batchSigningRoot(genesis, sequence, batchDigest(batch)));
    nodes.world.network(index(3)).broadcast("batch", Uint8Array.of(1, ...SignedBatch.encode({ batch, signature })));
    await becomes(nodes, 0, strange, "omitted");
    const ordered = await statusOf(nodes, 0, strange);
    expect(ordered?.reason).toBe("not_a_writer");
    const summary = await nodes.ask(nodes.node(index(0)).service.summary(asHeight(ordered?.height ?? 0)));
    expect(summary?.hopeless).toMatchObject([{ count: 1 }]);
    expect(toHex(summary?.hopeless[0]?.producer ?? new Uint8Array())).toBe(toHex(producer.publicKey));

    const first = await transfer(0);
    expect(await submit(nodes, 1, first, domain)).toBe("ok");
    await becomes(nodes, 2, first, "executed");
    expect(nodes.fatal).toEqual([]);
  });
});
