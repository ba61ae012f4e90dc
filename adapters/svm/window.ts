/**
 * Recent blockhashes and the transactions that used them. The blockhash of a block is
 *
 *     sha256("lockstep svm blockhash" ‖ domain u32 ‖ genesis ‖ root of the shared header)     domain little-endian
 *
 * and good until both 150 blocks and 90 seconds of the shared clock have passed. A transaction that was
 * applied meanwhile is not applied again. `auxRoot` is a chain over all of it:
 *
 *     sha256(auxRoot before ‖ number u64 ‖ timestampMs u64 ‖ blockhash ‖ sha256(signatures applied, in order))
 */
import { concatBytes, equalBytes, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asRoot, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { createReader, createWriter } from "./binary.ts";

export const blockhashBlocks = 150;
export const blockhashMs = 90_000;
/** Blocks that SlotHashes shows; none is forgotten before. */
const slotHashEntries = 512;
/** Bytes of the SlotHashes sysvar: a count, and a slot with its hash 512 times. */
const slotHashBytes = 8 + slotHashEntries * 40;

const tag = utf8("lockstep svm blockhash");

export const blockhashOf = (domain: Domain, genesis: Root, header: Root): Root =>
  sha256(concatBytes(tag, createWriter().u32(domain).done(), genesis, header));

export type WindowBlock = {
  number: number;
  timestampMs: number;
  blockhash: Root;
  /** First signatures of the transactions applied, 64 bytes each. */
  signatures: readonly Uint8Array[];
};

export const nextAuxRoot = (before: Root, { number, timestampMs, blockhash, signatures }: WindowBlock): Root =>
  sha256(
    concatBytes(
      before,
      createWriter().u64(number).u64(timestampMs).done(),
      blockhash,
      sha256(concatBytes(...signatures)),
    ),
  );

/** `timestampMs u64 ‖ blockhash ‖ signatures`: the stored value of a block of the window. */
export const encodeWindowBlock = ({ timestampMs, blockhash, signatures }: WindowBlock): Uint8Array =>
  concatBytes(createWriter().u64(timestampMs).done(), blockhash, ...signatures);

/** @throws LockstepError `undecodable` */
export const decodeWindowBlock = (number: number, bytes: Uint8Array): WindowBlock => {
  const reader = createReader(bytes, "a block of the window");
  const [timestampMs, blockhash, rest] = [reader.integer(), asRoot(reader.raw(32)), reader.rest()];
  if (rest.length % 64 !== 0) throw new LockstepError("undecodable", "signatures of the window are cut off");
  const signatures = Array.from({ length: rest.length / 64 }, (_, i) => rest.subarray(64 * i, 64 * i + 64));
  return { number, timestampMs, blockhash, signatures };
};

export type Moment = { number: number; timestampMs: number };

export type Window = {
  /** Newest last. */
  blocks(): readonly WindowBlock[];
  /** Whether a block at `moment` takes transactions that name the blockhash. */
  isRecent(blockhash: Uint8Array, moment: Moment): boolean;
  blockOf(blockhash: Uint8Array): WindowBlock | undefined;
  /** Number of the block that applied a transaction, by its first signature. */
  appliedAt(signature: Uint8Array): number | undefined;
  at(number: number): WindowBlock | undefined;
  /** Adds a sealed block and gives those that are forgotten with it. */
  add(block: WindowBlock): WindowBlock[];
  /** Content of the SlotHashes sysvar for the block after the newest. */
  slotHashes(): Uint8Array;
};

const isGood = (block: Moment, moment: Moment): boolean =>
  block.number < moment.number &&
  (moment.number - block.number <= blockhashBlocks || moment.timestampMs - block.timestampMs <= blockhashMs);

/** A window with these blocks, oldest first. */
export const createWindow = (stored: readonly WindowBlock[]): Window => {
  const blocks: WindowBlock[] = [];
  const byHash = new Map<Hex, WindowBlock>();
  const applied = new Map<string, number>();
  const nameOf = (signature: Uint8Array): string => Buffer.from(signature).toString("latin1");

  const put = (block: WindowBlock): void => {
    blocks.push(block);
    byHash.set(toHex(block.blockhash), block);
    for (const signature of block.signatures) applied.set(nameOf(signature), block.number);
  };
  for (const block of stored) put(block);

  const at = (number: number): WindowBlock | undefined => blocks[number - (blocks[0]?.number ?? 0)];

  return {
    blocks: () => blocks,
    at,
    isRecent: (blockhash, moment) => {
      const block = byHash.get(toHex(blockhash));
      return block !== undefined && isGood(block, moment);
    },
    blockOf: (blockhash) => byHash.get(toHex(blockhash)),
    appliedAt: (signature) => applied.get(nameOf(signature)),
    add: (block) => {
      put(block);
      const kept = blocks.findIndex(
        ({ number, timestampMs }) =>
          block.number - number < slotHashEntries || block.timestampMs - timestampMs <= blockhashMs,
      );
      const forgotten = blocks.splice(0, kept);
      for (const { blockhash, signatures } of forgotten) {
        byHash.delete(toHex(blockhash));
        for (const signature of signatures) applied.delete(nameOf(signature));
      }
      return forgotten;
    },
    slotHashes: () => {
      const shown = blocks.slice(-slotHashEntries).reverse();
      const bytes = new Uint8Array(slotHashBytes);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(0, BigInt(shown.length), true);
      shown.forEach(({ number, blockhash }, i) => {
        view.setBigUint64(8 + 40 * i, BigInt(number), true);
        bytes.set(blockhash, 16 + 40 * i);
      });
      return bytes;
    },
  };
};

/** Whether blocks stand in order without a gap, and end with this one. */
export const endsWith = (
  blocks: readonly WindowBlock[],
  { number, blockhash }: Pick<WindowBlock, "number" | "blockhash">,
): boolean =>
  blocks.every((block, i) => block.number === number - blocks.length + 1 + i) &&
  equalBytes(blocks.at(-1)?.blockhash ?? zeroRoot, blockhash);
