/** Field elements as Starknet's JSON writes them: `0x` and lower-case digits without leading zeros. */
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";

/** The prime of the field, 2^251 + 17·2^192 + 1. */
export const prime = 2n ** 251n + 17n * 2n ** 192n + 1n;

/** Addresses and storage keys are below it: 2^251 - 256. */
export const addressBound = 2n ** 251n - 256n;

const digits = z.string().regex(/^0x[0-9a-fA-F]{1,64}$/, { error: "not a hexadecimal number", abort: true });

/** Any way to write a number below `bound`, given in the only way we write it. */
const below = (bound: bigint, what: string) =>
  digits.refine((text) => BigInt(text) < bound, what).transform((text): Hex => `0x${BigInt(text).toString(16)}`);

export const feltSchema = below(prime, "not a field element");
export const addressSchema = below(addressBound, "not an address");
export const uint64Schema = below(2n ** 64n, "above 64 bits");
export const uint128Schema = below(2n ** 128n, "above 128 bits");

export const feltOf = (value: bigint | number): Hex => `0x${BigInt(value).toString(16)}`;

/** 32 bytes, big-endian. */
export const feltBytes = (felt: Hex): Uint8Array => {
  const bytes = new Uint8Array(32);
  for (let value = BigInt(felt), i = 31; value > 0n; value >>= 8n, i--) bytes[i] = Number(value & 0xffn);
  return bytes;
};

export const feltFromBytes = (bytes: Uint8Array): Hex =>
  feltOf(bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n));

/** A text of at most 31 ASCII characters as the felt that Cairo's short strings are. */
export const shortString = (text: string): Hex =>
  feltOf([...text].reduce((value, character) => value * 256n + BigInt(character.charCodeAt(0)), 0n));
