/** The state of a replayed chain, in memory. */
import type { Common } from "@ethereumjs/common";
import { createMPT } from "@ethereumjs/mpt";
import { Caches, CacheType, MerkleStateManager } from "@ethereumjs/statemanager";
import { Account, Address, hexToBytes, MapDB, ValueEncoding } from "@ethereumjs/util";
import type { Hex } from "../../../protocol/bytes.ts";
import { type EvmConfig, installed } from "../genesis.ts";
import { type NodeStore, sweep } from "./sweep.ts";

/** Entries of a cache: more than a block's gas can touch, for it holds what is not in the trie yet. */
const cached = { type: CacheType.LRU, size: 200_000 };

/** The accounts of block 0: those of the config, and the contracts that every tenant has. */
const allocationOf = ({ alloc }: EvmConfig): EvmConfig["alloc"] => {
  const all = { ...alloc };
  for (const { address, code } of installed) all[address] = { nonce: 1, code };
  return all;
};

/** Trie nodes that come and go before those that are out of use are looked for. */
const spareNodes = 50_000;

export type ReplayState = {
  manager: MerkleStateManager;
  /** The root of what was committed last; now and then lets go of what earlier blocks left behind. */
  root(): Promise<Uint8Array>;
};

/** State of block 0. */
export const createReplayState = async (common: Common, config: EvmConfig): Promise<ReplayState> => {
  const nodes: NodeStore = new Map();
  const db = new MapDB<string, Uint8Array>(nodes);
  const trie = await createMPT({ common, db, useKeyHashing: true, valueEncoding: ValueEncoding.Bytes });
  const caches = new Caches({ account: cached, code: cached, storage: cached });
  const manager = new MerkleStateManager({ common, trie, caches });
  await manager.checkpoint();
  for (const [key, { balance, nonce, code, storage }] of Object.entries(allocationOf(config))) {
    const address = new Address(hexToBytes(key as Hex));
    await manager.putAccount(address, new Account(BigInt(nonce ?? 0), BigInt(balance ?? 0)));
    if (code !== undefined) await manager.putCode(address, hexToBytes(code));
    for (const [slot, value] of Object.entries(storage ?? {})) {
      await manager.putStorage(address, hexToBytes(slot as Hex), hexToBytes(value));
    }
  }
  await manager.commit();

  let sweepAt = spareNodes;
  return {
    manager,
    root: async () => {
      const root = await manager.getStateRoot();
      if (nodes.size > sweepAt) {
        sweep(nodes, root);
        sweepAt = 2 * nodes.size + spareNodes;
      }
      return root;
    },
  };
};
