/** Reading of positional JSON-RPC parameters: strict, with errors that say which one and what was expected. */
import { fromHex, type Hex } from "../../../protocol/bytes.ts";
import { asRoot, type Root } from "../../../protocol/ids.ts";
import { invalidParams } from "../../jsonRpc/error.ts";
import type { Params } from "../../jsonRpc/message.ts";

/** Reads a value called `name`, or throws the error to answer with. */
export type Reader<T> = (value: unknown, name: string) => T;

/** The parameters by position, at most `most` of them. */
export const positional = (params: Params, most: number): readonly unknown[] => {
  if (!Array.isArray(params)) throw invalidParams("params must be an array");
  if (params.length > most) throw invalidParams(`too many arguments, want at most ${most}`);
  return params;
};

export const required = <T>(params: readonly unknown[], index: number, reader: Reader<T>): T => {
  const value = params[index];
  if (value === undefined || value === null) throw invalidParams(`missing value for required argument ${index}`);
  return reader(value, `argument ${index}`);
};

export const optional = <T>(params: readonly unknown[], index: number, reader: Reader<T>): T | undefined => {
  const value = params[index];
  return value === undefined || value === null ? undefined : reader(value, `argument ${index}`);
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
};

export const expected = (name: string, what: string, value: unknown) =>
  invalidParams(`invalid ${name}: expected ${what}, got ${shown(value)}`);

/** Refuses every parameter. */
export const none = (params: Params): void => {
  positional(params, 0);
};

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

export const boolean: Reader<boolean> = (value, name) => {
  if (typeof value !== "boolean") throw expected(name, "true or false", value);
  return value;
};

export const list =
  <T>(reader: Reader<T>, most: number): Reader<T[]> =>
  (value, name) => {
    if (!Array.isArray(value)) throw expected(name, "an array", value);
    if (value.length > most) throw invalidParams(`invalid ${name}: ${value.length} items, at most ${most} are taken`);
    return value.map((item, index) => reader(item, `${name}[${index}]`));
  };

export const object: Reader<Readonly<Record<string, unknown>>> = (value, name) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw expected(name, "an object", value);
  return value as Record<string, unknown>;
};

/** Reads a member of an object where it is there. */
export const member = <T>(
  holder: Readonly<Record<string, unknown>>,
  key: string,
  reader: Reader<T>,
  name: string,
): T | undefined => {
  const value = holder[key];
  return value === undefined || value === null ? undefined : reader(value, `${name}.${key}`);
};

/** Bytes of hex that a reader has let through. */
export const bytesOf = (hex: Hex): Uint8Array => {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw invalidParams("expected hex digits");
  return bytes;
};

export const rootOf = (hex: Hex): Root => asRoot(bytesOf(hex));
