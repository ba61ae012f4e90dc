/**
 * Completes a transaction: coins for what it needs, change, contracts and variable outputs that its script turns out to
 * use, the gas that it takes, and coins for the fee. Signatures are left to its signers.
 */
import type { Hex } from "../../../../protocol/bytes.ts";
import { encodeTransaction, zero32 } from "../../codec.ts";
import type { FuelParameters } from "../../params.ts";
import type { DryRun } from "../../reads.ts";
import type { ChargeableTransaction, CoinInput, FuelOutput, UtxoId } from "../../transaction.ts";
import type { Chain } from "../chain.ts";
import { apiError } from "../context.ts";
import { feeOf, maxGasOf, minGasOf, witnessBytesOf } from "../gas.ts";
import { decodedTransaction } from "../given.ts";
import { rpcLimits } from "../limits.ts";
import { panicNumber } from "../panics.ts";
import { coinsToSpend } from "../spendable.ts";
import { type Account, createDraft, type Draft, type RequiredBalance } from "./draft.ts";

export type Wishes = {
  transaction: ChargeableTransaction;
  required: readonly RequiredBalance[];
  /** Pays the fee. */
  payer: Account;
  excluded: readonly UtxoId[];
  estimatePredicates: boolean;
  /** Gas that is paid for beyond what execution takes now. */
  reserveGas: bigint;
};

export type Assembled = { transaction: ChargeableTransaction; run: DryRun; gasPrice: bigint };

const emptyVariable: FuelOutput = { kind: "variable", to: zero32, amount: 0n, assetId: zero32 };

/** A predicate that always holds: `ret 1`. Scripts without any coin are run with a coin of it. */
const anyCoin: CoinInput = {
  kind: "coin",
  utxoId: { txId: zero32, index: 0 },
  owner: zero32,
  amount: 0n,
  assetId: zero32,
  txPointer: { height: 0, index: 0 },
  witnessIndex: 0,
  predicateGasUsed: 0n,
  predicate: "0x24040000",
  predicateData: "0x",
};

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const missingContract = panicNumber("ContractNotInInputs");

/** Contract that a script called or paid without having it among its inputs. */
const missingContractOf = ({ receipt }: DryRun): Hex | undefined => {
  if (receipt.succeeded) return undefined;
  const panic = receipt.receipts.findLast((each) => each.kind === "panic");
  return panic !== undefined && Number(panic.reason >> 56n) === missingContract ? panic.contractId : undefined;
};

export const createAssembly = (chain: Chain) => {
  const dryRun = async (transaction: ChargeableTransaction, gasPrice: bigint): Promise<DryRun> => {
    const transactions = [encodeTransaction(transaction)];
    const [run] = await chain.read({ kind: "dryRun", transactions, utxoValidation: false, gasPrice });
    if (run === undefined) throw new TypeError("a dry run got no answer");
    return run;
  };

  const assemble = async (parameters: FuelParameters, wishes: Wishes): Promise<Assembled> => {
    const { txParams, baseAssetId, gasPrice } = parameters;
    const { payer, reserveGas } = wishes;
    const original = wishes.transaction;
    const draft = createDraft(original, wishes.required);
    const originalFee = original.policies.maxFee ?? 0n;

    /** Adds coins that are worth an amount. */
    const addCoins = async (account: Account, assetId: Hex, amount: bigint): Promise<void> => {
      if (amount === 0n) return;
      const max = txParams.maxInputs - draft.inputs.length;
      if (max <= 0) throw apiError("bad_input", `a transaction has at most ${txParams.maxInputs} inputs`);
      const excluded = [...wishes.excluded, ...draft.spent()];
      const [coins = []] = await coinsToSpend(chain, account.address, [{ assetId, amount, max }], excluded);
      for (const coin of coins) draft.addCoin(account, coin);
    };

    const estimatePredicates = async (): Promise<void> => {
      if (!wishes.estimatePredicates || !draft.hasPredicates()) return;
      const bytes = encodeTransaction(draft.transaction());
      const estimated = decodedTransaction(await chain.read({ kind: "estimatePredicates", transaction: bytes }));
      if (estimated.kind !== "mint") draft.takePredicateGas(estimated.inputs);
    };

    /** Fee for all the gas that the transaction can take, with the reserve and the tip. */
    const fullFee = (price: bigint): bigint => {
      const gas = least(maxGasOf(parameters, draft.transaction()) + reserveGas, txParams.maxGasPerTx);
      return feeOf(parameters, gas, price) + (original.policies.tip ?? 0n);
    };
    /** A limit of the sender's for witnesses stays, unless the signatures to come don't fit into it. */
    const setMaxFee = (): void => {
      const { witnessLimit, ...others } = original.policies;
      const fitting = witnessLimit === undefined ? undefined : most(witnessLimit, witnessBytesOf(draft.transaction()));
      const policies = { ...others, ...(fitting === undefined ? {} : { witnessLimit: fitting }) };
      draft.setPolicies({ ...policies, maxFee: originalFee });
      draft.setPolicies({ ...policies, maxFee: most(fullFee(gasPrice), originalFee) });
    };

    const isForPayer = ({ account, assetId }: RequiredBalance): boolean =>
      assetId === baseAssetId && account.address === payer.address;
    const reserved = wishes.required.find(isForPayer)?.amount ?? 0n;

    const hasCoin = (): boolean => draft.inputs.some(({ kind }) => kind === "coin");

    const coverFee = async (): Promise<void> => {
      for (;;) {
        setMaxFee();
        const fee = draft.transaction().policies.maxFee ?? 0n;
        const missing = fee + reserved - draft.worth(payer.address, baseAssetId);
        // Where gas is free, it takes a coin all the same: without one there is nothing that makes it unique.
        if (missing <= 0n && hasCoin()) return;
        await addCoins(payer, baseAssetId, most(missing, 1n));
        await estimatePredicates();
      }
    };

    /** Variable outputs in all places that are left; those that execution doesn't fill go again. */
    const addVariables = (): number => {
      const first = draft.outputs.length;
      while (draft.outputs.length < txParams.maxOutputs) draft.outputs.push(emptyVariable);
      return first;
    };

    /** @param free index of the first output that was added for the script to fill */
    const addContract = (contractId: Hex, free: number): void => {
      const inputIndex = draft.inputs.length;
      if (free >= draft.outputs.length || inputIndex >= txParams.maxInputs) {
        throw apiError("bad_input", "the script uses more contracts than a transaction has places for");
      }
      const nowhere = { utxoId: { txId: zero32, index: 0 }, txPointer: { height: 0, index: 0 } };
      draft.inputs.push({ kind: "contract", ...nowhere, balanceRoot: zero32, stateRoot: zero32, contractId });
      draft.outputs[free] = { kind: "contract", inputIndex, balanceRoot: zero32, stateRoot: zero32 };
    };

    /** Runs the script with all the gas there is, at no price, so that it doesn't depend on coins for the fee. */
    const runFreely = async (): Promise<{ run: DryRun; minGas: bigint }> => {
      const isLonely = !hasCoin();
      if (isLonely) draft.inputs.push(anyCoin);
      draft.setScriptGasLimit(0n);
      draft.setPolicies({ ...draft.transaction().policies, maxFee: originalFee });
      draft.setScriptGasLimit(most(0n, txParams.maxGasPerTx - maxGasOf(parameters, draft.transaction())));
      const transaction = draft.transaction();
      const run = await dryRun(transaction, 0n);
      if (isLonely) draft.inputs.pop();
      return { run, minGas: minGasOf(parameters, transaction) };
    };

    const estimateScript = async (): Promise<void> => {
      let free = addVariables();
      let gas = rpcLimits.executedTransactions * txParams.maxGasPerTx;
      for (let round = 0; round < rpcLimits.assembleRounds && gas > 0n; round++) {
        const { run, minGas } = await runFreely();
        gas -= run.receipt.totalGas;
        const contract = missingContractOf(run);
        if (contract === undefined) {
          draft.setScriptGasLimit(most(0n, run.receipt.totalGas - minGas));
          keepUsedVariables(draft, run);
          return;
        }
        addContract(contract, free++);
      }
      throw apiError(
        "too_many",
        `the script uses more than ${rpcLimits.assembleRounds} contracts that it doesn't name`,
      );
    };

    for (const { account, assetId, amount } of wishes.required) await addCoins(account, assetId, amount);
    draft.setScriptGasLimit(0n);
    await estimatePredicates();
    await coverFee();
    if (original.kind === "script" && original.script !== "0x") await estimateScript();
    await coverFee();

    const transaction = draft.transaction();
    return { transaction, run: await dryRun(transaction, gasPrice), gasPrice };
  };
  return assemble;
};

/** Variable outputs up to the last one that was paid to, empty: who executes fills them. */
const keepUsedVariables = (draft: Draft, run: DryRun): void => {
  const { outputs } = run.receipt;
  while (draft.outputs.length > 0) {
    const last = outputs[draft.outputs.length - 1];
    if (draft.outputs.at(-1)?.kind !== "variable" || (last?.kind === "variable" && last.amount > 0n)) return;
    draft.outputs.pop();
  }
};
