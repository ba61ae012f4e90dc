/** Answers the reads of `reads.ts` from sealed state. */
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { encodeAccount, type SvmAccount } from "./account.ts";
import type { Admission } from "./admission.ts";
import { createEngine, isRuntimeAccount, type KeyedAccount, type Slot, type SvmEngine } from "./engine.ts";
import { feesOf } from "./fees.ts";
import { executorLimits } from "./limits.ts";
import { loadKeys } from "./lookup.ts";
import type { SvmProof } from "./proof.ts";
import {
  type AccountFilter,
  readRefusals,
  type Simulation,
  type SvmAnswers,
  SvmRead,
  type SvmReadRefusal,
} from "./reads.ts";
import type { SvmState } from "./state.ts";
import { decodeTransaction, type SvmTransaction } from "./transaction.ts";
import {
  alreadyProcessed,
  blockhashNotFound,
  lookupFailure,
  programNotFound,
  signatureFailure,
  type TransactionError,
} from "./transactionError.ts";
import { bufferOf, treeCall } from "./tree.ts";

type Answer = SvmAnswers[SvmRead["kind"]];

export type Reader = {
  answer(request: unknown): Result<Answer, SvmReadRefusal>;
  /** Tells of a sealed block: the keys that it changed, and programs that it may have loaded anew. */
  sealed(keys: readonly Uint8Array[]): void;
};

const passes = ({ data }: SvmAccount, filter: AccountFilter): boolean =>
  "dataSize" in filter
    ? data.length === filter.dataSize
    : equalBytes(data.subarray(filter.offset, filter.offset + filter.bytes.length), filter.bytes);

/** @param nextSlot the slot after the newest sealed block, at the time of that block */
export const createReader = (state: SvmState, admission: Admission, nextSlot: () => Slot): Reader => {
  const { accounts, tree, window } = state;
  /** Holds the newest sealed state while the executor's own engine is in the middle of a block. */
  let view: SvmEngine | undefined;
  const stale = new Map<Hex, Uint8Array>();

  const newestView = (): SvmEngine => {
    view ??= createEngine(accounts.all());
    const programs: Uint8Array[] = [];
    for (const key of stale.values()) {
      if (accounts.get(key)?.executable) programs.push(key);
      else view.set(key, accounts.get(key));
    }
    for (const key of programs) view.set(key, accounts.get(key));
    stale.clear();
    view.setSlot(nextSlot());
    return view;
  };

  const checkNumber = (number: number): void => {
    if (number >= accounts.oldest() && number <= accounts.newest()) return;
    throw new LockstepError(
      "height_unavailable",
      `block ${number} is not among the readable ones, ${accounts.oldest()} to ${accounts.newest()}`,
    );
  };

  /** Native programs and sysvars are not state: they are as the newest block sees them. */
  const accountAt = (number: number, key: Uint8Array): SvmAccount | undefined => {
    const account = accounts.at(number, key);
    if (account !== undefined) return account;
    const runtime = newestView().get(key);
    return isRuntimeAccount(runtime) ? runtime : undefined;
  };

  const tooMany = (): LockstepError =>
    new LockstepError("too_many", "that is more than one answer can have: ask for fewer accounts");

  const accountsAt = (number: number, keys: readonly Uint8Array[]): (SvmAccount | undefined)[] => {
    const found = keys.map((key) => accountAt(number, key));
    const bytes = found.reduce((sum, account) => sum + (account?.data.length ?? 0), 0);
    if (bytes > executorLimits.answerBytes) throw tooMany();
    return found;
  };

  const owned = (number: number, owner: Uint8Array, filters: readonly AccountFilter[]): KeyedAccount[] => {
    const found: KeyedAccount[] = [];
    let bytes = 0;
    for (const each of accounts.owned(number, owner)) {
      if (!filters.every((filter) => passes(each.account, filter))) continue;
      found.push(each);
      bytes += each.account.data.length;
      if (found.length > executorLimits.ownedAccounts || bytes > executorLimits.answerBytes) throw tooMany();
    }
    return found;
  };

  const prove = (number: number, key: Uint8Array): SvmProof => {
    const account = accounts.at(number, key);
    const { siblings, other } = treeCall(() => tree.prove(number, bufferOf(key)));
    const [path, value] = other ?? [];
    return {
      ...(account === undefined ? {} : { account: encodeAccount(account) }),
      siblings: siblings.map((hash) => Uint8Array.from(hash)),
      ...(path === undefined || value === undefined
        ? {}
        : { other: { path: Uint8Array.from(path), value: Uint8Array.from(value) } }),
    };
  };

  const shown = (keys: readonly Uint8Array[], changed: readonly KeyedAccount[]): (SvmAccount | undefined)[] => {
    const byKey = new Map(changed.map(({ key, account }) => [toHex(key), account]));
    return keys.map((key) => {
      const account = byKey.get(toHex(key)) ?? accountAt(accounts.newest(), key);
      return account?.lamports === 0n ? undefined : account;
    });
  };

  /** What keeps a transaction from being executed at all. */
  const obstacle = (
    transaction: SvmTransaction,
    { verify, recent }: { verify: boolean; recent: boolean },
  ): TransactionError | undefined => {
    if (verify && !admission.isSigned(transaction)) return signatureFailure;
    const { number, timestampMs } = state.head;
    if (recent && window.appliedAt(transaction.signatures[0] as Uint8Array) !== undefined) return alreadyProcessed;
    if (recent && !window.isRecent(transaction.recentBlockhash, { number: number + 1, timestampMs })) {
      return blockhashNotFound;
    }
    const get = (key: Uint8Array) => accountAt(number, key);
    if (loadKeys(transaction, get) === undefined) return lookupFailure;
    const isMissing = transaction.instructions.some(
      ({ program }) => get(transaction.keys[program] as Uint8Array) === undefined,
    );
    return isMissing ? programNotFound : undefined;
  };

  const simulate = (read: SvmRead & { kind: "simulate" }): Simulation => {
    const decoded = decodeTransaction(read.transaction);
    if (!decoded.ok) throw new LockstepError(decoded.error.code, decoded.error.message);
    const fees = feesOf(decoded.value);
    if (!fees.ok) throw new LockstepError(fees.error.code, fees.error.message);
    const error = obstacle(decoded.value, read);
    if (error !== undefined) {
      return { error, unitsConsumed: 0, logs: [], inner: [], accounts: shown(read.accounts, []) };
    }
    const { outcome, accounts: changed } = newestView().simulate(decoded.value, read.transaction);
    return { ...outcome, accounts: shown(read.accounts, changed) };
  };

  const answer = (read: SvmRead): Answer => {
    if ("number" in read) checkNumber(read.number);
    switch (read.kind) {
      case "accounts":
        return accountsAt(read.number, read.keys);
      case "owned":
        return owned(read.number, read.owner, read.filters);
      case "prove":
        return prove(read.number, read.key);
      case "simulate":
        return simulate(read);
      case "blockhash": {
        const { number, timestampMs } = state.head;
        const block = window.blockOf(read.blockhash);
        const isRecent = window.isRecent(read.blockhash, { number: number + 1, timestampMs });
        return { isRecent, ...(block === undefined ? {} : { number: block.number }) };
      }
    }
  };

  return {
    answer: (request) => {
      const read = SvmRead.safeParse(request);
      if (!read.success) {
        const [issue] = read.error.issues;
        return failure("bad_input", `not a read of an SVM tenant: ${issue?.path.join(".")}: ${issue?.message}`);
      }
      try {
        return success(answer(read.data));
      } catch (error) {
        const refusal = readRefusals.find((code) => error instanceof LockstepError && error.code === code);
        if (refusal === undefined) throw error;
        return failure(refusal, (error as LockstepError).message);
      }
    },
    sealed: (keys) => {
      if (view === undefined) return;
      for (const key of keys) stale.set(toHex(key), key);
    },
  };
};
