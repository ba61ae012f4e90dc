/** Executed blocks as the API needs them, decoded once; the newest and the most used stay in memory, within bounds. */
import type { Hex } from "../../../protocol/bytes.ts";
import { LockstepError } from "../../../protocol/errors.ts";
import type { Root } from "../../../protocol/ids.ts";
import type { TenantBlock, TenantServices } from "../../adapter.ts";
import { decodeBlock, type FuelBlock } from "../block.ts";
import { decodeTransaction, encodeTransaction } from "../codec.ts";
import { decodeReceipt, type FuelReceipt, withOutcome } from "../receipt.ts";
import type { FuelTransaction } from "../transaction.ts";
import { rpcLimits } from "./limits.ts";

export type ChainTransaction = {
  id: Hex;
  /** As executed: with its malleable fields filled in. */
  transaction: FuelTransaction;
  bytes: Uint8Array;
  /** The block's last transaction, which gives out the fees, has none. */
  receipt?: FuelReceipt;
};

export type ChainBlock = {
  number: number;
  header: FuelBlock;
  /** Root of the shared header that ordered it. */
  sharedHeader: Root;
  /** In order, with the one that ends it. */
  transactions: readonly ChainTransaction[];
};

export type Blocks = {
  byNumber(number: number): Promise<ChainBlock | undefined>;
  byId(id: Root): Promise<ChainBlock | undefined>;
  add(block: TenantBlock): ChainBlock;
};

const transactionOf = ({
  bytes,
  nativeId,
  receipt: encoded,
}: TenantBlock["transactions"][number]): ChainTransaction => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new LockstepError("undecodable", decoded.error.message);
  if (decoded.value.kind === "mint") throw new LockstepError("undecodable", "a mint transaction was ordered");
  const receipt = decodeReceipt(encoded);
  const transaction = withOutcome(decoded.value, receipt);
  return { id: nativeId, transaction, bytes: encodeTransaction(transaction), receipt };
};

const open = (block: TenantBlock): ChainBlock => {
  const header = decodeBlock(block.seal.block);
  const { mint } = header;
  const ending = mint === undefined ? [] : [{ id: mint.id, transaction: mint.transaction, bytes: mint.bytes }];
  return {
    number: block.seal.number,
    header,
    sharedHeader: block.context.header,
    transactions: [...block.transactions.map(transactionOf), ...ending],
  };
};

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

  const byNumber = async (number: number): Promise<ChainBlock | undefined> => {
    const known = entries.get(number);
    if (known !== undefined) {
      entries.delete(number);
      entries.set(number, known);
      return known.block;
    }
    if (number > services.heads().executed) return undefined;
    const block = await services.blockByNumber(number);
    return block && keep(block);
  };

  return {
    byNumber,
    byId: async (id) => {
      const block = await services.blockByHash(id);
      return block && (await byNumber(block.seal.number));
    },
    add: (block) => {
      // Heights may be executed anew: what was known from there on is none of this chain any more.
      for (const number of [...entries.keys()]) if (number >= block.seal.number) drop(number);
      return keep(block);
    },
  };
};
