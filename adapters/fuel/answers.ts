/** Answers reads of a Fuel tenant from the engine. */
import { concatBytes, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { failure, LockstepError, success } from "../../protocol/errors.ts";
import { createWriter } from "./binary.ts";
import { bytesOf } from "./codec.ts";
import { bufferOf, type EngineProof, engineCall, type FuelEngine } from "./engine.ts";
import { readParameters } from "./params.ts";
import type { FuelProof } from "./proof.ts";
import { type FuelAnswers, type FuelBalance, type FuelCoin, FuelRead, readRefusals } from "./reads.ts";
import { decodeReceipt } from "./receipt.ts";
import type { UtxoId } from "./transaction.ts";

type Answer = FuelAnswers[FuelRead["kind"]];

const buffer = (hex: Hex): Buffer => bufferOf(bytesOf(hex));

const utxoBuffer = ({ txId, index }: UtxoId): Buffer =>
  bufferOf(createWriter().raw(bytesOf(txId, 32)).u16(index).done());

/** A key of the flat state; the letters stand in `adapters/engines/fuel/src/key.rs`. */
const keyOf = (letter: string, ...parts: readonly Uint8Array[]): Buffer =>
  bufferOf(concatBytes(utf8(letter), ...parts));

type WithDecimal<T> = Omit<T, "amount"> & { amount: string };

const withAmount = <T>(value: WithDecimal<T>) => ({ ...value, amount: BigInt(value.amount) }) as T;

const coinsOf = (json: string): FuelCoin[] => (JSON.parse(json) as WithDecimal<FuelCoin>[]).map(withAmount<FuelCoin>);

const pageOf = <T>(json: string): { items: T[]; more: boolean } => {
  const { items, more } = JSON.parse(json) as { items: WithDecimal<T>[]; more: boolean };
  return { items: items.map(withAmount<T>), more };
};

const copy = (value: Buffer | null): Uint8Array | undefined => (value === null ? undefined : Uint8Array.from(value));

const proofOf = ({ value, siblings, other }: EngineProof): FuelProof => {
  const [path, leaf] = other ?? [];
  return {
    ...(value === undefined ? {} : { value: Uint8Array.from(value) }),
    siblings: siblings.map((hash) => Uint8Array.from(hash)),
    ...(path === undefined || leaf === undefined
      ? {}
      : { other: { path: Uint8Array.from(path), value: Uint8Array.from(leaf) } }),
  };
};

const balancesOf = (json: string) => {
  const { items: balances, more } = pageOf<FuelBalance>(json);
  return { balances, more };
};

const answer = (engine: FuelEngine, read: FuelRead): Answer => {
  switch (read.kind) {
    case "parameters":
      return readParameters(engine.parameters());
    case "coin": {
      const coin = JSON.parse(engine.coin(read.number, utxoBuffer(read.utxoId))) as WithDecimal<FuelCoin> | null;
      return coin === null ? undefined : withAmount<FuelCoin>(coin);
    }
    case "coins": {
      const { number, owner, assetId, after, limit } = read;
      const asset = assetId === undefined ? null : buffer(assetId);
      const behind = after === undefined ? null : [buffer(after.assetId), utxoBuffer(after.utxoId)];
      const { items: coins, more } = pageOf<FuelCoin>(engine.coins(number, buffer(owner), asset, behind, limit));
      return { coins, more };
    }
    case "balance":
      return BigInt(engine.balance(read.number, buffer(read.owner), buffer(read.assetId)));
    case "balances": {
      const after = read.after === undefined ? null : buffer(read.after);
      return balancesOf(engine.balances(read.number, buffer(read.owner), after, read.limit));
    }
    case "coinsToSpend": {
      const [owner, excluded] = [buffer(read.owner), read.excluded.map(utxoBuffer)];
      return read.assets.map(({ assetId, amount, max }) =>
        coinsOf(engine.coinsToSpend(owner, buffer(assetId), String(amount), max, excluded)),
      );
    }
    case "contract":
      return copy(engine.value(read.number, keyOf("c", bytesOf(read.contractId))));
    case "contractBalance": {
      const value = engine.value(read.number, keyOf("a", bytesOf(read.contractId), bytesOf(read.assetId)));
      return value === null ? 0n : value.readBigUInt64BE();
    }
    case "contractBalances": {
      const after = read.after === undefined ? null : buffer(read.after);
      return balancesOf(engine.contractBalances(read.number, buffer(read.contractId), after, read.limit));
    }
    case "contractSlots": {
      const contract = bytesOf(read.contractId);
      // Says so when the block can't be read, even where nothing is asked for.
      engine.value(read.number, keyOf("c", contract));
      return read.slots.map((slot) => copy(engine.value(read.number, keyOf("s", contract, bytesOf(slot)))));
    }
    case "blob":
      return copy(engine.value(read.number, keyOf("d", bytesOf(read.blobId))));
    case "dryRun": {
      const transactions = read.transactions.map(bufferOf);
      return engine.dryRun(transactions, read.utxoValidation, read.gasPrice ?? null).map((run) => ({
        id: toHex(run.id),
        transaction: Uint8Array.from(run.transaction),
        receipt: decodeReceipt(run.receipt),
      }));
    }
    case "estimatePredicates":
      return Uint8Array.from(engine.estimatePredicates(bufferOf(read.transaction)));
    case "proveCoin":
      return proofOf(engine.prove(read.number, keyOf("u", utxoBuffer(read.utxoId))));
    case "proveSlot":
      return proofOf(engine.prove(read.number, keyOf("s", bytesOf(read.contractId), bytesOf(read.slot))));
  }
};

/** @throws LockstepError `executor_failed` */
export const answerRead = (engine: FuelEngine, request: unknown) => {
  const read = FuelRead.safeParse(request);
  if (!read.success) {
    const [issue] = read.error.issues;
    return failure("bad_input", `not a read of a Fuel tenant: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  try {
    return success(engineCall(() => answer(engine, read.data)));
  } catch (error) {
    const refusal = readRefusals.find((code) => error instanceof LockstepError && error.code === code);
    if (refusal === undefined) throw error;
    return failure(refusal, (error as LockstepError).message);
  }
};
