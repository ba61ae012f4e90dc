/** Tenants that only some senders may write to. */
import { failure } from "../protocol/errors.ts";
import type { Inspection } from "./adapter.ts";

/**
 * Refuses transactions of any sender but `writers`, in the spelling of `TransactionFacts.sender`; without a list nobody's.
 * An executor asks it at admission and again when it executes: a producer may order what it was never shown.
 */
export const onlyWriters = (writers: readonly string[] | undefined): ((inspection: Inspection) => Inspection) => {
  if (writers === undefined) return (inspection) => inspection;
  const known = new Set(writers);
  return (inspection) =>
    !inspection.ok || known.has(inspection.value.sender)
      ? inspection
      : failure("not_a_writer", `${inspection.value.sender} is none of this tenant's ${known.size} writers`);
};
