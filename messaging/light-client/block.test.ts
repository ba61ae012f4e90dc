import { describe, expect, test } from "vitest";
import { createBlst } from "../../consensus/certificate/blst.ts";
import { Header, Proposal } from "../../protocol/header.ts";
import { asEpoch, asHeight, asRevision, asView, zeroRoot } from "../../protocol/ids.ts";
import { Summary } from "../../protocol/summary.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { BlockWire } from "../../protocol/wire.ts";
import { buildChain, certify } from "../../test/fixtures/chain.ts";
import { refuteBlock, refuteChild, refuteTransition } from "./block.ts";
import { refuteExecution } from "./execution.ts";

const verifier = createBlst();
const epochLength = 4;
const chain = buildChain({ epochLength, heights: 9 });
const set = (epoch: number) => chain.sets[epoch] as ValidatorSet;
const block = (height: number) => chain.blocks[height] as BlockWire;

/** The block with another header, signed for real by members of its set. */
const resign = (
  height: number,
  change: Partial<Header>,
  { kind = "finalize", members }: { kind?: "notarize" | "finalize" | "nullify"; members?: number[] } = {},
): BlockWire => {
  const original = block(height);
  const header = { ...original.header, ...change };
  const root = Header.root(header);
  const proposal = { ...original.proposal, headerRoot: root };
  const epoch = original.header.epoch;
  const context = {
    genesis: chain.genesisRoot,
    kind,
    epoch,
    slot: proposal.view,
    revision: 0,
    root: Proposal.root(proposal),
  };
  return {
    header,
    root,
    proposal,
    kind: kind === "nullify" ? "finalize" : kind,
    certificate: certify(context, set(epoch), members),
  };
};
const codeOf = async (refusal: Promise<{ code: string } | undefined>) => (await refusal)?.code;

describe("a block", () => {
  const check = (candidate: BlockWire, epoch = 0) => codeOf(refuteBlock(verifier, set(epoch), epochLength, candidate));

  test("holds as it was signed, by the set of its epoch only", async () => {
    expect(await check(block(2))).toBeUndefined();
    expect(await check(resign(2, {}))).toBeUndefined();
    expect(await check(block(2), 1)).toBe("wrong_epoch");
    expect(await check(block(5), 1)).toBeUndefined();
  });

  test("needs a quorum by weight", async () => {
    expect(await check(resign(2, {}, { members: [0, 1] }))).toBe("no_quorum");
    expect(await check(resign(2, {}, { members: [1, 2, 3] }))).toBeUndefined();
  });

  test("a signature of another kind counts for nothing", async () => {
    expect(await check(resign(2, {}, { kind: "nullify" }))).toBe("signature");
    expect(await check({ ...resign(2, {}, { kind: "notarize" }), kind: "finalize" })).toBe("signature");
  });

  test("whatever a quorum signs, its epoch, set and proposal must fit", async () => {
    expect(await check(resign(2, { height: asHeight(5) }))).toBe("wrong_epoch");
    expect(await check(resign(2, { height: asHeight(0) }))).toBe("wrong_epoch");
    expect(await check(resign(2, { epoch: asEpoch(1) }))).toBe("wrong_epoch");
    expect(await check(resign(2, { validatorsRoot: zeroRoot }))).toBe("wrong_set");
    expect(await check({ ...block(2), proposal: block(3).proposal })).toBe("wrong_proposal");
    expect(await check({ ...block(2), proposal: { ...block(2).proposal, epoch: asEpoch(1) } })).toBe("wrong_proposal");
    expect(await check({ ...block(2), proposal: { ...block(2).proposal, parentView: asView(9) } })).toBe("signature");
  });

  test("follows its parent only", () => {
    expect(refuteChild(block(2), block(3))).toBeUndefined();
    expect(refuteChild(block(2), block(4))?.code).toBe("wrong_height");
    expect(refuteChild(block(2), { ...block(3), header: { ...block(3).header, parent: zeroRoot } })?.code).toBe(
      "wrong_parent",
    );
  });
});

describe("a step into the next epoch", () => {
  const step = (transition: BlockWire, next = set(1)) =>
    codeOf(refuteTransition(verifier, set(0), epochLength, transition, next));

  test("is the finalized last block of the epoch, naming the next set", async () => {
    expect(await step(block(4))).toBeUndefined();
    expect(await step(block(3))).toBe("wrong_height");
    expect(await step(resign(4, {}, { kind: "notarize" }))).toBe("not_final");
    expect(await step(resign(4, { nextValidatorsRoot: zeroRoot }))).toBe("wrong_set");
    expect(await step(resign(4, {}, { members: [2, 3] }))).toBe("no_quorum");
  });

  test("leads to the next epoch of the same network", async () => {
    expect(await step(block(4), set(2))).toBe("wrong_epoch");
    expect(await step(block(4), { ...set(1), genesis: zeroRoot })).toBe("wrong_genesis");
    const [first, ...others] = set(1).members;
    const heavier = { ...set(1), members: [{ ...first, weight: 1000 } as ValidatorSet["members"][0], ...others] };
    expect(await step(block(4), heavier)).toBe("wrong_set");
  });
});

describe("an execution certificate", () => {
  const certified = chain.certified[3] as (typeof chain.certified)[0];
  const summary = chain.summaries[3] as Summary;
  const check = (by: typeof certified, of = summary, epoch = 0) =>
    codeOf(refuteExecution(verifier, set(epoch), epochLength, by, of));

  test("holds for its summary, height, revision and set only", async () => {
    expect(await check(certified)).toBeUndefined();
    expect(await check(certified, chain.summaries[2])).toBe("wrong_summary");
    expect(await check({ ...certified, height: asHeight(2) })).toBe("wrong_summary");
    expect(await check({ ...certified, revision: asRevision(1) })).toBe("wrong_summary");
    expect(await check(certified, summary, 1)).toBe("wrong_epoch");
  });

  test("signatures of another height or revision don't count", async () => {
    const other = { ...summary, revision: asRevision(1) };
    expect(await check({ ...certified, revision: asRevision(1), summaryRoot: Summary.root(other) }, other)).toBe(
      "signature",
    );
  });
});
