/**
 * A sealed block as `Seal.block` holds it, which is also the head record of the stored state:
 *
 *     number u64 ‖ timestampMs u64 ‖ blockhash ‖ blockhash of the parent ‖ stateRoot ‖ auxRoot
 *     ‖ epochStart u64 (seconds) ‖ transactions u64 (applied so far)                       little-endian
 */
import { asRoot, type Root } from "../../protocol/ids.ts";
import { createReader, createWriter } from "./binary.ts";

export type SvmBlock = {
  /** Slot and block height in one: no slot is skipped. */
  number: number;
  timestampMs: number;
  blockhash: Root;
  parent: Root;
  stateRoot: Root;
  auxRoot: Root;
  /** Seconds, of the first slot of its epoch. */
  epochStart: number;
  /** Transactions applied up to it. */
  transactions: number;
};

export const encodeBlock = (block: SvmBlock): Uint8Array =>
  createWriter()
    .u64(block.number)
    .u64(block.timestampMs)
    .raw(block.blockhash)
    .raw(block.parent)
    .raw(block.stateRoot)
    .raw(block.auxRoot)
    .u64(block.epochStart)
    .u64(block.transactions)
    .done();

/** @throws LockstepError `undecodable` */
export const decodeBlock = (bytes: Uint8Array): SvmBlock => {
  const reader = createReader(bytes, "an SVM block");
  const root = () => asRoot(reader.raw(32));
  const [number, timestampMs, blockhash, parent] = [reader.integer(), reader.integer(), root(), root()];
  const [stateRoot, auxRoot, epochStart, transactions] = [root(), root(), reader.integer(), reader.integer()];
  reader.end();
  return { number, timestampMs, blockhash, parent, stateRoot, auxRoot, epochStart, transactions };
};
