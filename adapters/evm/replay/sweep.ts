/** Takes out of a store of trie nodes what the state of today doesn't reach any more. */
import { RLP } from "@ethereumjs/rlp";
import { bytesToUnprefixedHex, utf8ToBytes } from "@ethereumjs/util";

/** Nodes and codes under their hashes, in hexadecimal without a prefix; codes' keys start with that of `c`. */
export type NodeStore = Map<string, Uint8Array>;

const codePrefix = bytesToUnprefixedHex(utf8ToBytes("c"));

type Item = Uint8Array | Item[];

const hashBytes = 32;
const branchItems = 17;

/** Whether a node of two items is a leaf: it says so in the first nibble of its path. */
const isLeaf = (path: Item): boolean => path instanceof Uint8Array && ((path[0] ?? 0) & 0x20) !== 0;

/** Keeps what `stateRoot` leads to: its trie, the storage tries of its accounts and their codes. */
export const sweep = (store: NodeStore, stateRoot: Uint8Array): void => {
  const reached = new Set<string>();

  const visitAccount = (account: Item): void => {
    if (!(account instanceof Uint8Array)) return;
    const [, , storageRoot, codeHash] = RLP.decode(account) as Uint8Array[];
    if (codeHash) reached.add(codePrefix + bytesToUnprefixedHex(codeHash));
    if (storageRoot) visitReference(storageRoot, () => {});
  };

  const visitNode = (node: Item[], visitLeaf: (value: Item) => void): void => {
    const [path, value] = node;
    if (node.length === branchItems) for (const child of node) visitReference(child, visitLeaf);
    else if (path && value) isLeaf(path) ? visitLeaf(value) : visitReference(value, visitLeaf);
  };

  /** A node of less than 32 bytes stands in its parent, others are named by their hash. */
  const visitReference = (reference: Item, visitLeaf: (value: Item) => void): void => {
    if (reference instanceof Uint8Array) visitHash(reference, visitLeaf);
    else visitNode(reference, visitLeaf);
  };

  const visitHash = (hash: Uint8Array, visitLeaf: (value: Item) => void): void => {
    if (hash.length !== hashBytes) return;
    const key = bytesToUnprefixedHex(hash);
    const node = store.get(key);
    if (node === undefined || reached.has(key)) return;
    reached.add(key);
    visitNode(RLP.decode(node) as Item[], visitLeaf);
  };

  visitReference(stateRoot, visitAccount);
  for (const key of store.keys()) if (!reached.has(key)) store.delete(key);
};
