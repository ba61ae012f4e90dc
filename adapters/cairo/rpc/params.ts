/** Starknet's JSON-RPC values. Parameters come by name or by position. */
import type * as z from "zod";
import type { Hex } from "../../../protocol/bytes.ts";
import { errorCodes, invalidParams, RpcError } from "../../jsonRpc/error.ts";
import type { Params } from "../../jsonRpc/message.ts";
import { expected, list, type Reader } from "../../jsonRpc/params.ts";
import type { Session } from "../../jsonRpc/service.ts";
import { addressSchema, feltSchema } from "../felt.ts";

const read =
  (schema: z.ZodType<Hex>, what: string): Reader<Hex> =>
  (value, name) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw expected(name, what, value);
    return parsed.data;
  };

/** Leading zeros and capitals are taken, and gone afterwards. */
export const felt = read(feltSchema, "a field element in hex");
export const address = read(addressSchema, "an address: hex, below 2^251 - 256");

/** An unsigned integer that a number holds exactly. */
export const integer: Reader<number> = (value, name) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw expected(name, "an integer from 0 to 2^53 - 1", value);
  }
  return value;
};

export const oneOf =
  <T extends string>(...choices: readonly T[]): Reader<T> =>
  (value, name) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw expected(name, `one of ${choices.join(", ")}`, value);
    return choice;
  };

export const text: Reader<string> = (value, name) => {
  if (typeof value !== "string") throw expected(name, "a string", value);
  return value;
};

/** One value, or a list of at most `most`. */
export const oneOrMore =
  <T>(reader: Reader<T>, most: number): Reader<T[]> =>
  (value, name) =>
    Array.isArray(value) ? list(reader, most)(value, name) : [reader(value, name)];

/** Flags of which none is supported. */
export const noFlags: Reader<readonly unknown[]> = (value, name) => {
  if (Array.isArray(value) && value.length === 0) return value;
  throw invalidParams(`${name} are not supported here: leave them out`);
};

/** As it is; who takes it reads it. */
export const unread: Reader<unknown> = (value) => value;

export type Given<Name extends string> = {
  /** @throws RpcError when it is missing or not what `reader` reads */
  required<T>(name: Name, reader: Reader<T>): T;
  optional<T>(name: Name, reader: Reader<T>): T | undefined;
};

const byName = (params: Params, names: readonly string[]): ReadonlyMap<string, unknown> => {
  if (Array.isArray(params)) {
    if (params.length > names.length) throw invalidParams(`too many parameters, want at most ${names.length}`);
    return new Map(names.map((name, index) => [name, params[index]]));
  }
  const given = new Map(Object.entries(params));
  const stranger = [...given.keys()].find((name) => !names.includes(name));
  if (stranger !== undefined) {
    const takes = names.length === 0 ? "no parameters" : names.join(", ");
    throw invalidParams(`unknown parameter ${stranger.slice(0, 40)}: this method takes ${takes}`);
  }
  return given;
};

/**
 * The parameters of a method that takes `names`, in this order.
 *
 * @throws RpcError when there are others
 */
export const parameters = <Name extends string>(params: Params, ...names: readonly Name[]): Given<Name> => {
  const given = byName(params, names);
  const optional = <T>(name: Name, reader: Reader<T>): T | undefined => {
    const value = given.get(name);
    return value === undefined || value === null ? undefined : reader(value, name);
  };
  return {
    optional,
    required: (name, reader) => {
      const value = optional(name, reader);
      if (value === undefined) throw invalidParams(`missing parameter ${name}`);
      return value;
    },
  };
};

/** The WebSocket behind a call. @throws RpcError over HTTP */
export const sessionOf = (session: Session | undefined): Session => {
  if (session === undefined) throw new RpcError(errorCodes.invalidRequest, "subscriptions need a WebSocket: open one");
  return session;
};
