/** What a finalized block's control transactions came to, for the store and for whoever sent them. */
import type { Execution } from "../../adapters/adapter.ts";
import { type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { controlDomain, type Recovery } from "../../protocol/control.ts";
import type { Height } from "../../protocol/ids.ts";
import type { DiskWrite } from "../../protocol/ports.ts";
import type { SliceEntry } from "../block/payload.ts";
import type { SettledSlice } from "../mempool/pool.ts";
import { keys } from "../storage/keys.ts";
import { OutcomeRecord as Outcome, type OutcomeRecord, outcomeKinds } from "../storage/records.ts";
import type { Command, ControlOutcome } from "./ledger.ts";

/** What is no command at all: bytes that can't be decoded, or gas that is not the number of signatures. */
const noCommand = "undecodable";

/** Reason for each entry of domain 0 that was not applied, in the order of the slice. */
const reasonsOf = (slice: readonly SliceEntry[], outcomes: readonly ControlOutcome[]): (string | undefined)[] => {
  const byId = new Map(outcomes.map((outcome) => [toHex(outcome.id), outcome]));
  return slice.map(({ leaf }) => {
    const outcome = byId.get(toHex(leaf));
    return outcome === undefined ? noCommand : outcome.code;
  });
};

const none = new Uint8Array();

/** The recovery that a block's control transactions brought about: at most one can take its place. */
export const recoveryOf = (commands: readonly Command[], outcomes: readonly ControlOutcome[]): Recovery | undefined => {
  const applied = new Set(outcomes.filter(({ code }) => code === undefined).map(({ id }) => toHex(id)));
  const bodies = commands.filter(({ id }) => applied.has(toHex(id))).map(({ body }) => body);
  return bodies.find((body) => body.kind === "recover")?.value;
};

/** `appliedBefore` names the entries that an earlier block applied: that is what counts of them. */
export const controlResults = (
  height: Height,
  slice: readonly SliceEntry[],
  outcomes: readonly ControlOutcome[],
  appliedBefore: ReadonlySet<Hex>,
): { writes: DiskWrite[]; settled: SettledSlice } => {
  const reasons = reasonsOf(slice, outcomes);
  const writes = slice.flatMap(({ leaf }, i): DiskWrite[] => {
    const reason = reasons[i];
    if (reason !== undefined && appliedBefore.has(toHex(leaf))) return [];
    const record: OutcomeRecord = {
      domain: controlDomain,
      kind: reason === undefined ? outcomeKinds.applied : outcomeKinds.omitted,
      height,
      index: i,
      succeeded: reason === undefined,
      nativeId: leaf,
      reason: utf8(reason ?? ""),
    };
    return [{ key: keys.outcome(controlDomain, leaf), value: Outcome.encode(record) }];
  });
  const executions = slice.map(({ leaf, bytes }, index) => {
    const reason = reasons[index];
    const nativeId = toHex(leaf);
    const execution: Execution =
      reason === undefined
        ? { kind: "applied", index, nativeId, receipt: none, gas: 0, gasUsed: 0, succeeded: true }
        : { kind: "omitted", index, reason: "invalid", hopeless: false };
    return { key: nativeId, id: leaf, bytes, execution };
  });
  return { writes, settled: { domain: controlDomain, executions } };
};
