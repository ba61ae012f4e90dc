/** A chain of its own: Ethereum's Shanghai rules, a block for each shared height that holds a valid transaction. */
import { type Block, createBlock } from "@ethereumjs/block";
import { type Common, Hardfork } from "@ethereumjs/common";
import { createMPT } from "@ethereumjs/mpt";
import { MerkleStateManager } from "@ethereumjs/statemanager";
import { Capability, createTxFromRLP, TransactionType, type TypedTransaction } from "@ethereumjs/tx";
import { Account, Address, EthereumJSError, hexToBytes, ValueEncoding } from "@ethereumjs/util";
import { buildBlock, createVM, type RunTxResult } from "@ethereumjs/vm";
import { replayRules } from "../../../adapters/evm/replay/chain.ts";
import type { OrderedHeight } from "../../../messaging/light-client/order.ts";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { evmAccounts, evmBalance } from "../../accounts.ts";
import type { Head, Store } from "./store.ts";

export const chainId = 4242;
const gasLimit = 30_000_000;
const gwei = 10n ** 9n;

export const createRules = (): Common => {
  const rules = replayRules(chainId);
  rules.setHardfork(Hardfork.Shanghai);
  return rules;
};

/** The state under a root that the store holds; of the empty one without. */
export const stateAt = async (common: Common, { nodes: db }: Store, root?: Uint8Array): Promise<MerkleStateManager> => {
  const options = { common, db, useKeyHashing: true, valueEncoding: ValueEncoding.Bytes };
  return new MerkleStateManager({ common, trie: await createMPT({ ...options, ...(root ? { root } : {}) }) });
};

const startChain = async (common: Common, store: Store): Promise<Head> => {
  const state = await stateAt(common, store);
  for (const { address } of evmAccounts()) {
    await state.putAccount(new Address(hexToBytes(address)), new Account(0n, evmBalance));
  }
  const header = { gasLimit, baseFeePerGas: gwei, stateRoot: await state.getStateRoot() };
  const head: Head = { block: createBlock({ header }, { common }), cursor: null };
  await store.advance(head, new Map());
  return head;
};

/** The order takes any bytes: those that are no signed transaction of this chain are nothing to it. */
const decode = (bytes: Uint8Array, common: Common): TypedTransaction | undefined => {
  try {
    const tx = createTxFromRLP(bytes, { common });
    const isOfAnyChain = tx.type === TransactionType.Legacy && !tx.supports(Capability.EIP155ReplayProtection);
    return isOfAnyChain || !tx.verifySignature() ? undefined : tx;
  } catch {
    return undefined;
  }
};

/** The library refuses what is invalid here and now, such as a nonce, with an error of its own; a failing disk is another. */
const asInvalid = (error: unknown): undefined => {
  if (!(error instanceof EthereumJSError)) throw error;
};

const receiptOf = (block: Block, tx: TypedTransaction, index: number, result: RunTxResult) => ({
  transactionHash: toHex(tx.hash()),
  transactionIndex: `0x${index.toString(16)}`,
  blockHash: toHex(block.hash()),
  blockNumber: `0x${block.header.number.toString(16)}`,
  from: tx.getSenderAddress().toString(),
  to: tx.to?.toString() ?? null,
  contractAddress: result.createdAddress?.toString() ?? null,
  status: result.execResult.exceptionError ? "0x0" : "0x1",
  gasUsed: `0x${result.totalGasSpent.toString(16)}`,
});

/** What became of a height: transactions that were executed, and entries that are none or can't be. */
export type Applied = { executed: number; passedOver: number };

export type Chain = { head(): Head; apply(height: OrderedHeight): Promise<Applied> };

/** Goes on where the store stands. Heights are applied in order, one after the other. */
export const openChain = async (common: Common, store: Store): Promise<Chain> => {
  let head = (await store.head()) ?? (await startChain(common, store));
  const stateManager = await stateAt(common, store, head.block.header.stateRoot);
  const blockchain = {
    getBlock: async (number: number) => {
      const block = await store.block(number);
      if (block === undefined) throw new Error(`there is no block ${number}`);
      return block;
    },
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const vm = await createVM({ common, stateManager, blockchain });

  const apply: Chain["apply"] = async ({ header, cursor, entries }) => {
    const timestamp = Math.floor(header.timestampMs / 1000);
    const builder = await buildBlock(vm, {
      parentBlock: head.block,
      headerData: { timestamp, mixHash: cursor.header },
      blockOpts: { putBlockIntoBlockchain: false },
    });
    const executed: [TypedTransaction, RunTxResult][] = [];
    for (const tx of entries.flatMap((bytes) => decode(bytes, common) ?? [])) {
      const result = await builder.addTransaction(tx).catch(asInvalid);
      if (result !== undefined) executed.push([tx, result]);
    }
    if (executed.length === 0) await builder.revert();
    const block = executed.length === 0 ? head.block : (await builder.build()).block;
    const receipts = executed.map(([tx, result], index) => receiptOf(block, tx, index, result));
    await store.advance(
      { block, cursor },
      new Map(receipts.map((receipt): [Hex, object] => [receipt.transactionHash, receipt])),
    );
    head = { block, cursor };
    return { executed: executed.length, passedOver: entries.length - executed.length };
  };

  return { head: () => head, apply };
};
