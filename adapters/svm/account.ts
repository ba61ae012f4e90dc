/**
 * An account, and its one encoding: what the store keeps, and what the leaf of the state tree is the sha256 of.
 *
 *     lamports u64 ‖ rentEpoch u64 ‖ executable u8 ‖ owner 32 ‖ data        little-endian
 */
import { LockstepError } from "../../protocol/errors.ts";
import { createReader, createWriter } from "./binary.ts";

export type SvmAccount = {
  readonly lamports: bigint;
  readonly data: Uint8Array;
  /** Address of the program that owns it. */
  readonly owner: Uint8Array;
  readonly executable: boolean;
  readonly rentEpoch: bigint;
};

/** Rent epoch of an account that pays no rent: every one today. */
export const rentExempt = 2n ** 64n - 1n;

export const encodeAccount = ({ lamports, data, owner, executable, rentEpoch }: SvmAccount): Uint8Array =>
  createWriter()
    .u64(lamports)
    .u64(rentEpoch)
    .u8(executable ? 1 : 0)
    .raw(owner)
    .raw(data)
    .done();

/** @throws LockstepError `undecodable` */
export const decodeAccount = (bytes: Uint8Array): SvmAccount => {
  const reader = createReader(bytes, "an account");
  const [lamports, rentEpoch, executable] = [reader.u64(), reader.u64(), reader.u8()];
  if (lamports === 0n || executable > 1) {
    throw new LockstepError("undecodable", "an account has lamports, and a flag that is 0 or 1");
  }
  return { lamports, rentEpoch, executable: executable === 1, owner: reader.raw(32), data: reader.rest() };
};

/** Bytes that every account is charged for besides its data. */
const overheadBytes = 128;
const lamportsPerByte = 6960;

/** Lamports that an account with so many bytes of data has to hold. */
export const rentExemption = (dataBytes: number): number => (overheadBytes + dataBytes) * lamportsPerByte;
