/** What survives a crash: finalized blocks for good, and of the views above them what the protocol may not forget. */
import { toHex } from "../../protocol/bytes.ts";
import { Header } from "../../protocol/header.ts";
import type { Epoch, Height, View } from "../../protocol/ids.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import type { FinalizedBlock, KnownHeader } from "../application.ts";
import { decodeCertificate, decodeVote, encodeCertificate, encodeVote, knownHeader } from "../simplex/codec.ts";
import type { Statement, ViewCertificate, Vote } from "../simplex/statement.ts";
import { decodeBlock, encodeBlock } from "./block.ts";
import { keys, sections } from "./keys.ts";

export type Journal = {
  /** What is journaled of the views above the finalized ones. Once, before anything is written. */
  replay(): Promise<{ votes: Vote[]; certificates: ViewCertificate[]; headers: KnownHeader[] }>;
  /** Resolves when the vote, and all that was written before it, is on stable storage. */
  vote(vote: Vote, block: KnownHeader | undefined): Promise<void>;
  /** Written with the next vote or finalized block: before that, losing it contradicts nothing. */
  certificate(certificate: ViewCertificate): void;
  header(block: KnownHeader): void;
  /** Stores finalized blocks and drops what they settle. The last one's view counts. */
  finalize(blocks: readonly FinalizedBlock[]): Promise<void>;
  /** The newest finalized block. */
  tip(): Promise<FinalizedBlock | undefined>;
  block(height: Height): Promise<FinalizedBlock | undefined>;
  /** Encodings of finalized blocks from `height` on, at most `count` and `bytes` together. */
  encodedBlocks(height: Height, count: number, bytes: number): Promise<Uint8Array[]>;
};

/** A key that is on disk until a finalized block settles it. */
type Kept = {
  readonly key: Uint8Array;
  readonly epoch: Epoch;
  readonly view: View | undefined;
  readonly height: number;
};

export const createJournal = (disk: Disk): Journal => {
  const kept = new Map<string, Kept>();
  let waiting: DiskWrite[] = [];

  const write = (writes: readonly DiskWrite[]): Promise<void> => {
    const all = [...waiting, ...writes];
    waiting = [];
    return disk.write(all);
  };

  const keep = (key: Uint8Array, value: Uint8Array, place: Omit<Kept, "key">): DiskWrite => {
    kept.set(toHex(key), { key, ...place });
    return { key, value };
  };
  const keepStatement = (key: Uint8Array, value: Uint8Array, { proposal: { epoch, view } }: Statement): DiskWrite =>
    keep(key, value, { epoch, view, height: Number.POSITIVE_INFINITY });
  const keepHeader = ({ header, root }: KnownHeader): DiskWrite =>
    keep(keys.header(root), Header.encode(header), { epoch: header.epoch, view: undefined, height: header.height });

  const settled = ({ header, proposal }: FinalizedBlock): DiskWrite[] => {
    const writes: DiskWrite[] = [];
    for (const [name, { key, epoch, view, height }] of kept) {
      const isSettled =
        epoch < proposal.epoch ||
        height <= header.height ||
        (epoch === proposal.epoch && view !== undefined && view <= proposal.view);
      if (!isSettled) continue;
      kept.delete(name);
      writes.push({ key, value: undefined });
    }
    return writes;
  };

  return {
    replay: async () => {
      const votes: Vote[] = [];
      const certificates: ViewCertificate[] = [];
      const headers: KnownHeader[] = [];
      for await (const [key, value] of disk.range(sections.votes)) {
        const vote = decodeVote(value);
        votes.push(vote);
        keepStatement(key, value, vote);
      }
      for await (const [key, value] of disk.range(sections.certificates)) {
        const certificate = decodeCertificate(value);
        certificates.push(certificate);
        keepStatement(key, value, certificate);
      }
      for await (const [, value] of disk.range(sections.headers)) {
        const block = knownHeader(value);
        headers.push(block);
        keepHeader(block);
      }
      return { votes, certificates, headers };
    },
    vote: (vote, block) => {
      const { epoch, view } = vote.proposal;
      const own = keepStatement(keys.vote(epoch, view, vote.kind), encodeVote(vote), vote);
      return write(block === undefined ? [own] : [keepHeader(block), own]);
    },
    certificate: (certificate) => {
      const { epoch, view } = certificate.proposal;
      const key = keys.certificate(epoch, view, certificate.kind);
      waiting.push(keepStatement(key, encodeCertificate(certificate), certificate));
    },
    header: (block) => {
      waiting.push(keepHeader(block));
    },
    finalize: (blocks) => {
      const tip = blocks.at(-1);
      if (tip === undefined) return Promise.resolve();
      const stored = blocks.map((block) => ({ key: keys.block(block.header.height), value: encodeBlock(block) }));
      return write([...stored, ...settled(tip)]);
    },
    tip: async () => {
      for await (const [, value] of disk.range({ ...sections.blocks, reverse: true, limit: 1 }))
        return decodeBlock(value);
      return undefined;
    },
    block: async (height) => {
      const value = await disk.get(keys.block(height));
      return value && decodeBlock(value);
    },
    encodedBlocks: async (height, count, bytes) => {
      const found: Uint8Array[] = [];
      let size = 0;
      const bounds = { gte: keys.block(height), lt: sections.blocks.lt, limit: count };
      for await (const [, value] of disk.range(bounds)) {
        size += value.length;
        if (size > bytes && found.length > 0) break;
        found.push(value);
      }
      return found;
    },
  };
};
