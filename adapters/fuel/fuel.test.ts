import { expect } from "vitest";
import { createRuntime } from "../../consensus/runtime/runtime.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Executor, SealedHead } from "../adapter.ts";
import { describeAdapterCompliance, type Expected } from "../compliance.ts";
import { fuelAdapter } from "./adapter.ts";
import { zero32 } from "./codec.ts";
import { baseAssetId } from "./params.ts";
import { verifyCoin, verifySlot } from "./proof.ts";
import { type FuelRead, readFuel } from "./reads.ts";
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
  maxFee,
  otherAsset,
  pay,
  script,
  sign,
  spend,
} from "./testChain.ts";
import { callData, programs } from "./testPrograms.ts";

const saltOf = (number: number) => `0x${number.toString(16).padStart(64, "0")}` as const;
const contractOf = (number: number) => contractIdOf(programs.counter, saltOf(number));

const buildSlice = (number: number): { entries: Uint8Array[]; outcome: Expected[] } => {
  const valid = sign(
    script({ inputs: [coin(alice, number)], outputs: [pay(dave.address, 1_000n), change(alice.address)] }),
    alice,
  );
  const created = create({
    inputs: [coin(bob, 2 * number)],
    outputs: [change(bob.address)],
    code: programs.counter,
    salt: saltOf(number),
  });
  const reverting = script({
    inputs: [coin(bob, 2 * number + 1)],
    outputs: [change(bob.address)],
    script: programs.revert,
  });
  const parent = script({
    inputs: [coin(carol, 2 * number)],
    outputs: [pay(dave.address, 5_000_000n), change(carol.address)],
  });
  const child = script({
    inputs: [spend(dave, { txId: idOf(parent), index: 0 }, 5_000_000n)],
    outputs: [change(erin.address)],
  });
  const call = script({
    inputs: [contractInput(contractOf(number)), coin(dave, number)],
    outputs: [contractOutput(0), change(dave.address)],
    script: programs.caller,
    scriptData: callData(contractOf(number)),
    gas: 100_000n,
  });
  const stored = blob({
    inputs: [coin(carol, 2 * number + 1)],
    outputs: [change(carol.address)],
    data: toHex(utf8(`blob ${number}`)),
  });
  const entries = [
    valid,
    sign(created, bob),
    sign(reverting, bob),
    valid,
    // Spends what a later one puts out.
    sign(child, dave),
    Uint8Array.of(1, 2, 3),
    sign(parent, carol),
    sign(call, dave),
    sign(stored, carol),
  ];
  const outcome: Expected[] = [
    { kind: "applied", index: 0, succeeded: true },
    { kind: "applied", index: 1, succeeded: true },
    { kind: "applied", index: 2, succeeded: false },
    { kind: "omitted", index: 3, reason: "duplicate" },
    { kind: "applied", index: 6, succeeded: true },
    { kind: "omitted", index: 5, reason: "undecodable" },
    { kind: "applied", index: 4, succeeded: true },
    { kind: "applied", index: 7, succeeded: true },
    { kind: "applied", index: 8, succeeded: true },
  ];
  return { entries, outcome };
};

const checkProofs = async (executor: Executor, { number, stateRoot }: SealedHead): Promise<void> => {
  for (const place of [0, 1, 2, 3 * coinsEach + 1, 4 * coinsEach, 5 * coinsEach]) {
    const utxoId = genesisUtxo(place);
    const [found, proof] = [
      await readFuel(executor.read, { kind: "coin", number, utxoId }),
      await readFuel(executor.read, { kind: "proveCoin", number, utxoId }),
    ];
    if (!found.ok || !proof.ok) throw new Error("a coin can't be read");
    const { utxoId: _, ...coin } = found.value ?? { utxoId };
    expect(verifyCoin(stateRoot, utxoId, proof.value)).toEqual({
      ok: true,
      value: found.value === undefined ? undefined : coin,
    });
  }
  for (const contractId of [contractOf(1), contractOf(number), contractOf(number + 1)]) {
    const slots = await readFuel(executor.read, { kind: "contractSlots", number, contractId, slots: [zero32] });
    const proof = await readFuel(executor.read, { kind: "proveSlot", number, contractId, slot: zero32 });
    if (!slots.ok || !proof.ok) throw new Error("a slot can't be read");
    expect(verifySlot(stateRoot, contractId, zero32, proof.value)).toEqual({ ok: true, value: slots.value[0] });
  }
};

describeAdapterCompliance("fuel", {
  adapter: fuelAdapter,
  domain,
  config: encodeConfig(config),
  budget,
  runtime: createRuntime(),
  prepare: buildEngine,
  badConfigs: [
    { what: "not JSON", config: utf8("coins") },
    { what: "unknown fields", config: encodeConfig({ ...config, chainId: 9889 }) },
    { what: "no coins", config: encodeConfig({ ...config, coins: undefined }) },
    { what: "a malformed owner", config: encodeConfig({ ...config, coins: [{ owner: "0x00", amount: "1" }] }) },
    {
      what: "an amount above 64 bits",
      config: encodeConfig({ ...config, coins: [{ owner: alice.address, amount: String(2n ** 64n) }] }),
    },
    { what: "nobody who gets the fees", config: encodeConfig({ ...config, feeRecipient: zero32 }) },
  ],
  slice: async (number) => buildSlice(number),
  admitted: async () => {
    const transfer = script({
      inputs: [coin(alice, 0)],
      outputs: [pay(bob.address, 7n), change(alice.address)],
      tip: 1_000n,
    });
    const withoutChange = script({ inputs: [coin(bob, 0)], outputs: [pay(bob.address, 500n), pay(alice.address, 7n)] });
    const account = { nonce: 0, balance: BigInt(coinsEach) * coinValue };
    return [
      {
        bytes: sign(transfer, alice),
        facts: {
          nativeId: idOf(transfer),
          sender: alice.address,
          gas: 134_115,
          cost: maxFee + 7n,
          price: { max: 7_456_287n, tip: 7_456_287n },
          account,
        },
      },
      {
        bytes: sign(withoutChange, bob),
        facts: {
          nativeId: idOf(withoutChange),
          sender: bob.address,
          gas: 132_251,
          cost: coinValue - 500n,
          price: { max: 0n, tip: 0n },
          account,
        },
      },
    ];
  },
  refused: async () => {
    const transfer = script({ inputs: [coin(alice, 0)], outputs: [change(alice.address)] });
    const valid = sign(transfer, alice);
    const mint = Uint8Array.from(valid);
    mint[7] = 2;
    const upgrade = Uint8Array.from(valid);
    upgrade[7] = 3;
    const counted = Uint8Array.from(valid);
    counted.set([0x7f], 8 * 10);
    return [
      { what: "nothing", bytes: new Uint8Array(0), reason: "undecodable" },
      { what: "a cut off transaction", bytes: valid.subarray(0, -8), reason: "undecodable" },
      { what: "a byte too many", bytes: Uint8Array.of(...valid, 0), reason: "undecodable" },
      { what: "more outputs than bytes", bytes: counted, reason: "undecodable" },
      { what: "a mint", bytes: mint, reason: "unsupported" },
      { what: "an upgrade", bytes: upgrade, reason: "unsupported" },
      { what: "a signature of somebody else", bytes: sign(transfer, bob), reason: "bad_signature" },
      { what: "a signature for another chain", bytes: sign(transfer, alice, 1), reason: "bad_signature" },
      { what: "too much gas", bytes: sign({ ...transfer, scriptGasLimit: 100_000_000n }, alice), reason: "gas_limit" },
      {
        what: "too low a fee",
        bytes: sign({ ...transfer, policies: { maxFee: 1n } }, alice),
        reason: "fee_too_low",
      },
      { what: "too many bytes", bytes: new Uint8Array(128 * 1024 + 1), reason: "oversized" },
    ];
  },
  // The newest block, past blocks, and where the contract that gets the fees was last put out.
  isBookkeeping: (key) => /^0x(6d|62|6cfe)/.test(toHex(key)),
  reads: (number): FuelRead[] => [
    { kind: "parameters" },
    { kind: "coin", number, utxoId: genesisUtxo(1) },
    { kind: "coins", number, owner: alice.address, limit: 100 },
    { kind: "coins", number, owner: dave.address, assetId: baseAssetId, limit: 5 },
    { kind: "balance", number, owner: erin.address, assetId: baseAssetId },
    { kind: "balances", number, owner: alice.address, limit: 10 },
    { kind: "contract", number, contractId: contractOf(Math.max(1, number)) },
    { kind: "contractBalance", number, contractId: config.feeRecipient, assetId: baseAssetId },
    { kind: "contractBalances", number, contractId: config.feeRecipient, limit: 10 },
    { kind: "contractSlots", number, contractId: contractOf(1), slots: [zero32] },
    { kind: "coinsToSpend", owner: alice.address, assets: [{ assetId: otherAsset, amount: 1n, max: 1 }], excluded: [] },
    { kind: "proveCoin", number, utxoId: genesisUtxo(1) },
    { kind: "proveSlot", number: number + 1000, contractId: contractOf(1), slot: zero32 },
    { kind: "dryRun", transactions: [buildSlice(20).entries[0] ?? new Uint8Array(0)], utxoValidation: false },
  ],
  checkProofs,
  isUnavailable: async (executor, number) => {
    const answer = await readFuel(executor.read, { kind: "coin", number, utxoId: genesisUtxo(0) });
    return !answer.ok && answer.error.code === "height_unavailable";
  },
});
