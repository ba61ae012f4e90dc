/** Solana's JSON-RPC values: keys, signatures, commitments, encodings. */
import { invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { expected, member, object, type Reader } from "../../jsonRpc/params.ts";
import { fromBase58 } from "../base58.ts";

const base58 =
  (bytes: number, what: string): Reader<Uint8Array> =>
  (value, name) => {
    const read = typeof value === "string" ? fromBase58(value, bytes) : undefined;
    if (read === undefined) throw expected(name, `${what} in base58`, value);
    return read;
  };

export const address = base58(32, "an address");
export const blockhash = base58(32, "a blockhash");
export const signature = base58(64, "a signature");

export const oneOf =
  <T extends string>(...choices: readonly T[]): Reader<T> =>
  (value, name) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw expected(name, `one of ${choices.join(", ")}`, value);
    return choice;
  };

/** An unsigned integer that a number holds exactly. */
export const uint: Reader<number> = (value, name) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw expected(name, "an integer from 0 to 2^53 - 1", value);
  }
  return value;
};

/** `processed` and `confirmed` are executed, `finalized` is certified. */
export type Commitment = "processed" | "confirmed" | "finalized";

/** With the older names that clients still send. */
const commitments: Readonly<Record<string, Commitment>> = {
  processed: "processed",
  recent: "processed",
  confirmed: "confirmed",
  single: "confirmed",
  singleGossip: "confirmed",
  finalized: "finalized",
  root: "finalized",
  max: "finalized",
};

export const commitment: Reader<Commitment> = (value, name) => {
  const known = typeof value === "string" && Object.hasOwn(commitments, value) ? commitments[value] : undefined;
  if (known === undefined) throw expected(name, "one of processed, confirmed, finalized", value);
  return known;
};

export type Config = Readonly<Record<string, unknown>>;

/** The config object at a place, or an empty one; a bare commitment is taken where clients send that. */
export const configAt = (values: readonly unknown[], index: number): Config => {
  const value = values[index];
  if (value === undefined || value === null) return {};
  return typeof value === "string" ? { commitment: value } : object(value, `argument ${index}`);
};

export const setting = <T>(config: Config, key: string, reader: Reader<T>): T | undefined =>
  member(config, key, reader, "config");

export const commitmentOf = (config: Config): Commitment => setting(config, "commitment", commitment) ?? "finalized";

export type Encoding = "base58" | "base64" | "base64+zstd" | "jsonParsed";

/** Encoding of account data; compression is not served. */
export const encodingOf = (config: Config): Exclude<Encoding, "base64+zstd"> | undefined => {
  const encoding = setting(config, "encoding", oneOf<Encoding>("base58", "base64", "base64+zstd", "jsonParsed"));
  if (encoding === "base64+zstd") throw invalidParams("invalid config.encoding: base64+zstd is not served, use base64");
  return encoding;
};

export type Slice = { offset: number; length: number };

export const dataSliceOf = (config: Config): Slice | undefined => {
  const slice = setting(config, "dataSlice", object);
  if (slice === undefined) return undefined;
  const read = (key: string): number => {
    const value = member(slice, key, uint, "config.dataSlice");
    if (value === undefined) throw invalidParams(`invalid config.dataSlice: ${key} is missing`);
    return value;
  };
  return { offset: read("offset"), length: read("length") };
};

const minContextSlotNotReached = -32016;

/** Refuses where the state to be read is older than the caller may have seen elsewhere. */
export const checkContextSlot = (config: Config, slot: number): void => {
  const least = setting(config, "minContextSlot", uint);
  if (least === undefined || slot >= least) return;
  throw new RpcError(minContextSlotNotReached, "Minimum context slot has not been reached", { contextSlot: slot });
};

const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes of a text in base64, at most `most` of them. */
export const base64 =
  (most: number): Reader<Uint8Array> =>
  (value, name) => {
    if (typeof value !== "string" || !base64Pattern.test(value)) throw expected(name, "bytes in base64", value);
    const bytes = Buffer.from(value, "base64");
    if (bytes.length > most) throw invalidParams(`invalid ${name}: ${bytes.length} bytes, at most ${most} are taken`);
    return Uint8Array.from(bytes);
  };
