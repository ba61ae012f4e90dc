/** Executed blocks with their headers decoded; the newest and the most used stay in memory, within bounds. */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import type { TenantBlock, TenantServices } from "../../adapter.ts";
import { decodeBlock, type EvmBlock } from "../block.ts";
import { rpcLimits } from "./limits.ts";
import { type Outline, outlineOf } from "./outline.ts";
import { bytesOf, rootOf } from "./params.ts";

export type ChainBlock = {
  readonly number: number;
  readonly hash: Hex;
  readonly header: EvmBlock;
  /** Of all logs; `undefined` when there are none. */
  readonly bloom: Uint8Array | undefined;
  readonly writes: TenantBlock["writes"];
  readonly transactions: TenantBlock["transactions"];
  /** Computed when first asked for. */
  outline(): Outline;
};

export type BlockCache = {
  byNumber(number: number): Promise<ChainBlock | undefined>;
  byHash(hash: Hex): Promise<ChainBlock | undefined>;
  /** Bloom of a block's logs; `undefined` when there is no such block or it has no logs. */
  bloom(number: number): Promise<Uint8Array | undefined>;
  /** Takes a block in that was just executed; what was known from its height on is forgotten. */
  add(block: TenantBlock): ChainBlock;
};

type Entry = { block: ChainBlock; bytes: number };

const emptyBloom = `0x${"00".repeat(256)}`;

const open = (block: TenantBlock): ChainBlock => {
  let outline: Outline | undefined;
  const header = decodeBlock(block.seal.block);
  return {
    number: block.seal.number,
    hash: toHex(block.seal.blockHash),
    header,
    bloom: header.logsBloom === emptyBloom ? undefined : bytesOf(header.logsBloom),
    writes: block.writes,
    transactions: block.transactions,
    outline: () => (outline ??= outlineOf(block)),
  };
};

const bytesHeld = (block: TenantBlock): number =>
  block.transactions.reduce((sum, { bytes, receipt }) => sum + bytes.length + receipt.length, block.seal.block.length);

export const createBlockCache = (services: TenantServices): BlockCache => {
  /** In order of use. */
  const entries = new Map<number, Entry>();
  const numbers = new Map<Hex, number>();
  const blooms = new Map<number, Uint8Array | undefined>();
  const loading = new Map<number, Promise<ChainBlock | undefined>>();
  let bytes = 0;
  /** Counts how often heights were executed anew: what was asked for before must not be kept. */
  let rewinds = 0;

  const drop = (number: number): void => {
    const entry = entries.get(number);
    if (entry === undefined) return;
    entries.delete(number);
    numbers.delete(entry.block.hash);
    bytes -= entry.bytes;
  };

  const rememberBloom = (block: ChainBlock): void => {
    blooms.delete(block.number);
    blooms.set(block.number, block.bloom);
    if (blooms.size > rpcLimits.cachedBlooms) for (const oldest of blooms.keys()) return void blooms.delete(oldest);
  };

  const keep = (tenantBlock: TenantBlock): ChainBlock => {
    const block = open(tenantBlock);
    const size = bytesHeld(tenantBlock);
    drop(block.number);
    entries.set(block.number, { block, bytes: size });
    numbers.set(block.hash, block.number);
    bytes += size;
    rememberBloom(block);
    for (const number of entries.keys()) {
      if (entries.size <= rpcLimits.cachedBlocks && bytes <= rpcLimits.cachedBlockBytes) break;
      if (number !== block.number) drop(number);
    }
    return block;
  };

  const used = (number: number): ChainBlock | undefined => {
    const entry = entries.get(number);
    if (entry === undefined) return undefined;
    entries.delete(number);
    entries.set(number, entry);
    return entry.block;
  };

  const load = async (fetching: Promise<TenantBlock | undefined>): Promise<ChainBlock | undefined> => {
    const before = rewinds;
    const block = await fetching;
    if (block === undefined) return undefined;
    return rewinds === before ? keep(block) : open(block);
  };

  const byNumber = (number: number): Promise<ChainBlock | undefined> => {
    const known = used(number);
    if (known !== undefined) return Promise.resolve(known);
    if (number > services.heads().executed) return Promise.resolve(undefined);
    const running = loading.get(number);
    if (running !== undefined) return running;
    const started = load(services.blockByNumber(number)).finally(() => loading.delete(number));
    loading.set(number, started);
    return started;
  };

  return {
    byNumber,
    byHash: async (hash) => {
      const number = numbers.get(hash);
      return (number === undefined ? undefined : used(number)) ?? load(services.blockByHash(rootOf(hash)));
    },
    bloom: async (number) => {
      if (!blooms.has(number)) await byNumber(number);
      return blooms.get(number);
    },
    add: (block) => {
      const { number } = block.seal;
      if (blooms.has(number)) {
        rewinds++;
        loading.clear();
        for (const later of [...entries.keys()]) if (later >= number) drop(later);
        for (const later of [...blooms.keys()]) if (later >= number) blooms.delete(later);
      }
      return keep(block);
    },
  };
};
