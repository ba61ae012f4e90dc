/**
 * What the sequencer says inside a Cairo tenant: L1-handler transactions from an address that no contract of L1 has. A
 * write is `to, selector, payload` in the encoding of `binary.ts`; the sender's address comes before the payload, and the
 * nonce is height·2^32 + sequence. Anybody else's L1 handlers are refused, so a contract that checks `from_address` can
 * trust them.
 */
import type { Hex } from "../../protocol/bytes.ts";
import type { Height } from "../../protocol/ids.ts";
import { createWriter } from "./binary.ts";
import { shortString } from "./felt.ts";

/** `from_address` of every protocol write; above 160 bits, which an address of L1 has. */
export const protocolAddress: Hex = shortString("LOCKSTEP_PROTOCOL_WRITE");

export const encodeWrite = (to: Hex, selector: Hex, payload: readonly Hex[]): Uint8Array => {
  const writer = createWriter(new Uint8Array(0));
  return writer.number(to).number(selector).list(payload, writer.number).bytes();
};

/** Eight bytes, big-endian. */
export const nonceOf = (height: Height, sequence: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(height) << 32n) + BigInt(sequence));
  return bytes;
};
