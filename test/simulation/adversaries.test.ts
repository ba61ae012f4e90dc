import { hexToBytes, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { beforeAll, describe, expect, it } from "vitest";
import { loadEvmEngine } from "../../adapters/evm/engine.ts";
import type { BlsSigner } from "../../consensus/certificate/bls.ts";
import { type Batch, batchDigest, SignedBatch, transactionId } from "../../protocol/batch.ts";
import { toHex } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asDomain, asValidatorIndex, type Domain } from "../../protocol/ids.ts";
import { batchSigningRoot } from "../../sequencer/batch/exchange.ts";
import { encodeJournalMessage } from "../../sequencer/mempool/replication.ts";
import { createNodes, data, evm, evmConfig, type Nodes } from "./nodes.ts";

const index = asValidatorIndex;
const alice = privateKeyToAccount(`0x${"a1".repeat(32)}`);

const transfer = async (nonce: number, from = alice): Promise<Uint8Array> =>
  hexToBytes(
    await from.signTransaction({
      chainId: evm,
      nonce,
      to: `0x${"77".repeat(20)}`,
      value: 1n,
      gas: 21_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
    }),
  );

const statusAt = async (nodes: Nodes, at: number, raw: Uint8Array) =>
  (await nodes.ask(nodes.node(index(at)).service.transactionByNativeId(evm, keccak256(raw))))?.status;

const becomesExecuted = async (nodes: Nodes, at: number, raw: Uint8Array): Promise<void> => {
  for (let round = 0; round < 400 && (await statusAt(nodes, at, raw)) !== "executed"; round++) {
    await nodes.world.run(100);
  }
  expect(await statusAt(nodes, at, raw)).toBe("executed");
};

const start = async (seed: number): Promise<Nodes> => {
  const nodes = await createNodes({ seed, evm: evmConfig([alice.address]) });
  await nodes.reach(1);
  return nodes;
};

type Liar = {
  journal(domain: Domain, transactions: readonly Uint8Array[]): void;
  batch(sequence: number, domain: Domain, transactions: readonly Uint8Array[]): void;
};

/** Node 3 is gone, and what speaks in its name says what it likes. */
const turn = (nodes: Nodes): Liar => {
  nodes.crash(index(3));
  nodes.world.restart(index(3), async () => {});
  const network = nodes.world.network(index(3));
  const signer = nodes.signers[3] as BlsSigner;
  const genesis = nodes.node(index(0)).service.genesisRoot;
  return {
    batch: (sequence, domain, transactions) => {
      const batch: Batch = {
        producer: signer.publicKey,
        sequence,
        transactions: transactions.map((bytes) => ({ domain, gas: 1, bytes })),
        bundles: [],
      };
      const signature = signer.sign(batchSigningRoot(genesis, sequence, batchDigest(batch)));
      network.broadcast("batch", Uint8Array.of(1, ...SignedBatch.encode({ batch, signature })));
    },
    journal: (domain, transactions) =>
      network.broadcast("pool", encodeJournalMessage(transactions.map((bytes) => ({ domain, bytes })))),
  };
};

/** Loading takes real time, of which the world knows nothing. */
beforeAll(async () => void (await loadEvmEngine()));

describe("the same bytes given to two tenants", () => {
  it("have an outcome at each of them", async () => {
    const nodes = await start(41);
    const raw = await transfer(0);
    nodes.submitRaw(index(0), raw);
    await becomesExecuted(nodes, 1, raw);
    const { service, tenants } = nodes.node(index(1));
    const before = await nodes.ask(service.transactionByNativeId(evm, keccak256(raw)));
    await nodes.ask(nodes.node(index(2)).service.submit(data, [raw]));
    await nodes.world.run(3_000);
    expect((await nodes.ask(service.transactionByNativeId(data, toHex(transactionId(raw)))))?.status).toBe("executed");
    expect(await nodes.ask(service.transactionByNativeId(evm, keccak256(raw)))).toEqual(before);
    const services = tenants.get(evm)?.services;
    expect(await nodes.ask(services?.locate(keccak256(raw)) ?? Promise.resolve(undefined))).toMatchObject({
      number: before?.height,
    });
  });
});

describe("a validator that lies about pooled transactions", () => {
  it("can't make the others forget what waits for a nonce", async () => {
    const nodes = await start(42);
    const liar = turn(nodes);
    const waiting = await transfer(1);
    nodes.submitRaw(index(0), waiting);
    await nodes.world.run(() => nodes.acknowledged.size === 1);
    await nodes.world.run(100);
    liar.journal(asDomain(99), [waiting]);
    await nodes.world.run(3_000);
    for (const at of [0, 1, 2]) nodes.crash(index(at));
    for (const at of [0, 1, 2]) nodes.restart(index(at));
    await nodes.world.run(() => [0, 1, 2].every((at) => nodes.executed(index(at)) > 0));
    nodes.submitRaw(index(1), await transfer(0));
    await becomesExecuted(nodes, 2, waiting);
  });

  it("answers for those that can never be valid, and for no others", async () => {
    const nodes = await start(45);
    const liar = turn(nodes);
    liar.journal(evm, [await transfer(7), await transfer(0, privateKeyToAccount(`0x${"b2".repeat(32)}`))]);
    await nodes.world.run(5_000);
    expect(nodes.world.penalties).toEqual([]);
    liar.journal(evm, [Uint8Array.of(1, 2, 3), (await transfer(8)).slice(0, -1)]);
    await nodes.world.run(5_000);
    const reasons = nodes.world.penalties.map(({ by, peer, reason }) => [by, peer, reason]);
    const reason = "it had transactions journaled that can never be valid";
    expect(reasons.toSorted()).toEqual([0, 1, 2].map((by) => [by, 3, reason]));
  });

  it("can't hide them behind others that will never be executable", async () => {
    const nodes = await start(43);
    const liar = turn(nodes);
    const junk = await Promise.all(
      Array.from({ length: 300 }, (_, i) => transfer(7, privateKeyToAccount(toHex(sha256(Uint8Array.of(i, i >> 8)))))),
    );
    liar.journal(evm, junk);
    await nodes.world.run(1_000);
    const [first, second] = [await transfer(0), await transfer(1)];
    nodes.submitRaw(index(0), second);
    await nodes.world.run(() => nodes.acknowledged.size === 1);
    await nodes.world.run(100);
    nodes.crash(index(0));
    // Without node 0 there is no quorum: what answers for node 3 steps back.
    nodes.crash(index(3));
    nodes.restart(index(3));
    nodes.submitRaw(index(1), first);
    await becomesExecuted(nodes, 2, second);
  });
});

describe("a batch for a tenant that there is not", () => {
  it("is no work: nobody hurries to order it", async () => {
    const heightsIn = async (ms: number, nodes: Nodes): Promise<number> => {
      const before = nodes.executed(index(0));
      await nodes.world.run(ms);
      return nodes.executed(index(0)) - before;
    };
    const nodes = await createNodes({ seed: 44 });
    await nodes.reach(1);
    const liar = turn(nodes);
    await nodes.world.run(5_000);
    const idle = await heightsIn(10_000, nodes);
    liar.batch(1, asDomain(99), [Uint8Array.of(1)]);
    expect(await heightsIn(10_000, nodes)).toBeLessThan(2 * idle);
    expect(nodes.fatal).toEqual([]);
  });
});
