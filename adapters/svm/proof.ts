/**
 * Accounts proven against a state root, present or absent. Runs anywhere: no I/O, and nothing is believed
 * but the root.
 *
 * The state is a sparse Merkle tree (`adapters/sparseMerkle.ts`) over keys and encoded accounts.
 */
import { LockstepError, type Result, success } from "../../protocol/errors.ts";
import { badProof, type SparseProof, verifySparse } from "../sparseMerkle.ts";
import { decodeAccount, type SvmAccount } from "./account.ts";
import { fromBase58, toBase58 } from "./base58.ts";

export type ProvenSvmAccount = SvmAccount;

export type SvmProof = Omit<SparseProof, "value"> & {
  /** Encoded; absent where the proof shows that there is none. */
  account?: Uint8Array;
};

/** The account at `key` (32 bytes) under `stateRoot`; `undefined` where it is proven that there is none. */
export const verifyAccount = (
  stateRoot: Uint8Array,
  key: Uint8Array,
  { account, siblings, other }: SvmProof,
): Result<SvmAccount | undefined, "bad_proof"> => {
  const verified = verifySparse(stateRoot, key, {
    siblings,
    ...(account === undefined ? {} : { value: account }),
    ...(other === undefined ? {} : { other }),
  });
  if (!verified.ok || account === undefined) return verified as Result<undefined, "bad_proof">;
  try {
    return success(decodeAccount(account));
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return badProof(`the proven account is malformed: ${error.message}`);
  }
};

/** The 32 bytes of an address in base58; `undefined` where it is none. */
export const addressBytes = (text: string): Uint8Array | undefined => fromBase58(text, 32);

export const addressText = (key: Uint8Array): string => toBase58(key);
