/** The accounts of the open block, and the execution of transactions on them. */
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { rentExempt, type SvmAccount } from "./account.ts";
import type { AccountChange, Accounts } from "./accounts.ts";
import { programs } from "./addresses.ts";
import { createEngine, type Outcome, type Slot, type SvmEngine } from "./engine.ts";
import { createJournal, sameAccount } from "./journal.ts";
import { blockLimits } from "./limits.ts";
import { type Loaded, loadKeys } from "./lookup.ts";
import { isProgram, loaders, programDataOf } from "./programs.ts";
import type { Balances, Receipt, TokenBalance } from "./receipt.ts";
import { mintOf, tokenAccountOf } from "./token.ts";
import { isWritable, type SvmTransaction } from "./transaction.ts";
import { invalidProgram, lookupFailure, programNotFound, type TransactionError } from "./transactionError.ts";

/** `refused` leaves no trace: not even the fee was taken. */
export type Executed = { kind: "applied"; receipt: Receipt } | { kind: "refused"; error: TransactionError };

export type Ledger = {
  /** Starts a block. Nothing is done in the engine before its first transaction. */
  begin(slot: () => Slot): void;
  execute(transaction: SvmTransaction, bytes: Uint8Array, fee: bigint): Executed;
  /** Adds lamports to an account, which may be new. */
  credit(key: Uint8Array, lamports: bigint): void;
  /**
   * Moves lamports from an account that can spare them to one of the system's without data, which may be new; nothing where
   * either is not so.
   */
  move(from: Uint8Array, to: Uint8Array, lamports: bigint, least: bigint): void;
  /** Changes the data of an account that is there; `false`, and nothing done, where there is no change to make. */
  writeData(key: Uint8Array, change: (data: Uint8Array) => Uint8Array | undefined): boolean;
  /** Bytes of the accounts that the block has changed so far, before and after, and of code that it had loaded. */
  changedBytes(): number;
  mark(): number;
  /** Goes back; gives whether that took a new engine, with all programs loaded again. */
  revert(mark: number): boolean;
  /** Drops the open block. */
  discard(): void;
  /** Ends the block: its net changes, and the keys of programs that it wrote to. */
  end(): { changes: AccountChange[]; programs: Uint8Array[] };
};

const newAccount: SvmAccount = {
  ...{ lamports: 0n, data: new Uint8Array(0), owner: programs.system },
  ...{ executable: false, rentEpoch: rentExempt },
};

type Touched = { key: Uint8Array; before: SvmAccount | undefined };

export const createLedger = (accounts: Accounts): Ledger => {
  let engine: SvmEngine = createEngine(accounts.all());
  let journal = createJournal(accounts.get);
  /** Programs that the open block wrote to. */
  let loaded = new Map<Hex, Uint8Array>();
  /** Code that it had loaded, by the mark at that point. */
  let loads: { mark: number; bytes: number }[] = [];
  let current: (() => Slot) | undefined;
  /** Of the open block, until the engine knows it. */
  let slot: (() => Slot) | undefined;
  /** What the engine has although it is no state: native programs, sysvars, feature accounts. */
  const builtIn = new Map<Hex, SvmAccount>();

  const get = (key: Uint8Array): SvmAccount | undefined => {
    const value = journal.get(key);
    if (value !== undefined) return value.account;
    const known = accounts.get(key) ?? builtIn.get(toHex(key));
    if (known !== undefined) return known;
    // Neither state nor set in this block: if the engine has it, it had it from the start.
    const account = engine.get(key);
    if (account !== undefined) builtIn.set(toHex(key), account);
    return account;
  };

  const enterSlot = (): void => {
    if (slot === undefined) return;
    engine.setSlot(slot());
    slot = undefined;
  };

  const tokensOf = (keys: readonly Uint8Array[]): TokenBalance[] =>
    keys.flatMap((key, account) => {
      const holder = get(key);
      const token = tokenAccountOf(holder);
      const mint = token && mintOf(get(token.mint));
      if (holder === undefined || token === undefined || mint === undefined) return [];
      return [{ account, ...token, program: holder.owner, decimals: mint.decimals }];
    });

  const balancesOf = (keys: readonly Uint8Array[]): Balances => ({
    lamports: keys.map((key) => get(key)?.lamports ?? 0n),
    tokens: tokensOf(keys),
  });

  const codeBytes = (program: SvmAccount | undefined): number => {
    const codeAt = program && programDataOf(program);
    return ((codeAt === undefined ? program : engine.get(codeAt))?.data.length ?? 0) * blockLimits.codeWeight;
  };

  /** Takes over what a transaction left; until all is taken over, only the engine knows what there is. */
  const keep = ({ key, before }: Touched): void => {
    const after = engine.get(key);
    if (!sameAccount(before, after)) journal.set(key, after);
    if (!isProgram(before) && !isProgram(after)) return;
    loaded.set(toHex(key), key);
    loads.push({ mark: journal.mark(), bytes: codeBytes(after) });
    // What the engine remembers of it is a matter of accounts alone, whatever order it took code and program in.
    engine.set(key, after);
  };

  /** Whether the engine took the fee of a transaction that failed. */
  const isCharged = (payer: Touched, fee: bigint): boolean => {
    const before = payer.before?.lamports ?? 0n;
    const after = engine.get(payer.key)?.lamports ?? 0n;
    if (after === before) return false;
    if (before - after === fee) return true;
    throw new LockstepError("executor_failed", `litesvm took ${before - after} lamports for a fee of ${fee}`);
  };

  /**
   * What becomes of a transaction that would leave a program behind whose code is something else: litesvm aborts on
   * that, so here it fails. `undefined` for all others.
   */
  const breaksProgram = (
    transaction: SvmTransaction,
    bytes: Uint8Array,
    keys: readonly Uint8Array[],
    touched: readonly Touched[],
  ): Outcome | undefined => {
    const mayBreak =
      touched.some(({ before }) => isProgram(before)) ||
      keys.some((key) => loaders.some((loader) => equalBytes(key, loader)));
    if (!mayBreak) return undefined;
    const { outcome, accounts: changed } = engine.simulate(transaction, bytes);
    return outcome.error !== undefined || engine.loadsPrograms(changed)
      ? undefined
      : { ...outcome, error: invalidProgram };
  };

  /** Takes a fee that the engine didn't. */
  const charge = (key: Uint8Array, fee: bigint): void => {
    const account = get(key);
    if (account !== undefined) engine.set(key, { ...account, lamports: account.lamports - fee });
  };

  const execute = (transaction: SvmTransaction, bytes: Uint8Array, fee: bigint): Executed => {
    const loadedKeys = loadKeys(transaction, get);
    if (loadedKeys === undefined) return { kind: "refused", error: lookupFailure };
    const own = transaction.keys;
    // litesvm aborts on a program that it remembers without an account.
    const isMissing = transaction.instructions.some(({ program }) => get(own[program] as Uint8Array) === undefined);
    if (isMissing) return { kind: "refused", error: programNotFound };
    enterSlot();
    const keys = [...own, ...loadedKeys.writable, ...loadedKeys.readonly];
    const written = [...own.filter((_, index) => isWritable(transaction, index)), ...loadedKeys.writable];
    const touched = written.map((key): Touched => ({ key, before: get(key) }));
    const before = balancesOf(keys);
    const [payer] = touched as [Touched];
    const outcome = breaksProgram(transaction, bytes, keys, touched) ?? engine.send(transaction, bytes);
    if (outcome.error === invalidProgram) charge(payer.key, fee);
    else if (outcome.error !== undefined && !isCharged(payer, fee)) return { kind: "refused", error: outcome.error };
    for (const each of outcome.error === undefined ? touched : [payer]) keep(each);
    return { kind: "applied", receipt: receiptOf(outcome, fee, loadedKeys, before, balancesOf(keys)) };
  };

  const goBack = (mark: number): boolean => {
    const hadLoaded = loads.some((load) => load.mark > mark);
    loads = loads.filter((load) => load.mark <= mark);
    const keys = journal.revert(mark);
    if (!hadLoaded) {
      for (const key of keys) {
        const value = journal.get(key);
        engine.set(key, value === undefined ? (accounts.get(key) ?? builtIn.get(toHex(key))) : value.account);
      }
      return false;
    }
    const merged = new Map([...accounts.all()].map((each) => [toHex(each.key), each]));
    for (const { key, after } of journal.changes()) {
      if (after === undefined) merged.delete(toHex(key));
      else merged.set(toHex(key), { key, account: after });
    }
    engine = createEngine(merged.values());
    // The old one is outside the JavaScript heap, which would not be collected for its sake.
    globalThis.gc?.();
    slot = current;
    return true;
  };

  return {
    begin: (next) => {
      journal = createJournal(accounts.get);
      loaded = new Map();
      loads = [];
      slot = next;
      current = next;
    },
    execute,
    credit: (key, lamports) => {
      const account = get(key) ?? newAccount;
      const credited = { ...account, lamports: account.lamports + lamports };
      journal.set(key, credited);
      engine.set(key, credited);
    },
    move: (from, to, lamports, least) => {
      const payer = get(from);
      const payee = get(to) ?? newAccount;
      const isPlain = equalBytes(payee.owner, programs.system) && payee.data.length === 0 && !payee.executable;
      if (payer === undefined || payer.lamports < least + lamports || !isPlain || equalBytes(from, to)) return;
      for (const [key, account] of [
        [from, { ...payer, lamports: payer.lamports - lamports }],
        [to, { ...payee, lamports: payee.lamports + lamports }],
      ] as const) {
        journal.set(key, account);
        engine.set(key, account);
      }
    },
    writeData: (key, change) => {
      const account = get(key);
      const data = account && change(account.data);
      if (account === undefined || data === undefined) return false;
      const written = { ...account, data };
      journal.set(key, written);
      engine.set(key, written);
      return true;
    },
    changedBytes: () => loads.reduce((sum, { bytes }) => sum + bytes, journal.bytes()),
    mark: () => journal.mark(),
    revert: goBack,
    discard: () => void goBack(0),
    end: () => {
      const changes = journal.changes();
      // A transaction may name a program as written that is no state, such as a loader: that one stays as it was.
      const isState = (key: Uint8Array) => journal.get(key) !== undefined || accounts.get(key) !== undefined;
      return { changes, programs: [...loaded.values()].filter(isState) };
    },
  };
};

const receiptOf = (outcome: Outcome, fee: bigint, loaded: Loaded, before: Balances, after: Balances): Receipt => ({
  ...outcome,
  ...{ fee, loaded, before, after },
});
