/** Executes a `data` tenant: checks sizes, drops repetitions, and chains the hashes of what is left. */
import { equalBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { limits, transactionLimits } from "../../protocol/limits.ts";
import type {
  BlockContext,
  Execution,
  Executor,
  Inspection,
  Mark,
  OpenedExecutor,
  Seal,
  StateSource,
} from "../adapter.ts";
import { packDiff, unpackDiff } from "../diff.ts";
import { noLegs } from "../noLegs.ts";
import { asDeclared, canonicalOrder, leftOut } from "../order.ts";
import {
  type DataBlock,
  decodeDataBlock,
  encodeDataBlock,
  genesisBlock,
  nextBlock,
  receipt,
  receiptsRootOf,
} from "./block.ts";

/** What `read` of a `data` executor takes: the block at a sealed number within the last 256. */
export type DataRead = { kind: "block"; number: number };
export type DataAnswer = Result<DataBlock, "bad_input" | "height_unavailable">;

/** The one key of the flat state; its value is the newest block. */
const headKey = utf8("m");

const inspectOne = (transaction: Uint8Array): { leaf: Root; inspection: Inspection } => {
  if (transaction.length === 0) {
    return { leaf: zeroRoot, inspection: failure("undecodable", "a transaction has at least one byte") };
  }
  if (transaction.length > transactionLimits.data) {
    const message = `a transaction has at most ${transactionLimits.data} bytes, this one ${transaction.length}`;
    return { leaf: zeroRoot, inspection: failure("oversized", message) };
  }
  const leaf = sha256(transaction);
  const nativeId = toHex(leaf);
  const facts = { nativeId, sender: nativeId, gas: transaction.length, cost: 0n, price: { max: 0n, tip: 0n } };
  return { leaf, inspection: success(facts) };
};

type OpenBlock = {
  context: BlockContext;
  leaves: Root[];
  gasUsed: number;
  checkpoints: { id: number; leaves: number; gasUsed: number }[];
  nextCheckpoint: number;
};

/** Newest block and those before it that reads reach, oldest first. */
const restore = async (source: StateSource): Promise<DataBlock[]> => {
  let head: DataBlock | undefined;
  for await (const [key, value] of source.state()) {
    if (!equalBytes(key, headKey)) {
      throw new LockstepError("bad_state", "the stored state of a data tenant has one key");
    }
    head = decodeDataBlock(value);
  }
  if (head === undefined) throw new LockstepError("bad_state", "the stored state of the data tenant is empty");
  const blocks = [head];
  for await (const diff of source.diffs()) {
    const [change] = unpackDiff(diff);
    const oldest = blocks[0] as DataBlock;
    if (change?.after === undefined || !equalBytes(change.after, encodeDataBlock(oldest))) {
      throw new LockstepError("bad_state", `the stored diff of block ${oldest.number} does not lead to that block`);
    }
    if (change.before === undefined || blocks.length === limits.readableHeights) break;
    blocks.unshift(decodeDataBlock(change.before));
  }
  return blocks;
};

const sealOf = (sealed: DataBlock, before: DataBlock | undefined, transactions: number, gasUsed: number): Seal => {
  const block = encodeDataBlock(sealed);
  return {
    number: sealed.number,
    blockHash: sealed.blockHash,
    stateRoot: sealed.stateRoot,
    auxRoot: zeroRoot,
    receiptsRoot: receiptsRootOf(transactions),
    gasUsed,
    block,
    diff: packDiff([{ key: headKey, before: before && encodeDataBlock(before), after: block }]),
  };
};

export const openDataExecutor = async (
  domain: Domain,
  source: StateSource | undefined,
  mark: Mark | undefined,
): Promise<OpenedExecutor> => {
  const blocks = source === undefined ? [genesisBlock(domain)] : await restore(source);
  let open: OpenBlock | undefined;

  const head = (): DataBlock => blocks.at(-1) as DataBlock;

  const openBlock = (): OpenBlock => {
    if (open === undefined) throw new LockstepError("wrong_state", "no block is open: call begin first");
    return open;
  };

  const takeCheckpoint = (block: OpenBlock, id: number): { leaves: number; gasUsed: number } => {
    const position = block.checkpoints.findIndex((checkpoint) => checkpoint.id === id);
    const found = block.checkpoints[position];
    if (found === undefined) throw new LockstepError("bad_checkpoint", `${id} is no checkpoint of the open block`);
    block.checkpoints.length = position;
    return found;
  };

  const executor: Executor = {
    inspect: async (transactions) => transactions.map((transaction) => inspectOne(transaction).inspection),

    begin: async (context) => {
      if (open !== undefined) throw new LockstepError("wrong_state", "a block is open already");
      if (context.number !== head().number + 1 || !equalBytes(context.parentHash, head().blockHash)) {
        throw new LockstepError("wrong_state", `block ${context.number} does not follow block ${head().number}`);
      }
      open = { context, leaves: [], gasUsed: 0, checkpoints: [], nextCheckpoint: 0 };
    },

    write: async () => {
      throw new LockstepError("bad_input", "a data tenant takes no protocol writes");
    },

    execute: async (entries) => {
      const block = openBlock();
      const inspected = entries.map((entry) => {
        const { leaf, inspection } = inspectOne(entry.bytes);
        return { leaf, inspection: asDeclared(inspection, entry) };
      });
      return canonicalOrder(inspected.map(({ inspection }) => inspection)).map(({ index, refusal }): Execution => {
        const entry = inspected[index];
        if (refusal !== undefined) return leftOut(index, refusal);
        if (entry === undefined || !entry.inspection.ok) {
          throw new LockstepError("executor_failed", "an entry has no facts");
        }
        mark?.entry(index);
        const { nativeId, gas } = entry.inspection.value;
        block.leaves.push(entry.leaf);
        block.gasUsed += gas;
        return { kind: "applied", index, nativeId, receipt, gas, gasUsed: gas, succeeded: true };
      });
    },

    ...noLegs,

    checkpoint: async () => {
      const block = openBlock();
      const id = block.nextCheckpoint++;
      block.checkpoints.push({ id, leaves: block.leaves.length, gasUsed: block.gasUsed });
      return id;
    },

    commit: async (id) => {
      takeCheckpoint(openBlock(), id);
    },

    revert: async (id) => {
      const block = openBlock();
      const { leaves, gasUsed } = takeCheckpoint(block, id);
      block.leaves.length = leaves;
      block.gasUsed = gasUsed;
    },

    seal: async () => {
      const { context, leaves, gasUsed, checkpoints } = openBlock();
      if (checkpoints.length > 0) throw new LockstepError("wrong_state", "commit or revert every checkpoint first");
      const before = head();
      const sealed = nextBlock(before, context.header, leaves);
      blocks.push(sealed);
      if (blocks.length > limits.readableHeights) blocks.shift();
      open = undefined;
      return sealOf(sealed, before, leaves.length, gasUsed);
    },

    discard: async () => {
      open = undefined;
    },

    read: async (request): Promise<DataAnswer> => {
      const { kind, number } = (typeof request === "object" && request !== null ? request : {}) as Partial<DataRead>;
      if (kind !== "block" || !Number.isSafeInteger(number)) {
        return failure("bad_input", 'a data tenant answers {kind: "block", number}');
      }
      const found = blocks.find((block) => block.number === number);
      if (found !== undefined) return success(found);
      const oldest = blocks[0]?.number;
      return failure("height_unavailable", `blocks ${oldest} to ${head().number} can be read, not ${number}`);
    },

    close: async () => {
      open = undefined;
    },
  };
  const { number, blockHash, stateRoot } = head();
  return {
    executor,
    sealed: { number, blockHash, stateRoot },
    ...(source === undefined ? { genesis: sealOf(head(), undefined, 0, 0) } : {}),
  };
};
