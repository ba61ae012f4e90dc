/**
 * The flat state of an SVM tenant as a node stores it:
 *
 *     "a" ‖ key           an account (account.ts)
 *     "m"                 the newest block (block.ts)
 *     "w" ‖ number u64    a block of the window (window.ts); big-endian, so that they stand in order
 */
import { concatBytes, equalBytes, utf8 } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { StateSource } from "../adapter.ts";
import { type Change, packDiff, unpackDiff } from "../diff.ts";
import { decodeAccount, encodeAccount } from "./account.ts";
import { type AccountChange, type Accounts, createAccounts } from "./accounts.ts";
import { decodeBlock, encodeBlock, type SvmBlock } from "./block.ts";
import type { KeyedAccount } from "./engine.ts";
import { bufferOf, type SvmTree, type TreeModule, treeCall } from "./tree.ts";
import {
  createWindow,
  decodeWindowBlock,
  encodeWindowBlock,
  endsWith,
  type Window,
  type WindowBlock,
} from "./window.ts";

const [accountTag, headTag, windowTag] = [utf8("a"), utf8("m"), utf8("w")] as [Uint8Array, Uint8Array, Uint8Array];
const tagOf = (key: Uint8Array): number | undefined => key[0];

export type SvmState = { head: SvmBlock; accounts: Accounts; window: Window; tree: SvmTree };

const windowKey = (number: number): Uint8Array => {
  const bytes = new Uint8Array(9);
  bytes.set(windowTag);
  new DataView(bytes.buffer).setBigUint64(1, BigInt(number));
  return bytes;
};

const numberOf = (key: Uint8Array): number => Number(new DataView(key.buffer, key.byteOffset).getBigUint64(1));

/** What a sealed block did to the stored state. */
export const diffOf = (sealed: {
  changes: readonly AccountChange[];
  before: SvmBlock | undefined;
  after: SvmBlock;
  added: WindowBlock;
  forgotten: readonly WindowBlock[];
}): Uint8Array => {
  const { before, after, added } = sealed;
  const changes: Change[] = sealed.changes.map(({ key, before, after }) => ({
    key: concatBytes(accountTag, key),
    before: before && encodeAccount(before),
    after: after && encodeAccount(after),
  }));
  changes.push({ key: headTag, before: before && encodeBlock(before), after: encodeBlock(after) });
  changes.push({ key: windowKey(added.number), before: undefined, after: encodeWindowBlock(added) });
  for (const block of sealed.forgotten) {
    changes.push({ key: windowKey(block.number), before: encodeWindowBlock(block), after: undefined });
  }
  return packDiff(changes);
};

/** Takes the net changes of a block into the tree; gives the new state root. */
export const sealTree = (tree: SvmTree, changes: readonly AccountChange[]): Uint8Array => {
  const keys = changes.map(({ key }) => bufferOf(key));
  const values = changes.map(({ after }) => (after === undefined ? null : bufferOf(encodeAccount(after))));
  return Uint8Array.from(treeCall(() => tree.seal(keys, values)));
};

/** Accounts that go into the tree at once. */
const chunk = 1024;

export const buildTree = ({ SvmTree }: TreeModule, number: number, stored: readonly KeyedAccount[]): SvmTree => {
  const tree = treeCall(() => new SvmTree(number));
  for (let start = 0; start < stored.length; start += chunk) {
    const some = stored.slice(start, start + chunk);
    const keys = some.map(({ key }) => bufferOf(key));
    const values = some.map(({ account }) => bufferOf(encodeAccount(account)));
    treeCall(() => tree.load(keys, values));
  }
  treeCall(() => tree.loaded());
  return tree;
};

const badState = (problem: string): LockstepError =>
  new LockstepError("bad_state", `the stored state of the SVM tenant can't be used: ${problem}`);

const readState = async (source: StateSource) => {
  const accounts: KeyedAccount[] = [];
  const blocks: WindowBlock[] = [];
  let head: SvmBlock | undefined;
  for await (const [key, value] of source.state()) {
    const tag = tagOf(key);
    if (tag === accountTag[0] && key.length === 33) {
      accounts.push({ key: Uint8Array.from(key.subarray(1)), account: decodeAccount(value) });
    } else if (tag === windowTag[0] && key.length === 9) {
      blocks.push(decodeWindowBlock(numberOf(key), value));
    } else if (equalBytes(key, headTag)) {
      head = decodeBlock(value);
    } else {
      throw badState("it has a key that is none of ours");
    }
  }
  if (head === undefined) throw badState("it has no newest block");
  if (blocks.length === 0 || !endsWith(blocks, head))
    throw badState("its recent blockhashes don't lead to its newest block");
  return { head, accounts, blocks };
};

const accountChanges = (changes: readonly Change[]): AccountChange[] =>
  changes
    .filter(({ key }) => tagOf(key) === accountTag[0])
    .map(({ key, before, after }) => ({
      key: Uint8Array.from(key.subarray(1)),
      before: before && decodeAccount(before),
      after: after && decodeAccount(after),
    }));

/** Makes the blocks before the newest readable, as many as there are and fit. */
const restorePast = async (source: StateSource, { head, accounts, tree }: SvmState): Promise<void> => {
  let oldest = head;
  for await (const diff of source.diffs()) {
    const changes = unpackDiff(diff);
    const record = changes.find(({ key }) => equalBytes(key, headTag));
    if (record?.after === undefined || !equalBytes(record.after, encodeBlock(oldest))) {
      throw badState(`its diffs don't lead back from block ${oldest.number}`);
    }
    if (record.before === undefined) return;
    const before = decodeBlock(record.before);
    const undone = accountChanges(changes);
    if (!accounts.loadUndo(undone)) return;
    const keys = undone.map(({ key }) => bufferOf(key));
    const values = undone.map(({ before }) => (before === undefined ? null : bufferOf(encodeAccount(before))));
    if (!treeCall(() => tree.loadUndo(keys, values))) return;
    if (
      !equalBytes(
        treeCall(() => tree.root(before.number)),
        before.stateRoot,
      )
    ) {
      throw badState(`block ${before.number} has another state root`);
    }
    oldest = before;
  }
};

/** @throws LockstepError `bad_state` */
export const restoreState = async (module: TreeModule, source: StateSource): Promise<SvmState> => {
  try {
    const { head, accounts: stored, blocks } = await readState(source);
    const tree = buildTree(module, head.number, stored);
    if (
      !equalBytes(
        treeCall(() => tree.root(head.number)),
        head.stateRoot,
      )
    ) {
      throw badState(`block ${head.number} has another state root`);
    }
    const state = { head, accounts: createAccounts(head.number, stored), window: createWindow(blocks), tree };
    await restorePast(source, state);
    return state;
  } catch (cause) {
    if (!(cause instanceof LockstepError) || cause.code === "bad_state") throw cause;
    throw badState(cause.message);
  }
};
