/** Methods that answer with blocks. */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { boolean, none, optional, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { decodeWrite, systemAddress } from "../protocolWrites.ts";
import type { ChainBlock } from "./blockCache.ts";
import { type BlockPlace, type BlockReference, blockPlace, blockReference } from "./blockTag.ts";
import type { Chain } from "./chain.ts";
import { formatBlock, formatHeader, formatReceipt, hexOf, inSlices } from "./format.ts";
import { hash } from "./params.ts";

/** Root of an empty Merkle-Patricia trie. */
const emptyRoot: Hex = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

export const blockMethods = (chain: Chain): Record<string, Method> => {
  const at = (place: BlockPlace): Promise<ChainBlock | undefined> => chain.blocks.byNumber(chain.numberOf(place));
  const named = (reference: BlockReference): Promise<ChainBlock | undefined> =>
    typeof reference === "object" ? chain.blocks.byHash(reference.hash) : at(reference);

  /** What is known of the block after the newest: as in geth, without hash, nonce and miner. */
  const pendingBlock = async () => {
    const parent = await chain.newest();
    const baseFee = await chain.read({ kind: "nextBaseFee", afterMs: 0 });
    return {
      ...formatHeader(parent),
      number: hexOf(parent.number + 1),
      hash: null,
      nonce: null,
      miner: null,
      parentHash: parent.hash,
      baseFeePerGas: hexOf(baseFee),
      gasUsed: hexOf(0),
      logsBloom: `0x${"00".repeat(256)}`,
      transactionsRoot: emptyRoot,
      receiptsRoot: emptyRoot,
      size: hexOf(0),
      uncles: [],
      withdrawals: [],
      transactions: [],
    };
  };

  const formatWrite = (write: Uint8Array) => {
    const { to, data } = decodeWrite(write);
    return { from: systemAddress, to: toHex(to), input: toHex(data) };
  };
  const answerBlock = (block: ChainBlock | undefined, full: boolean) => {
    if (block === undefined) return null;
    return full ? chain.scan(() => formatBlock(block, true)) : formatBlock(block, false);
  };
  const answerCount = (block: ChainBlock | undefined) =>
    block === undefined ? null : hexOf(block.transactions.length);

  return {
    eth_blockNumber: (params) => {
      none(params);
      return hexOf(chain.head());
    },
    eth_getBlockByNumber: async (params) => {
      const values = positional(params, 2);
      const place = required(values, 0, blockPlace);
      const full = optional(values, 1, boolean) ?? false;
      return place === "pending" ? pendingBlock() : answerBlock(await at(place), full);
    },
    eth_getBlockByHash: async (params) => {
      const values = positional(params, 2);
      const block = await chain.blocks.byHash(required(values, 0, hash));
      return answerBlock(block, optional(values, 1, boolean) ?? false);
    },
    eth_getBlockTransactionCountByNumber: async (params) =>
      answerCount(await at(required(positional(params, 1), 0, blockPlace))),
    eth_getBlockTransactionCountByHash: async (params) =>
      answerCount(await chain.blocks.byHash(required(positional(params, 1), 0, hash))),
    eth_getBlockReceipts: async (params) => {
      const block = await named(required(positional(params, 1), 0, blockReference));
      if (block === undefined) return null;
      return chain.scan(() => inSlices(block.transactions.keys(), (index) => formatReceipt(block, index)));
    },
    // What Ethereum's clients do at the start of a block without showing it anywhere.
    lockstep_getProtocolWrites: async (params) => {
      const block = await named(required(positional(params, 1), 0, blockReference));
      return block === undefined ? null : block.writes.map(formatWrite);
    },
  };
};
