/** Transactions, their blocks and their statuses in the shape of the schema. */
import { toHex } from "../../../../protocol/bytes.ts";
import type { ChargeableTransaction, FuelInput, FuelOutput, FuelTransaction, TxPointer } from "../../transaction.ts";
import type { ChainBlock, ChainTransaction } from "../blocks.ts";
import type { Chain, Found } from "../chain.ts";
import type { Context } from "../context.ts";
import { outcomeView } from "./receipts.ts";
import { taiNow } from "./time.ts";

const inputTypes = { coin: "InputCoin", contract: "InputContract", message: "InputMessage" } as const;
const outputTypes = {
  coin: "CoinOutput",
  contract: "ContractOutput",
  change: "ChangeOutput",
  variable: "VariableOutput",
  contractCreated: "ContractCreated",
} as const;

const inputView = ({ kind, ...fields }: FuelInput) => ({ __typename: inputTypes[kind], ...fields });

export const outputView = ({ kind, ...fields }: FuelOutput) => ({
  __typename: outputTypes[kind],
  ...fields,
  ...("contractId" in fields ? { contract: fields.contractId } : {}),
});

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];

/** What signers of a transaction decided. */
const chargeableView = (transaction: ChargeableTransaction) => ({
  policies: transaction.policies,
  maturity: transaction.policies.maturity,
  inputs: transaction.inputs.map(inputView),
  outputs: transaction.outputs.map(outputView),
  witnesses: transaction.witnesses,
  inputAssetIds: unique(transaction.inputs.flatMap((input) => (input.kind === "coin" ? [input.assetId] : []))),
  inputContracts: unique(transaction.inputs.flatMap((input) => (input.kind === "contract" ? [input.contractId] : []))),
});

const kindView = (transaction: FuelTransaction) => {
  switch (transaction.kind) {
    case "script": {
      const { script, scriptData, scriptGasLimit, receiptsRoot } = transaction;
      return { ...chargeableView(transaction), script, scriptData, scriptGasLimit, receiptsRoot };
    }
    case "create": {
      const { bytecodeWitnessIndex, salt, storageSlots } = transaction;
      const slots = storageSlots.map(({ key, value }) => `${key}${value.slice(2)}`);
      return { ...chargeableView(transaction), bytecodeWitnessIndex, salt, storageSlots: slots };
    }
    case "blob":
      return {
        ...chargeableView(transaction),
        blobId: transaction.blobId,
        bytecodeWitnessIndex: transaction.witnessIndex,
      };
    case "mint":
      return { outputs: [], txPointer: transaction.txPointer };
  }
};

type Shown = Pick<ChainTransaction, "id" | "transaction" | "bytes">;

/** @param status what became of it, asked for only when the field is */
export const transactionView = (shown: Shown, context: Context, status: () => unknown) => {
  const { kind } = shown.transaction;
  context.spend(shown.bytes.length);
  return {
    id: shown.id,
    ...kindView(shown.transaction),
    isScript: kind === "script",
    isCreate: kind === "create",
    isMint: kind === "mint",
    isUpgrade: false,
    isUpload: false,
    isBlob: kind === "blob",
    rawPayload: () => {
      context.spend(2 * shown.bytes.length);
      return toHex(shown.bytes);
    },
    status,
  };
};

export const executedView = (chain: Chain, found: Found, context: Context): unknown =>
  transactionView(found.transaction, context, () => executedStatus(chain, found, context));

export const blockView = (chain: Chain, block: ChainBlock, context: Context): unknown => {
  const { header, number, sharedHeader, transactions } = block;
  const { id, height, stateTransitionVersion, ...rest } = header;
  return {
    id,
    height,
    header: {
      ...rest,
      id,
      height,
      stateTransitionBytecodeVersion: stateTransitionVersion,
      sharedHeader: toHex(sharedHeader),
    },
    transactionIds: transactions.map((transaction) => transaction.id),
    transactions: () =>
      transactions.map((transaction, index) => executedView(chain, { block, index, transaction }, context)),
    certified: () => chain.isCertified(number),
  };
};

/** Status of a transaction that is in a block: success or failure, from the moment it is executed. */
export const executedStatus = (chain: Chain, found: Found, context: Context): unknown => {
  const { block, transaction } = found;
  const { receipt } = transaction;
  const nothing = { totalGas: 0n, totalFee: 0n, receipts: [] };
  return {
    __typename: receipt?.succeeded === false ? "FailureStatus" : "SuccessStatus",
    transactionId: transaction.id,
    blockHeight: block.number,
    time: block.header.time,
    ...(receipt === undefined ? nothing : outcomeView(receipt)),
    block: () => blockView(chain, block, context),
    transaction: () => executedView(chain, found, context),
    certified: () => chain.isCertified(block.number),
  };
};

/** The same before the block that it stands in: fuel-core's word for executed and not in a block yet. */
export const preconfirmedStatus = (chain: Chain, found: Found, context: Context): unknown => {
  const { block, index, transaction } = found;
  const { receipt, id } = transaction;
  if (receipt === undefined) return undefined;
  const txPointer: TxPointer = { height: block.number, index };
  return {
    __typename: receipt.succeeded ? "PreconfirmationSuccessStatus" : "PreconfirmationFailureStatus",
    transactionId: id,
    txPointer,
    ...outcomeView(receipt),
    transaction: () => executedView(chain, found, context),
    resolvedOutputs: receipt.outputs.map((output, place) => ({
      utxoId: { txId: id, index: place },
      output: outputView(output),
    })),
  };
};

export const submittedStatus = (): unknown => ({ __typename: "SubmittedStatus", time: taiNow() });
