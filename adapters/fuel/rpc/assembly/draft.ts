/** A transaction that is being completed. */
import type { Hex } from "../../../../protocol/bytes.ts";
import type { FuelCoin } from "../../reads.ts";
import type { ChargeableTransaction, CoinInput, FuelInput, FuelOutput, Policies, UtxoId } from "../../transaction.ts";
import { apiError } from "../context.ts";

/** Who pays: an address whose owner signs later, or a predicate. */
export type Account =
  | { readonly address: Hex; readonly predicate?: undefined }
  | { readonly address: Hex; readonly predicate: Hex; readonly predicateData: Hex };

export type RequiredBalance = {
  readonly account: Account;
  readonly assetId: Hex;
  readonly amount: bigint;
  /** Who gets what is left of the asset; absent where it is burnt. */
  readonly change: Hex | undefined;
};

export type Draft = {
  transaction(): ChargeableTransaction;
  readonly inputs: FuelInput[];
  readonly outputs: FuelOutput[];
  /** Adds a coin as an input, with the change of its asset and room for a signature where there is none yet. */
  addCoin(account: Account, coin: FuelCoin): void;
  /** Coins that are inputs already. */
  spent(): UtxoId[];
  setPolicies(policies: Policies): void;
  setScriptGasLimit(limit: bigint): void;
  /** Worth of the inputs of an owner and an asset. */
  worth(owner: Hex, assetId: Hex): bigint;
  hasPredicates(): boolean;
  /** Takes the gas that predicates use from the same transaction, estimated. */
  takePredicateGas(inputs: readonly FuelInput[]): void;
};

/** A signature that is still to come. */
const noSignature: Hex = `0x${"00".repeat(64)}`;

const isSigned = (input: FuelInput): input is CoinInput => input.kind === "coin" && input.predicate === "0x";

/** @throws GraphQLError where the change of an asset is to go to two places */
const changesOf = (outputs: readonly FuelOutput[], required: readonly RequiredBalance[]) => {
  const changes = new Map<Hex, Hex | undefined>();
  for (const output of outputs) if (output.kind === "change") changes.set(output.assetId, output.to);
  const present = new Set(changes.keys());
  for (const { assetId, change } of required) {
    if (changes.has(assetId) && changes.get(assetId) !== change) {
      throw apiError("bad_input", `The asset ${assetId.slice(2)} has multiple change policies`);
    }
    changes.set(assetId, change);
  }
  return { changes, present };
};

export const createDraft = (original: ChargeableTransaction, required: readonly RequiredBalance[]): Draft => {
  const inputs: FuelInput[] = [...original.inputs];
  const outputs: FuelOutput[] = [...original.outputs];
  const witnesses: Hex[] = [...original.witnesses];
  let rest: ChargeableTransaction = original;
  const { changes, present } = changesOf(outputs, required);
  const signers = new Map<Hex, number>();
  for (const input of inputs) if (isSigned(input)) signers.set(input.owner, input.witnessIndex);

  const witnessOf = (owner: Hex): number => {
    const known = signers.get(owner);
    if (known !== undefined) return known;
    signers.set(owner, witnesses.length);
    return witnesses.push(noSignature) - 1;
  };

  return {
    inputs,
    outputs,
    transaction: () => ({ ...rest, inputs: [...inputs], outputs: [...outputs], witnesses: [...witnesses] }),
    addCoin: (account, { utxoId, amount, assetId, txPointer }) => {
      const coin = { kind: "coin" as const, utxoId, owner: account.address, amount, assetId, txPointer };
      const unlocked =
        account.predicate === undefined
          ? { witnessIndex: witnessOf(account.address), predicate: "0x" as const, predicateData: "0x" as const }
          : { witnessIndex: 0, predicate: account.predicate, predicateData: account.predicateData };
      inputs.push({ ...coin, ...unlocked, predicateGasUsed: 0n });
      if (present.has(assetId)) return;
      present.add(assetId);
      const to = changes.get(assetId);
      if (to !== undefined) outputs.push({ kind: "change", to, amount: 0n, assetId });
    },
    spent: () => inputs.flatMap((input) => (input.kind === "coin" ? [input.utxoId] : [])),
    setPolicies: (policies) => {
      rest = { ...rest, policies };
    },
    setScriptGasLimit: (scriptGasLimit) => {
      if (rest.kind === "script") rest = { ...rest, scriptGasLimit };
    },
    worth: (owner, assetId) =>
      inputs.reduce(
        (sum, input) =>
          input.kind === "coin" && input.owner === owner && input.assetId === assetId ? sum + input.amount : sum,
        0n,
      ),
    hasPredicates: () => inputs.some((input) => input.kind === "coin" && input.predicate !== "0x"),
    takePredicateGas: (estimated) => {
      for (const [index, input] of inputs.entries()) {
        const other = estimated[index];
        if (input.kind === "coin" && other?.kind === "coin") {
          inputs[index] = { ...input, predicateGasUsed: other.predicateGasUsed };
        }
      }
    },
  };
};
