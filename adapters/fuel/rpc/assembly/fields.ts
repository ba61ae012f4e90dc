/** The field `assembleTx`. */
import type { Hex } from "../../../../protocol/bytes.ts";
import { encodeTransaction, transactionId } from "../../codec.ts";
import type { UtxoId } from "../../transaction.ts";
import type { Chain } from "../chain.ts";
import { excludedCoins } from "../coins.ts";
import { apiError, type Context } from "../context.ts";
import { dryRunStatus } from "../dryRuns.ts";
import { bytesOf, decodedTransaction } from "../given.ts";
import { rpcLimits } from "../limits.ts";
import { transactionView } from "../views/transactions.ts";
import { createAssembly } from "./assemble.ts";
import type { Account, RequiredBalance } from "./draft.ts";

type AccountInput = {
  address?: Hex | null;
  predicate?: { predicateAddress: Hex; predicate: Hex; predicateData: Hex } | null;
};

type RequiredInput = {
  assetId: Hex;
  amount: bigint;
  account: AccountInput;
  changePolicy: { change?: Hex | null };
};

type Args = {
  tx: Hex;
  requiredBalances: readonly RequiredInput[];
  feeAddressIndex: bigint;
  excludeInput?: { utxos: readonly UtxoId[] } | null;
  estimatePredicates?: boolean | null;
  reserveGas?: bigint | null;
};

const accountOf = ({ address, predicate }: AccountInput): Account => {
  if (address != null) return { address };
  if (predicate == null) throw apiError("bad_input", "an account is an address or a predicate");
  return {
    address: predicate.predicateAddress,
    predicate: predicate.predicate,
    predicateData: predicate.predicateData,
  };
};

const requiredOf = (inputs: readonly RequiredInput[]): RequiredBalance[] => {
  if (inputs.length > rpcLimits.spendQueries) {
    throw apiError("bad_input", `at most ${rpcLimits.spendQueries} balances can be required`);
  }
  const required = inputs.map(({ assetId, amount, account, changePolicy }) => ({
    account: accountOf(account),
    assetId,
    amount,
    change: changePolicy.change ?? undefined,
  }));
  const pairs = new Set(required.map(({ account, assetId }) => account.address + assetId));
  if (pairs.size === required.length) return required;
  throw apiError("bad_input", "required balances contain duplicate (asset, account) pair");
};

export const assemblyFields = (chain: Chain) => {
  const assemble = createAssembly(chain);
  return {
    assembleTx: async (args: Args, context: Context) => {
      const transaction = decodedTransaction(bytesOf(args.tx));
      if (transaction.kind === "mint") throw apiError("unsupported", "only the executor makes mint transactions");
      const required = requiredOf(args.requiredBalances);
      const payer = required[Number(args.feeAddressIndex)]?.account;
      if (payer === undefined) throw apiError("bad_input", "feeAddressIndex is beyond the required balances");
      const parameters = await chain.parameters();
      const { baseAssetId } = parameters;
      const isCovered = required.some(
        ({ account, assetId }) => assetId === baseAssetId && account.address === payer.address,
      );
      const fee = {
        account: payer,
        assetId: baseAssetId,
        amount: 0n,
        change: changeOfBase(required, baseAssetId, payer),
      };
      const assembled = await assemble(parameters, {
        transaction,
        required: isCovered ? required : [...required, fee],
        payer,
        excluded: excludedCoins(args.excludeInput?.utxos),
        estimatePredicates: args.estimatePredicates ?? true,
        reserveGas: args.reserveGas ?? 0n,
      });
      const bytes = encodeTransaction(assembled.transaction);
      const id = transactionId(parameters.chainId, assembled.transaction);
      return {
        transaction: transactionView({ id, transaction: assembled.transaction, bytes }, context, () => null),
        status: dryRunStatus(assembled.run),
        gasPrice: assembled.gasPrice,
      };
    },
  };
};

/** What another account decided about the change of the base asset counts for the payer too. */
const changeOfBase = (required: readonly RequiredBalance[], baseAssetId: Hex, payer: Account): Hex | undefined => {
  const other = required.find(({ assetId }) => assetId === baseAssetId);
  return other === undefined ? payer.address : other.change;
};
