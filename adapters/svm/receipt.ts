/**
 * The receipt of an applied transaction: what Solana's `getTransaction` shows of it besides itself. The
 * block's `receiptsRoot` is the SSZ list root over the sha256 of each receipt. Integers are little-endian,
 * `[]` stands for a u32 count in front:
 *
 *     version u8 = 1 ‖ failed u8 ‖ error (transactionError.ts, where failed) ‖ fee u64 ‖ units u64
 *     ‖ loaded writable keys [32] ‖ loaded read-only keys [32] ‖ balances before [u64] ‖ balances after [u64]
 *     ‖ token balances before [] ‖ token balances after []
 *     ‖ inner instructions [[program u8 ‖ accounts [u8] ‖ data [u8] ‖ stackHeight u32]]
 *     ‖ logs [utf8 []] ‖ returned u8 ‖ program 32 ‖ data [u8] (where returned)
 *
 * A token balance is `account u8 ‖ mint 32 ‖ owner 32 ‖ program 32 ‖ amount u64 ‖ decimals u8`.
 */
import { utf8 } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { createReader, createWriter, type Reader, type Writer } from "./binary.ts";
import type { Outcome } from "./engine.ts";
import { readError, writeError } from "./transactionError.ts";

export type TokenBalance = {
  /** Position among the transaction's keys. */
  account: number;
  mint: Uint8Array;
  owner: Uint8Array;
  program: Uint8Array;
  amount: bigint;
  decimals: number;
};

export type Balances = { lamports: readonly bigint[]; tokens: readonly TokenBalance[] };

export type Receipt = Outcome & {
  fee: bigint;
  /** Keys that came from lookup tables. */
  loaded: { writable: readonly Uint8Array[]; readonly: readonly Uint8Array[] };
  before: Balances;
  after: Balances;
};

const receiptVersion = 1;

const writeList = <T>(writer: Writer, items: readonly T[], write: (item: T) => void): void => {
  writer.u32(items.length);
  for (const item of items) write(item);
};

const readList = <T>(reader: Reader, read: () => T): T[] => {
  const items: T[] = [];
  for (let left = reader.u32(); left > 0; left--) items.push(read());
  return items;
};

export const encodeReceipt = (receipt: Receipt): Uint8Array => {
  const { error, fee, unitsConsumed, loaded, before, after, inner, logs, returnData } = receipt;
  const writer = createWriter()
    .u8(receiptVersion)
    .u8(error === undefined ? 0 : 1);
  if (error !== undefined) writeError(writer, error);
  writer.u64(fee).u64(unitsConsumed);
  for (const keys of [loaded.writable, loaded.readonly]) writeList(writer, keys, writer.raw);
  for (const { lamports } of [before, after]) writeList(writer, lamports, writer.u64);
  for (const { tokens } of [before, after]) {
    writeList(writer, tokens, ({ account, mint, owner, program, amount, decimals }) =>
      writer.u8(account).raw(mint).raw(owner).raw(program).u64(amount).u8(decimals),
    );
  }
  writeList(writer, inner, (instructions) =>
    writeList(writer, instructions, ({ program, accounts, data, stackHeight }) =>
      writer.u8(program).bytes(accounts).bytes(data).u32(stackHeight),
    ),
  );
  writeList(writer, logs, (log) => writer.bytes(utf8(log)));
  writer.u8(returnData === undefined ? 0 : 1);
  if (returnData !== undefined) writer.raw(returnData.program).bytes(returnData.data);
  return writer.done();
};

/** @throws LockstepError `undecodable` */
export const decodeReceipt = (bytes: Uint8Array): Receipt => {
  const reader = createReader(bytes, "a receipt");
  const version = reader.u8();
  if (version !== receiptVersion) {
    throw new LockstepError("undecodable", `receipts of version ${version} are not known`);
  }
  const error = reader.u8() === 0 ? undefined : readError(reader);
  const [fee, unitsConsumed] = [reader.u64(), reader.integer()];
  const keys = () => readList(reader, () => reader.raw(32));
  const loaded = { writable: keys(), readonly: keys() };
  const lamports = () => readList(reader, () => reader.u64());
  const [lamportsBefore, lamportsAfter] = [lamports(), lamports()];
  const tokens = () =>
    readList(reader, () => ({
      account: reader.u8(),
      mint: reader.raw(32),
      owner: reader.raw(32),
      program: reader.raw(32),
      amount: reader.u64(),
      decimals: reader.u8(),
    }));
  const [tokensBefore, tokensAfter] = [tokens(), tokens()];
  const inner = readList(reader, () =>
    readList(reader, () => ({
      program: reader.u8(),
      accounts: reader.bytes(),
      data: reader.bytes(),
      stackHeight: reader.u32(),
    })),
  );
  const logs = readList(reader, () => new TextDecoder().decode(reader.bytes()));
  const returnData = reader.u8() === 0 ? undefined : { program: reader.raw(32), data: reader.bytes() };
  reader.end();
  return {
    ...(error === undefined ? {} : { error }),
    ...{ fee, unitsConsumed, loaded, inner, logs },
    before: { lamports: lamportsBefore, tokens: tokensBefore },
    after: { lamports: lamportsAfter, tokens: tokensAfter },
    ...(returnData === undefined ? {} : { returnData }),
  };
};
