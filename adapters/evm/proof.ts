/**
 * Accounts and storage slots, proven against a state root (EIP-1186). Runs anywhere: no I/O, and
 * nothing is believed but the root.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { equalBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { emptyTrieRoot, proveInTrie } from "./mpt.ts";
import type { EvmProof } from "./reads.ts";
import { decodeRlp, rlpBytes, rlpInteger, rlpList } from "./rlp.ts";

/** `bad_proof`: the nodes prove nothing. `refuted`: they prove something else than what is claimed. */
export type ProofRefusal = "bad_proof" | "refuted";

export type ProvenAccount = { nonce: bigint; balance: bigint; storageRoot: Uint8Array; codeHash: Uint8Array };

const emptyCodeHash = keccak_256(new Uint8Array(0));

const absentAccount: ProvenAccount = {
  nonce: 0n,
  balance: 0n,
  storageRoot: emptyTrieRoot,
  codeHash: emptyCodeHash,
};

/** Decodes what a trie holds; the readers of `rlp.ts` throw. */
const decodeValue = <T>(value: Uint8Array, read: (rlp: Uint8Array) => T): Result<T, "bad_proof"> => {
  try {
    return success(read(value));
  } catch (error) {
    if (error instanceof LockstepError) return failure("bad_proof", `the proven value is malformed: ${error.message}`);
    throw error;
  }
};

const orThrow = <T>(result: Result<T>): T => {
  if (!result.ok) throw new LockstepError(result.error.code, result.error.message);
  return result.value;
};

const readAccount = (bytes: Uint8Array): ProvenAccount => {
  const fields = rlpList(orThrow(decodeRlp(bytes)));
  if (fields.length !== 4) throw new LockstepError("bad_proof", `an account has 4 fields, not ${fields.length}`);
  return {
    nonce: rlpInteger(fields[0]),
    balance: rlpInteger(fields[1]),
    storageRoot: rlpBytes(fields[2], 32),
    codeHash: rlpBytes(fields[3], 32),
  };
};

/** The account at `address` (20 bytes) under `stateRoot`; `undefined` where there is none. */
export const proveAccount = (
  stateRoot: Uint8Array,
  address: Uint8Array,
  proof: readonly Uint8Array[],
): Result<ProvenAccount | undefined, "bad_proof"> => {
  const found = proveInTrie(stateRoot, keccak_256(address), proof);
  if (!found.ok || found.value === undefined) return found as Result<undefined, "bad_proof">;
  return decodeValue(found.value, readAccount);
};

/** The value of a slot (32 bytes) under an account's `storageRoot`; zero where nothing is stored. */
export const proveSlot = (
  storageRoot: Uint8Array,
  slot: Uint8Array,
  proof: readonly Uint8Array[],
): Result<bigint, "bad_proof"> => {
  const found = proveInTrie(storageRoot, keccak_256(slot), proof);
  if (!found.ok) return found;
  if (found.value === undefined) return success(0n);
  return decodeValue(found.value, (bytes) => {
    const value = rlpInteger(orThrow(decodeRlp(bytes)));
    if (value === 0n) throw new LockstepError("bad_proof", "a stored zero");
    return value;
  });
};

const bytesOf = (hex: Hex, length?: number): Uint8Array => {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new LockstepError("bad_proof", `not hexadecimal: ${hex.slice(0, 80)}`);
  if (length !== undefined && bytes.length !== length) {
    throw new LockstepError("bad_proof", `${length} bytes expected, ${bytes.length} found`);
  }
  return bytes;
};

const claim = (holds: boolean, what: string): void => {
  if (!holds) throw new LockstepError("refuted", `the proof shows another ${what} than it claims`);
};

const check = (stateRoot: Uint8Array, claimed: EvmProof): { exists: boolean; account: ProvenAccount } => {
  const nodes = claimed.accountProof.map((node) => bytesOf(node));
  const found = orThrow(proveAccount(stateRoot, bytesOf(claimed.address, 20), nodes));
  const account = found ?? absentAccount;
  claim(BigInt(claimed.nonce) === account.nonce, "nonce");
  claim(claimed.balance === account.balance, "balance");
  claim(equalBytes(bytesOf(claimed.codeHash), account.codeHash), "code hash");
  claim(equalBytes(bytesOf(claimed.storageHash), account.storageRoot), "storage root");
  for (const { key, value, proof } of claimed.storageProof) {
    const nodesOfSlot = proof.map((node) => bytesOf(node));
    const proven = orThrow(proveSlot(account.storageRoot, bytesOf(key, 32), nodesOfSlot));
    claim(proven === value, `value of slot ${toHex(bytesOf(key))}`);
  }
  return { exists: found !== undefined, account };
};

/**
 * Checks everything an `eth_getProof` answer claims (account and slots, in viem's shape) against a
 * state root. Success means that the account is as claimed, or, with `exists` false, that there is none.
 */
export const verifyProof = (
  stateRoot: Uint8Array,
  claimed: EvmProof,
): Result<{ exists: boolean; account: ProvenAccount }, ProofRefusal> => {
  try {
    return success(check(stateRoot, claimed));
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return failure(error.code === "refuted" ? "refuted" : "bad_proof", error.message);
  }
};
