/**
 * litesvm: Agave's SVM in this process. Checkpoints, roots and blockhashes are ours.
 *
 * Three things would abort the process, and all are kept from it: bytes that are no transaction (only what
 * `transaction.ts` has decoded comes here), a program that it remembers although its account is gone (no program
 * is ever deleted from an engine: a new engine is made instead), and a program that a transaction writes while
 * there is something else where its code was (`loadsPrograms`).
 */
import {
  Account,
  Clock,
  EpochSchedule,
  FailedTransactionMetadata,
  InstructionErrorCustom,
  LiteSvm,
  type SimulatedTransactionInfo,
  TransactionErrorDuplicateInstruction,
  TransactionErrorInstructionError,
  TransactionErrorInsufficientFundsForRent,
  type TransactionMetadata,
} from "litesvm/dist/internal.js";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { SvmAccount } from "./account.ts";
import { programs, sysvars } from "./addresses.ts";
import { holdsCode, isProgram, programDataOf } from "./programs.ts";
import type { SvmTransaction } from "./transaction.ts";
import type { TransactionError } from "./transactionError.ts";

/** An instruction that a program called, and its depth: 2 for what a top-level instruction calls. */
export type InnerInstruction = { program: number; accounts: Uint8Array; data: Uint8Array; stackHeight: number };

export type Outcome = {
  error?: TransactionError;
  unitsConsumed: number;
  logs: readonly string[];
  /** By position of the top-level instruction. */
  inner: readonly (readonly InnerInstruction[])[];
  returnData?: { program: Uint8Array; data: Uint8Array };
};

export type Slot = {
  slot: number;
  unixSeconds: number;
  epoch: number;
  /** Seconds, of the first slot of the epoch. */
  epochStart: number;
  /** Content of the SlotHashes sysvar. */
  slotHashes: Uint8Array;
};

export type KeyedAccount = { key: Uint8Array; account: SvmAccount };

export type SvmEngine = {
  get(key: Uint8Array): SvmAccount | undefined;
  set(key: Uint8Array, account: SvmAccount | undefined): void;
  setSlot(slot: Slot): void;
  /** Executes without looking at signatures, blockhash and earlier transactions. */
  send(transaction: SvmTransaction, bytes: Uint8Array): Outcome;
  /** The same without an effect, and the writable accounts as they would be; none where it fails. */
  simulate(transaction: SvmTransaction, bytes: Uint8Array): { outcome: Outcome; accounts: KeyedAccount[] };
  /** Whether the engine can load the programs among the accounts that a simulated transaction leaves behind. */
  loadsPrograms(changed: readonly KeyedAccount[]): boolean;
};

export const slotsPerEpoch = 432_000;

const fromEngine = (account: Account): SvmAccount => ({
  lamports: account.lamports(),
  data: account.data(),
  owner: account.owner(),
  executable: account.executable(),
  rentEpoch: account.rentEpoch(),
});

const toEngine = ({ lamports, data, owner, executable, rentEpoch }: SvmAccount): Account =>
  new Account(lamports, data, owner, executable, rentEpoch);

const absent = new Account(0n, new Uint8Array(0), programs.system, false, 0n);

/** Number of `BorshIoError`, which litesvm gives as an object. */
const borshIoError = 52;

const errorOf = (error: ReturnType<FailedTransactionMetadata["err"]>): TransactionError => {
  if (typeof error === "number") return { kind: "named", number: error };
  if (error instanceof TransactionErrorInstructionError) {
    const inner = error.err();
    const { index } = error;
    if (typeof inner === "number") return { kind: "instruction", index, error: { kind: "named", number: inner } };
    if (inner instanceof InstructionErrorCustom) {
      return { kind: "instruction", index, error: { kind: "custom", code: inner.code } };
    }
    return { kind: "instruction", index, error: { kind: "named", number: borshIoError } };
  }
  if (error instanceof TransactionErrorDuplicateInstruction) {
    return { kind: "duplicate_instruction", index: error.index };
  }
  return error instanceof TransactionErrorInsufficientFundsForRent
    ? { kind: "rent", account: error.accountIndex }
    : { kind: "restricted", account: error.accountIndex };
};

const metaOf = (meta: TransactionMetadata): Omit<Outcome, "error"> => {
  const returned = meta.returnData();
  const [program, data] = [returned.programId(), returned.data()];
  return {
    unitsConsumed: Number(meta.computeUnitsConsumed()),
    logs: meta.logs(),
    inner: meta.innerInstructions().map((list) =>
      list.map((inner) => {
        const instruction = inner.instruction();
        return {
          program: instruction.programIdIndex(),
          accounts: instruction.accounts(),
          data: instruction.data(),
          stackHeight: inner.stackHeight(),
        };
      }),
    ),
    ...(data.length > 0 ? { returnData: { program, data } } : {}),
  };
};

const outcomeOf = (result: TransactionMetadata | FailedTransactionMetadata): Outcome =>
  result instanceof FailedTransactionMetadata
    ? { ...metaOf(result.meta()), error: errorOf(result.err()) }
    : metaOf(result);

const createSvm = (): LiteSvm => {
  const svm = new LiteSvm();
  svm.setSigverify(false);
  svm.setBlockhashCheck(false);
  svm.setTransactionHistory(0n);
  svm.withNativeMints();
  svm.setEpochSchedule(new EpochSchedule(BigInt(slotsPerEpoch), BigInt(slotsPerEpoch), false, 0n, 0n));
  svm.setClock(new Clock(0n, 0n, 0n, 1n, 0n));
  // The account that it would airdrop from: its key is another one in each instance.
  for (const each of svm.getProgramAccounts(programs.system)) svm.setAccount(each.address, absent);
  return svm;
};

/** Accounts that every SVM starts with besides native programs and sysvars: SPL programs and native mints. */
export const builtInAccounts = (): KeyedAccount[] => {
  const svm = createSvm();
  const owners = [programs.loaderV1, programs.loaderV2, programs.loaderV3, programs.token, programs.token2022];
  return owners.flatMap((owner) =>
    svm.getProgramAccounts(owner).map((each) => ({ key: each.address, account: fromEngine(each.account()) })),
  );
};

/** An engine that holds these accounts, and is the same whatever became of them before. */
export const createEngine = (accounts: Iterable<KeyedAccount>): SvmEngine => {
  const svm = createSvm();
  const engine: SvmEngine = {
    get: (key) => {
      const account = svm.getAccount(key);
      return account === null || account.lamports() === 0n ? undefined : fromEngine(account);
    },
    set: (key, account) => {
      const codeAt = account && programDataOf(account);
      const code = codeAt && engine.get(codeAt);
      const isBroken = code !== undefined && !holdsCode(code);
      // The engine takes a program without code for closed, and one with broken code not at all.
      if (isBroken) svm.setAccount(codeAt as Uint8Array, absent);
      svm.setAccount(key, account === undefined ? absent : toEngine(account));
      if (isBroken) svm.setAccount(codeAt as Uint8Array, toEngine(code));
    },
    loadsPrograms: (changed) => {
      const byKey = new Map(changed.map(({ key, account }) => [toHex(key), account]));
      return changed.every(({ account }) => {
        const codeAt = account.lamports === 0n ? undefined : programDataOf(account);
        const code = codeAt && (byKey.get(toHex(codeAt)) ?? engine.get(codeAt));
        return code === undefined || code.lamports === 0n || holdsCode(code);
      });
    },
    setSlot: ({ slot, unixSeconds, epoch, epochStart, slotHashes }) => {
      svm.setClock(new Clock(BigInt(slot), BigInt(epochStart), BigInt(epoch), BigInt(epoch + 1), BigInt(unixSeconds)));
      svm.setAccount(sysvars.slotHashes, new Account(1n, slotHashes, sysvars.owner, false, 0n));
    },
    send: ({ version }, bytes) =>
      outcomeOf(version === 0 ? svm.sendVersionedTransaction(bytes) : svm.sendLegacyTransaction(bytes)),
    simulate: ({ version }, bytes) => {
      const result: SimulatedTransactionInfo | FailedTransactionMetadata =
        version === 0 ? svm.simulateVersionedTransaction(bytes) : svm.simulateLegacyTransaction(bytes);
      if (result instanceof FailedTransactionMetadata) return { outcome: outcomeOf(result), accounts: [] };
      const accounts = result
        .postAccounts()
        .map((each) => ({ key: each.address, account: fromEngine(each.account()) }));
      return { outcome: metaOf(result.meta()), accounts };
    },
  };
  const held: KeyedAccount[] = [];
  for (const each of accounts) {
    // A program is loaded when it is set, so its code has to be there.
    if (isProgram(each.account)) held.push(each);
    else engine.set(each.key, each.account);
  }
  for (const { key, account } of held) engine.set(key, account);
  return engine;
};

/** Whether a key belongs to the runtime itself: it is no state of a tenant. */
export const isRuntimeAccount = (account: SvmAccount | undefined): boolean =>
  account !== undefined && [programs.native, sysvars.owner].some((owner) => equalBytes(account.owner, owner));
