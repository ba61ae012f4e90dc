/** A Fuel tenant for tests: owners of coins, and signers of transactions. */
import { createHash } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { usualBudgets } from "../../protocol/budget.ts";
import { concatBytes, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asDomain } from "../../protocol/ids.ts";
import { bytesOf, encodeTransaction, transactionId, zero32 } from "./codec.ts";
import { baseAssetId } from "./params.ts";
import { programs } from "./testPrograms.ts";
import type {
  BlobTransaction,
  ChargeableTransaction,
  CoinInput,
  ContractInput,
  CreateTransaction,
  FuelInput,
  FuelOutput,
  ScriptTransaction,
  UtxoId,
} from "./transaction.ts";

export const domain = asDomain(9889);
export const budget = usualBudgets.fuel;

export type Owner = { secret: Uint8Array; address: Hex };

export const ownerOf = (name: string): Owner => {
  const secret = Uint8Array.from(createHash("sha256").update(`test account ${name}`).digest());
  return { secret, address: toHex(sha256(secp256k1.getPublicKey(secret, false).subarray(1))) };
};

export const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(ownerOf) as [Owner, Owner, Owner, Owner];
/** Has no coin. */
export const erin = ownerOf("erin");

export const coinValue = 1_000_000_000_000n;
export const coinsEach = 32;
export const otherAsset: Hex = `0x${"0a".repeat(32)}`;
const owners = [alice, bob, carol, dave];

/** `coinsEach` coins for each owner, and one of another asset for alice. */
export const config = {
  feeRecipient: `0x${"fe".repeat(32)}` as Hex,
  timestamp: 1_700_000_000,
  coins: [
    ...owners.flatMap(({ address: owner }) =>
      Array.from({ length: coinsEach }, () => ({ owner, amount: String(coinValue) })),
    ),
    { owner: alice.address, amount: "5000", assetId: otherAsset },
  ],
};

export const encodeConfig = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

export const genesisUtxo = (number: number): UtxoId => ({
  txId: `0x${number.toString(16).padStart(64, "0")}`,
  index: 0,
});

const nowhere = { height: 0, index: 0 };

/** Spends a coin with the signature in witness 0. */
export const spend = (owner: Owner, utxoId: UtxoId, amount = coinValue, assetId: Hex = baseAssetId): CoinInput => ({
  kind: "coin",
  ...{ utxoId, owner: owner.address, amount, assetId, txPointer: nowhere, witnessIndex: 0 },
  ...{ predicateGasUsed: 0n, predicate: "0x", predicateData: "0x" },
});

/** The owner's genesis coin of this number. */
export const coin = (owner: Owner, number: number): CoinInput =>
  spend(owner, genesisUtxo(owners.indexOf(owner) * coinsEach + number));

export const contractInput = (contractId: Hex): ContractInput => ({
  kind: "contract",
  ...{ utxoId: { txId: zero32, index: 0 }, balanceRoot: zero32, stateRoot: zero32, txPointer: nowhere, contractId },
});

export const contractOutput = (inputIndex: number): FuelOutput => ({
  kind: "contract",
  ...{ inputIndex, balanceRoot: zero32, stateRoot: zero32 },
});

export const pay = (to: Hex, amount: bigint, assetId: Hex = baseAssetId): FuelOutput => ({
  kind: "coin",
  ...{ to, amount, assetId },
});

export const change = (to: Hex, assetId: Hex = baseAssetId): FuelOutput => ({
  kind: "change",
  ...{ to, amount: 0n, assetId },
});

export const maxFee = 1_000_000n;

type Draft = {
  inputs: readonly FuelInput[];
  outputs: readonly FuelOutput[];
  tip?: bigint;
  maxFee?: bigint;
};

const commonOf = ({ inputs, outputs, tip, maxFee: fee = maxFee }: Draft, witnesses: readonly Hex[] = []) => ({
  policies: { ...(tip === undefined ? {} : { tip }), maxFee: fee },
  ...{ inputs, outputs, witnesses: ["0x" as Hex, ...witnesses] },
});

export const script = (draft: Draft & { script?: Hex; scriptData?: Hex; gas?: bigint }): ScriptTransaction => ({
  kind: "script",
  ...{ scriptGasLimit: draft.gas ?? 10_000n, receiptsRoot: zero32 },
  ...{ script: draft.script ?? programs.returnOne, scriptData: draft.scriptData ?? "0x" },
  ...commonOf(draft),
});

/** Root of an empty sparse Merkle tree: a contract without initial slots. */
const noSlots = zero32;

/** Root of a contract's code: a binary Merkle tree over 16 KiB pieces, the last padded to eight bytes. */
const codeRoot = (code: Uint8Array): Uint8Array => {
  if (code.length > 16 * 1024 || code.length % 8 !== 0) throw new Error("test contracts are one piece of whole words");
  return sha256(concatBytes(Uint8Array.of(0), code));
};

/** Owner of the coins that a predicate spends. */
export const predicateOwner = (predicate: Hex): Hex => {
  const code = bytesOf(predicate);
  const padded = new Uint8Array(Math.ceil(code.length / 8) * 8);
  padded.set(code);
  return toHex(sha256(concatBytes(utf8("FUEL"), codeRoot(padded))));
};

export const contractIdOf = (code: Hex, salt: Hex): Hex =>
  toHex(sha256(concatBytes(utf8("FUEL"), bytesOf(salt), codeRoot(bytesOf(code)), bytesOf(noSlots))));

export const create = (draft: Draft & { code: Hex; salt: Hex }): CreateTransaction => {
  const contractId = contractIdOf(draft.code, draft.salt);
  const outputs: FuelOutput[] = [...draft.outputs, { kind: "contractCreated", contractId, stateRoot: noSlots }];
  const common = commonOf({ ...draft, outputs }, [draft.code]);
  return { kind: "create", bytecodeWitnessIndex: 1, salt: draft.salt, storageSlots: [], ...common };
};

export const blob = (draft: Draft & { data: Hex }): BlobTransaction => ({
  kind: "blob",
  ...{ blobId: toHex(sha256(bytesOf(draft.data))), witnessIndex: 1 },
  ...commonOf(draft, [draft.data]),
});

export const idOf = (transaction: ChargeableTransaction): Hex => transactionId(domain, transaction);

/** Its bytes with the owner's signature as witness 0. */
export const sign = (transaction: ChargeableTransaction, owner: Owner, chainId = Number(domain)): Uint8Array => {
  const id = bytesOf(transactionId(chainId, transaction));
  const [recovery = 0, ...rest] = secp256k1.sign(id, owner.secret, { prehash: false, format: "recovered" });
  const signature = Uint8Array.from(rest);
  signature[32] = (signature[32] as number) | (recovery << 7);
  return encodeTransaction({
    ...transaction,
    witnesses: [toHex(signature), ...transaction.witnesses.slice(1)],
  });
};

/** The addon, built if need be; throws with what is missing when it can't be built. */
export const buildEngine = async (): Promise<void> => {
  const build = new URL("../../scripts/engines.mjs", import.meta.url).href;
  const { ensureEngine } = (await import(build)) as { ensureEngine(name: string): Promise<string> };
  await ensureEngine("fuel");
};
