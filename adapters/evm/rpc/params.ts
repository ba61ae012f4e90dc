/** Ethereum's JSON-RPC values: quantities, addresses, hashes and bytes in hexadecimal. */
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { asRoot, type Root } from "../../../protocol/ids.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import { expected, type Reader } from "../../jsonRpc/params.ts";

const fixed =
  (bytes: number, what: string): Reader<Hex> =>
  (value, name) => {
    if (typeof value !== "string" || value.length !== 2 + 2 * bytes || !/^0x[0-9a-fA-F]*$/.test(value)) {
      throw expected(name, `${what}: 0x and ${2 * bytes} hex digits`, value);
    }
    return value.toLowerCase() as Hex;
  };

export const address = fixed(20, "an address");
export const hash = fixed(32, "a hash");

/** A storage slot: 32 bytes, or fewer digits for a small one. */
export const slot: Reader<Hex> = (value, name) => {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw expected(name, "a storage slot: 0x and up to 64 hex digits", value);
  }
  return `0x${value.slice(2).toLowerCase().padStart(64, "0")}`;
};

/** An integer of up to 256 bits, without leading zeros. */
export const quantity: Reader<Hex> = (value, name) => {
  if (typeof value !== "string" || !/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/.test(value)) {
    throw expected(name, "a quantity: 0x and hex digits without leading zeros", value);
  }
  return value as Hex;
};

/** A quantity that a number holds exactly. */
export const integer: Reader<number> = (value, name) => {
  const result = Number(quantity(value, name));
  if (!Number.isSafeInteger(result)) throw expected(name, "a quantity below 2^53", value);
  return result;
};

/** A quantity, or a JSON number where clients send both. */
export const looseInteger: Reader<number> = (value, name) => {
  if (typeof value !== "number") return integer(value, name);
  if (!Number.isSafeInteger(value) || value < 0) throw expected(name, "an integer from 0 to 2^53 - 1", value);
  return value;
};

/** A byte string of at most `most` bytes. */
export const data =
  (most: number): Reader<Hex> =>
  (value, name) => {
    if (typeof value !== "string" || value.length % 2 !== 0 || !/^0x[0-9a-fA-F]*$/.test(value)) {
      throw expected(name, "bytes: 0x and an even number of hex digits", value);
    }
    if (value.length > 2 + 2 * most) throw expected(name, `at most ${most} bytes`, value);
    return value as Hex;
  };

/** Bytes of hex that a reader has let through. */
export const bytesOf = (hex: Hex): Uint8Array => {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw invalidParams("expected hex digits");
  return bytes;
};

export const rootOf = (hex: Hex): Root => asRoot(bytesOf(hex));
