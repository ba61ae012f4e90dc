/** The EVM engine (`adapters/engines/evm`, whose README is its reference), loaded from where it was built. */
import type { Hex } from "../../protocol/bytes.ts";
import { createEngineCall, createEngineLoader } from "../nativeEngine.ts";

export type EngineHead = { number: number; blockHash: Hex; stateRoot: Hex };

export type EngineSeal = EngineHead & {
  receiptsRoot: Hex;
  gasUsed: number;
  /** Bytes of the RLP block. */
  size: number;
  header: Buffer;
  diff: Buffer;
};

/** Methods that give a `string` give JSON. `inspect` and `execute` take packed lists; `packed.ts` reads their answers. */
export type EvmEngine = {
  load(entries: Buffer): void;
  loaded(): EngineHead;
  loadUndo(diff: Buffer): boolean;
  genesis(): EngineSeal;
  head(): EngineHead;
  inspect(transactions: Buffer): Buffer;
  begin(environment: string): void;
  systemCall(to: Buffer, data: Buffer): string;
  execute(transactions: Buffer, places: number[]): Buffer;
  markEntries(descriptor: number, offset: number): void;
  checkpoint(): number;
  commit(id: number): void;
  revert(id: number): void;
  discard(): void;
  seal(): EngineSeal;
  account(number: number, address: Buffer): string | null;
  code(number: number, address: Buffer): Buffer;
  storage(number: number, address: Buffer, slot: Buffer): Buffer;
  prove(number: number, address: Buffer, slots: Buffer[]): string;
  call(number: number, request: string): string;
  estimate(number: number, request: string): string;
};

export type EngineModule = {
  EvmEngine: {
    new (genesis: string): EvmEngine;
    open(config: string): EvmEngine;
  };
};

export type EngineProof = {
  address: Hex;
  accountProof: Hex[];
  balance: Hex;
  codeHash: Hex;
  nonce: Hex;
  storageHash: Hex;
  storageProof: { key: Hex; value: Hex; proof: Hex[] }[];
};

/** @throws LockstepError `engine_missing` */
export const loadEvmEngine = createEngineLoader<EngineModule>("evm");

/**
 * Runs a call of the engine.
 *
 * @throws LockstepError with the engine's own code where the caller erred, else `executor_failed`
 */
export const engineCall = createEngineCall(
  "evm",
  new Set([
    "bad_input",
    "wrong_state",
    "bad_checkpoint",
    "height_unavailable",
    "insufficient_funds",
    "fee_too_low",
    "intrinsic_gas",
    "initcode",
    "invalid",
  ]),
);
