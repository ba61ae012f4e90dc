/** Blocks, receipts and events in the JSON of Starknet's RPC. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { CairoBlock } from "../block.ts";
import type { GasPrices } from "../reads.ts";
import type { CairoEvent, CairoReceipt } from "../receipt.ts";
import type { ChainBlock, ChainTransaction } from "./blocks.ts";
import type { Finality } from "./chain.ts";

const price = (fri: Hex) => ({ price_in_fri: fri, price_in_wei: fri });

const pricesJson = (prices: { l1_gas_price: Hex; l1_data_gas_price: Hex; l2_gas_price: Hex }) => ({
  l1_gas_price: price(prices.l1_gas_price),
  l1_data_gas_price: price(prices.l1_data_gas_price),
  l2_gas_price: price(prices.l2_gas_price),
});

const l1DaMode = "BLOB";

/** `BLOCK_HEADER`. */
export const headerJson = (header: CairoBlock) => ({ ...header, ...pricesJson(header), l1_da_mode: l1DaMode });

/** `PRE_CONFIRMED_BLOCK_HEADER` of the block after `newest`, which is empty until it is executed. */
export const nextHeaderJson = (newest: CairoBlock, prices: GasPrices) => ({
  block_number: newest.block_number + 1,
  timestamp: newest.timestamp,
  sequencer_address: newest.sequencer_address,
  ...pricesJson({
    l1_gas_price: prices.l1_gas,
    l1_data_gas_price: prices.l1_data_gas,
    l2_gas_price: prices.l2_gas,
  }),
  l1_da_mode: l1DaMode,
  starknet_version: newest.starknet_version,
});

/** `TXN_RECEIPT`. */
export const receiptJson = (receipt: CairoReceipt, finality: Finality) => {
  const { sender_address: _, class_hash: __, actual_fee, ...rest } = receipt;
  return { ...rest, actual_fee: { amount: actual_fee, unit: "FRI" }, finality_status: finality };
};

/** `TXN_RECEIPT_WITH_BLOCK_INFO`. */
export const receiptInBlockJson = ({ header }: ChainBlock, transaction: ChainTransaction, finality: Finality) => ({
  ...receiptJson(transaction.receipt, finality),
  block_hash: header.block_hash,
  block_number: header.block_number,
});

/** `TXN_WITH_HASH`. */
export const transactionJson = ({ hash, json }: ChainTransaction) => ({ ...json(), transaction_hash: hash });

/** `TXN_STATUS_RESULT`. */
export const statusJson = ({ receipt }: ChainTransaction, finality: Finality) => ({
  finality_status: finality,
  execution_status: receipt.execution_status,
  ...(receipt.revert_reason === undefined ? {} : { failure_reason: receipt.revert_reason }),
});

/** `EMITTED_EVENT`. */
export type EmittedEvent = CairoEvent & {
  block_hash: Hex;
  block_number: number;
  transaction_hash: Hex;
  transaction_index: number;
  event_index: number;
};

export const eventsOf = ({ header, transactions }: ChainBlock): EmittedEvent[] =>
  transactions.flatMap(({ hash, receipt }, transactionIndex) =>
    receipt.events.map((event, eventIndex) => ({
      ...event,
      block_hash: header.block_hash,
      block_number: header.block_number,
      transaction_hash: hash,
      transaction_index: transactionIndex,
      event_index: eventIndex,
    })),
  );
