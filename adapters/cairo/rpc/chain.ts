/** A tenant's chain as the methods see it: heads by finality, blocks, reads, and news. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { TenantServices } from "../../adapter.ts";
import { createGate, type Gate } from "../../http/gate.ts";
import { tooManyWait } from "../../jsonRpc/error.ts";
import { type CairoAnswers, type CairoRead, readCairo } from "../reads.ts";
import type { BlockId } from "./blockId.ts";
import { type Blocks, type ChainBlock, createBlocks } from "./blocks.ts";
import { readError, starknetError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";

/** Starknet's words for executed and certified. */
export type Finality = "ACCEPTED_ON_L2" | "ACCEPTED_ON_L1";

export type Chain = {
  services: TenantServices;
  blocks: Blocks;
  /** Number of the newest block of that finality. */
  head(finality: Finality): number;
  finalityOf(number: number): Finality;
  /** The number of a block; that after the newest for `pre_confirmed`. @throws RpcError when there is none */
  numberOf(id: BlockId): Promise<number>;
  /** The number of a block whose state is to be read: the newest for `pre_confirmed`. @throws RpcError */
  stateAt(id: BlockId): Promise<number>;
  /** @throws RpcError when there is no such block */
  block(number: number): Promise<ChainBlock>;
  /** @throws RpcError with the executor's refusal */
  read<Read extends CairoRead>(request: Read): Promise<CairoAnswers[Read["kind"]]>;
  /** Does what goes through many blocks or shows all of one: few at a time. @throws RpcError when too many wait */
  scan: Gate;
  /**
   * Gives every block from number `from` on to `listener`, in order and one after the other, once it has reached
   * `finality`. The returned function stops it.
   */
  follow(finality: Finality, from: number, listener: (block: ChainBlock) => void): () => void;
  close(): void;
};

/** Reads that execute code, compile, or walk a trie many times. */
const longKinds: ReadonlySet<CairoRead["kind"]> = new Set([
  "call",
  "message",
  "simulate",
  "trace",
  "prove",
  "casm",
  "class",
]);

export const createChain = (services: TenantServices): Chain => {
  const blocks = createBlocks(services);
  const reads = createGate(rpcLimits.reads, rpcLimits.waitingReads, tooManyWait);
  const longReads = createGate(rpcLimits.longReads, rpcLimits.waitingLongReads, tooManyWait);
  /** What looks for new blocks when there may be some. */
  const followers = new Set<() => void>();

  const head = (finality: Finality): number =>
    services.heads()[finality === "ACCEPTED_ON_L1" ? "certified" : "executed"];

  const wake = (): void => {
    for (const look of [...followers]) look();
  };
  const stopBlocks = services.onBlock((block) => {
    blocks.add(block);
    wake();
  });
  // A certificate may come before its block is executed here, so both are a reason to look.
  const stopCertified = services.onCertified(wake);

  const block = async (number: number): Promise<ChainBlock> => {
    const found = await blocks.byNumber(number);
    if (found === undefined) throw starknetError("BLOCK_NOT_FOUND");
    return found;
  };

  const byHash = async (hash: Hex): Promise<number> => {
    const found = await blocks.byHash(hash);
    if (found === undefined) throw starknetError("BLOCK_NOT_FOUND");
    return found.number;
  };

  const numberOf = async (id: BlockId): Promise<number> => {
    const newest = head("ACCEPTED_ON_L2");
    if (id === "latest") return newest;
    if (id === "pre_confirmed") return newest + 1;
    if (id === "l1_accepted") return Math.min(newest, head("ACCEPTED_ON_L1"));
    if ("hash" in id) return await byHash(id.hash);
    if (id.number > newest) throw starknetError("BLOCK_NOT_FOUND");
    return id.number;
  };

  const follow: Chain["follow"] = (finality, from, listener) => {
    let next = from;
    let isStopped = false;
    let working = Promise.resolve();
    const deliver = async (): Promise<void> => {
      while (!isStopped && next <= Math.min(head(finality), head("ACCEPTED_ON_L2"))) {
        const found = await blocks.byNumber(next);
        if (isStopped || found === undefined) return;
        next++;
        listener(found);
      }
    };
    const look = (): void => {
      working = working.then(deliver).catch(() => {});
    };
    followers.add(look);
    look();
    return () => {
      isStopped = true;
      followers.delete(look);
    };
  };

  return {
    services,
    blocks,
    head,
    finalityOf: (number) => (number <= head("ACCEPTED_ON_L1") ? "ACCEPTED_ON_L1" : "ACCEPTED_ON_L2"),
    numberOf,
    stateAt: (id) => numberOf(id === "pre_confirmed" ? "latest" : id),
    block,
    read: async (request) => {
      const gate = longKinds.has(request.kind) ? longReads : reads;
      const answer = await gate(() => readCairo((read) => services.read(read), request));
      if (!answer.ok) throw readError(answer.error);
      return answer.value;
    },
    scan: createGate(rpcLimits.scans, rpcLimits.waitingScans, tooManyWait),
    follow,
    close: () => {
      stopBlocks();
      stopCertified();
    },
  };
};
