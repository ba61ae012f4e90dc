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
  /** The present point. */
  mark(): number;
  /** Goes back; gives the keys that were set since. */
  revert(mark: number): Uint8Array[];
  /** Net changes against `before`. */
  changes(before: (key: Uint8Array) => SvmAccount | undefined): AccountChange[];
};

const keyOf = (name: Hex): Uint8Array => fromHex(name) ?? new Uint8Array(0);

export const createJournal = (): Journal => {
  const values = new Map<Hex, Value>();
  const steps: Step[] = [];
  return {
    get: (key) => values.get(toHex(key)),
    set: (key, account) => {
      const name = toHex(key);
      steps.push({ name, before: values.get(name) });
      values.set(name, { account });
    },
    mark: () => steps.length,
    revert: (mark) => {
      const touched = new Set<Hex>();
      for (const { name, before } of steps.splice(mark).reverse()) {
        if (before === undefined) values.delete(name);
        else values.set(name, before);
        touched.add(name);
      }
      return [...touched].map(keyOf);
    },
    changes: (before) =>
      [...values].flatMap(([name, { account }]) => {
        const key = keyOf(name);
        const old = before(key);
        return sameAccount(old, account) ? [] : [{ key, before: old, after: account }];
      }),
  };
};
