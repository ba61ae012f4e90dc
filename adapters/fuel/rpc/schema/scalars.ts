/** Scalars of Fuel's schema: fixed byte strings, and integers as decimal strings. */
import { GraphQLError, type GraphQLScalarType, type GraphQLSchema, isScalarType, Kind, type ValueNode } from "graphql";
import { fromHex, type Hex, toHex } from "../../../../protocol/bytes.ts";
import type { TxPointer, UtxoId } from "../../transaction.ts";

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
} as const;

/** Bits of the integers. */
const integers = { U16: 16, U32: 32, U64: 64, U128: 128, Tai64Timestamp: 64 } as const;

const invalid = (name: string, expected: string): GraphQLError =>
  new GraphQLError(`invalid ${name}: expected ${expected}`, { extensions: { code: "bad_input" } });

/** A byte string in hexadecimal, with or without 0x and in either case, as fuel-core takes it. */
const readBytes = (name: string, value: unknown, length: number | undefined): Hex => {
  const expected = length === undefined ? "hexadecimal digits" : `${length} bytes as hexadecimal digits`;
  if (typeof value !== "string") throw invalid(name, expected);
  const bytes = fromHex(value.startsWith("0x") ? value : `0x${value}`);
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) throw invalid(name, expected);
  return toHex(bytes);
};

const showBytes = (name: string, value: unknown): string => {
  if (typeof value === "string" && value.startsWith("0x")) return value;
  throw new TypeError(`${name} is not a byte string`);
};

/** A transaction's id and the position of an output in it, as 34 bytes. */
const readUtxoId = (value: unknown): UtxoId => {
  const hex = readBytes("UtxoId", value, 34);
  return { txId: hex.slice(0, 66) as Hex, index: Number.parseInt(hex.slice(66), 16) };
};

export const showUtxoId = ({ txId, index }: UtxoId): Hex => `${txId}${index.toString(16).padStart(4, "0")}`;

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
const showTxPointer = ({ height, index }: TxPointer): string =>
  height.toString(16).padStart(8, "0") + index.toString(16).padStart(4, "0");

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

/** Gives the scalars of a schema their meaning: byte strings are `Hex`, integers `bigint`. */
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
    } else if (name === "UtxoId") {
      equip(type, readUtxoId, (value) => showUtxoId(value as UtxoId));
    } else if (name === "TxPointer") {
      equip(
        type,
        () => {
          throw invalid(name, "no value: it is not an input");
        },
        (value) => showTxPointer(value as TxPointer),
      );
    }
  }
};
