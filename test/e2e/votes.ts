/** What validators said, read from their disks after they ended: whether one ever contradicted itself. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJournal } from "../../consensus/journal/journal.ts";
import { proposalKey, type Statement } from "../../consensus/simplex/statement.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { signersOf } from "../../protocol/certificate.ts";
import { asHeight } from "../../protocol/ids.ts";
import { openDisk } from "../../sequencer/storage/disk.ts";

export type Said = Statement & { readonly signer: number };

/** What one disk holds: statements of its own validator, those that certificates prove of any, the chain. */
export type DiskRecord = { readonly own: readonly Said[]; readonly proven: readonly Said[]; readonly blocks: Hex[] };

const readData = async (data: string): Promise<DiskRecord> => {
  const disk = await openDisk(data);
  try {
    const journal = createJournal(disk);
    const { votes, certificates } = await journal.replay();
    const proven: Said[] = [];
    const prove = ({ kind, proposal }: Statement, signers: readonly number[]) =>
      proven.push(...signers.map((signer) => ({ kind, proposal, signer })));
    for (const certificate of certificates) prove(certificate, signersOf(certificate.certificate));
    const blocks: Hex[] = [];
    for (let block = await journal.block(asHeight(1)); block !== undefined; ) {
      prove(block, signersOf(block.certificate));
      blocks.push(toHex(block.root));
      block = await journal.block(asHeight(blocks.length + 1));
    }
    return { own: votes, proven, blocks };
  } finally {
    await disk.close();
  }
};

/** Reads the disk of a validator that doesn't run, from a copy: opening it writes to it. */
export const readRecord = async (folder: string): Promise<DiskRecord> => {
  const copy = await mkdtemp(join(tmpdir(), "lockstep-disk-"));
  try {
    await cp(join(folder, "data"), copy, { recursive: true });
    return await readData(copy);
  } finally {
    await rm(copy, { recursive: true });
  }
};

/** In a network where nobody lies there is one proposal a view, and nobody both nullifies and finalizes it. */
const contradict = (a: Said, b: Said): boolean => {
  if (a.kind === "nullify" || b.kind === "nullify")
    return a.kind !== b.kind && (a.kind === "finalize" || b.kind === "finalize");
  return proposalKey(a.proposal) !== proposalKey(b.proposal);
};

/**
 * Holds the votes that were on the disks, in views not finalized then, against all that is known later:
 * votes on the disks, and finalized blocks and other certificates, which show who signed them.
 */
export const contradictions = (
  earlier: readonly DiskRecord[],
  later: readonly DiskRecord[],
): [earlier: Said, later: Said][] => {
  const placeOf = ({ signer, proposal: { epoch, view } }: Said) => `${signer}/${epoch}/${view}`;
  const saidLater = new Map<string, Said[]>();
  for (const said of later.flatMap(({ own, proven }) => [...own, ...proven])) {
    const place = placeOf(said);
    saidLater.set(place, [...(saidLater.get(place) ?? []), said]);
  }
  return earlier
    .flatMap(({ own }) => own)
    .flatMap((first) => (saidLater.get(placeOf(first)) ?? []).map((second): [Said, Said] => [first, second]))
    .filter(([first, second]) => contradict(first, second));
};
