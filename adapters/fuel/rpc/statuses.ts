/** Fields that follow what becomes of a transaction, and those that submit one. */
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import type { Chain, Found } from "./chain.ts";
import { apiError, type Context } from "./context.ts";
import { submissionError } from "./errors.ts";
import { createEventQueue } from "./eventQueue.ts";
import { bytesOf, decodedTransaction } from "./given.ts";
import { executedStatus, preconfirmedStatus, submittedStatus, transactionView } from "./views/transactions.ts";

/** Blocks in which a transaction is neither executed nor waiting before it counts as left out. */
const patience = 2;

const leftOut =
  "it was ordered and left out, or replaced: what it wanted to spend was spent before, or it is no longer valid";

export const statusFields = (chain: Chain) => {
  /** Statuses from now on; the last one lasts. `isKnown`: it is in the mempool, so it may be left out. */
  const follow = (id: Hex, context: Context, wishes: { preconfirmation: boolean; isKnown: boolean; field: string }) => {
    const { field } = wishes;
    let isKnown = wishes.isKnown;
    let absences = 0;
    let stop = (): void => {};
    const queue = createEventQueue<Record<string, unknown>>(context.signal, () => stop());
    if (context.signal.aborted) return { queue, tell: () => {} };
    const tell = (status: unknown): void => queue.push({ [field]: status });

    const finish = (found: Found): void => {
      const preconfirmed = wishes.preconfirmation ? preconfirmedStatus(chain, found, context) : undefined;
      if (preconfirmed !== undefined) tell(preconfirmed);
      tell(executedStatus(chain, found, context));
      queue.end();
    };
    stop = chain.onBlock((block) => {
      const index = block.transactions.findIndex((transaction) => transaction.id === id);
      const transaction = block.transactions[index];
      if (transaction !== undefined) {
        finish({ block, index, transaction });
        return;
      }
      if (chain.services.pending(id) !== undefined) {
        if (!isKnown) tell(submittedStatus());
        isKnown = true;
        absences = 0;
        return;
      }
      if (!isKnown || ++absences < patience) return;
      tell({ __typename: "SqueezedOutStatus", transactionId: id, reason: leftOut });
      queue.end();
    });
    /** It may have got there before anybody listened. */
    const look = async (): Promise<void> => {
      const found = await chain.transaction(id);
      if (found !== undefined) finish(found);
    };
    look().catch(queue.fail);
    return { queue, tell };
  };

  const take = async (tx: Hex): Promise<Hex> => {
    const [result] = await chain.services.submit([bytesOf(tx)]);
    if (result === undefined) throw new TypeError("a transaction got no answer");
    if (result.ok) return result.value.nativeId;
    throw submissionError(result.error);
  };

  /** With the gas that its predicates use, where that is asked for. */
  const estimated = async (tx: Hex, isAsked: boolean | null | undefined): Promise<Hex> => {
    if (isAsked !== true) return tx;
    return toHex(await chain.read({ kind: "estimatePredicates", transaction: bytesOf(tx) }));
  };

  type Submission = { tx: Hex; estimatePredicates?: boolean | null; includePreconfirmation?: boolean | null };

  const submitAndFollow = async (args: Submission, context: Context, field: string, isTold: boolean) => {
    const id = await take(await estimated(args.tx, args.estimatePredicates));
    const preconfirmation = args.includePreconfirmation === true;
    const { queue, tell } = follow(id, context, { preconfirmation, isKnown: true, field });
    if (isTold) tell(submittedStatus());
    return queue;
  };

  return {
    statusChange: (args: { id: Hex; includePreconfirmation?: boolean | null }, context: Context) => {
      const isKnown = chain.services.pending(args.id) !== undefined;
      const preconfirmation = args.includePreconfirmation === true;
      const { queue, tell } = follow(args.id, context, { preconfirmation, isKnown, field: "statusChange" });
      if (isKnown) tell(submittedStatus());
      return queue;
    },
    submitAndAwait: (args: Submission, context: Context) => submitAndFollow(args, context, "submitAndAwait", false),
    submitAndAwaitStatus: (args: Submission, context: Context) =>
      submitAndFollow(args, context, "submitAndAwaitStatus", true),
    submit: async (args: Submission, context: Context) => {
      const tx = await estimated(args.tx, args.estimatePredicates);
      const id = await take(tx);
      const bytes = bytesOf(tx);
      return transactionView({ id, transaction: decodedTransaction(bytes), bytes }, context, submittedStatus);
    },
    produceBlocks: () => {
      throw apiError(
        "unsupported",
        "blocks can't be produced on demand: the validators of the shared sequencer make one whenever there is work",
      );
    },
  };
};
