/** starknet_subscribe…: what is new, pushed over a WebSocket. */
import type { Hex } from "../../../protocol/bytes.ts";
import { jsonText } from "../../jsonRpc/message.ts";
import { list, type Reader } from "../../jsonRpc/params.ts";
import type { Method, Session } from "../../jsonRpc/service.ts";
import { feltOf } from "../felt.ts";
import { blockId } from "./blockId.ts";
import { type ChainBlock, type ChainTransaction, nativeIdOf } from "./blocks.ts";
import type { Chain, Finality } from "./chain.ts";
import { starknetError } from "./errors.ts";
import { eventAddresses, eventKeys, matches } from "./eventQuery.ts";
import { eventsOf, headerJson, receiptInBlockJson, statusJson, transactionJson } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { address, felt, type Given, oneOf, parameters, sessionOf, text } from "./params.ts";
import { findTransaction, pendingTransaction } from "./transactions.ts";

const executed: Finality = "ACCEPTED_ON_L2";
/** An executed block is pre-confirmed and accepted at once, and told of once. */
const finality = oneOf("PRE_CONFIRMED", executed);
const anyStatus = oneOf("RECEIVED", "CANDIDATE", "PRE_CONFIRMED", executed);

const senders: Reader<ReadonlySet<Hex>> = (value, name) => {
  const addresses = list(address, Number.MAX_SAFE_INTEGER)(value, name);
  if (addresses.length > rpcLimits.subscriptionAddresses) throw starknetError("TOO_MANY_ADDRESSES_IN_FILTER");
  return new Set(addresses);
};

const notification = (method: string, id: number, result: unknown): string =>
  `{"jsonrpc":"2.0","method":"starknet_subscription${method}","params":{"subscription_id":"${id}","result":${jsonText(result)}}}`;

export const subscriptionMethods = (chain: Chain): Record<string, Method> => {
  const next = (): number => chain.head(executed) + 1;

  /** From which block on: the named one, else those to come. @throws RpcError when it is too far back */
  const startOf = async (given: Given<"block_id">): Promise<number> => {
    const id = given.optional("block_id", blockId);
    if (id === undefined) return next();
    if (id === "pre_confirmed" || id === "l1_accepted") throw starknetError("BLOCK_NOT_FOUND");
    const number = await chain.numberOf(id);
    if (next() - number > rpcLimits.subscriptionBlocks) throw starknetError("TOO_MANY_BLOCKS_BACK");
    return number;
  };

  const open = (session: Session, start: (id: number) => () => void): string => String(session.subscribe(start));

  /** Transactions of executed blocks to come, of all senders or some. */
  const transactions = (
    wanted: ReadonlySet<Hex> | undefined,
    deliver: (block: ChainBlock, transaction: ChainTransaction) => void,
  ): (() => void) =>
    chain.follow(executed, next(), (block) => {
      for (const transaction of block.transactions) {
        if (wanted === undefined || wanted.has(transaction.receipt.sender_address)) deliver(block, transaction);
      }
    });

  const statusSubscription =
    (session: Session, hash: Hex) =>
    (id: number): (() => void) => {
      const stops: (() => void)[] = [];
      let last = "";
      const tell = (status: { finality_status: string }): void => {
        if (status.finality_status === last) return;
        last = status.finality_status;
        session.send(notification("TransactionStatus", id, { transaction_hash: hash, status }));
      };
      const received = (): void => {
        if (last === "") tell({ finality_status: "RECEIVED" });
      };
      const tellOf = ({ number }: ChainBlock, transaction: ChainTransaction): void => {
        tell(statusJson(transaction, executed));
        stops.push(
          chain.follow("ACCEPTED_ON_L1", number, (block) => {
            if (block.number === number) tell(statusJson(transaction, "ACCEPTED_ON_L1"));
          }),
        );
      };
      const nativeId = nativeIdOf(hash);
      const watch = (): void => {
        if (chain.services.pending(nativeId) !== undefined) received();
        stops.push(
          chain.services.onPending((each) => {
            if (each === nativeId) received();
          }),
          chain.follow(executed, next(), (block) => {
            const transaction = block.transactions.find((each) => each.hash === hash);
            if (transaction !== undefined) tellOf(block, transaction);
          }),
        );
      };
      watch();
      // It may have been executed before.
      findTransaction(chain, hash)
        .then((found) => {
          if (found !== undefined && last !== executed) tellOf(found.block, found.transaction);
        })
        .catch(() => {});
      return () => {
        for (const stop of stops) stop();
      };
    };

  return {
    starknet_subscribeNewHeads: async (params, session) => {
      const socket = sessionOf(session);
      const from = await startOf(parameters(params, "block_id"));
      return open(socket, (id) =>
        chain.follow(executed, from, ({ header }) => socket.send(notification("NewHeads", id, headerJson(header)))),
      );
    },
    starknet_subscribeEvents: async (params, session) => {
      const socket = sessionOf(session);
      const given = parameters(params, "from_address", "keys", "block_id", "finality_status");
      const addresses = given.optional("from_address", eventAddresses) ?? new Set();
      const query = { addresses, keys: given.optional("keys", eventKeys) ?? [] };
      given.optional("finality_status", finality);
      const from = await startOf(given);
      return open(socket, (id) =>
        chain.follow(executed, from, (block) => {
          for (const event of eventsOf(block)) {
            if (!matches(query, event)) continue;
            const finality_status = chain.finalityOf(block.number);
            socket.send(notification("Events", id, { ...event, finality_status }));
          }
        }),
      );
    },
    starknet_subscribeTransactionStatus: (params, session) => {
      const socket = sessionOf(session);
      const given = parameters(params, "transaction_hash", "block_id");
      const hash = given.required("transaction_hash", felt);
      given.optional("block_id", blockId);
      return open(socket, statusSubscription(socket, hash));
    },
    starknet_subscribeNewTransactionReceipts: (params, session) => {
      const socket = sessionOf(session);
      const given = parameters(params, "finality_status", "sender_address");
      given.optional("finality_status", list(finality, 2));
      const wanted = given.optional("sender_address", senders);
      return open(socket, (id) =>
        transactions(wanted, (block, each) =>
          socket.send(notification("NewTransactionReceipts", id, receiptInBlockJson(block, each, executed))),
        ),
      );
    },
    starknet_subscribeNewTransactions: (params, session) => {
      const socket = sessionOf(session);
      const given = parameters(params, "finality_status", "sender_address", "tags");
      const statuses = given.optional("finality_status", list(anyStatus, 4)) ?? [executed];
      const wanted = given.optional("sender_address", senders);
      given.optional("tags", list(oneOf("INCLUDE_PROOF_FACTS"), 1));
      return open(socket, (id) => {
        let isStopped = false;
        const send = (shown: object, finality_status: string): void =>
          socket.send(notification("NewTransaction", id, { ...shown, finality_status }));
        const stopExecuted = statuses.some((status) => status === executed || status === "PRE_CONFIRMED")
          ? transactions(wanted, (_, each) => send(transactionJson(each), executed))
          : () => {};
        const stopReceived = statuses.includes("RECEIVED")
          ? chain.services.onPending((nativeId) => {
              pendingTransaction(chain, feltOf(BigInt(nativeId)))
                .then((pending) => {
                  if (pending === undefined || isStopped) return;
                  if (wanted === undefined || wanted.has(pending.sender)) send(pending.json, "RECEIVED");
                })
                .catch(() => {});
            })
          : () => {};
        return () => {
          isStopped = true;
          stopExecuted();
          stopReceived();
        };
      });
    },
    starknet_unsubscribe: (params, session) => {
      const id = parameters(params, "subscription_id").required("subscription_id", text);
      if (sessionOf(session).unsubscribe(Number(id))) return true;
      throw starknetError("INVALID_SUBSCRIPTION_ID");
    },
  };
};
