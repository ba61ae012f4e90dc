/** What the open block did to accounts so far: their present values, and how to go back. */
import { equalBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import type { SvmAccount } from "./account.ts";
import type { AccountChange } from "./accounts.ts";

export const sameAccount = (a: SvmAccount | undefined, b: SvmAccount | undefined): boolean => {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.lamports === b.lamports &&
    a.rentEpoch === b.rentEpoch &&
    a.executable === b.executable &&
    equalBytes(a.owner, b.owner) &&
    Buffer.compare(a.data, b.data) === 0
  );
};

type Value = { account: SvmAccount | undefined };
type Step = { name: Hex; before: Value | undefined };

export type Journal = {
  /** Present value, and whether this block ever set it. */
  get(key: Uint8Array): Value | undefined;
  set(key: Uint8Array, account: SvmAccount | undefined): void;
  /** Bytes of data of the accounts that it holds, and of what they were before the block. */
  bytes(): number;
  /** The present point. */
  mark(): number;
  /** Goes back; gives the keys that were set since. */
  revert(mark: number): Uint8Array[];
  /** Net changes. */
  changes(): AccountChange[];
};

const keyOf = (name: Hex): Uint8Array => fromHex(name) ?? new Uint8Array(0);

/** @param before an account as it was before the block */
export const createJournal = (before: (key: Uint8Array) => SvmAccount | undefined): Journal => {
  const values = new Map<Hex, Value>();
  const steps: Step[] = [];
  let bytes = 0;
  const sizeOf = (account: SvmAccount | undefined): number => account?.data.length ?? 0;
  /** What a value adds to the bytes; `undefined` for an account that the block hasn't set. */
  const weightOf = (name: Hex, value: Value | undefined): number =>
    value === undefined ? 0 : sizeOf(value.account) + sizeOf(before(keyOf(name)));
  return {
    bytes: () => bytes,
    get: (key) => values.get(toHex(key)),
    set: (key, account) => {
      const name = toHex(key);
      const old = values.get(name);
      const value = { account };
      bytes += weightOf(name, value) - weightOf(name, old);
      steps.push({ name, before: old });
      values.set(name, value);
    },
    mark: () => steps.length,
    revert: (mark) => {
      const touched = new Set<Hex>();
      for (const { name, before: old } of steps.splice(mark).reverse()) {
        bytes += weightOf(name, old) - weightOf(name, values.get(name));
        if (old === undefined) values.delete(name);
        else values.set(name, old);
        touched.add(name);
      }
      return [...touched].map(keyOf);
    },
    changes: () =>
      [...values].flatMap(([name, { account }]) => {
        const key = keyOf(name);
        const old = before(key);
        return sameAccount(old, account) ? [] : [{ key, before: old, after: account }];
      }),
  };
};
