/** Which of the blocks that an API shows are final: decided by consensus certificates, with no word on execution. */
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { failure, success } from "../../protocol/errors.ts";
import { epochAt } from "../../protocol/genesis.ts";
import { asHeight, type Height } from "../../protocol/ids.ts";
import { BlockWire } from "../../protocol/wire.ts";
import { refuteBlock, refuteChild } from "./block.ts";
import { type Proof, refused } from "./refusal.ts";
import type { TrustedSets } from "./sets.ts";
import { ask, type Transport } from "./transport.ts";

export type Finality = {
  /** The block that the API shows at a height, or its newest; nothing of it is proven. */
  shown(height: Height | "latest"): Promise<Proof<BlockWire>>;
  /** The same block, once it is proven final. */
  prove(block: BlockWire): Promise<Proof<BlockWire>>;
};

export const createFinality = (api: Transport, sets: TrustedSets, verifier: BlsVerifier): Finality => {
  const shown: Finality["shown"] = async (height) => {
    const block = await ask(api, `/v1/blocks/${height}`, BlockWire);
    return block.ok && height !== "latest" && block.value.header.height !== height
      ? failure("wrong_height", `asked for height ${height}, the answer is of height ${block.value.header.height}`)
      : block;
  };

  const proveSigned = async (block: BlockWire, epochLength: number): Promise<Proof<BlockWire>> => {
    const set = await sets.of(block.header.epoch);
    if (!set.ok) return set;
    const refuted = await refuteBlock(verifier, set.value, epochLength, block);
    return refuted ? refused(refuted) : success(block);
  };

  /** A notarized block is final once a finalized one descends from it; an epoch's last is finalized itself. */
  const prove: Finality["prove"] = async (block) => {
    const genesis = await sets.genesis();
    if (!genesis.ok) return genesis;
    const { epochLength } = genesis.value;
    const signed = await proveSigned(block, epochLength);
    if (!signed.ok || block.kind === "finalize") return signed;
    let newest = block;
    while (newest.kind !== "finalize") {
      const next = await shown(asHeight(newest.header.height + 1));
      if (!next.ok) return next;
      const refuted = refuteChild(newest, next.value);
      if (refuted) return refused(refuted);
      if (epochAt(next.value.header.height, epochLength) !== block.header.epoch) {
        return failure("not_final", `no finalized block of its epoch descends from height ${block.header.height}`);
      }
      newest = next.value;
    }
    const finalized = await proveSigned(newest, epochLength);
    return finalized.ok ? signed : finalized;
  };

  return { shown, prove };
};
