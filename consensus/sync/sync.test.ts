import { describe, expect, test } from "vitest";
import { Header } from "../../protocol/header.ts";
import { asEpoch, asHeight, asSignature, asValidatorIndex, asView, type ValidatorIndex } from "../../protocol/ids.ts";
import type { Network } from "../../protocol/ports.ts";
import { signingRoot } from "../../protocol/signing.ts";
import type { FinalizedBlock, KnownHeader } from "../application.ts";
import { createBlst } from "../certificate/blst.ts";
import { assembleCertificate } from "../certificate/verify.ts";
import { encodeBlock } from "../journal/block.ts";
import { createJournal, type Journal } from "../journal/journal.ts";
import { contextOf, type Statement } from "../simplex/statement.ts";
import { childOf } from "../simulator/application.ts";
import { createCluster } from "../simulator/cluster.ts";
import { createWorld } from "../simulator/world.ts";
import { createSyncClient } from "./client.ts";
import { syncLimits } from "./limits.ts";
import { decodeSyncMessage, encodeSyncMessage, type SyncReply } from "./messages.ts";
import { createSyncServer } from "./server.ts";
import { refuteBlocks } from "./verify.ts";

const bls = createBlst();
const runtime = createWorld({ seed: 1, nodes: 1 }).runtime(asValidatorIndex(0));
const epochLength = 20;
const { set, genesis, signerOf } = createCluster({ seed: 1, nodes: 4, epochLength, without: [0, 1, 2, 3] });
const chain = { genesis: genesis.root, epochLength };
const origin: KnownHeader = { header: genesis.header, root: Header.root(genesis.header) };
const setOf = (epoch: number) => ({ ...set, epoch: asEpoch(epoch) });

const blockOn = (
  parent: KnownHeader,
  kind: FinalizedBlock["kind"] = "finalize",
  signers = [0, 1, 2],
): FinalizedBlock => {
  const epoch = asEpoch(Math.floor(parent.header.height / epochLength));
  const header = childOf(parent, {
    epoch,
    timestampMs: parent.header.timestampMs + 1,
    proposer: asValidatorIndex(0),
    batches: [],
  });
  const root = Header.root(header);
  const view = asView((parent.header.height % epochLength) + 1);
  const statement: Statement = { kind, proposal: { epoch, view, parentView: asView(view - 1), headerRoot: root } };
  const message = signingRoot(contextOf(genesis.root, statement));
  const votes = signers.map((signer) => ({
    signer: asValidatorIndex(signer),
    signature: signerOf(asValidatorIndex(signer)).sign(message),
  }));
  return { header, root, kind, proposal: statement.proposal, certificate: assembleCertificate(bls, set, votes) };
};
const chainOf = (length: number): FinalizedBlock[] => {
  const blocks: FinalizedBlock[] = [];
  for (let height = 0; height < length; height++) blocks.push(blockOn(blocks.at(-1) ?? origin));
  return blocks;
};

const blocks = chainOf(50);
const at = (height: number): FinalizedBlock => blocks[height - 1] as FinalizedBlock;

describe("finalized blocks from a peer", () => {
  const first = [at(1), at(2), at(3)];
  const refute = (given: readonly FinalizedBlock[], epoch = 0) => refuteBlocks(bls, chain, setOf(epoch), origin, given);

  test("are taken when each is certified and they are linked", async () => {
    expect(await refute(first)).toBeUndefined();
    expect(await refute([blockOn(origin, "notarize"), blockOn(blockOn(origin, "notarize"))])).toBeUndefined();
  });

  test.each<[string, () => FinalizedBlock[], RegExp]>([
    ["none", () => [], /not finalized/],
    ["a last block that is only notarized", () => [at(1), blockOn(at(1), "notarize")], /not finalized/],
    ["a gap", () => [at(1), at(3)], /block 3 follows block 1/],
    ["another beginning", () => [at(2)], /block 2 follows block 0/],
    ["a fork", () => [at(1), { ...at(2), header: { ...at(2).header, parent: at(3).root } }], /another parent/],
    ["a certificate of another block", () => [{ ...at(1), proposal: at(2).proposal }], /for another block/],
    [
      "a certificate of another epoch",
      () => [{ ...at(1), proposal: { ...at(1).proposal, epoch: asEpoch(1) } }],
      /of epoch 1/,
    ],
    ["too few signers", () => [blockOn(origin, "finalize", [0, 1])], /signers weigh 2 of 4/],
    [
      "a forged signature, on any block",
      () => [
        { ...at(1), certificate: { ...at(1).certificate, signature: asSignature(at(2).certificate.signature) } },
        at(2),
      ],
      /block 1: .*verify/,
    ],
    [
      "a notarization that passes for a finalization",
      () => [{ ...blockOn(origin, "notarize"), kind: "finalize" }],
      /verify/,
    ],
  ])("are refused: %s", async (_, given, reason) => {
    expect(await refute(given())).toMatch(reason);
  });

  test("are refused under the set of another epoch", async () => {
    expect(await refute(first, 1)).toMatch(/of epoch 0/);
  });
});

const journalWith = async (given: readonly FinalizedBlock[]): Promise<Journal> => {
  const world = createWorld({ seed: 1, nodes: 1 });
  const journal = createJournal(world.disk(asValidatorIndex(0)));
  const written = journal.finalize(given);
  await world.run(10);
  await written;
  const free = { ...journal };
  free.encodedBlocks = async (...args) => {
    const found = journal.encodedBlocks(...args);
    await world.run(1);
    return found;
  };
  return free;
};

describe("a reply", () => {
  const ask = async (journal: Journal, from: number, count: number): Promise<number> =>
    (await createSyncServer(journal, runtime).answer(asValidatorIndex(1), { id: 7, from: asHeight(from), count }))
      ?.blocks.length ?? -1;

  test("holds what was asked for, or what there is", async () => {
    const journal = await journalWith(blocks);
    expect(await ask(journal, 1, 10)).toBe(10);
    expect(await ask(journal, 45, 10)).toBe(6);
    expect(await ask(journal, 51, 10)).toBe(0);
  });

  test("runs on to the next finalization", async () => {
    const n1 = blockOn(origin, "notarize");
    const n2 = blockOn(n1, "notarize");
    const f3 = blockOn(n2);
    const journal = await journalWith([n1, n2, f3, blockOn(f3)]);
    expect(await ask(journal, 1, 1)).toBe(3);
    expect(await ask(journal, 4, 1)).toBe(1);
  });

  test("is refused to a peer that has asked too much at a time", async () => {
    const server = createSyncServer(await journalWith(blocks.slice(0, 2)), runtime);
    const request = { id: 1, from: asHeight(1), count: 1 };
    const replies = Array.from({ length: syncLimits.served + 1 }, () => server.answer(asValidatorIndex(1), request));
    expect(await replies.at(-1)).toBeUndefined();
    expect((await replies[0])?.blocks).toHaveLength(1);
  });
});

describe("messages", () => {
  test("decode to what was encoded, and nothing else does", () => {
    const reply = { type: "reply", reply: { id: 3, blocks: [encodeBlock(at(1))] } } as const;
    expect(decodeSyncMessage(encodeSyncMessage(reply))).toEqual(reply);
    for (const bad of [new Uint8Array(), Uint8Array.of(3), Uint8Array.of(1, 2), new Uint8Array(2_000_000).fill(2)]) {
      expect(() => decodeSyncMessage(bad)).toThrow(expect.objectContaining({ code: "undecodable" }));
    }
    for (const [from, count] of [
      [0, 1],
      [1, 0],
      [1, 65],
    ] as const) {
      const request = encodeSyncMessage({ type: "request", request: { id: 1, from: asHeight(from), count } });
      expect(() => decodeSyncMessage(request)).toThrow(expect.objectContaining({ code: "undecodable" }));
    }
  });
});

describe("a client", () => {
  /** Peers 1 to 3 answer as told. */
  const catchUp = async (
    answer: (peer: ValidatorIndex, from: number, count: number) => SyncReply["blocks"] | undefined,
  ) => {
    const world = createWorld({ seed: 1, nodes: 1 });
    const penalized: number[] = [];
    let tip: KnownHeader = origin;
    const network: Network = {
      self: asValidatorIndex(0),
      peers: () => [1, 2, 3].map(asValidatorIndex),
      broadcast: () => {},
      listen: () => {},
      onConnect: () => {},
      penalize: (peer) => penalized.push(peer),
      send: (to, _, bytes) => {
        const message = decodeSyncMessage(bytes);
        if (message.type !== "request") return;
        const { id, from, count } = message.request;
        const given = answer(to, from, count);
        if (given !== undefined) world.after(10, () => client.receive(to, { id, blocks: given }));
      },
    };
    const client = createSyncClient({
      chain,
      network,
      runtime: world.runtime(asValidatorIndex(0)),
      bls,
      here: () => ({ tip, set: setOf(Math.floor(tip.header.height / epochLength)) }),
      deliver: async (delivered) => {
        tip = delivered.at(-1) ?? tip;
      },
    });
    for (const peer of [1, 2, 3]) client.behind(asValidatorIndex(peer), 50);
    await world.run(() => tip.header.height === 50);
    client.stop();
    return { penalized: new Set(penalized), took: world.elapsed() };
  };
  const honest = (_: ValidatorIndex, from: number, count: number) =>
    blocks.slice(from - 1, from - 1 + count).map(encodeBlock);

  test("fetches across the ends of epochs, many ranges at a time", async () => {
    expect(await catchUp(honest)).toEqual({ penalized: new Set(), took: 10 });
  });

  test("turns to another peer when one is silent", async () => {
    const { penalized, took } = await catchUp((peer, from, count) =>
      peer === 2 ? undefined : honest(peer, from, count),
    );
    expect(penalized).toEqual(new Set());
    expect(took).toBeLessThan(4000);
  });

  test("turns to another peer when one lies, and penalizes it", async () => {
    const forged = { ...at(1), certificate: at(2).certificate };
    const { penalized } = await catchUp((peer, from, count) =>
      peer === 1 ? [encodeBlock(forged), ...honest(peer, from, count).slice(1)] : honest(peer, from, count),
    );
    expect(penalized).toEqual(new Set([1]));
  });

  test("goes on where a short reply ends", async () => {
    expect((await catchUp((peer, from, count) => honest(peer, from, Math.min(7, count)))).penalized).toEqual(new Set());
  });
});
