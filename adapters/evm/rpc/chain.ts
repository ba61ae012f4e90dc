import type { TenantServices } from "../../adapter.ts";
import { createGate, type Gate } from "../../http/gate.ts";
import { tooManyWait } from "../../jsonRpc/error.ts";
import { type EvmAnswers, type EvmRead, readEvm } from "../reads.ts";
import { type BlockCache, type ChainBlock, createBlockCache } from "./blockCache.ts";
import type { BlockPlace, BlockReference } from "./blockTag.ts";
import { blockNotFound, readError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";

export type Chain = {
  services: TenantServices;
  blocks: BlockCache;
  /** Number of the newest executed block. */
  head(): number;
  newest(): Promise<ChainBlock>;
  /** Number that a place stands for: `latest` and `pending` are executed, `safe` and `finalized` certified. */
  numberOf(place: BlockPlace): number;
  /** The number of a block whose state is to be read. @throws RpcError when there is none */
  stateAt(reference: BlockReference): Promise<number>;
  /** @throws RpcError with the executor's refusal */
  read<Read extends EvmRead>(request: Read): Promise<EvmAnswers[Read["kind"]]>;
  /** Does what goes through many blocks or shows all of one: few at a time. @throws RpcError when too many wait */
  scan: Gate;
  /** Waits until a block is executed. The returned function stops waiting. */
  onBlock(listener: (block: ChainBlock) => void): () => void;
  close(): void;
};

/** Reads that execute code, or walk a trie many times. */
const longKinds: ReadonlySet<EvmRead["kind"]> = new Set(["call", "estimate", "prove"]);

export const createChain = (services: TenantServices): Chain => {
  const blocks = createBlockCache(services);
  const reads = createGate(rpcLimits.reads, rpcLimits.waitingReads, tooManyWait);
  const longReads = createGate(rpcLimits.longReads, rpcLimits.waitingLongReads, tooManyWait);
  const listeners = new Set<(block: ChainBlock) => void>();
  const close = services.onBlock((tenantBlock) => {
    const block = blocks.add(tenantBlock);
    for (const listener of [...listeners]) listener(block);
  });

  const head = (): number => services.heads().executed;

  const numberOf = (place: BlockPlace): number => {
    if (typeof place === "number") return place;
    if (place === "earliest") return 0;
    return place === "latest" || place === "pending" ? head() : services.heads().certified;
  };

  const stateAt = async (reference: BlockReference): Promise<number> => {
    if (typeof reference === "object") {
      const block = await blocks.byHash(reference.hash);
      if (block === undefined) throw blockNotFound();
      return block.number;
    }
    const number = numberOf(reference);
    if (number > head()) throw blockNotFound();
    return number;
  };

  return {
    services,
    blocks,
    head,
    newest: async () => {
      const block = await blocks.byNumber(head());
      if (block === undefined) throw blockNotFound();
      return block;
    },
    numberOf,
    stateAt,
    read: async (request) => {
      const gate = longKinds.has(request.kind) ? longReads : reads;
      const answer = await gate(() => readEvm((read) => services.read(read), request));
      if (!answer.ok) throw readError(answer.error);
      return answer.value;
    },
    scan: createGate(rpcLimits.scans, rpcLimits.waitingScans, tooManyWait),
    onBlock: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
  };
};
