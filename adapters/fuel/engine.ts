/** The Fuel engine (`adapters/engines/fuel`), loaded from where it was built. */
import { createEngineCall, createEngineLoader } from "../nativeEngine.ts";

export type EngineHead = { number: number; blockHash: Buffer; stateRoot: Buffer };

export type EngineSeal = EngineHead & {
  /** Commits to what the engine keeps of the newest block beside the state tree. */
  auxRoot: Buffer;
  /** sha256 of each receipt, one after the other. */
  receipts: Buffer;
  gasUsed: number;
  /** As `block.ts` reads it. */
  block: Buffer;
  /** As `adapters/diff.ts` has it. */
  diff: Buffer;
};

export type EngineProof = { value?: Buffer; siblings: Buffer[]; other?: Buffer[] };
export type EngineRun = { id: Buffer; transaction: Buffer; receipt: Buffer };

/** Methods that give a `string` give JSON. `inspect` and `execute` take packed lists; `packed.ts` reads their answers. */
export type FuelEngine = {
  load(entries: Buffer): void;
  loaded(): EngineHead;
  loadUndo(diff: Buffer): boolean;
  genesis(): EngineSeal;
  head(): EngineHead;
  parameters(): string;
  inspect(transactions: Buffer, thorough: boolean): Buffer;
  begin(number: number, time: bigint, sharedHeight: number, sharedHeader: Buffer): void;
  write(slot: Buffer, value: Buffer): void;
  execute(transactions: Buffer, places: number[]): Buffer;
  markEntries(descriptor: number, offset: number): void;
  checkpoint(): number;
  commit(id: number): void;
  revert(id: number): void;
  discard(): void;
  seal(): EngineSeal;
  /** By key of the flat state. */
  value(number: number, key: Buffer): Buffer | null;
  coin(number: number, utxo: Buffer): string;
  coins(number: number, owner: Buffer, asset: Buffer | null, after: Buffer[] | null, limit: number): string;
  /** A decimal number. */
  balance(number: number, owner: Buffer, asset: Buffer): string;
  balances(number: number, owner: Buffer, after: Buffer | null, limit: number): string;
  contractBalances(number: number, contract: Buffer, after: Buffer | null, limit: number): string;
  coinsToSpend(owner: Buffer, asset: Buffer, amount: string, max: number, excluded: Buffer[]): string;
  prove(number: number, key: Buffer): EngineProof;
  dryRun(transactions: Buffer[], validate: boolean, gasPrice: bigint | null): EngineRun[];
  estimatePredicates(transaction: Buffer): Buffer;
};

export type EngineModule = {
  FuelEngine: {
    new (config: string, time: bigint, coins: Buffer, gateway: Buffer): FuelEngine;
    open(config: string): FuelEngine;
  };
};

/** @throws LockstepError `engine_missing` */
export const loadFuelEngine = createEngineLoader<EngineModule>("fuel");

/**
 * Runs a call of the engine.
 *
 * @throws LockstepError with the engine's own code where the caller erred, else `executor_failed`
 */
export const engineCall = createEngineCall(
  "fuel",
  new Set([
    "bad_input",
    "wrong_state",
    "bad_checkpoint",
    "height_unavailable",
    "root_mismatch",
    "insufficient_coins",
    "too_many_coins",
    "undecodable",
    "oversized",
    "unsupported",
    "bad_signature",
    "gas_limit",
    "insufficient_funds",
    "fee_too_low",
    "invalid",
  ]),
);

export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
