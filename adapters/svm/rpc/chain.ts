/** A tenant's chain as the methods see it: heads by commitment, blocks, reads, and news. */

import type { TenantServices } from "../../adapter.ts";
import { createGate } from "../../http/gate.ts";
import { RpcError, tooManyWait } from "../../jsonRpc/error.ts";
import { genesisHashOf, parseSvmConfig, type SvmConfig } from "../genesis.ts";
import { readSvm, type SvmAnswers, type SvmRead } from "../reads.ts";
import { type Blocks, type ChainBlock, createBlocks } from "./blocks.ts";
import { readError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";
import type { Commitment } from "./params.ts";

export type Chain = {
  services: TenantServices;
  config: SvmConfig;
  genesisHash: Uint8Array;
  blocks: Blocks;
  /** Number of the newest block at a commitment. */
  numberAt(commitment: Commitment): number;
  /** @throws RpcError when there is no such block */
  block(number: number): Promise<ChainBlock>;
  /** @throws RpcError with the executor's refusal */
  read<Read extends SvmRead>(request: Read): Promise<SvmAnswers[Read["kind"]]>;
  /**
   * Calls `listener` for each block that reaches a commitment from now on, one after the other. The returned
   * function stops it.
   */
  onBlock(commitment: Commitment, listener: (block: ChainBlock) => void): () => void;
  close(): void;
};

const blockNotAvailable = -32004;

export const createChain = (services: TenantServices): Chain => {
  const blocks = createBlocks(services);
  const gate = createGate(rpcLimits.reads, rpcLimits.waitingReads, tooManyWait);
  const executed = new Set<(block: ChainBlock) => void>();
  const certified = new Set<(block: ChainBlock) => void>();

  const tell = (listeners: ReadonlySet<(block: ChainBlock) => void>, block: ChainBlock): void => {
    for (const listener of [...listeners]) listener(block);
  };

  let told = services.heads().certified;
  let telling: Promise<void> = Promise.resolve();
  const tellCertified = async (): Promise<void> => {
    while (told < services.heads().certified) {
      const block = certified.size === 0 ? undefined : await blocks.byNumber(told + 1);
      told++;
      if (block !== undefined) tell(certified, block);
    }
  };
  /** A certificate may come before its block is executed here, so both are a reason to look. */
  const follow = (): void => {
    telling = telling.then(tellCertified).catch(() => {});
  };

  const stopBlocks = services.onBlock((block) => {
    tell(executed, blocks.add(block));
    follow();
  });
  const stopCertified = services.onCertified(follow);

  return {
    services,
    config: parseSvmConfig(services.config),
    genesisHash: genesisHashOf(services.domain, services.config),
    blocks,
    numberAt: (commitment) => services.heads()[commitment === "finalized" ? "certified" : "executed"],
    block: async (number) => {
      const block = await blocks.byNumber(number);
      if (block === undefined) throw new RpcError(blockNotAvailable, `Block not available for slot ${number}`);
      return block;
    },
    read: async (request) => {
      const answer = await gate(() => readSvm((read) => services.read(read), request));
      if (!answer.ok) throw readError(answer.error);
      return answer.value;
    },
    onBlock: (commitment, listener) => {
      const listeners = commitment === "finalized" ? certified : executed;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      stopBlocks();
      stopCertified();
    },
  };
};
