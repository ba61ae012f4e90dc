/**
 * The base fee moves with time, not with block numbers: heights come at no fixed rate. Gas used above
 * the target of a second is excess, which drains at the target's rate; the fee is exponential in it,
 * as EIP-4844 has it for blobs. Adding a second of twice the target raises the fee by about 1 %.
 */
import { LockstepError } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Root } from "../../protocol/ids.ts";

/** What the fee of the next block depends on: gas not drained yet after a block, and that block's time. */
export type FeeState = { readonly excess: bigint; readonly timestampMs: number };

/** Lowest base fee: 1 gwei. */
const floor = 10n ** 9n;

/** Highest base fee: what the engine takes. */
const ceiling = 2n ** 64n - 1n;

const updateFraction = 102n;

/** factor · e^(numerator / denominator) in integers, by its Taylor series (EIP-4844). */
export const fakeExponential = (factor: bigint, numerator: bigint, denominator: bigint): bigint => {
  let output = 0n;
  let term = factor * denominator;
  for (let i = 1n; term > 0n; i++) {
    output += term;
    term = (term * numerator) / (denominator * i);
  }
  return output / denominator;
};

/** Gas a second at which the fee stays where it is: half the rate. */
export const targetOf = (rate: number): bigint => BigInt(Math.floor(rate / 2));

/** Excess that a block at `timestampMs` starts with. */
export const excessAt = (state: FeeState, target: bigint, timestampMs: number): bigint => {
  const drained = (target * BigInt(Math.max(0, timestampMs - state.timestampMs))) / 1000n;
  return state.excess > drained ? state.excess - drained : 0n;
};

/** Wei for a unit of gas. */
export const baseFeeOf = (excess: bigint, target: bigint): bigint => {
  const denominator = updateFraction * target;
  if (excess > 24n * denominator) return ceiling;
  const fee = fakeExponential(floor, excess, denominator);
  return fee < ceiling ? fee : ceiling;
};

const stateBytes = 16;

/** `excess u64 ‖ timestampMs u64`, big-endian. */
export const encodeFeeState = ({ excess, timestampMs }: FeeState): Uint8Array => {
  const bytes = new Uint8Array(stateBytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, excess);
  view.setBigUint64(8, BigInt(timestampMs));
  return bytes;
};

/** @throws LockstepError `bad_state` */
export const decodeFeeState = (bytes: Uint8Array): FeeState => {
  if (bytes.length !== stateBytes) {
    throw new LockstepError("bad_state", `the stored fee state has ${bytes.length} bytes instead of ${stateBytes}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { excess: view.getBigUint64(0), timestampMs: Number(view.getBigUint64(8)) };
};

/** The fee state is all that the adapter keeps outside the EVM's own state: sha256 of its encoding. */
export const auxRootOf = (state: FeeState): Root => sha256(encodeFeeState(state));
