/** Executed blocks as the RPC needs them, decoded once; the newest and the most used stay in memory, within bounds. */
import { LockstepError } from "../../../protocol/errors.ts";
import type { TenantBlock, TenantServices } from "../../adapter.ts";
import { decodeBlock, type SvmBlock } from "../block.ts";
import { decodeReceipt, type Receipt } from "../receipt.ts";
import { decodeTransaction, isWritable, type SvmTransaction } from "../transaction.ts";
import { rpcLimits } from "./limits.ts";

export type ChainTransaction = {
  bytes: Uint8Array;
  nativeId: string;
  transaction: SvmTransaction;
  receipt: Receipt;
  /** All its keys: its own, then those of lookup tables, first the writable ones. */
  keys: readonly Uint8Array[];
  isWritable(index: number): boolean;
};

export type ChainBlock = {
  number: number;
  block: SvmBlock;
  transactions: readonly ChainTransaction[];
};

export type Blocks = {
  byNumber(number: number): Promise<ChainBlock | undefined>;
  add(block: TenantBlock): ChainBlock;
};

const transactionOf = ({
  bytes,
  nativeId,
  receipt: encoded,
}: TenantBlock["transactions"][number]): ChainTransaction => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new LockstepError("undecodable", decoded.error.message);
  const transaction = decoded.value;
  const receipt = decodeReceipt(encoded);
  const { writable, readonly } = receipt.loaded;
  const own = transaction.keys.length;
  return {
    ...{ bytes, nativeId, transaction, receipt },
    keys: [...transaction.keys, ...writable, ...readonly],
    isWritable: (index) => (index < own ? isWritable(transaction, index) : index < own + writable.length),
  };
};

const open = (block: TenantBlock): ChainBlock => ({
  number: block.seal.number,
  block: decodeBlock(block.seal.block),
  transactions: block.transactions.map(transactionOf),
});

const bytesHeld = (block: TenantBlock): number =>
  block.transactions.reduce((sum, { bytes, receipt }) => sum + bytes.length + receipt.length, block.seal.block.length);

export const createBlocks = (services: TenantServices): Blocks => {
  /** In order of use. */
  const entries = new Map<number, { block: ChainBlock; bytes: number }>();
  let bytes = 0;

  const drop = (number: number): void => {
    bytes -= entries.get(number)?.bytes ?? 0;
    entries.delete(number);
  };

  const keep = (tenantBlock: TenantBlock): ChainBlock => {
    const block = open(tenantBlock);
    const size = bytesHeld(tenantBlock);
    drop(block.number);
    entries.set(block.number, { block, bytes: size });
    bytes += size;
    for (const number of entries.keys()) {
      if (entries.size <= rpcLimits.cachedBlocks && bytes <= rpcLimits.cachedBlockBytes) break;
      if (number !== block.number) drop(number);
    }
    return block;
  };

  return {
    byNumber: async (number) => {
      const known = entries.get(number);
      if (known !== undefined) {
        entries.delete(number);
        entries.set(number, known);
        return known.block;
      }
      if (number > services.heads().executed) return undefined;
      const block = await services.blockByNumber(number);
      return block && keep(block);
    },
    add: (block) => {
      // Heights may be executed anew: what was known from there on is none of this chain any more.
      for (const number of [...entries.keys()]) if (number >= block.seal.number) drop(number);
      return keep(block);
    },
  };
};
