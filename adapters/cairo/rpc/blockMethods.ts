/** Methods that answer with blocks. */
import type { Hex } from "../../../protocol/bytes.ts";
import { list } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { StateDiff } from "../reads.ts";
import { type BlockId, blockId } from "./blockId.ts";
import type { ChainBlock, ChainTransaction } from "./blocks.ts";
import type { Chain, Finality } from "./chain.ts";
import { starknetError } from "./errors.ts";
import { headerJson, nextHeaderJson, receiptJson, transactionJson } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { address, integer, oneOf, parameters } from "./params.ts";

/** Nothing that is taken has proof facts, so there are none to include. */
export const responseFlags = list(oneOf("INCLUDE_PROOF_FACTS"), 1);

/** What a state update says of some contracts. */
const ofContracts = (diff: StateDiff, contracts: ReadonlySet<Hex>): StateDiff => ({
  ...diff,
  storage_diffs: diff.storage_diffs.filter((each) => contracts.has(each.address)),
  deployed_contracts: diff.deployed_contracts.filter((each) => contracts.has(each.address)),
  replaced_classes: diff.replaced_classes.filter((each) => contracts.has(each.contract_address)),
  nonces: diff.nonces.filter((each) => contracts.has(each.contract_address)),
});

const noChanges: StateDiff = {
  storage_diffs: [],
  declared_classes: [],
  deprecated_declared_classes: [],
  deployed_contracts: [],
  replaced_classes: [],
  nonces: [],
};

export const blockMethods = (chain: Chain): Record<string, Method> => {
  /** `undefined`: the block after the newest. */
  const blockOf = async (id: BlockId): Promise<ChainBlock | undefined> =>
    id === "pre_confirmed" ? undefined : await chain.block(await chain.numberOf(id));

  const newest = () => chain.block(chain.head("ACCEPTED_ON_L2"));

  const showing =
    (show: (transaction: ChainTransaction, finality: Finality) => unknown): Method =>
    (params) => {
      const given = parameters(params, "block_id", "response_flags");
      const id = given.required("block_id", blockId);
      given.optional("response_flags", responseFlags);
      return chain.scan(async () => {
        const block = await blockOf(id);
        if (block === undefined) {
          return { ...nextHeaderJson((await newest()).header, await chain.read({ kind: "prices" })), transactions: [] };
        }
        const finality = chain.finalityOf(block.number);
        const transactions = block.transactions.map((each) => show(each, finality));
        return { status: finality, ...headerJson(block.header), transactions };
      });
    };

  return {
    starknet_getBlockWithTxHashes: showing(({ hash }) => hash),
    starknet_getBlockWithTxs: showing(transactionJson),
    starknet_getBlockWithReceipts: showing((each, finality) => ({
      transaction: each.json(),
      receipt: receiptJson(each.receipt, finality),
    })),
    starknet_getBlockTransactionCount: async (params) => {
      const block = await blockOf(parameters(params, "block_id").required("block_id", blockId));
      return block?.transactions.length ?? 0;
    },
    starknet_getTransactionByBlockIdAndIndex: async (params) => {
      const given = parameters(params, "block_id", "index", "response_flags");
      const block = await blockOf(given.required("block_id", blockId));
      const transaction = block?.transactions[given.required("index", integer)];
      given.optional("response_flags", responseFlags);
      if (transaction === undefined) throw starknetError("INVALID_TXN_INDEX");
      return transactionJson(transaction);
    },
    starknet_getStateUpdate: async (params) => {
      const given = parameters(params, "block_id", "contract_addresses");
      const id = given.required("block_id", blockId);
      const addresses = given.optional("contract_addresses", list(address, rpcLimits.updateContracts));
      if (id === "pre_confirmed") return { old_root: (await newest()).header.new_root, state_diff: noChanges };
      const number = await chain.numberOf(id);
      const { old_root, new_root, block_hash, ...diff } = await chain.read({ kind: "stateDiff", number });
      const shown = addresses === undefined ? diff : ofContracts(diff, new Set(addresses));
      return { block_hash, old_root, new_root, state_diff: shown };
    },
  };
};
