/** The addon of `adapters/engines/svm`: the state tree, and Solana's check of signatures. */
import { createEngineCall, createEngineLoader } from "../nativeEngine.ts";

type TreeProof = { siblings: Buffer[]; other?: Buffer[] };

/** Keys and values in step; a value that is not there deletes its key. */
export type SvmTree = {
  load(keys: Buffer[], values: Buffer[]): void;
  loaded(): Buffer;
  loadUndo(keys: Buffer[], values: (Buffer | null)[]): boolean;
  seal(keys: Buffer[], values: (Buffer | null)[]): Buffer;
  root(number: number): Buffer;
  prove(number: number, key: Buffer): TreeProof;
};

export type TreeModule = {
  SvmTree: { new (number: number): SvmTree };
  /** Whether each key signed the message with the signature at its place. */
  allSigned(message: Buffer, keys: Buffer, signatures: Buffer): boolean;
};

/** @throws LockstepError `engine_missing` */
export const loadTreeModule = createEngineLoader<TreeModule>("svm");

/** @throws LockstepError `height_unavailable`, `bad_input`, `wrong_state`, else `executor_failed` */
export const treeCall = createEngineCall("svm", new Set(["bad_input", "wrong_state", "height_unavailable"]));

export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
