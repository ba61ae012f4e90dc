/** Subscriptions over a WebSocket, as in https://solana.com/docs/rpc/websocket. */
import { equalBytes, type Hex, toHex } from "../../../protocol/bytes.ts";
import { errorCodes, invalidParams, RpcError } from "../../jsonRpc/error.ts";
import { jsonText } from "../../jsonRpc/message.ts";
import { list, member, object, positional, required } from "../../jsonRpc/params.ts";
import type { Method, Session } from "../../jsonRpc/service.ts";
import { toBase58 } from "../base58.ts";
import type { KeyedAccount } from "../engine.ts";
import { sameAccount } from "../journal.ts";
import { executorLimits } from "../limits.ts";
import { errorJson } from "../transactionError.ts";
import { accountFilter, showAccounts } from "./accounts.ts";
import type { ChainBlock, ChainTransaction } from "./blocks.ts";
import type { Chain } from "./chain.ts";
import { rpcLimits } from "./limits.ts";
import { address, type Commitment, type Config, commitmentOf, configAt, setting, signature, uint } from "./params.ts";
import { findTransaction } from "./transactions.ts";

const sessionOf = (session: Session | undefined): Session => {
  if (session === undefined) throw new RpcError(errorCodes.invalidRequest, "subscriptions need a WebSocket: open one");
  return session;
};

const errOf = ({ receipt: { error } }: ChainTransaction): unknown => (error === undefined ? null : errorJson(error));

/** Keys that a block may have changed. */
const writtenKeys = ({ transactions }: ChainBlock, feeRecipient: string): Set<Hex | string> => {
  const written = new Set<Hex | string>();
  for (const { keys, isWritable } of transactions) {
    keys.forEach((key, index) => {
      if (isWritable(index)) written.add(toBase58(key));
    });
  }
  return transactions.length === 0 ? written : written.add(feeRecipient);
};

export const subscriptionMethods = (chain: Chain): Record<string, Method> => {
  const notify = (session: Session, method: string, id: number, result: unknown): void =>
    session.send(`{"jsonrpc":"2.0","method":"${method}","params":{"result":${jsonText(result)},"subscription":${id}}}`);

  const inSlot = (slot: number, value: unknown) => ({ context: { slot }, value });

  /** Ends a subscription; what was never there is an error, as in Agave. */
  const unsubscribe: Method = (params, session) => {
    const id = required(positional(params, 1), 0, uint);
    if (sessionOf(session).unsubscribe(id)) return true;
    throw invalidParams("Invalid subscription id.");
  };

  const signatureSubscription =
    (session: Session, id: Uint8Array, commitment: Commitment) =>
    (subscription: number): (() => void) => {
      const nativeId = toHex(id);
      let isDone = false;
      const finish = (block: ChainBlock, transaction: ChainTransaction): void => {
        if (isDone) return;
        isDone = true;
        notify(session, "signatureNotification", subscription, inSlot(block.number, { err: errOf(transaction) }));
        session.unsubscribe(subscription);
      };
      const stop = chain.onBlock(commitment, (block) => {
        const transaction = block.transactions.find((each) => each.nativeId === nativeId);
        if (transaction !== undefined) finish(block, transaction);
      });
      // It may have got there before.
      findTransaction(chain, id)
        .then((found) => {
          if (found !== undefined && found.block.number <= chain.numberAt(commitment))
            finish(found.block, found.transaction);
        })
        .catch(() => {});
      return () => {
        isDone = true;
        stop();
      };
    };

  const logsSubscription =
    (session: Session, mentioned: Uint8Array | undefined, commitment: Commitment) =>
    (subscription: number): (() => void) =>
      chain.onBlock(commitment, (block) => {
        for (const transaction of block.transactions) {
          const { keys, receipt } = transaction;
          if (mentioned !== undefined && !keys.some((key) => equalBytes(key, mentioned))) continue;
          const id = toBase58(transaction.transaction.signatures[0] as Uint8Array);
          const value = { signature: id, err: errOf(transaction), logs: receipt.logs };
          notify(session, "logsNotification", subscription, inSlot(block.number, value));
        }
      });

  /** Works on blocks one after the other, and drops what it can't read. */
  const inTurn = (work: (block: ChainBlock) => Promise<void>) => {
    let last: Promise<void> = Promise.resolve();
    return (block: ChainBlock): void => {
      last = last.then(() => work(block)).catch(() => {});
    };
  };

  const accountSubscription = (session: Session, key: Uint8Array, config: Config) => {
    const name = toBase58(key);
    const commitment = commitmentOf(config);
    return (subscription: number): (() => void) => {
      const work = inTurn(async (block) => {
        if (!writtenKeys(block, chain.config.feeRecipient).has(name)) return;
        const accounts = await chain.read({ kind: "accounts", number: block.number, keys: [key] });
        const [before] = await chain.read({ kind: "accounts", number: block.number - 1, keys: [key] });
        if (sameAccount(before, accounts[0])) return;
        const [shown] = await showAccounts(chain, block.number, accounts, config);
        notify(session, "accountNotification", subscription, inSlot(block.number, shown ?? null));
      });
      return chain.onBlock(commitment, work);
    };
  };

  const programSubscription = (session: Session, owner: Uint8Array, config: Config) => {
    const filters = setting(config, "filters", list(accountFilter, executorLimits.filters)) ?? [];
    const commitment = commitmentOf(config);
    return (subscription: number): (() => void) => {
      const work = inTurn(async (block) => {
        if (block.transactions.length === 0) return;
        const written = writtenKeys(block, chain.config.feeRecipient);
        const found = await chain.read({ kind: "owned", number: block.number, owner, filters });
        const changed = found.filter(({ key }: KeyedAccount) => written.has(toBase58(key)));
        const accounts = changed.map(({ account }) => account);
        const shown = await showAccounts(chain, block.number, accounts, config);
        changed.forEach(({ key }, i) => {
          const value = { pubkey: toBase58(key), account: shown[i] };
          notify(session, "programNotification", subscription, inSlot(block.number, value));
        });
      });
      return chain.onBlock(commitment, work);
    };
  };

  return {
    signatureSubscribe: (params, session) => {
      const values = positional(params, 2);
      const id = required(values, 0, signature);
      const open = sessionOf(session);
      return open.subscribe(signatureSubscription(open, id, commitmentOf(configAt(values, 1))));
    },
    // It ended with its notification, and clients end it once more.
    signatureUnsubscribe: (params, session) => {
      sessionOf(session).unsubscribe(required(positional(params, 1), 0, uint));
      return true;
    },
    logsSubscribe: (params, session) => {
      const values = positional(params, 2);
      const filter = values[0];
      const isAll = filter === "all" || filter === "allWithVotes";
      const keys = isAll
        ? []
        : member(required(values, 0, object), "mentions", list(address, rpcLimits.mentions), "argument 0");
      if (!isAll && keys?.length !== 1)
        throw invalidParams("invalid argument 0: expected all, or mentions of one address");
      const open = sessionOf(session);
      return open.subscribe(logsSubscription(open, keys?.[0], commitmentOf(configAt(values, 1))));
    },
    accountSubscribe: (params, session) => {
      const values = positional(params, 2);
      const key = required(values, 0, address);
      const open = sessionOf(session);
      return open.subscribe(accountSubscription(open, key, configAt(values, 1)));
    },
    programSubscribe: (params, session) => {
      const values = positional(params, 2);
      const owner = required(values, 0, address);
      const open = sessionOf(session);
      return open.subscribe(programSubscription(open, owner, configAt(values, 1)));
    },
    slotSubscribe: (params, session) => {
      positional(params, 0);
      const open = sessionOf(session);
      return open.subscribe((id) =>
        chain.onBlock("processed", ({ number }) => {
          const root = chain.numberAt("finalized");
          notify(open, "slotNotification", id, { parent: number - 1, root, slot: number });
        }),
      );
    },
    rootSubscribe: (params, session) => {
      positional(params, 0);
      const open = sessionOf(session);
      return open.subscribe((id) =>
        chain.onBlock("finalized", ({ number }) => notify(open, "rootNotification", id, number)),
      );
    },
    logsUnsubscribe: unsubscribe,
    accountUnsubscribe: unsubscribe,
    programUnsubscribe: unsubscribe,
    slotUnsubscribe: unsubscribe,
    rootUnsubscribe: unsubscribe,
  };
};
