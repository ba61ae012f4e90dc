import { BitArray } from "@chainsafe/ssz";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import { Genesis } from "../../protocol/genesis.ts";
import { Header } from "../../protocol/header.ts";
import {
  asDomain,
  asEpoch,
  asHeight,
  asPublicKey,
  asRevision,
  asRoot,
  asSignature,
  asValidatorIndex,
} from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderingState } from "../../protocol/ordering.ts";
import { registrationOf } from "../../test/fixtures/registration.ts";
import { type HeldBatch, holdBatch } from "../batch/held.ts";
import { advance, genesisState } from "../control/state.ts";
import { assembleHeader } from "./assembly.ts";
import { genesisHeader } from "./genesis.ts";
import { slicesOf } from "./payload.ts";
import { type BlockToJudge, refuteBatches, refuteHeader } from "./validity.ts";
import { candidates } from "./voting.ts";

const keyOf = (index: number) => asPublicKey(new Uint8Array(48).fill(index + 1));
const signature = asSignature(new Uint8Array(96));
const data = asDomain(1);
const evm = asDomain(31337);

const genesis: Genesis = {
  salt: asRoot(new Uint8Array(32).fill(9)),
  timestampMs: 1_700_000_000_000,
  epochLength: 4,
  validators: [0, 1, 2, 3].map((index) => ({ publicKey: keyOf(index), weight: 1, possession: signature })),
  deposits: [],
  tenants: [registrationOf(data, "data"), registrationOf(evm, "evm")],
};
const root0 = Genesis.root(genesis);
const parent = genesisHeader(genesis);
const state = genesisState(genesis, root0);

const batch = (
  producer: number,
  sequence: number,
  transactions: readonly (readonly [domain: number, text: string, gas?: number])[],
): HeldBatch =>
  holdBatch({
    batch: {
      producer: keyOf(producer),
      sequence,
      transactions: transactions.map(([domain, text, gas = 1]) => ({
        domain: asDomain(domain),
        gas,
        bytes: utf8(text),
      })),
      bundles: [],
    },
    signature,
  });

const assemble = (batches: readonly HeldBatch[], on: { parent?: Header; state?: OrderingState } = {}): BlockToJudge => {
  const under = on.parent ?? parent;
  const parentRoot = Header.root(under);
  const header = assembleHeader({
    parent: under,
    parentRoot,
    state: on.state ?? state,
    candidates: batches,
    certified: under.certified,
    summaries: [],
    proposer: asValidatorIndex(1),
    nowMs: 1_700_000_000_500,
  });
  const chosen = batches.filter(({ digest }) => header.batches.some((named) => Buffer.compare(named, digest) === 0));
  return { header, parent: under, parentRoot, state: on.state ?? state, batches: chosen, summaries: [] };
};

const refuteBlock = (block: BlockToJudge) => refuteHeader(block) ?? refuteBatches(block);
const codeOf = (block: BlockToJudge): string | undefined => refuteBlock(block)?.code;
const altered = (block: BlockToJudge, change: Partial<Header>): BlockToJudge => ({
  ...block,
  header: { ...block.header, ...change },
});

describe("an assembled block", () => {
  const block = assemble([
    batch(0, 1, [
      [1, "a"],
      [31337, "b"],
    ]),
    batch(1, 7, [[1, "c"]]),
    batch(0, 2, [[1, "a"]]),
  ]);

  it("is valid", () => {
    expect(block.header.batches).toHaveLength(3);
    expect(refuteBlock(block)).toBeUndefined();
  });

  it("orders each tenant's entries in batch order, repeated ones once", () => {
    const texts = (slicesOf(block.batches).get(data) ?? []).map(({ bytes }) => new TextDecoder().decode(bytes));
    expect(texts).toEqual(["a", "c"]);
  });

  it("moves on its parent's time even when the proposer's clock is behind", () => {
    const late = assemble([], { parent: { ...parent, timestampMs: 1_800_000_000_000 } });
    expect(late.header.timestampMs).toBe(1_800_000_000_001);
  });

  it.each<[string, Partial<Header>]>([
    ["height", { height: asHeight(2) }],
    ["epoch", { epoch: asEpoch(1) }],
    ["parent", { parent: asRoot(new Uint8Array(32)) }],
    ["timestamp", { timestampMs: parent.timestampMs }],
    ["proposer", { proposer: asValidatorIndex(4) }],
    ["control_root", { controlRoot: asRoot(new Uint8Array(32)) }],
    ["validators_root", { validatorsRoot: asRoot(new Uint8Array(32)) }],
    ["validators_root", { nextValidatorsRoot: asRoot(new Uint8Array(32)) }],
    ["payload_root", { payloadRoot: asRoot(new Uint8Array(32)) }],
    ["batches", { batches: [] }],
    ["certified", { certified: { ...parent.certified, height: asHeight(1) } }],
    ["certified", { certified: { ...parent.certified, summaryRoot: asRoot(new Uint8Array(32).fill(1)) } }],
  ])("is refused for its %s", (code, change) => {
    expect(codeOf(altered(block, change))).toBe(code);
  });

  it("carries no older certificate than its parent", () => {
    const certificate = { signers: BitArray.fromBitLen(4), signature };
    const certified = { height: asHeight(1), revision: asRevision(0), summaryRoot: root0, certificate };
    const under = { ...parent, height: asHeight(2), certified };
    const child = assemble([], { parent: under });
    expect(codeOf(child)).toBeUndefined();
    expect(codeOf(altered(child, { certified: parent.certified }))).toBe("certified");
  });
});

describe("batches in a block", () => {
  const judge = (batches: readonly HeldBatch[]): string | undefined => {
    const block = assemble([]);
    return codeOf({
      ...block,
      batches,
      header: { ...block.header, batches: batches.map(({ digest }) => digest) },
    });
  };

  it("come from validators, with rising sequences", () => {
    expect(judge([batch(4, 1, [[1, "x"]])])).toBe("batches");
    expect(judge([batch(0, 0, [[1, "x"]])])).toBe("batches");
    expect(judge([batch(0, 2, [[1, "x"]]), batch(0, 1, [[1, "y"]])])).toBe("batches");
    expect(judge([batch(0, 2, [[1, "x"]]), batch(0, 2, [[1, "x"]])])).toBe("batches");
  });

  it("name tenants that exist", () => {
    expect(judge([batch(0, 1, [[2, "x"]])])).toBe("batches");
  });

  it("are void once the chain has taken a later sequence", () => {
    const after = advance(state, asHeight(1), [{ producer: keyOf(0), sequence: 5, loads: new Map() }]);
    const void5 = assemble([batch(0, 5, [[1, "x"]]), batch(0, 6, [[1, "y"]])], { state: after });
    expect(void5.header.batches).toHaveLength(1);
    expect(refuteBlock(void5)).toBeUndefined();
  });

  it("ask for no more gas than the tenant has left, all together", () => {
    const burns = (producer: number, gas: number) => batch(producer, 1, [[31337, `${producer} burns ${gas}`, gas]]);
    const four = [0, 1, 2, 3].map((producer) => burns(producer, 30_000_000));
    expect(judge(four.slice(0, 3))).toBe("payload_root");
    expect(judge(four)).toBe("batches");
    expect(judge([burns(0, 30_000_001)])).toBe("batches");
    expect(assemble(four).header.batches).toHaveLength(3);
  });

  it("leave a tenant that is used up behind, and nobody else", () => {
    const used = advance(state, asHeight(1), [batch(0, 1, [[31337, "a", 100_000_000]])]);
    const [evmBatch, dataBatch] = [batch(1, 1, [[31337, "b", 21_000]]), batch(2, 1, [[1, "c"]])];
    const now = { ...used, timestampMs: 1_700_000_000_500 };
    const block = assemble([evmBatch, dataBatch], { state: now });
    expect(block.batches).toEqual([dataBatch]);
    expect(refuteBlock(block)).toBeUndefined();
  });

  it("get smaller with their producer's penalty", () => {
    const producers = state.producers.map((each) =>
      Buffer.compare(each.publicKey, keyOf(0)) === 0 ? { ...each, penalty: limits.batchBytes } : each,
    );
    const block = assemble([batch(0, 1, [[1, "x".repeat(70_000)]]), batch(1, 1, [[1, "y"]])], {
      state: { ...state, producers },
    });
    expect(block.batches.map(({ producer }) => producer)).toEqual([keyOf(1)]);
    expect(refuteBlock(block)).toBeUndefined();
  });

  it("of the control ledger are taken all the same, past those of the same producer that must wait", () => {
    const far = { ...parent, height: asHeight(limits.uncertifiedHeights) };
    const control = batch(0, 2, [[0, "command"]]);
    const block = assemble(
      [
        batch(0, 1, [[1, "x"]]),
        control,
        batch(1, 1, [
          [0, "command"],
          [1, "y"],
        ]),
      ],
      { parent: far },
    );
    expect(block.batches).toEqual([control]);
    expect(codeOf(block)).toBeUndefined();
  });

  it("are left out while too many heights are uncertified", () => {
    const far = { ...parent, height: asHeight(limits.uncertifiedHeights) };
    const block = assemble([batch(0, 1, [[1, "x"]])], { parent: far });
    expect(block.header.batches).toEqual([]);
    expect(codeOf(block)).toBeUndefined();
    const full = assemble([batch(0, 1, [[1, "x"]])]);
    const forced = altered(block, { batches: full.header.batches, payloadRoot: full.header.payloadRoot });
    expect(codeOf({ ...forced, batches: full.batches })).toBe("uncertified_heights");
  });
});

describe("a newly certified height", () => {
  it("is of the revision in force", () => {
    const certificate = { signers: BitArray.fromBitLen(4), signature };
    const under = { ...parent, height: asHeight(2) };
    const certifying = (revision: number) => {
      const certified = { height: asHeight(1), revision: asRevision(revision), summaryRoot: root0, certificate };
      return altered(assemble([], { parent: under, state: { ...state, revision: asRevision(1) } }), { certified });
    };
    expect(codeOf(certifying(0))).toBe("certified");
    expect(codeOf(certifying(1))).toBeUndefined();
  });
});

describe("a proposer's choice", () => {
  const open = (held: HeldBatch, since: number) => ({ batch: held, since });

  it("takes batches as they came, each producer's in sequence", () => {
    const [a1, a2, b1] = [batch(0, 1, [[1, "a1"]]), batch(0, 2, [[1, "a2"]]), batch(1, 1, [[1, "b1"]])];
    const chosen = candidates([open(a2, 5), open(b1, 8), open(a1, 10)], state, 20);
    expect(chosen.map(({ key }) => key)).toEqual([b1, a1, a2].map(({ key }) => key));
  });

  it("waits for a missing sequence before it voids it", () => {
    const a2 = batch(0, 2, [[1, "a2"]]);
    expect(candidates([open(a2, 0)], state, 999)).toEqual([]);
    expect(candidates([open(a2, 0)], state, 1_000)).toEqual([a2]);
  });
});

describe("the ordering state", () => {
  it("keeps the newest sequence of each producer", () => {
    const moved = advance(state, asHeight(1), [
      { producer: keyOf(2), sequence: 3, loads: new Map() },
      { producer: keyOf(2), sequence: 4, loads: new Map() },
    ]);
    expect(moved.producers.map(({ sequence }) => sequence)).toEqual([0, 0, 4, 0]);
    expect(advance(moved, asHeight(2), [])).toEqual(moved);
  });
});
