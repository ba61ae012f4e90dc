/**
 * The chain of a `data` tenant, which orders opaque transactions and executes nothing. All integers are
 * big-endian:
 *
 *     stateRoot of block 0 = sha256("lockstep data tenant" ‖ domain u32)
 *     stateRoot of block n = sha256(stateRoot of n - 1 ‖ n u64 ‖ transactionsRoot)
 *                            or, for a block without transactions, stateRoot of n - 1
 *     blockHash            = sha256(root of the shared header ‖ n u64 ‖ stateRoot)
 *
 * `transactionsRoot` is `entriesRoot` (`protocol/payload.ts`) over the sha256 of each transaction. A
 * receipt is the single byte 1, and `receiptsRoot` the same root over the sha256 of each receipt.
 */
import { concatBytes, equalBytes, utf8 } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asRoot, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { entriesRoot } from "../../protocol/payload.ts";

export type DataBlock = { number: number; blockHash: Root; stateRoot: Root; transactionsRoot: Root };

/** What became of every transaction: it is in the order. */
export const receipt = Uint8Array.of(1);
const receiptLeaf = sha256(receipt);

const noTransactions = entriesRoot([]);

const blockBytes = 8 + 3 * 32;

const uint64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};

const uint32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

const blockHash = (header: Root, number: number, stateRoot: Root): Root =>
  sha256(concatBytes(header, uint64(number), stateRoot));

export const genesisBlock = (domain: Domain): DataBlock => {
  const stateRoot = sha256(concatBytes(utf8("lockstep data tenant"), uint32(domain)));
  return { number: 0, blockHash: blockHash(zeroRoot, 0, stateRoot), stateRoot, transactionsRoot: noTransactions };
};

/** State after block `number`: anyone who has a tenant's slices can follow its state. */
export const nextStateRoot = (previous: Root, number: number, transactionsRoot: Root): Root =>
  equalBytes(transactionsRoot, noTransactions)
    ? previous
    : sha256(concatBytes(previous, uint64(number), transactionsRoot));

/** The block after `previous` under the shared header with root `header`. */
export const nextBlock = (previous: DataBlock, header: Root, leaves: readonly Root[]): DataBlock => {
  const number = previous.number + 1;
  const transactionsRoot = entriesRoot(leaves);
  const stateRoot = nextStateRoot(previous.stateRoot, number, transactionsRoot);
  return { number, blockHash: blockHash(header, number, stateRoot), stateRoot, transactionsRoot };
};

export const receiptsRootOf = (transactions: number): Root =>
  entriesRoot(new Array<Root>(transactions).fill(receiptLeaf));

/** `number u64 ‖ blockHash ‖ stateRoot ‖ transactionsRoot`: `Seal.block`, and the tenant's one stored value. */
export const encodeDataBlock = (block: DataBlock): Uint8Array =>
  concatBytes(uint64(block.number), block.blockHash, block.stateRoot, block.transactionsRoot);

/** @throws LockstepError `undecodable` */
export const decodeDataBlock = (bytes: Uint8Array): DataBlock => {
  if (bytes.length !== blockBytes) {
    throw new LockstepError("undecodable", `a data block has ${blockBytes} bytes, this one ${bytes.length}`);
  }
  const number = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(number)) throw new LockstepError("undecodable", "a block number is above 2^53 - 1");
  const root = (index: number): Root => asRoot(bytes.slice(8 + 32 * index, 40 + 32 * index));
  return { number, blockHash: root(0), stateRoot: root(1), transactionsRoot: root(2) };
};
