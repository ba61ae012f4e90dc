/** Keys that a transaction takes from address lookup tables (SIMD / Agave's `AddressLookupTable` layout). */
import { equalBytes } from "../../protocol/bytes.ts";
import type { SvmAccount } from "./account.ts";
import { programs } from "./addresses.ts";
import type { SvmTransaction } from "./transaction.ts";

export type Loaded = { writable: readonly Uint8Array[]; readonly: readonly Uint8Array[] };

/** Bytes in front of a table's keys. */
const metaBytes = 56;

/**
 * The keys by their places, whether or not the table shows them yet in this slot: that is the engine's to say.
 * `undefined` where a table or a place doesn't exist.
 */
export const loadKeys = (
  { lookups }: SvmTransaction,
  get: (key: Uint8Array) => SvmAccount | undefined,
): Loaded | undefined => {
  const writable: Uint8Array[] = [];
  const readonly: Uint8Array[] = [];
  for (const lookup of lookups) {
    const table = get(lookup.table);
    if (table === undefined || !equalBytes(table.owner, programs.lookupTable)) return undefined;
    for (const [indices, keys] of [
      [lookup.writable, writable],
      [lookup.readonly, readonly],
    ] as const) {
      for (const index of indices) {
        const start = metaBytes + 32 * index;
        if (start + 32 > table.data.length) return undefined;
        keys.push(table.data.slice(start, start + 32));
      }
    }
  }
  return { writable, readonly };
};
