/** Bloom filters over the addresses and topics of logs (Yellow Paper 4.4.1): 2048 bits, three a value. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import type { Hex } from "../../../protocol/bytes.ts";
import { bytesOf } from "./params.ts";

/** Where a value sets its bits: byte and mask, three times. */
export type BloomBits = readonly (readonly [byte: number, mask: number])[];

export const bloomBits = (value: Hex): BloomBits => {
  const digest = keccak_256(bytesOf(value));
  return [0, 2, 4].map((at) => {
    const bit = (((digest[at] as number) << 8) | (digest[at + 1] as number)) & 2047;
    return [255 - (bit >> 3), 1 << (bit & 7)] as const;
  });
};

/** Whether the value may be in; false is certain. */
export const bloomHas = (bloom: Uint8Array, bits: BloomBits): boolean =>
  bits.every(([byte, mask]) => ((bloom[byte] as number) & mask) !== 0);
