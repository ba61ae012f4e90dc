/**
 * The canonical order of a slice: what the executor derives from the order that consensus gave it.
 * Repeated native ids are dropped, each sender's transactions stand in nonce order in the positions
 * that this sender's had, and nothing else moves.
 */
import { failure, type Result } from "../protocol/errors.ts";
import {
  type Execution,
  type Inspection,
  lastingRefusals,
  type OrderedEntry,
  type RefusalCode,
  type TransactionFacts,
} from "./adapter.ts";

/** Of an entry, what its place depends on; or why the VM refuses it. */
export type Orderable = Result<Pick<TransactionFacts, "nativeId" | "sender" | "nonce">, RefusalCode>;

/** `index` is the position in the slice as ordered; an entry with a `refusal` is not executed. */
export type Placed = { readonly index: number; readonly refusal?: RefusalCode };

/** An inspection, or the refusal of a transaction whose gas no producer declared right. */
export const asDeclared = (inspection: Inspection, { gas }: OrderedEntry): Inspection => {
  if (!inspection.ok || gas.includes(inspection.value.gas)) return inspection;
  return failure("gas_mismatch", `declared gas ${gas.join(", ")}, its limit is ${inspection.value.gas}`);
};

/** What becomes of an entry that has no place in the order. */
export const leftOut = (index: number, reason: RefusalCode): Execution => ({
  kind: "omitted",
  index,
  reason,
  hopeless: lastingRefusals.has(reason),
});

type Executable = { readonly index: number; readonly nonce: number };

const byNonce = (a: Executable, b: Executable): number => a.nonce - b.nonce || a.index - b.index;

/**
 * One `Placed` for each entry, in canonical order. Transactions of a sender with equal nonces keep
 * their order, and so do those without nonces.
 */
export const canonicalOrder = (entries: readonly Orderable[]): Placed[] => {
  const seen = new Set<string>();
  const bySender = new Map<string, Executable[]>();
  const placed = entries.map((entry, index): Placed => {
    if (!entry.ok) return { index, refusal: entry.error.code };
    const { nativeId, sender, nonce = 0 } = entry.value;
    if (seen.has(nativeId)) return { index, refusal: "duplicate" };
    seen.add(nativeId);
    const executable = { index, nonce };
    const others = bySender.get(sender);
    if (others === undefined) bySender.set(sender, [executable]);
    else others.push(executable);
    return { index };
  });
  for (const executables of bySender.values()) {
    if (executables.length === 1) continue;
    const sorted = executables.toSorted(byNonce);
    executables.forEach(({ index: position }, i) => {
      placed[position] = { index: (sorted[i] as Executable).index };
    });
  }
  return placed;
};
