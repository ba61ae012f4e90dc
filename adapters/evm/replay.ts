/**
 * Executes an EVM tenant again from its inputs alone, on an EVM that shares no line with the engine:
 * `@ethereumjs/vm`. Equal roots and hashes mean that two implementations agree on every byte of them.
 */
import type { Block } from "@ethereumjs/block";
import { createTxFromRLP, type TypedTransaction } from "@ethereumjs/tx";
import { Address, hexToBytes } from "@ethereumjs/util";
import { createVM, encodeReceipt, runTx } from "@ethereumjs/vm";
import type { TenantBudget } from "../../protocol/budget.ts";
import { toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { asRoot, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";
import { auxRootOf, baseFeeOf, excessAt, type FeeState, targetOf } from "./baseFee.ts";
import { parseEvmConfig } from "./genesis.ts";
import { decodeWrite } from "./protocolWrites.ts";
import { type BlockEnvironment, blockOf, listRoot, uniteBlooms } from "./replay/block.ts";
import { replayRules } from "./replay/chain.ts";
import { createReplayState } from "./replay/state.ts";

/** What the shared header says of a block, and what was applied in it. */
export type ReplayBlock = {
  timestampMs: number;
  /** Root of the shared header, and of its parent. */
  header: Root;
  parent: Root;
  /** Writes, transactions and legs in the order they were applied in; entries that were left out are passed over. */
  inputs: readonly Input[];
};

/** What executing a block came to. */
export type ReplayedBlock = {
  number: number;
  blockHash: Root;
  stateRoot: Root;
  transactionsRoot: Root;
  receiptsRoot: Root;
  auxRoot: Root;
  logsBloom: Uint8Array;
  gasUsed: number;
  /** How many transactions it holds. */
  transactions: number;
};

export type ReplayFailure = "not_replayable";

export type Replayer = {
  genesis: ReplayedBlock;
  /**
   * Executes the next block. An input that can't be applied is `not_replayable`: the block is undone, and may be
   * applied anew. Blocks are applied one after the other: await each.
   */
  apply(block: ReplayBlock): Promise<Result<ReplayedBlock, ReplayFailure>>;
};

/** Caller of protocol writes, and their gas (EIP-4788). */
const systemAddress = new Address(hexToBytes("0xfffffffffffffffffffffffffffffffffffffffe"));
const systemGas = 30_000_000n;

/** Blocks whose hashes BLOCKHASH reaches. */
const hashWindow = 256;

/** What was applied of an open block. */
type Applied = { transactions: Uint8Array[]; receipts: Uint8Array[]; blooms: Uint8Array[]; gasUsed: bigint };

/** The library's messages end with a dump of VM, block and transaction. */
const sentenceOf = (error: unknown): string => (error as Error).message.replace(/ \(vm hf=.*/s, "");

/** @throws LockstepError `bad_config` */
export const createReplayer = async (
  domain: Domain,
  configBytes: Uint8Array,
  budget: TenantBudget,
): Promise<Replayer> => {
  const config = parseEvmConfig(domain, configBytes, budget);
  const common = replayRules(config.chainId);
  const state = await createReplayState(common, config);
  const stateManager = state.manager;
  const hashes = new Map<number, Uint8Array>();
  const blockchain = {
    getBlock: async (number: number) => {
      const hash = hashes.get(number);
      if (hash === undefined) throw new LockstepError("bad_state", `the hash of block ${number} is gone`);
      return { hash: () => hash };
    },
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const vm = await createVM({ common, stateManager, blockchain });
  const target = targetOf(config.gas.rate);

  const write = async (bytes: Uint8Array, block: Block): Promise<void> => {
    const { to, data } = decodeWrite(bytes);
    const { execResult } = await vm.evm.runCall({
      caller: systemAddress,
      to: new Address(to),
      data,
      gasLimit: systemGas,
      block,
      skipNonceIncrement: true,
    });
    if (execResult.exceptionError !== undefined) {
      throw new LockstepError("write_failed", `the protocol write to ${toHex(to)} fails: ${execResult.exceptionError}`);
    }
    await vm.evm.journal.cleanup();
    stateManager.originalStorageCache.clear();
  };

  /** Rules of a tenant that Prague doesn't have. */
  const checkGas = ({ gasLimit }: TypedTransaction, gasUsed: bigint): void => {
    const { largest, burst } = config.gas;
    const left = BigInt(burst) - gasUsed;
    const most = left < largest ? left : largest;
    if (gasLimit > most) throw new LockstepError("gas_limit", `its gas limit is ${gasLimit}, and ${most} are left`);
  };

  const transact = async (bytes: Uint8Array, block: Block, applied: Applied): Promise<void> => {
    const tx = createTxFromRLP(bytes, { common });
    checkGas(tx, applied.gasUsed);
    const { receipt, totalGasSpent } = await runTx(vm, { tx, block, blockGasUsed: applied.gasUsed });
    applied.transactions.push(bytes);
    applied.receipts.push(encodeReceipt(receipt, tx.type));
    applied.blooms.push(receipt.bitvector);
    applied.gasUsed += totalGasSpent;
  };

  const applyInput = async ({ kind, bytes }: Input, block: Block, applied: Applied): Promise<void> => {
    if (kind === inputKinds.omitted || kind === inputKinds.returned) return;
    if (kind === inputKinds.write) await write(bytes, block);
    else if (kind === inputKinds.transaction || kind === inputKinds.leg) await transact(bytes, block, applied);
    else throw new LockstepError("unsupported", `inputs of kind ${kind} can't be replayed`);
  };

  const applyInputs = async (
    inputs: readonly Input[],
    block: Block,
    applied: Applied,
  ): Promise<Result<void, ReplayFailure>> => {
    await stateManager.checkpoint();
    for (const [index, input] of inputs.entries()) {
      try {
        await applyInput(input, block, applied);
      } catch (error) {
        await stateManager.revert();
        return failure("not_replayable", `input ${index} can't be applied: ${sentenceOf(error)}`, { input: index });
      }
    }
    await stateManager.commit();
    return success(undefined);
  };

  const seal = async (environment: BlockEnvironment, applied: Applied, fees: FeeState): Promise<ReplayedBlock> => {
    const results = {
      stateRoot: await state.root(),
      transactionsTrie: await listRoot(common, applied.transactions),
      receiptTrie: await listRoot(common, applied.receipts),
      logsBloom: uniteBlooms(applied.blooms),
      gasUsed: applied.gasUsed,
    };
    const { number } = environment;
    const blockHash = blockOf(common, config, environment, results).hash();
    hashes.set(number, blockHash);
    hashes.delete(number - hashWindow);
    return {
      number,
      blockHash: asRoot(blockHash),
      stateRoot: asRoot(results.stateRoot),
      transactionsRoot: asRoot(results.transactionsTrie),
      receiptsRoot: asRoot(results.receiptTrie),
      auxRoot: auxRootOf(fees),
      logsBloom: results.logsBloom,
      gasUsed: Number(applied.gasUsed),
      transactions: applied.transactions.length,
    };
  };

  const nothing = (): Applied => ({ transactions: [], receipts: [], blooms: [], gasUsed: 0n });

  let fees: FeeState = { excess: 0n, timestampMs: 1000 * config.timestamp };
  const genesisEnvironment: BlockEnvironment = {
    number: 0,
    timestampMs: fees.timestampMs,
    parentHash: zeroRoot,
    header: zeroRoot,
    parent: zeroRoot,
    baseFee: baseFeeOf(0n, target),
  };
  const genesis = await seal(genesisEnvironment, nothing(), fees);
  let head = genesis;

  return {
    genesis,
    apply: async ({ timestampMs, header, parent, inputs }) => {
      const excess = excessAt(fees, target, timestampMs);
      const environment: BlockEnvironment = {
        number: head.number + 1,
        timestampMs,
        parentHash: head.blockHash,
        header,
        parent,
        baseFee: baseFeeOf(excess, target),
      };
      const applied = nothing();
      const result = await applyInputs(inputs, blockOf(common, config, environment), applied);
      if (!result.ok) return result;
      fees = { excess: excess + applied.gasUsed, timestampMs };
      head = await seal(environment, applied, fees);
      return success(head);
    },
  };
};
