/** Reading of JSON-RPC parameters: strict, with errors that say which one and what was expected. */
import { invalidParams } from "./error.ts";
import type { Params } from "./message.ts";

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
