/** The smallest application: units of work, named by digests, that a block takes in as its batches. */
import { equalBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { emptyCertificate } from "../../protocol/certificate.ts";
import { sha256 } from "../../protocol/hash.ts";
import { Header } from "../../protocol/header.ts";
import { asEpoch, asHeight, asRevision, type Root, type ValidatorIndex, zeroRoot } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Runtime } from "../../protocol/ports.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { Application, FinalizedBlock, KnownHeader } from "../application.ts";

export type Ledger = Application & {
  /** Takes in a unit of work. */
  submit(unit: Root): void;
  /** Blocks in the order in which they were finalized, since the start. */
  readonly blocks: readonly FinalizedBlock[];
  /** What consensus may never do to an application, and did. */
  readonly complaints: readonly string[];
};

export type LedgerOptions = {
  readonly self: ValidatorIndex;
  readonly runtime: Runtime;
  readonly set: ValidatorSet;
  readonly epochLength: number;
  /** Milliseconds from a call of `propose` or `validate` to its answer. */
  readonly thinkMs: number;
  /** The block up to which it has executed; `undefined` for genesis. */
  readonly executed: KnownHeader | undefined;
};

/** A header without content on top of another. */
export const childOf = (
  parent: KnownHeader,
  fields: Pick<Header, "epoch" | "timestampMs" | "proposer" | "batches">,
): Header => ({
  ...fields,
  height: asHeight(parent.header.height + 1),
  parent: parent.root,
  payloadRoot: sha256(parent.root),
  controlRoot: zeroRoot,
  validatorsRoot: zeroRoot,
  nextValidatorsRoot: zeroRoot,
  certified: { height: asHeight(0), revision: asRevision(0), summaryRoot: zeroRoot, certificate: emptyCertificate() },
});

export const genesisHeader = (timestampMs: number): Header => ({
  ...childOf(
    { header: { height: -1 } as Header, root: zeroRoot },
    { epoch: asEpoch(0), timestampMs, proposer: 0 as ValidatorIndex, batches: [] },
  ),
  payloadRoot: sha256(utf8("genesis")),
});

export const createLedger = ({ self, runtime, set, epochLength, thinkMs, executed }: LedgerOptions): Ledger => {
  const blocks: FinalizedBlock[] = [];
  const complaints: string[] = [];
  const pending = new Map<string, Root>();
  /** Blocks above the finalized one that were proposed here or found valid. */
  const known = new Map<string, KnownHeader>();
  let tip = executed;

  const think = (): Promise<void> =>
    new Promise((resolve) => {
      runtime.after(thinkMs, resolve);
    });

  const isKnown = ({ header, root }: KnownHeader): boolean =>
    header.height === 0 || known.has(toHex(root)) || (tip !== undefined && equalBytes(tip.root, root));

  /** Units in a block and in its ancestors above the finalized one. */
  const unitsIn = (block: KnownHeader | undefined): string[] =>
    block === undefined ? [] : [...block.header.batches.map(toHex), ...unitsIn(known.get(toHex(block.header.parent)))];

  const unitsFor = (parent: KnownHeader): Root[] => {
    const taken = new Set<string>(unitsIn(known.get(toHex(parent.root))));
    return [...pending].filter(([key]) => !taken.has(key)).map(([, unit]) => unit);
  };

  return {
    blocks,
    complaints,
    submit: (unit) => {
      pending.set(toHex(unit), unit);
    },
    propose: async (parent) => {
      if (!isKnown(parent)) complaints.push(`asked to build on block ${parent.header.height} before it was validated`);
      await think();
      const header = childOf(parent, {
        epoch: asEpoch(Math.floor(parent.header.height / epochLength)),
        timestampMs: Math.max(runtime.now(), parent.header.timestampMs + 1),
        proposer: self,
        batches: unitsFor(parent).slice(0, limits.batchesPerBlock),
      });
      const root = Header.root(header);
      known.set(toHex(root), { header, root });
      return header;
    },
    validate: async (block, parent, _, signal) => {
      if (!isKnown(parent)) complaints.push(`asked to judge block ${block.header.height} before its parent`);
      await think();
      if (signal.aborted) return new Promise(() => {});
      if (!equalBytes(block.header.payloadRoot, sha256(parent.root))) return false;
      known.set(toHex(block.root), block);
      return true;
    },
    finalized: (block) => {
      if (tip !== undefined && block.header.height !== tip.header.height + 1) {
        complaints.push(`block ${block.header.height} was finalized after block ${tip.header.height}`);
      }
      tip = block;
      blocks.push(block);
      for (const unit of block.header.batches) pending.delete(toHex(unit));
      for (const [key, { header }] of known) if (header.height <= block.header.height) known.delete(key);
    },
    hasWork: (parent) => unitsFor(parent).length > 0,
    validatorsOf: (epoch) => ({ ...set, epoch: asEpoch(epoch) }),
  };
};
