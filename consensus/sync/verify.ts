/** Whether blocks from a peer are the finalized continuation of what is finalized here. */
import { equalBytes } from "../../protocol/bytes.ts";
import { epochAt } from "../../protocol/genesis.ts";
import type { Root } from "../../protocol/ids.ts";
import type { ValidatorSet } from "../../protocol/validators.ts";
import type { FinalizedBlock, KnownHeader } from "../application.ts";
import type { BlsVerifier } from "../certificate/bls.ts";
import { refuteCertificate } from "../certificate/verify.ts";
import { contextOf } from "../simplex/statement.ts";

/** What all blocks of a chain are judged by. */
export type Chain = { readonly genesis: Root; readonly epochLength: number };

/**
 * Why `blocks` don't continue `parent` with finality, in words; `undefined` when they do. R17: every
 * block has a certificate of its epoch's set, each is the child of the one before, the last one is finalized.
 */
export const refuteBlocks = async (
  bls: BlsVerifier,
  chain: Chain,
  set: ValidatorSet,
  parent: KnownHeader,
  blocks: readonly FinalizedBlock[],
): Promise<string | undefined> => {
  if (blocks.at(-1)?.kind !== "finalize") return "the last block is not finalized";
  let previous = parent;
  for (const block of blocks) {
    const fault = refuteLink(chain, set, previous, block);
    if (fault !== undefined) return fault;
    previous = block;
  }
  const refusals = await Promise.all(
    blocks.map((block) => refuteCertificate(bls, set, contextOf(chain.genesis, block), block.certificate)),
  );
  const at = refusals.findIndex((refusal) => refusal !== undefined);
  return at === -1 ? undefined : `block ${blocks[at]?.header.height}: ${refusals[at]?.message}`;
};

const refuteLink = (
  { epochLength }: Chain,
  set: ValidatorSet,
  previous: KnownHeader,
  { header, root, proposal }: FinalizedBlock,
): string | undefined => {
  const { height, epoch, parent } = header;
  if (height !== previous.header.height + 1) return `block ${height} follows block ${previous.header.height}`;
  if (!equalBytes(parent, previous.root)) return `block ${height} has another parent`;
  if (epoch !== epochAt(height, epochLength) || epoch !== set.epoch) return `block ${height} is of epoch ${epoch}`;
  if (proposal.epoch !== epoch) return `the certificate of block ${height} is of epoch ${proposal.epoch}`;
  if (!equalBytes(proposal.headerRoot, root)) return `the certificate of block ${height} is for another block`;
  return undefined;
};
