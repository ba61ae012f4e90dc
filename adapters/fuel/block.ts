/**
 * A sealed block as `Seal.block` holds it, with Fuel's own header and the transaction that ends it. Big-endian:
 *
 *     version u8 = 1 ‖ id 32 ‖ applicationHash 32 ‖ prevRoot 32 ‖ height u32 ‖ time u64 ‖ daHeight u64
 *     ‖ consensusParametersVersion u32 ‖ stateTransitionVersion u32 ‖ transactionsCount u16 ‖ messageReceiptCount u32
 *     ‖ transactionsRoot 32 ‖ messageOutboxRoot 32 ‖ eventInboxRoot 32 ‖ stateRoot 32 ‖ gasPrice u64
 *     ‖ id of the mint 32 ‖ mint transaction in canonical bytes
 */
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { createReader } from "./binary.ts";
import { decodeTransaction } from "./codec.ts";
import type { MintTransaction } from "./transaction.ts";

export type FuelBlock = {
  /** sha256 of the consensus header: the block's hash. */
  id: Hex;
  applicationHash: Hex;
  /** Root of a binary Merkle tree over the ids of all blocks before. */
  prevRoot: Hex;
  height: number;
  /** TAI64: seconds since 1970 plus 2^62 + 10. */
  time: bigint;
  daHeight: bigint;
  consensusParametersVersion: number;
  stateTransitionVersion: number;
  /** With the mint transaction. */
  transactionsCount: number;
  messageReceiptCount: number;
  /** Root of a binary Merkle tree over the bytes of its transactions with their malleable fields filled in. */
  transactionsRoot: Hex;
  messageOutboxRoot: Hex;
  eventInboxRoot: Hex;
  /** Lockstep's: of the flat state after the block. Not part of Fuel's header. */
  stateRoot: Hex;
  /** Price at which its transactions paid. */
  gasPrice: bigint;
  /** The transaction that ends it and stands in no `TenantBlock.transactions`; genesis has none. */
  mint?: { id: Hex; transaction: MintTransaction; bytes: Uint8Array };
};

/** TAI64 of a Unix time in seconds. */
export const tai64 = (unixSeconds: number): bigint => 2n ** 62n + 10n + BigInt(unixSeconds);

/** @throws LockstepError `undecodable` */
export const decodeBlock = (bytes: Uint8Array): FuelBlock => {
  const reader = createReader(bytes, "a Fuel block");
  const version = reader.u8();
  if (version !== 1) throw new LockstepError("undecodable", `blocks of version ${version} are not known`);
  const b256 = (): Hex => reader.hex(32);
  const block: FuelBlock = {
    id: b256(),
    applicationHash: b256(),
    prevRoot: b256(),
    height: reader.u32(),
    time: reader.u64(),
    daHeight: reader.u64(),
    consensusParametersVersion: reader.u32(),
    stateTransitionVersion: reader.u32(),
    transactionsCount: reader.u16(),
    messageReceiptCount: reader.u32(),
    transactionsRoot: b256(),
    messageOutboxRoot: b256(),
    eventInboxRoot: b256(),
    stateRoot: b256(),
    gasPrice: reader.u64(),
  };
  if (reader.left() === 0) return block;
  const id = b256();
  const raw = reader.raw(reader.left());
  const decoded = decodeTransaction(raw);
  if (!decoded.ok || decoded.value.kind !== "mint") {
    throw new LockstepError("undecodable", "a Fuel block ends with something else than a mint transaction");
  }
  return { ...block, mint: { id, transaction: decoded.value, bytes: raw } };
};
