/** The Cairo engine (`adapters/engines/cairo`, whose README is its reference), loaded from where it was built. */
import type { Hex } from "../../protocol/bytes.ts";
import { createEngineCall, createEngineLoader } from "../nativeEngine.ts";

export type EngineHead = { number: number; blockHash: Buffer; stateRoot: Buffer };

export type EngineSeal = EngineHead & {
  gasUsed: number;
  /** JSON. */
  header: Buffer;
  diff: Buffer;
};

export type EngineRefusal = { code: string; detail?: string; message: string };

export type EngineFacts = {
  hash: Hex;
  sender: Hex;
  nonce: number;
  gas: number;
  maxFee: Hex;
  maxPrice: Hex;
  tip: number;
  accountNonce: number;
  balance: Hex;
  /** Of the class that a DECLARE declares. */
  classHash?: Hex;
};

export type EngineInspected = { Ok: EngineFacts } | { Err: EngineRefusal };

export type EngineExecuted =
  | { applied: { hash: Hex; gasUsed: number; succeeded: boolean; receipt: string } }
  | { refused: EngineRefusal };

/** Methods that give a `string` give JSON; lists of transactions are packed (`adapters/byteLists.ts`). */
export type CairoEngine = {
  load(entries: Buffer): void;
  loaded(): void;
  loadUndo(diff: Buffer): boolean;
  genesis(): EngineSeal;
  head(): EngineHead;
  inspect(transactions: Buffer, admit: boolean): string;
  begin(number: number, timestamp: number): void;
  write(write: Buffer, from: Buffer, nonce: Buffer): void;
  execute(transactions: Buffer, places: number[]): string;
  validate(number: number, transaction: Buffer): string;
  markEntries(descriptor: number, offset: number): void;
  checkpoint(): number;
  commit(id: number): void;
  revert(id: number): void;
  discard(): void;
  seal(): EngineSeal;
  contract(number: number, address: Buffer): string;
  storage(number: number, address: Buffer, key: Buffer): Buffer;
  class(number: number, hash: Buffer): Buffer | null;
  casm(number: number, hash: Buffer): string;
  stateDiff(number: number): string;
  header(number: number): string;
  prove(number: number, request: string): string;
  call(number: number, request: string, gas: number): string;
  message(number: number, request: string): string;
  simulate(number: number, transactions: Buffer, queries: boolean[], flags: string): string;
  trace(number: number, transactions: Buffer): string;
};

export type EngineModule = {
  CairoEngine: {
    new (genesis: string, account: Buffer, token: Buffer, deployer: Buffer, gateway: Buffer): CairoEngine;
    open(chain: string): CairoEngine;
  };
};

/** @throws LockstepError `engine_missing` */
export const loadCairoEngine = createEngineLoader<EngineModule>("cairo");

/**
 * Runs a call of the engine.
 *
 * @throws LockstepError with the engine's own code where the caller erred, else `executor_failed`
 */
export const engineCall = createEngineCall(
  "cairo",
  new Set(["bad_input", "wrong_state", "bad_checkpoint", "height_unavailable", "root_mismatch", "write_failed"]),
);

/** A view of bytes as the addon takes them. */
export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
