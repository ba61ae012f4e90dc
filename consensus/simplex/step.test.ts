import { describe, expect, test } from "vitest";
import { signerBits } from "../../protocol/certificate.ts";
import { sha256 } from "../../protocol/hash.ts";
import { Header } from "../../protocol/header.ts";
import { asEpoch, asSignature, asValidatorIndex, asView, type View } from "../../protocol/ids.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { KnownHeader } from "../application.ts";
import { childOf, genesisHeader } from "../simulator/application.ts";
import type { Action, Event } from "./event.ts";
import { initialState, leaderOf, type State } from "./state.ts";
import {
  type Message,
  nullifyOf,
  type Statement,
  type ViewCertificate,
  type Vote,
  type VoteKind,
} from "./statement.ts";
import { restore, step } from "./step.ts";

const index = asValidatorIndex;
const view = asView;
const epoch = asEpoch(0);
const set: ValidatorSet = {
  genesis: sha256(new Uint8Array()),
  epoch,
  members: [0, 1, 2, 3].map((i) => ({ publicKey: new Uint8Array(48).fill(i) as never, weight: 1 })),
};
const known = (header: Header): KnownHeader => ({ header, root: Header.root(header) });
const genesis = known(genesisHeader(1000));
const child = (parent: KnownHeader, at: number, batches = 0): KnownHeader =>
  known(
    childOf(parent, {
      epoch,
      timestampMs: parent.header.timestampMs + 1,
      proposer: leaderOf(epoch, view(at), 4),
      batches: Array.from({ length: batches }, (_, i) => sha256(Uint8Array.of(i))),
    }),
  );

/** In epoch 0 validator v mod 4 leads view v. */
const node = (
  self: number,
  epochLength = 100,
): { state: State; on: (event: Event, work?: boolean) => Action[]; wait: (ms: number) => void } => {
  const state = initialState({ self: index(self), epochLength, set, tip: genesis });
  let now = 0;
  return {
    state,
    on: (event, work = false) => step(state, event, { now: now++, hasWork: () => work }),
    wait: (ms) => {
      now += ms;
    },
  };
};

const statement = (kind: VoteKind, block: KnownHeader, at: number, parent: number): Statement => ({
  kind,
  proposal: { epoch, view: view(at), parentView: view(parent), headerRoot: block.root },
});
const vote = (of: Statement, signer: number): Vote => ({
  ...of,
  signer: index(signer),
  signature: asSignature(new Uint8Array(96).fill(signer)),
});
const certificate = (of: Statement, signers = [0, 1, 2]): ViewCertificate => ({
  ...of,
  certificate: { signers: signerBits(signers.map(index), 4), signature: asSignature(new Uint8Array(96)) },
});
const received = (from: number, message: Message): Event => ({ type: "received", from: index(from), message });
const voted = (of: Statement, signer: number): Event => received(signer, { type: "vote", vote: vote(of, signer) });
const proposed = (block: KnownHeader, at: number, parent: number): Event => {
  const leader = at % 4;
  const own = vote(statement("notarize", block, at, parent), leader);
  return received(leader, { type: "proposal", vote: own, block, parent: undefined });
};
const genuine = (of: Statement): Event => ({
  type: "verified",
  from: index(3),
  certificate: certificate(of),
  valid: true,
});
const nullified = (at: number): Event => genuine(nullifyOf(epoch, view(at)));
const valid = (block: KnownHeader): Event => ({ type: "validated", block, valid: true });

const casts = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) =>
    action.type === "cast" ? [`${action.statement.kind} ${action.statement.proposal.view}`] : [],
  );
const types = (actions: readonly Action[]): string[] => actions.map(({ type }) => type);
const sent = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) => (action.type === "send" || action.type === "broadcast" ? [action.message.type] : []));
const reports = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) => (action.type === "report" ? [action.report.event] : []));

const a1 = child(genesis, 1);

describe("R1 leaders", () => {
  test("take equal turns, and each epoch begins with another", () => {
    const turns = (of: number) => [1, 2, 3, 4].map((at) => leaderOf(asEpoch(of), at as View, 4));
    expect([turns(0), turns(1)]).toEqual([
      [1, 2, 3, 0],
      [2, 3, 0, 1],
    ]);
  });
});

describe("R3 a leader", () => {
  test("waits without work, and proposes at the heartbeat", () => {
    const { on } = node(1);
    expect(types(on({ type: "started" }))).not.toContain("propose");
    expect(types(on({ type: "timer", timer: "heartbeat" }))).toContain("propose");
  });

  test("proposes at once with own work, and with announced work", () => {
    const own = node(1);
    own.on({ type: "started" });
    expect(types(own.on({ type: "workArrived" }, true))).toContain("propose");
    const other = node(1);
    other.on({ type: "started" });
    const status = { epoch, view: view(1), finalizedView: view(0), finalizedHeight: 0, work: true };
    expect(types(other.on(received(3, { type: "status", status })))).toContain("propose");
  });

  test("sends its proposal after its vote is on disk", () => {
    const { on } = node(1);
    on({ type: "started" }, true);
    const decided = on({ type: "proposed", view: view(1), block: a1 });
    expect(casts(decided)).toEqual(["notarize 1"]);
    expect(sent(decided)).toEqual([]);
    const onDisk = on({ type: "cast", vote: vote(statement("notarize", a1, 1, 0), 1) });
    expect(sent(onDisk)).toEqual(["proposal"]);
  });

  test("gives up on its view when the application has nothing to propose", () => {
    const { on } = node(1);
    on({ type: "started" }, true);
    expect(casts(on({ type: "proposed", view: view(1), block: undefined }))).toEqual(["nullify 1"]);
  });

  test("does not propose what the application got wrong", () => {
    const { on } = node(1);
    on({ type: "started" }, true);
    expect(casts(on({ type: "proposed", view: view(1), block: child(a1, 1) }))).toEqual(["nullify 1"]);
  });
});

describe("R4, R5 a voter", () => {
  test("notarizes what its application finds valid, once", () => {
    const { on } = node(0);
    on({ type: "started" });
    const asked = on(proposed(a1, 1, 0));
    expect([types(asked).includes("validate"), casts(asked)]).toEqual([true, []]);
    expect(casts(on(valid(a1)))).toEqual(["notarize 1"]);
    expect(casts(on(valid(a1)))).toEqual([]);
    expect(casts(on(proposed(child(genesis, 1, 1), 1, 0)))).toEqual([]);
  });

  test("gives up on the view when the application refuses", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(proposed(a1, 1, 0));
    expect(casts(on({ type: "validated", block: a1, valid: false }))).toEqual(["nullify 1"]);
  });

  test.each<[string, Partial<Header>]>([
    ["height", { height: 2 as never }],
    ["parent", { parent: sha256(Uint8Array.of(9)) }],
    ["epoch", { epoch: asEpoch(1) }],
    ["timestamp", { timestampMs: 1000 }],
    ["proposer", { proposer: index(3) }],
  ])("refuses a header with a wrong %s without asking", (_, change) => {
    const { on } = node(0);
    on({ type: "started" });
    const actions = on(proposed(known({ ...a1.header, ...change }), 1, 0));
    expect(types(actions)).not.toContain("validate");
    expect(types(actions)).toContain("penalize");
    expect(casts(actions)).toEqual(["nullify 1"]);
  });

  test("needs the nullification of every view between, and asks for it", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(nullified(2));
    const b3 = child(genesis, 3);
    const waiting = on(proposed(b3, 3, 0));
    expect(types(waiting)).not.toContain("validate");
    const request = waiting.find((action) => action.type === "send");
    expect(request).toMatchObject({ to: 3, message: { type: "request", request: { views: [1] } } });
    expect(types(on(nullified(1)))).toContain("validate");
    expect(casts(on(valid(b3)))).toEqual(["notarize 3"]);
  });

  test("needs the parent's notarization and header, and asks for them", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(nullified(2));
    const b3 = child(a1, 3);
    on(proposed(b3, 3, 1));
    const missingHeader = on(genuine(statement("notarize", a1, 1, 0)));
    expect(missingHeader.find((action) => action.type === "send" && action.message.type === "request")).toMatchObject({
      message: { request: { headers: [a1.root] } },
    });
    const asked = on(received(3, { type: "header", block: a1 })).filter(({ type }) => type === "validate");
    expect(asked).toMatchObject([{ block: { root: a1.root } }]);
    expect(on(valid(a1)).filter(({ type }) => type === "validate")).toMatchObject([{ block: { root: b3.root } }]);
    expect(casts(on(valid(b3)))).toEqual(["notarize 3"]);
  });

  test("keeps a proposal that came early", () => {
    const { on } = node(0);
    on({ type: "started" });
    const b2 = child(genesis, 2);
    expect(types(on(proposed(b2, 2, 0)))).not.toContain("validate");
    expect(types(on(nullified(1)))).toContain("validate");
  });
});

describe("R6 after a notarization", () => {
  test("it enters the next view and finalizes", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    expect(casts(on(genuine(statement("notarize", a1, 1, 0))))).toEqual(["finalize 1"]);
    expect(state.view).toBe(2);
  });

  test("it does not finalize what it nullified", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    expect(casts(on({ type: "timer", timer: "leader" }))).toEqual(["nullify 1"]);
    expect(casts(on(genuine(statement("notarize", a1, 1, 0))))).toEqual([]);
    expect(state.view).toBe(2);
  });

  test("nor nullify what it finalized, whatever the timers and leaders say", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(genuine(statement("notarize", a1, 1, 0)));
    on(voted(nullifyOf(epoch, view(1)), 1));
    for (const timer of ["leader", "advance"] as const) {
      expect(casts(on({ type: "timer", timer }))).not.toContain("nullify 1");
    }
  });
});

describe("R7 a view is given up", () => {
  test.each(["leader", "advance"] as const)("when the %s timer fires, once", (timer) => {
    const { on } = node(0);
    on({ type: "started" });
    expect(casts(on({ type: "timer", timer }))).toEqual(["nullify 1"]);
    expect(casts(on({ type: "timer", timer: "advance" }))).toEqual([]);
  });

  test("when its own leader gives it up, not when another validator does", () => {
    const { on } = node(0);
    on({ type: "started" });
    expect(casts(on(voted(nullifyOf(epoch, view(1)), 2)))).toEqual([]);
    expect(casts(on(voted(nullifyOf(epoch, view(1)), 1)))).toEqual(["nullify 1"]);
  });
});

describe("R8 votes", () => {
  const notarize = statement("notarize", a1, 1, 0);

  test("are verified together at a quorum, and once", () => {
    const { on } = node(0);
    on({ type: "started" });
    expect(types([...on(voted(notarize, 1)), ...on(voted(notarize, 2))])).not.toContain("aggregate");
    const quorum = on(voted(notarize, 3)).filter(({ type }) => type === "aggregate");
    expect(quorum).toMatchObject([{ votes: [{ signer: 1 }, { signer: 2 }, { signer: 3 }] }]);
    expect(types(on(voted(notarize, 3)))).not.toContain("aggregate");
  });

  test("for different proposals don't add up", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(voted(notarize, 1));
    on(voted(notarize, 2));
    expect(types(on(voted(statement("notarize", child(genesis, 1, 1), 1, 0), 3)))).not.toContain("aggregate");
  });

  test("that are forged are dropped for good, and the others can still make a quorum", () => {
    const { on } = node(0);
    on({ type: "started" });
    for (const signer of [1, 2, 3]) on(voted(notarize, signer));
    const found = on({ type: "refuted", statement: notarize, liars: [index(2)] });
    expect(found.find(({ type }) => type === "penalize")).toMatchObject({ peer: 2 });
    expect(types(on(voted(notarize, 2)))).not.toContain("aggregate");
    const again = on({ type: "cast", vote: vote(notarize, 0) }).filter(({ type }) => type === "aggregate");
    expect(again).toMatchObject([{ votes: [{ signer: 1 }, { signer: 3 }, { signer: 0 }] }]);
  });

  test("of others, of no member and far ahead are not kept", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    const stolen = on(received(1, { type: "vote", vote: vote(notarize, 2) }));
    expect(types(stolen)).toContain("penalize");
    on(voted(nullifyOf(epoch, view(1000)), 1));
    on(voted(notarize, 7));
    expect([...state.rounds.keys()]).toEqual([1]);
    expect(state.rounds.get(view(1))?.votes.notarize.size).toBe(0);
  });

  test("make a certificate for the next leader alone; a nullification goes to all", () => {
    const { on } = node(0);
    on({ type: "started" });
    const made = on({ type: "aggregated", certificate: certificate(notarize) });
    expect(made.filter(({ type }) => type === "send")).toMatchObject([{ to: 2, message: { type: "certificate" } }]);
    const ended = on({ type: "aggregated", certificate: certificate(nullifyOf(epoch, view(2))) });
    expect(ended.find(({ type }) => type === "broadcast")).toMatchObject({ message: { type: "certificate" } });
  });
});

describe("R9 certificates", () => {
  test("of any view are verified, then followed", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    const far = certificate(nullifyOf(epoch, view(500)));
    expect(types(on(received(2, { type: "certificate", certificate: far })))).toContain("verify");
    expect([...state.rounds.keys()]).toEqual([1]);
    on({ type: "verified", from: index(2), certificate: far, valid: true });
    expect(state.view).toBe(501);
  });

  test("that are forged change nothing and are penalized", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    const forged = certificate(nullifyOf(epoch, view(500)));
    on(received(2, { type: "certificate", certificate: forged }));
    const actions = on({ type: "verified", from: index(2), certificate: forged, valid: false });
    expect(actions).toMatchObject([{ type: "penalize", peer: 2 }]);
    expect(state.view).toBe(1);
  });

  test("help a peer that is stuck in an earlier view", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(nullified(1));
    const help = on(voted(nullifyOf(epoch, view(1)), 3));
    expect(help).toMatchObject([{ type: "send", to: 3, message: { certificate: { proposal: { view: 1 } } } }]);
  });

  test("are given in answer to a request, within bounds", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(nullified(1));
    const request = received(2, {
      type: "request",
      request: { epoch, views: [view(1), view(2)], headers: [genesis.root] },
    });
    expect(sent(on(request))).toEqual(["certificate", "header"]);
    const answered = Array.from({ length: 100 }, () => sent(on(request)).length).filter((count) => count > 0).length;
    expect(answered).toBeLessThan(20);
  });

  test("and own votes are sent again when a view lasts", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(nullified(1));
    on({ type: "timer", timer: "advance" });
    on({ type: "cast", vote: vote(nullifyOf(epoch, view(2)), 0) });
    on({ type: "timer", timer: "tick" });
    expect(sent(on({ type: "timer", timer: "tick" }))).toEqual(["status", "certificate", "vote"]);
  });
});

describe("R10 the last header of an epoch", () => {
  const last = a1;

  test("is proposed again until it is finalized", () => {
    const { on } = node(2, 1);
    on({ type: "started" });
    on(proposed(last, 1, 0));
    on(genuine(statement("notarize", last, 1, 0)));
    const again = on({ type: "timer", timer: "heartbeat" });
    expect(again.filter(({ type }) => type === "cast")).toMatchObject([
      { statement: { kind: "notarize", proposal: { view: 2, parentView: 1, headerRoot: last.root } } },
    ]);
  });

  test("and nothing else is notarized then", () => {
    const { on } = node(0, 1);
    on({ type: "started" });
    on(proposed(last, 1, 0));
    on(genuine(statement("notarize", last, 1, 0)));
    expect(casts(on(proposed(child(last, 2), 2, 1)))).toEqual(["nullify 2"]);
    const other = node(0, 1);
    other.on({ type: "started" });
    other.on(proposed(last, 1, 0));
    other.on(genuine(statement("notarize", last, 1, 0)));
    expect(casts(other.on(proposed(last, 2, 1)))).toEqual(["notarize 2"]);
  });

  test("finalized when proposed again, it is finalized once and ends the epoch", () => {
    const { state, on } = node(0, 1);
    on({ type: "started" });
    on(proposed(last, 1, 0));
    on(genuine(statement("notarize", last, 1, 0)));
    on(proposed(last, 2, 1));
    const done = on(genuine(statement("finalize", last, 2, 1))).filter(({ type }) => type === "finalize");
    expect(done).toMatchObject([{ closes: true, blocks: [{ kind: "finalize", proposal: { view: 2 } }] }]);
    expect(casts(on({ type: "timer", timer: "advance" }))).toEqual([]);
    on({ type: "epoch", set: { ...set, epoch: asEpoch(1) } });
    expect([state.epoch, state.view, state.floor.view]).toEqual([1, 1, 0]);
  });

  test("what came too early for the next epoch is taken up in it", () => {
    const { on } = node(0, 1);
    on({ type: "started" });
    on(proposed(last, 1, 0));
    const header = { ...child(last, 2).header, epoch: asEpoch(1), proposer: index(2) };
    const next = known(header);
    const of: Statement = {
      kind: "notarize",
      proposal: { epoch: asEpoch(1), view: view(1), parentView: view(0), headerRoot: next.root },
    };
    on(received(2, { type: "proposal", vote: vote(of, 2), block: next, parent: undefined }));
    on(genuine(statement("finalize", last, 1, 0)));
    const entered = on({ type: "epoch", set: { ...set, epoch: asEpoch(1) } });
    expect(entered.filter(({ type }) => type === "validate")).toMatchObject([{ block: { root: next.root } }]);
  });
});

describe("R11 an idle validator", () => {
  test("starts no leader timer before the heartbeat, and with work at once", () => {
    const idle = node(0);
    const timersOf = (actions: readonly Action[]) =>
      actions.flatMap((action) => (action.type === "setTimer" ? [action.timer] : []));
    expect(timersOf(idle.on({ type: "started" }))).toEqual(["heartbeat", "tick"]);
    expect(timersOf(idle.on({ type: "timer", timer: "heartbeat" }))).toEqual(["leader", "advance"]);
    const busy = node(0);
    expect(timersOf(busy.on({ type: "started" }, true))).toEqual(["heartbeat", "tick", "leader", "advance"]);
  });

  test("tells the others of work once until its own turn", () => {
    const { on } = node(0);
    on({ type: "started" });
    expect(sent(on({ type: "workArrived" }, true))).toEqual(["status"]);
    expect(sent(on({ type: "workArrived" }, true))).toEqual([]);
    for (const at of [1, 2, 3]) expect(sent(on(nullified(at), true))).not.toContain("status");
    expect(sent(on(nullified(4), true))).toContain("status");
  });
});

describe("R13 a silent leader", () => {
  const through = (on: (event: Event) => Action[], from: number, to: number, heard: readonly number[]): string[] => {
    const said: string[] = [];
    for (let at = from; at <= to; at++) {
      for (const signer of heard) on(voted(nullifyOf(epoch, view(at)), signer));
      said.push(...casts(on(nullified(at))));
    }
    return said;
  };

  test("is skipped at once on its next turn", () => {
    const { on } = node(0);
    on({ type: "started" });
    expect(through(on, 1, 4, [1, 3])).toEqual([]);
    expect(casts(on(nullified(5)))).toEqual(["nullify 6"]);
  });

  test("is not skipped for missing some quick views, only after a while", () => {
    const { on, wait } = node(0);
    on({ type: "started" });
    expect(through(on, 1, 1, [1, 2, 3])).toEqual([]);
    expect(through(on, 2, 5, [1, 3])).toEqual([]);
    expect(casts(on(nullified(5)))).toEqual([]);
    wait(1_500);
    expect(through(on, 6, 9, [1, 3])).toEqual(["nullify 10"]);
  });

  test("is not skipped by one who hears no quorum", () => {
    const { on } = node(0);
    on({ type: "started" });
    expect(through(on, 1, 5, [])).toEqual([]);
  });
});

describe("R14 a contradiction", () => {
  test.each<[string, Statement, Statement]>([
    ["two notarizes", statement("notarize", a1, 1, 0), statement("notarize", child(genesis, 1, 1), 1, 0)],
    ["two finalizes", statement("finalize", a1, 1, 0), statement("finalize", child(genesis, 1, 1), 1, 0)],
    ["nullify after finalize", statement("finalize", a1, 1, 0), nullifyOf(epoch, view(1))],
    ["finalize after nullify", nullifyOf(epoch, view(1)), statement("finalize", a1, 1, 0)],
  ])("%s: reported once, the first vote counts", (_, first, second) => {
    const { state, on } = node(0);
    on({ type: "started" });
    on(voted(first, 2));
    expect(reports(on(voted(second, 2)))).toEqual(["equivocation"]);
    expect(reports(on(voted(second, 2)))).toEqual([]);
    expect(state.equivocations).toBe(1);
    expect(state.rounds.get(view(1))?.votes[first.kind].has(index(2))).toBe(true);
  });

  test("with a certificate is reported too", () => {
    const { on } = node(0);
    on({ type: "started" });
    on(voted(statement("notarize", child(genesis, 1, 1), 1, 0), 1));
    expect(reports(on(genuine(statement("notarize", a1, 1, 0))))).toContain("equivocation");
  });
});

describe("R15 a finalization", () => {
  test("finalizes all ancestors with the certificates they have", () => {
    const { on } = node(0);
    const b2 = child(a1, 2);
    on({ type: "started" });
    on(proposed(a1, 1, 0));
    on(proposed(b2, 2, 1));
    on(genuine(statement("notarize", a1, 1, 0)));
    const done = on(genuine(statement("finalize", b2, 2, 1))).filter(({ type }) => type === "finalize");
    expect(done).toMatchObject([
      {
        closes: false,
        blocks: [
          { root: a1.root, kind: "notarize" },
          { root: b2.root, kind: "finalize" },
        ],
      },
    ]);
  });

  test("waits for a missing header, and moves on to the next view meanwhile", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    expect(types(on(genuine(statement("finalize", a1, 1, 0))))).not.toContain("finalize");
    expect(state.view).toBe(2);
    expect(types(on(received(1, { type: "header", block: a1 })))).toContain("finalize");
  });

  test("forgets what lies below", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    on(proposed(a1, 1, 0));
    on(genuine(statement("finalize", a1, 1, 0)));
    expect([[...state.rounds.keys()], state.headers.size, state.floor.view]).toEqual([[2], 0, 1]);
  });
});

describe("R17 blocks from peers", () => {
  const block = (of: KnownHeader, at: number) => {
    const finalize = statement("finalize", of, at, at - 1);
    return {
      ...of,
      kind: "finalize" as const,
      proposal: finalize.proposal,
      certificate: certificate(finalize).certificate,
    };
  };

  test("move the floor and the view", () => {
    const { state, on } = node(0);
    on({ type: "started" });
    const b2 = child(a1, 2);
    expect(types(on({ type: "synced", blocks: [block(a1, 1), block(b2, 2)] }))).toContain("finalize");
    expect([state.floor.block.root, state.view]).toEqual([b2.root, 3]);
    expect(types(on({ type: "synced", blocks: [block(a1, 1)] }))).not.toContain("finalize");
  });

  test("are fetched from a peer that had them a tick ago", () => {
    const { on } = node(0);
    on({ type: "started" });
    const status = { epoch, view: view(2), finalizedView: view(1), finalizedHeight: 1, work: false };
    expect(types(on(received(1, { type: "status", status })))).not.toContain("fetch");
    expect(types(on(received(1, { type: "status", status })))).toContain("fetch");
  });
});

describe("R18 after a crash", () => {
  test("a validator stands by what it said", () => {
    const said = statement("notarize", child(genesis, 1, 1), 1, 0);
    const { state, on } = node(0);
    restore(state, { votes: [vote(said, 0)], certificates: [], headers: [] });
    on({ type: "started" });
    on(proposed(a1, 1, 0));
    expect(casts(on(valid(a1)))).toEqual([]);
  });

  test("who finalized does not nullify, who nullified does not finalize", () => {
    const finalizer = node(0);
    restore(finalizer.state, { votes: [vote(statement("finalize", a1, 1, 0), 0)], certificates: [], headers: [] });
    finalizer.on({ type: "started" });
    expect(casts(finalizer.on({ type: "timer", timer: "advance" }))).toEqual([]);
    const nullifier = node(0);
    restore(nullifier.state, { votes: [vote(nullifyOf(epoch, view(1)), 0)], certificates: [], headers: [] });
    nullifier.on({ type: "started" });
    expect(casts(nullifier.on(genuine(statement("notarize", a1, 1, 0))))).toEqual([]);
  });

  test("a leader sends the same proposal again", () => {
    const { state, on } = node(1);
    restore(state, { votes: [vote(statement("notarize", a1, 1, 0), 1)], certificates: [], headers: [a1] });
    const actions = on({ type: "started" }, true);
    expect(types(actions)).not.toContain("propose");
    expect(actions.find(({ type }) => type === "broadcast")).toBeDefined();
    expect(sent(actions)).toContain("proposal");
  });

  test("the view is that after the newest certificate, and what is due is said", () => {
    const { state, on } = node(0);
    restore(state, { votes: [], certificates: [certificate(statement("notarize", a1, 1, 0))], headers: [a1] });
    expect(casts(on({ type: "started" }))).toEqual(["finalize 1"]);
    expect(state.view).toBe(2);
  });
});
