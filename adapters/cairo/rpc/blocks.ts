/** Executed blocks as the RPC needs them, decoded once; the newest and the most used stay in memory, within bounds. */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { LockstepError } from "../../../protocol/errors.ts";
import type { Root } from "../../../protocol/ids.ts";
import type { TenantBlock, TenantServices } from "../../adapter.ts";
import { type CairoBlock, decodeBlock } from "../block.ts";
import { feltBytes } from "../felt.ts";
import { type CairoReceipt, decodeReceipt } from "../receipt.ts";
import { decodeTransaction } from "../transaction.ts";
import { transactionToJson } from "../transactionJson.ts";
import { rpcLimits } from "./limits.ts";

export type ChainTransaction = {
  hash: Hex;
  bytes: Uint8Array;
  receipt: CairoReceipt;
  /** `TXN` of Starknet's RPC, without the hash. */
  json(): Record<string, unknown>;
};

export type ChainBlock = {
  number: number;
  header: CairoBlock;
  transactions: readonly ChainTransaction[];
};

export type Blocks = {
  byNumber(number: number): Promise<ChainBlock | undefined>;
  byHash(hash: Hex): Promise<ChainBlock | undefined>;
  /** A block that has events; `undefined` when there is none of that number, or it has none. */
  withEvents(number: number): Promise<ChainBlock | undefined>;
  /** Takes a block in that was just executed; what was known from its height on is forgotten. */
  add(block: TenantBlock): ChainBlock;
};

/** As the node knows blocks and transactions by: 32 bytes. */
export const rootOf = (felt: Hex): Root => feltBytes(felt) as Root;
export const nativeIdOf = (felt: Hex): Hex => toHex(feltBytes(felt));

const transactionOf = ({
  bytes,
  nativeId,
  receipt: encoded,
}: TenantBlock["transactions"][number]): ChainTransaction => {
  const receipt = decodeReceipt(encoded);
  let json: Record<string, unknown> | undefined;
  const decode = (): Record<string, unknown> => {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new LockstepError("undecodable", decoded.error.message, { nativeId });
    return transactionToJson(decoded.value, receipt.class_hash);
  };
  return { hash: receipt.transaction_hash, bytes, receipt, json: () => (json ??= decode()) };
};

const open = (block: TenantBlock): ChainBlock => ({
  number: block.seal.number,
  header: decodeBlock(block.seal.block),
  transactions: block.transactions.map(transactionOf),
});

const bytesHeld = (block: TenantBlock): number =>
  block.transactions.reduce((sum, { bytes, receipt }) => sum + bytes.length + receipt.length, block.seal.block.length);

export const createBlocks = (services: TenantServices): Blocks => {
  /** In order of use. */
  const entries = new Map<number, { block: ChainBlock; bytes: number }>();
  const withoutEvents = new Set<number>();
  let bytes = 0;

  const drop = (number: number): void => {
    bytes -= entries.get(number)?.bytes ?? 0;
    entries.delete(number);
    withoutEvents.delete(number);
  };

  const keep = (tenantBlock: TenantBlock): ChainBlock => {
    const block = open(tenantBlock);
    const size = bytesHeld(tenantBlock);
    drop(block.number);
    entries.set(block.number, { block, bytes: size });
    bytes += size;
    if (block.header.event_count === 0) {
      withoutEvents.add(block.number);
      const [oldest] = withoutEvents;
      if (withoutEvents.size > rpcLimits.blocksWithoutEvents && oldest !== undefined) withoutEvents.delete(oldest);
    }
    for (const [number, { bytes: held }] of entries) {
      if (entries.size <= rpcLimits.cachedBlocks && bytes <= rpcLimits.cachedBlockBytes) break;
      if (number === block.number) continue;
      bytes -= held;
      entries.delete(number);
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
    byHash: async (hash) => {
      const block = await services.blockByHash(rootOf(hash));
      return block && (entries.get(block.seal.number)?.block ?? keep(block));
    },
    withEvents: async (number) => {
      if (withoutEvents.has(number)) return undefined;
      const block = await byNumber(number);
      return block === undefined || block.header.event_count === 0 ? undefined : block;
    },
    add: (block) => {
      // Heights may be executed anew: what was known from there on is none of this chain any more.
      const { number } = block.seal;
      for (const known of [...entries.keys(), ...withoutEvents]) if (known >= number) drop(known);
      return keep(block);
    },
  };
};
