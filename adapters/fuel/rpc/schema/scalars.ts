/** Scalars of Fuel's schema: fixed byte strings, and integers as decimal strings. */
import { GraphQLError, type GraphQLScalarType, type GraphQLSchema, isScalarType, Kind, type ValueNode } from "graphql";
import { fromHex, type Hex, toHex } from "../../../../protocol/bytes.ts";

/** Bytes of the scalars that have a fixed number of them. */
const fixed = {
  Address: 32,
  AssetId: 32,
  BlobId: 32,
  BlockId: 32,
  Bytes32: 32,
  ContractId: 32,
  Nonce: 32,
  RelayedTransactionId: 32,
  Salt: 32,
  TransactionId: 32,
  UtxoId: 34,
} as const;

/** Bits of the integers. */
const integers = { U16: 16, U32: 32, U64: 64, U128: 128, Tai64Timestamp: 64 } as const;

const invalid = (name: string, expected: string): GraphQLError =>
  new GraphQLError(`invalid ${name}: expected ${expected}`, { extensions: { code: "bad_input" } });

/** Bytes of a hexadecimal string, with or without 0x, as fuel-core takes them. */
const readBytes = (name: string, value: unknown, length: number | undefined): Uint8Array => {
  const expected = length === undefined ? "hexadecimal digits" : `${length} bytes as hexadecimal digits`;
  if (typeof value !== "string") throw invalid(name, expected);
  const bytes = fromHex(value.startsWith("0x") ? value : `0x${value}`);
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) throw invalid(name, expected);
  return bytes;
};

const showBytes = (name: string, value: unknown): Hex => {
  if (value instanceof Uint8Array) return toHex(value);
  throw new TypeError(`${name} is not bytes`);
};

const readInteger = (name: string, value: unknown, bits: number): bigint => {
  const expected = `an unsigned integer of ${bits} bits`;
  const isInteger = typeof value === "number" ? Number.isSafeInteger(value) : typeof value === "string";
  if (!isInteger || !/^[0-9]{1,39}$/.test(String(value))) throw invalid(name, expected);
  const integer = BigInt(value as string | number);
  if (integer >> BigInt(bits) !== 0n) throw invalid(name, expected);
  return integer;
};

const showInteger = (name: string, value: unknown): string => {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  throw new TypeError(`${name} is not an integer`);
};

/** Height and index of a transaction, in hexadecimal: clients cut the text at the eighth digit. */
const showTxPointer = (value: unknown): string => {
  const { height, index } = value as { height: number; index: number };
  return height.toString(16).padStart(8, "0") + index.toString(16).padStart(4, "0");
};

const literal = (node: ValueNode): unknown =>
  node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined;

const equip = (
  type: GraphQLScalarType,
  parse: (value: unknown) => unknown,
  show: (value: unknown) => unknown,
): void => {
  type.parseValue = parse;
  type.parseLiteral = (node) => parse(literal(node));
  type.serialize = show;
};

/** Gives the scalars of a schema their meaning: byte strings are `Uint8Array`, integers `bigint`. */
export const equipScalars = (schema: GraphQLSchema): void => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isScalarType(type)) continue;
    const { name } = type;
    if (name in fixed) {
      const length = fixed[name as keyof typeof fixed];
      equip(
        type,
        (value) => readBytes(name, value, length),
        (value) => showBytes(name, value),
      );
    } else if (name in integers) {
      const bits = integers[name as keyof typeof integers];
      equip(
        type,
        (value) => readInteger(name, value, bits),
        (value) => showInteger(name, value),
      );
    } else if (name === "HexString") {
      equip(
        type,
        (value) => readBytes(name, value, undefined),
        (value) => showBytes(name, value),
      );
    } else if (name === "TxPointer") {
      equip(
        type,
        () => {
          throw invalid(name, "no value: it is not an input");
        },
        showTxPointer,
      );
    }
  }
};
