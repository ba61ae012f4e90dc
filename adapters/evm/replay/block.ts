/** Blocks as a tenant's engine builds them (`adapters/engines/evm/README.md`), out of another library. */
import { type Block, createBlock, type HeaderData } from "@ethereumjs/block";
import type { Common } from "@ethereumjs/common";
import { createMPT } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import type { EvmConfig } from "../genesis.ts";

export type BlockEnvironment = {
  number: number;
  timestampMs: number;
  parentHash: Uint8Array;
  /** Root of the shared header, and of its parent. */
  header: Uint8Array;
  parent: Uint8Array;
  baseFee: bigint;
};

/** What executing adds to a header. */
export type BlockResults = {
  stateRoot: Uint8Array;
  transactionsTrie: Uint8Array;
  receiptTrie: Uint8Array;
  logsBloom: Uint8Array;
  gasUsed: bigint;
};

/** A Prague block without difficulty, extra data, blobs, withdrawals and requests; its list of transactions is left empty. */
export const blockOf = (
  common: Common,
  { feeRecipient, gas }: Pick<EvmConfig, "feeRecipient" | "gas">,
  { number, timestampMs, parentHash, header, parent, baseFee }: BlockEnvironment,
  results?: BlockResults,
): Block => {
  const data: HeaderData = {
    number,
    parentHash,
    timestamp: Math.floor(timestampMs / 1000),
    coinbase: feeRecipient,
    gasLimit: gas.burst,
    baseFeePerGas: baseFee,
    mixHash: header,
    parentBeaconBlockRoot: parent,
    ...results,
  };
  return createBlock({ header: data }, { common, skipConsensusFormatValidation: true });
};

/** Root of a block's list of transactions or receipts: a Merkle-Patricia trie with RLP(index) as key. */
export const listRoot = async (common: Common, items: readonly Uint8Array[]): Promise<Uint8Array> => {
  const trie = await createMPT({ common });
  for (const [index, item] of items.entries()) await trie.put(RLP.encode(index), item);
  return trie.root();
};

/** All bits of all blooms of 256 bytes. */
export const uniteBlooms = (blooms: readonly Uint8Array[]): Uint8Array => {
  const union = new Uint8Array(256);
  for (const bloom of blooms) {
    for (const [index, byte] of bloom.entries()) union[index] = (union[index] as number) | byte;
  }
  return union;
};
