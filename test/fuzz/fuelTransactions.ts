/** Fuel's transactions as their fields may be: by choice right, wrong or strange. */
import { encodeTransaction, zero32 } from "../../adapters/fuel/codec.ts";
import { gatewayId } from "../../adapters/fuel/contracts/gateway.ts";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import {
  blob,
  change,
  contractIdOf,
  contractInput,
  contractOutput,
  create,
  idOf,
  maxFee,
  type Owner,
  pay,
  predicateOwner,
  script,
  sign,
  spend,
} from "../../adapters/fuel/testChain.ts";
import { callData, programs } from "../../adapters/fuel/testPrograms.ts";
import type {
  ChargeableTransaction,
  CoinInput,
  FuelInput,
  FuelOutput,
  UtxoId,
} from "../../adapters/fuel/transaction.ts";
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import type { Random } from "../replay/random.ts";

export type FuelView = {
  owner: Owner;
  /** What the owner has, as far as is known. */
  coins: readonly { utxoId: UtxoId; amount: bigint; assetId: Hex }[];
};

const contractCodes = [programs.counter, programs.recursive];
const salts = [zero32, `0x${"01".repeat(32)}`, `0x${"02".repeat(32)}`] as const;
const knownContracts = contractCodes.flatMap((code) => salts.map((salt) => contractIdOf(code, salt)));

const u64 = (random: Random): bigint =>
  random.pick([
    () => 0n,
    () => BigInt(random.int(1000)),
    () => 10n ** BigInt(random.int(20)),
    () => 2n ** 64n - 1n - BigInt(random.int(3)),
    () => random.word() % 2n ** 64n,
  ])();
const index = (random: Random): number => (random.chance(0.8) ? random.int(3) : random.int(2 ** 16));

export const b256 = (random: Random, { owner }: FuelView): Hex =>
  random.pick([
    () => owner.address,
    () => baseAssetId,
    () => zero32,
    () => gatewayId,
    () => random.pick(knownContracts),
    () => toHex(random.bytes(32)),
  ])();

/** Instructions of a VM that has most of its operations below 0xb0, or of one that nobody has. */
const instructions = (random: Random): Hex =>
  toHex(
    concatBytes(
      ...Array.from({ length: 1 + random.int(24) }, () =>
        Uint8Array.of(random.chance(0.9) ? 0x10 + random.int(0xa0) : random.int(256), ...random.bytes(3)),
      ),
    ),
  );

const program = (random: Random): Hex =>
  random.pick([
    () => programs.returnOne,
    () => programs.returnOne,
    () => programs.caller,
    () => programs.caller,
    () => programs.revert,
    () => programs.endless,
    () => programs.hoarder,
    () => programs.logger(random.int(2 ** 17)),
    () => instructions(random),
    () => instructions(random),
    () => toHex(random.bytes(random.int(40))),
    () => "0x" as const,
  ])();

const dataOf = (random: Random): Hex =>
  random.chance(0.5) ? callData(random.pick(knownContracts)) : toHex(random.bytes(random.int(200)));

const ownCoin = (random: Random, { owner, coins }: FuelView): CoinInput => {
  const coin = coins.length > 0 && random.chance(0.95) ? random.pick(coins) : undefined;
  if (coin === undefined) return spend(owner, { txId: toHex(random.bytes(32)), index: index(random) }, u64(random));
  return spend(owner, coin.utxoId, coin.amount, coin.assetId);
};

const predicateCoin = (random: Random, view: FuelView): CoinInput => {
  const predicate = program(random);
  return {
    ...ownCoin(random, view),
    owner: random.chance(0.8) ? predicateOwner(predicate) : b256(random, view),
    ...{ witnessIndex: 0, predicate, predicateData: dataOf(random) },
    predicateGasUsed: random.pick([0n, 10n, 1000n, 100_000n, u64(random)]),
  };
};

/** A field or two of it are others. */
const bentCoin = (random: Random, view: FuelView): CoinInput => ({
  ...ownCoin(random, view),
  ...random.pick<() => Partial<CoinInput>>([
    () => ({ amount: u64(random) }),
    () => ({ owner: b256(random, view) }),
    () => ({ assetId: b256(random, view) }),
    () => ({ witnessIndex: index(random) }),
    () => ({ predicateGasUsed: u64(random) }),
    () => ({ txPointer: { height: random.int(2 ** 32), index: index(random) } }),
    () => ({ predicateData: dataOf(random) }),
  ])(),
});

const strangeInput = (random: Random, view: FuelView): FuelInput =>
  random.pick<() => FuelInput>([
    () => bentCoin(random, view),
    () => predicateCoin(random, view),
    () => ({ ...contractInput(b256(random, view)), balanceRoot: b256(random, view), stateRoot: b256(random, view) }),
    () => ({
      kind: "message",
      ...{ sender: b256(random, view), recipient: b256(random, view), amount: u64(random), nonce: b256(random, view) },
      ...{ witnessIndex: index(random), predicateGasUsed: u64(random), data: dataOf(random) },
      ...{ predicate: program(random), predicateData: "0x" },
    }),
  ])();

const strangeOutput = (random: Random, view: FuelView): FuelOutput =>
  random.pick<() => FuelOutput>([
    () => pay(b256(random, view), u64(random), b256(random, view)),
    () => change(b256(random, view), b256(random, view)),
    () => ({ kind: "variable", to: b256(random, view), amount: u64(random), assetId: b256(random, view) }),
    () => contractOutput(index(random)),
    () => ({ kind: "contractCreated", contractId: b256(random, view), stateRoot: b256(random, view) }),
  ])();

const some = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: random.int(most + 1) }, make);

type Draft = Parameters<typeof script>[0];

/** Pays a little, and gets its change. */
const sound = (random: Random, view: FuelView): Draft => ({
  inputs: [ownCoin(random, view)],
  outputs: [
    pay(random.chance(0.7) ? view.owner.address : b256(random, view), 100_000_000n),
    change(view.owner.address),
  ],
  ...(random.chance(0.5) ? { tip: BigInt(random.int(100_000)) } : {}),
});

/** Where inputs and outputs of a sound one don't match any more. */
const strange = (random: Random, view: FuelView): Draft => {
  const { inputs, outputs } = sound(random, view);
  return {
    inputs: [...(random.chance(0.7) ? inputs : []), ...some(random, 3, () => strangeInput(random, view))],
    outputs: [...(random.chance(0.7) ? outputs : []), ...some(random, 3, () => strangeOutput(random, view))],
    tip: u64(random),
    maxFee: random.chance(0.7) ? maxFee : u64(random),
  };
};

const gasOf = (random: Random): bigint =>
  random.pick([0n, 1_000n, 10_000n, 100_000n, 100_000n, 2_000_000n, u64(random)]);

const made = (random: Random, view: FuelView): ChargeableTransaction => {
  const draft = random.chance(0.6) ? sound(random, view) : strange(random, view);
  return random.pick<() => ChargeableTransaction>([
    () => script({ ...draft, script: program(random), scriptData: dataOf(random), gas: gasOf(random) }),
    () => script({ ...draft, script: program(random), scriptData: dataOf(random), gas: gasOf(random) }),
    () => {
      const contractId = random.pick(knownContracts);
      const inputs = [...draft.inputs, contractInput(contractId)];
      const outputs = [...draft.outputs, contractOutput(inputs.length - 1)];
      const call = { script: programs.caller, scriptData: callData(contractId), gas: 200_000n };
      return script({ ...draft, inputs, outputs, ...call });
    },
    () => create({ ...draft, code: random.pick(contractCodes), salt: random.pick(salts) }),
    () => blob({ ...draft, data: toHex(random.bytes(1 + random.int(300))) }),
  ])();
};

/** Policies, witnesses and ids that the rest doesn't agree with. */
const bent = (random: Random, view: FuelView, transaction: ChargeableTransaction): ChargeableTransaction => {
  const policies = { ...transaction.policies };
  const name = random.pick(["tip", "witnessLimit", "maturity", "maxFee", "expiration", "owner"] as const);
  const witnesses = some(random, 3, () => toHex(random.bytes(random.int(100))));
  return random.pick<() => ChargeableTransaction>([
    () => ({ ...transaction, policies: { ...policies, [name]: u64(random) } }),
    () => ({ ...transaction, witnesses: [...transaction.witnesses, ...witnesses] }),
    () => (transaction.kind === "blob" ? { ...transaction, blobId: b256(random, view) } : transaction),
    () => (transaction.kind === "create" ? { ...transaction, salt: b256(random, view) } : transaction),
    () => (transaction.kind === "create" ? { ...transaction, bytecodeWitnessIndex: index(random) } : transaction),
    () => {
      if (transaction.kind !== "create") return transaction;
      const storageSlots = some(random, 3, () => ({ key: b256(random, view), value: b256(random, view) }));
      return { ...transaction, storageSlots };
    },
  ])();
};

/** Mostly signed by its owner for the chain, else for another chain or not at all. */
export const transactionOf = (random: Random, view: FuelView): Uint8Array => {
  const sane = made(random, view);
  const transaction = random.chance(0.25) ? bent(random, view, sane) : sane;
  if (random.chance(0.9)) return sign(transaction, view.owner);
  return random.chance(0.5) ? sign(transaction, view.owner, 1 + random.int(3)) : encodeTransaction(transaction);
};

/** Ids that may name something: of a coin's transaction, or of one just made. */
export const transactionIdOf = (random: Random, view: FuelView): Hex =>
  view.coins.length > 0 && random.chance(0.5) ? random.pick(view.coins).utxoId.txId : idOf(made(random, view));
