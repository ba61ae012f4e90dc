/** Blocks, transactions, receipts and logs in the shapes of the Ethereum JSON-RPC specification. */
import type { Hex } from "../../../protocol/bytes.ts";
import { decodeReceipt, type EvmLog } from "../receipt.ts";
import type { ChainBlock } from "./blockCache.ts";
import { rpcLimits } from "./limits.ts";
import { decodeTransaction, type TransactionFields } from "./transaction.ts";

export const hexOf = (value: number | bigint): Hex => `0x${value.toString(16)}`;

/** Roots of empty lists are in the header; what it has no field for is always empty. */
export const formatHeader = ({ hash, header }: ChainBlock) => ({
  hash,
  parentHash: header.parentHash,
  sha3Uncles: header.sha3Uncles,
  miner: header.miner,
  stateRoot: header.stateRoot,
  transactionsRoot: header.transactionsRoot,
  receiptsRoot: header.receiptsRoot,
  logsBloom: header.logsBloom,
  difficulty: hexOf(header.difficulty),
  number: hexOf(header.number),
  gasLimit: hexOf(header.gasLimit),
  gasUsed: hexOf(header.gasUsed),
  timestamp: hexOf(header.timestamp),
  extraData: header.extraData,
  mixHash: header.mixHash,
  nonce: header.nonce,
  baseFeePerGas: hexOf(header.baseFeePerGas),
  withdrawalsRoot: header.withdrawalsRoot,
  blobGasUsed: hexOf(header.blobGasUsed),
  excessBlobGas: hexOf(header.excessBlobGas),
  parentBeaconBlockRoot: header.parentBeaconBlockRoot,
  requestsHash: header.requestsHash,
});

/** A block with its transactions, whole or as hashes. */
export const formatBlock = async (block: ChainBlock, full: boolean) => ({
  ...formatHeader(block),
  size: hexOf(block.header.size),
  uncles: [],
  withdrawals: [],
  transactions: full
    ? await inSlices(block.transactions.keys(), (index) => formatTransaction(block, index))
    : block.transactions.map(({ nativeId }) => nativeId),
});

/** Maps many items without keeping other work from its turn for long. */
export const inSlices = async <Item, Result>(items: Iterable<Item>, map: (item: Item) => Result): Promise<Result[]> => {
  const results: Result[] = [];
  for (const item of items) {
    if (results.length % rpcLimits.formattedAtOnce === rpcLimits.formattedAtOnce - 1) await new Promise(setImmediate);
    results.push(map(item));
  }
  return results;
};

/** An executed transaction; the sender and the price it paid come from its receipt. */
export const formatTransaction = (block: ChainBlock, index: number) => {
  const transaction = block.transactions[index];
  if (transaction === undefined) return null;
  const receipt = decodeReceipt(transaction.receipt);
  return {
    ...decodeTransaction(transaction.bytes),
    hash: transaction.nativeId,
    from: receipt.sender,
    gasPrice: hexOf(receipt.effectiveGasPrice),
    blockHash: block.hash,
    blockNumber: hexOf(block.number),
    blockTimestamp: hexOf(block.header.timestamp),
    transactionIndex: hexOf(index),
  };
};

export const formatPending = (fields: TransactionFields, hash: Hex, from: Hex) => ({
  ...fields,
  hash,
  from,
  gasPrice: fields.gasPrice ?? fields.maxFeePerGas,
  blockHash: null,
  blockNumber: null,
  transactionIndex: null,
});

/** A log of a transaction; `logIndex` is its position among all logs of the block. */
export const formatLog = (block: ChainBlock, index: number, logIndex: number, log: EvmLog) => ({
  address: log.address,
  topics: log.topics,
  data: log.data,
  blockHash: block.hash,
  blockNumber: hexOf(block.number),
  blockTimestamp: hexOf(block.header.timestamp),
  transactionHash: block.transactions[index]?.nativeId,
  transactionIndex: hexOf(index),
  logIndex: hexOf(logIndex),
  removed: false,
});
export type FormattedLog = ReturnType<typeof formatLog>;

/** `revertReason` is revert data, under the name that Besu gave it; only where a transaction failed with some. */
export const formatReceipt = (block: ChainBlock, index: number) => {
  const transaction = block.transactions[index];
  if (transaction === undefined) return null;
  const receipt = decodeReceipt(transaction.receipt);
  const firstLog = block.outline().firstLog[index] ?? 0;
  return {
    transactionHash: transaction.nativeId,
    transactionIndex: hexOf(index),
    blockHash: block.hash,
    blockNumber: hexOf(block.number),
    from: receipt.sender,
    to: receipt.to,
    contractAddress: receipt.contractAddress,
    type: hexOf(receipt.type),
    status: hexOf(receipt.status),
    gasUsed: hexOf(receipt.gasUsed),
    cumulativeGasUsed: hexOf(receipt.cumulativeGasUsed),
    effectiveGasPrice: hexOf(receipt.effectiveGasPrice),
    logsBloom: receipt.logsBloom,
    logs: receipt.logs.map((log, i) => formatLog(block, index, firstLog + i, log)),
    ...(receipt.output === "0x" ? {} : { revertReason: receipt.output }),
  };
};
