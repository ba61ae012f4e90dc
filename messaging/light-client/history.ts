/** All heights up to a certified one, proven by its certificate alone: each summary names the one before it. */
import { equalBytes } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import type { Header } from "../../protocol/header.ts";
import { asHeight, asRoot, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import type { Input } from "../../protocol/inputs.ts";
import { Summary } from "../../protocol/summary.ts";
import { SliceWire, SummaryWire } from "../../protocol/wire.ts";
import { refuteInputs } from "./execution.ts";
import { lightClientLimits as limits } from "./limits.ts";
import { type Proof, refused } from "./refusal.ts";
import { ask, type Transport } from "./transport.ts";

/** What was applied to a tenant at a height, under which header, and what it came to. */
export type ProvenStep = { header: Header; headerRoot: Root; inputs: Input[]; summary: Summary };

export type ProvenHistory = {
  /** Of any height up to the certified one, genesis included. */
  summary(height: Height): Promise<Proof<Summary>>;
  /** From height 1 on. */
  step(height: Height, domain: Domain): Promise<Proof<ProvenStep>>;
};

const rootBytes = 32;

const otherSummary = (height: number) =>
  failure("wrong_summary", `the summary of height ${height} is not the one that height ${height + 1} builds on`);

/**
 * Walks back from `newest`, which must be proven already, to genesis. Of each summary it keeps the root, 32 bytes, and
 * asks for the summary again when it is needed.
 */
export const proveHistory = async (api: Transport, newest: Summary): Promise<Proof<ProvenHistory>> => {
  const roots = new Uint8Array(rootBytes * (newest.height + 1));
  const rootAt = (height: number): Root => asRoot(roots.subarray(rootBytes * height, rootBytes * (height + 1)));

  const summary: ProvenHistory["summary"] = async (height) => {
    const found = await ask(api, `/v1/summaries/${height}`, SummaryWire);
    if (!found.ok) return found;
    return equalBytes(found.value.root, rootAt(height)) ? success(found.value.summary) : otherSummary(height);
  };

  /** Checks the summaries below `above`, whose predecessors' roots become known one by one. */
  const walkBack = async (above: number): Promise<Proof<number>> => {
    const lowest = Math.max(1, above - limits.summaries);
    const heights = Array.from({ length: above - lowest }, (_, i) => above - 1 - i);
    const answers = heights.map((height) => ask(api, `/v1/summaries/${height}`, SummaryWire));
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      const height = heights[i] as number;
      if (!answer.ok) return answer;
      const { summary, root } = answer.value;
      if (!equalBytes(root, rootAt(height))) return otherSummary(height);
      if (summary.height !== height) {
        return failure(
          "wrong_height",
          `the certified summary before height ${height + 1} is of height ${summary.height}`,
        );
      }
      roots.set(summary.previous, rootBytes * (height - 1));
    }
    return success(lowest);
  };

  roots.set(Summary.root(newest), rootBytes * newest.height);
  if (newest.height > 0) roots.set(newest.previous, rootBytes * (newest.height - 1));
  for (let above: number = newest.height; above > 1; ) {
    const walked = await walkBack(above);
    if (!walked.ok) return walked;
    above = walked.value;
  }

  const step: ProvenHistory["step"] = async (height, domain) => {
    const [proven, slice] = await Promise.all([
      summary(height),
      ask(api, `/v1/blocks/${height}/tenants/${domain}`, SliceWire),
    ]);
    if (!proven.ok) return proven;
    if (!slice.ok) return slice;
    const { block, inputs } = slice.value;
    if (inputs === undefined) {
      return failure("not_available", `the API shows no inputs of domain ${domain} at height ${height}`);
    }
    const refuted = refuteInputs(proven.value, block.root, domain, inputs);
    if (refuted) return refused(refuted);
    return success({ header: block.header, headerRoot: block.root, inputs, summary: proven.value });
  };

  return success({ summary, step });
};

/** Steps after height `from` up to `last`, in order; some are asked for ahead of the one that is given out. */
export async function* stepsOf(
  history: ProvenHistory,
  domain: Domain,
  from: Height,
  last: Height,
  ahead = 8,
): AsyncGenerator<Proof<ProvenStep>> {
  const asked: Promise<Proof<ProvenStep>>[] = [];
  let next = from + 1;
  for (let height = from + 1; height <= last; height++) {
    while (next <= Math.min(last, height + ahead)) asked.push(history.step(asHeight(next++), domain));
    yield await (asked.shift() as Promise<Proof<ProvenStep>>);
  }
}
