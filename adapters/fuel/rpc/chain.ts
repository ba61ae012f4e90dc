/** A tenant's chain as the resolvers see it: heads, blocks, transactions, reads, and news. */
import type { Hex } from "../../../protocol/bytes.ts";
import type { Result } from "../../../protocol/errors.ts";
import { LockstepError } from "../../../protocol/errors.ts";
import type { TenantServices } from "../../adapter.ts";
import { createGate } from "../../http/gate.ts";
import type { FuelParameters } from "../params.ts";
import { type FuelAnswers, type FuelRead, type FuelReadRefusal, readFuel } from "../reads.ts";
import { type Blocks, type ChainBlock, type ChainTransaction, createBlocks } from "./blocks.ts";
import { apiError } from "./context.ts";
import { readError } from "./errors.ts";
import { createHistory, type History, type Place } from "./history.ts";
import { rpcLimits } from "./limits.ts";

export type Found = { block: ChainBlock; index: number; transaction: ChainTransaction };

export type Chain = {
  services: TenantServices;
  blocks: Blocks;
  history: History;
  parameters(): Promise<FuelParameters>;
  /** Number of the newest executed block. */
  height(): number;
  isCertified(number: number): boolean;
  /** @throws GraphQLError when there is no such block */
  block(number: number): Promise<ChainBlock>;
  /** An executed transaction. */
  transaction(id: Hex): Promise<Found | undefined>;
  at(place: Place): Promise<Found | undefined>;
  /** @throws GraphQLError with the executor's refusal */
  read<Read extends FuelRead>(request: Read): Promise<FuelAnswers[Read["kind"]]>;
  tryRead<Read extends FuelRead>(request: Read): Promise<Result<FuelAnswers[Read["kind"]], FuelReadRefusal>>;
  /** Calls `listener` for each block that is executed from now on. The returned function stops it. */
  onBlock(listener: (block: ChainBlock) => void): () => void;
  close(): void;
};

const busy = () => apiError("busy", "the node is busy with other reads: try again later");

export const createChain = (services: TenantServices): Chain => {
  const blocks = createBlocks(services);
  const reads = createGate(rpcLimits.reads, rpcLimits.waitingReads, busy);
  const executions = createGate(rpcLimits.executions, rpcLimits.waitingExecutions, busy);
  const listeners = new Set<(block: ChainBlock) => void>();
  const stopBlocks = services.onBlock((block) => {
    const opened = blocks.add(block);
    for (const listener of [...listeners]) listener(opened);
  });

  const tryRead: Chain["tryRead"] = (request) => {
    const isExecution = request.kind === "dryRun" || request.kind === "estimatePredicates";
    return (isExecution ? executions : reads)(() => readFuel((read) => services.read(read), request));
  };
  const read: Chain["read"] = async (request) => {
    const answer = await tryRead(request);
    if (!answer.ok) throw readError(answer.error);
    return answer.value;
  };

  let parameters: Promise<FuelParameters> | undefined;
  const askParameters = (): Promise<FuelParameters> => {
    const asked = read({ kind: "parameters" });
    asked.catch(() => {
      parameters = undefined;
    });
    return asked;
  };

  const at = async ({ number, index }: Place): Promise<Found | undefined> => {
    const block = await blocks.byNumber(number);
    const transaction = block?.transactions[index];
    return block === undefined || transaction === undefined ? undefined : { block, index, transaction };
  };

  const onBlock: Chain["onBlock"] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const height = (): number => services.heads().executed;
  const history = createHistory({ blocks, height, onBlock });

  return {
    services,
    blocks,
    history,
    parameters: () => (parameters ??= askParameters()),
    height,
    isCertified: (number) => number <= services.heads().certified,
    block: async (number) => {
      const block = await blocks.byNumber(number);
      if (block === undefined) throw new LockstepError("not_found", `there is no block ${number} here`);
      return block;
    },
    transaction: async (id) => {
      const place = (await services.locate(id)) ?? (await history.ofMint(id));
      const found = place && (await at(place));
      return found?.transaction.id === id ? found : undefined;
    },
    at,
    read,
    tryRead,
    onBlock,
    close: () => {
      stopBlocks();
      listeners.clear();
    },
  };
};
