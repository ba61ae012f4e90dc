/**
 * What the sequencer says inside an EVM tenant: calls from the system address of EIP-4788, which nobody
 * has a key for. A write is `address (20 bytes) ‖ calldata`.
 */
import { concatBytes, fromHex, type Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { BlockContext } from "../adapter.ts";
import { beaconRoots, blockHashHistory } from "./systemContracts.ts";

/** Caller of every protocol write (EIP-4788). */
export const systemAddress: Hex = "0xfffffffffffffffffffffffffffffffffffffffe";

export type EvmWrite = { to: Uint8Array; data: Uint8Array };

export const encodeWrite = (to: Hex, data: Uint8Array): Uint8Array => {
  const address = fromHex(to);
  if (address?.length !== 20) throw new LockstepError("bad_input", `${to} is no address`);
  return concatBytes(address, data);
};

/** @throws LockstepError `undecodable` */
export const decodeWrite = (write: Uint8Array): EvmWrite => {
  if (write.length < 20) throw new LockstepError("undecodable", "a protocol write starts with an address of 20 bytes");
  return { to: write.subarray(0, 20), data: write.subarray(20) };
};

/** The hash of the tenant's previous block (EIP-2935), and the root of the shared parent header (EIP-4788). */
export const evmProtocolWrites = ({ parentHash, parent }: BlockContext): Uint8Array[] => [
  encodeWrite(blockHashHistory.address, parentHash),
  encodeWrite(beaconRoots.address, parent),
];
