/**
 * Objects as JSON: the mapping of the consensus specifications (decimal strings for integers, lower-case
 * 0x hexadecimal for bytes), in both directions. Decoding takes exactly what encoding gives.
 * https://github.com/ethereum/consensus-specs/blob/dev/ssz/simple-serialize.md#json-mapping
 */
import {
  BitListType,
  BooleanType,
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  UintBigintType,
  UintNumberType,
} from "@chainsafe/ssz";
import * as z from "zod";
import { fromHex, toHex } from "./bytes.ts";
import type { PublicKey, Root } from "./ids.ts";
import type { SszObject } from "./ssz.ts";

const hexText = (bytes?: number) =>
  z.string().regex(bytes === undefined ? /^0x(?:[0-9a-f]{2})*$/ : new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`));

const hexTextUpTo = (bytes: number) => hexText().max(2 + 2 * bytes);

const bytesOf = <T extends Uint8Array>(text: z.ZodString) =>
  z.codec(text, z.custom<T>(), {
    decode: (hex) => fromHex(hex) as T,
    encode: toHex,
  });

export const rootJson = bytesOf<Root>(hexText(32));
export const publicKeyJson = bytesOf<PublicKey>(hexText(48));

/** A byte string of any length up to `bytes`. */
export const bytesJson = (bytes: number) => bytesOf<Uint8Array>(hexTextUpTo(bytes));

const decimal = (byteLength: number) => {
  const most = Math.min(2 ** (8 * byteLength) - 1, Number.MAX_SAFE_INTEGER);
  return z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,15})$/)
    .refine((text) => Number(text) <= most, { error: `above ${most}` });
};

/** An unsigned integer of any width. */
const bigDecimal = (byteLength: number) =>
  z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,77})$/)
    .refine((text) => BigInt(text) < 1n << BigInt(8 * byteLength), { error: `has more than ${byteLength} bytes` });

/** A bigint as a decimal string. */
export const amountJson = z.codec(bigDecimal(32), z.bigint(), { decode: BigInt, encode: String });

/** A plain JSON number, for what is no part of a signed object. */
export const integer = <T extends number = number>(most: number = Number.MAX_SAFE_INTEGER) =>
  z.int().min(0).max(most) as unknown as z.ZodType<T>;

/** The JSON that values of an SSZ type map to, and nothing else. */
const shapeOf = (type: unknown): z.ZodType => {
  if (type instanceof ContainerType) {
    const fields = Object.entries(type.fields as Record<string, unknown>);
    return z.strictObject(Object.fromEntries(fields.map(([name, field]) => [name, shapeOf(field)])));
  }
  if (type instanceof ListBasicType || type instanceof ListCompositeType)
    return z.array(shapeOf(type.elementType)).max(type.limit);
  if (type instanceof ByteVectorType) return hexText(type.lengthBytes);
  if (type instanceof ByteListType) return hexTextUpTo(type.limitBytes);
  if (type instanceof BitListType) return hexTextUpTo(Math.floor(type.limitBits / 8) + 1);
  if (type instanceof UintNumberType) return decimal(type.byteLength);
  if (type instanceof UintBigintType) return bigDecimal(type.byteLength);
  if (type instanceof BooleanType) return z.boolean();
  throw new TypeError(`no JSON mapping for ${String(type)}`);
};

/** Codec between an SSZ object and its JSON. */
export const sszJson = <T>(object: SszObject<T>) =>
  // What an optional field has not must not get as far as `encode`.
  z.codec(
    shapeOf(object.type),
    z.custom<T>((value) => value !== undefined),
    {
      decode: (json, context) => {
        try {
          return object.type.fromJson(json) as T;
        } catch (cause) {
          context.issues.push({
            code: "custom",
            input: json,
            message: `not a ${object.name}: ${(cause as Error).message}`,
          });
          return z.NEVER;
        }
      },
      encode: (value) => object.type.toJson(value),
    },
  );
