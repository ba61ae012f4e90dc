/** Accounts after the newest sealed block, and as they were after each of the last 256. */
import { equalBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { limits } from "../../protocol/limits.ts";
import type { SvmAccount } from "./account.ts";
import type { KeyedAccount } from "./engine.ts";
import { executorLimits } from "./limits.ts";

export type AccountChange = {
  key: Uint8Array;
  before: SvmAccount | undefined;
  after: SvmAccount | undefined;
};

export type Accounts = {
  newest(): number;
  /** The oldest block that can be read. */
  oldest(): number;
  get(key: Uint8Array): SvmAccount | undefined;
  /** `number` must be one that can be read. */
  at(number: number, key: Uint8Array): SvmAccount | undefined;
  /** Accounts that a program owns, in order of their keys. */
  owned(number: number, owner: Uint8Array): Iterable<KeyedAccount>;
  all(): Iterable<KeyedAccount>;
  /** Takes over a sealed block. */
  apply(changes: readonly AccountChange[]): void;
  /** Takes in the changes of the oldest block that can be read, so that the one before it can be; false if there is no room. */
  loadUndo(changes: readonly AccountChange[]): boolean;
};

/** Values before a block. */
type Undo = { values: ReadonlyMap<Hex, SvmAccount | undefined>; bytes: number };

const undoOf = (changes: readonly AccountChange[]): Undo => ({
  values: new Map(changes.map(({ key, before }) => [toHex(key), before])),
  bytes: changes.reduce((sum, { before }) => sum + (before?.data.length ?? 0), 0),
});

const keyOf = (name: Hex): Uint8Array => fromHex(name) ?? new Uint8Array(0);

/** Accounts after block `number`. */
export const createAccounts = (number: number, stored: Iterable<KeyedAccount>): Accounts => {
  const values = new Map<Hex, SvmAccount>();
  const byOwner = new Map<Hex, Set<Hex>>();
  /** Of the last blocks, oldest first. */
  const undo: Undo[] = [];
  let newest = number;
  let undoBytes = 0;

  const put = (name: Hex, account: SvmAccount | undefined): void => {
    const old = values.get(name);
    if (old !== undefined && (account === undefined || !equalBytes(old.owner, account.owner))) {
      const owner = toHex(old.owner);
      const others = byOwner.get(owner);
      others?.delete(name);
      if (others?.size === 0) byOwner.delete(owner);
    }
    if (account === undefined) {
      values.delete(name);
      return;
    }
    values.set(name, account);
    const owner = toHex(account.owner);
    const others = byOwner.get(owner) ?? new Set();
    byOwner.set(owner, others.add(name));
  };
  for (const { key, account } of stored) put(toHex(key), account);

  const oldest = (): number => newest - undo.length;

  const valueAt = (at: number, name: Hex): SvmAccount | undefined => {
    for (let i = at - oldest(); i < undo.length; i++) {
      const past = undo[i]?.values;
      if (past?.has(name)) return past.get(name);
    }
    return values.get(name);
  };

  return {
    newest: () => newest,
    oldest,
    get: (key) => values.get(toHex(key)),
    at: (at, key) => valueAt(at, toHex(key)),
    *owned(at, owner) {
      const names = new Set(byOwner.get(toHex(owner)));
      for (const past of undo.slice(at - oldest())) for (const name of past.values.keys()) names.add(name);
      for (const name of [...names].sort()) {
        const account = valueAt(at, name);
        if (account !== undefined && equalBytes(account.owner, owner)) yield { key: keyOf(name), account };
      }
    },
    *all() {
      for (const [name, account] of values) yield { key: keyOf(name), account };
    },
    apply: (changes) => {
      const past = undoOf(changes);
      undo.push(past);
      undoBytes += past.bytes;
      newest++;
      for (const { key, after } of changes) put(toHex(key), after);
      while (undo.length >= limits.readableHeights || undoBytes > executorLimits.historyBytes) {
        undoBytes -= undo.shift()?.bytes ?? undoBytes;
      }
    },
    loadUndo: (changes) => {
      const past = undoOf(changes);
      const hasRoom = undo.length + 1 < limits.readableHeights && undoBytes + past.bytes <= executorLimits.historyBytes;
      if (!hasRoom) return false;
      undo.unshift(past);
      undoBytes += past.bytes;
      return true;
    },
  };
};
