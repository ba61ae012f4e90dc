/** Fields about the chain, its parameters and this node. */
import { executorLimits } from "../limits.ts";
import { consensusParametersVersion } from "../params.ts";
import type { Chain } from "./chain.ts";
import { apiError, type Context } from "./context.ts";
import { parametersView } from "./views/parameters.ts";
import { blockView } from "./views/transactions.ts";

/** Of fuel-core, whose API this is: fuels warns of versions that it was not made for. */
const nodeVersion = "0.47.1";

export const chainFields = (chain: Chain) => {
  const parameters = async () => parametersView(await chain.parameters());
  const latestBlock = (context: Context) => async () => blockView(chain, await chain.block(chain.height()), context);

  return {
    /** It answers, so it is up. */
    health: () => true,
    chain: (_: unknown, context: Context) => ({
      name: `Lockstep ${chain.services.domain}`,
      latestBlock: latestBlock(context),
      daHeight: async () => (await chain.block(chain.height())).header.daHeight,
      consensusParameters: parameters,
      gasCosts: async () => (await parameters()).gasCosts,
    }),
    consensusParameters: async ({ version }: { version: number }) => {
      if (version === consensusParametersVersion) return await parameters();
      throw apiError("not_found", `there is no version ${version} of the parameters: they don't change`);
    },
    nodeInfo: async () => {
      const { blockGasLimit, blockTransactionSizeLimit } = await chain.parameters();
      return {
        utxoValidation: true,
        vmBacktrace: false,
        maxTx: executorLimits.pendingTransactions,
        maxGas: blockGasLimit,
        maxSize: blockTransactionSizeLimit,
        maxDepth: executorLimits.pendingTransactions,
        nodeVersion,
        indexation: { balances: true, coinsToSpend: true, assetMetadata: false },
      };
    },
    latestGasPrice: async () => {
      const { header, number } = await chain.block(chain.height());
      return { gasPrice: header.gasPrice, blockHeight: number };
    },
    /** The price doesn't move. */
    estimateGasPrice: async () => ({ gasPrice: (await chain.parameters()).gasPrice }),
  };
};
