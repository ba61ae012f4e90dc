/** Fields that execute transactions and forget what they did. */
import type { Hex } from "../../../protocol/bytes.ts";
import { transactionId } from "../codec.ts";
import type { DryRun } from "../reads.ts";
import type { Chain } from "./chain.ts";
import { apiError, type Context } from "./context.ts";
import { bytesOf, decodedTransaction } from "./given.ts";
import { rpcLimits } from "./limits.ts";
import { outcomeView } from "./views/receipts.ts";
import { transactionView } from "./views/transactions.ts";

export const dryRunStatus = ({ receipt }: DryRun) => ({
  __typename: receipt.succeeded ? "DryRunSuccessStatus" : "DryRunFailureStatus",
  ...outcomeView(receipt),
});

const scriptGasOf = (tx: Hex): bigint => {
  const transaction = decodedTransaction(bytesOf(tx));
  return transaction.kind === "script" ? transaction.scriptGasLimit : 0n;
};

export const dryRunFields = (chain: Chain) => {
  const checkGas = async (txs: readonly Hex[]): Promise<void> => {
    const { txParams } = await chain.parameters();
    const most = rpcLimits.executedTransactions * txParams.maxGasPerTx;
    const gas = txs.reduce((sum, tx) => sum + scriptGasOf(tx), 0n);
    if (gas <= most) return;
    throw apiError(
      "bad_input",
      `a dry run has at most ${most} of script gas, not ${gas}: lower the limits, or split it`,
    );
  };

  return {
    dryRun: async (args: {
      txs: readonly Hex[];
      utxoValidation?: boolean | null;
      gasPrice?: bigint | null;
      blockHeight?: bigint | null;
    }) => {
      const { txs, gasPrice, blockHeight } = args;
      if (txs.length === 0) return [];
      if (txs.length > rpcLimits.dryRunTransactions) {
        throw apiError("bad_input", `a dry run has at most ${rpcLimits.dryRunTransactions} transactions: split it`);
      }
      if (blockHeight != null && Number(blockHeight) !== chain.height() + 1) {
        throw apiError("unsupported", "a dry run is on the newest state: leave blockHeight out");
      }
      await checkGas(txs);
      const runs = await chain.read({
        kind: "dryRun",
        transactions: txs.map(bytesOf),
        utxoValidation: args.utxoValidation ?? true,
        ...(gasPrice == null ? {} : { gasPrice }),
      });
      return runs.map((run) => {
        const status = dryRunStatus(run);
        return { id: run.id, status, receipts: status.receipts };
      });
    },
    estimatePredicates: async ({ tx }: { tx: Hex }, context: Context) => {
      const bytes = await chain.read({ kind: "estimatePredicates", transaction: bytesOf(tx) });
      const transaction = decodedTransaction(bytes);
      const { chainId } = await chain.parameters();
      return transactionView({ id: transactionId(chainId, transaction), transaction, bytes }, context, () => null);
    },
  };
};
