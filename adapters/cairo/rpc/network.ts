/** Methods about the chain as a whole. */
import type { Method } from "../../jsonRpc/service.ts";
import { chainIdOf } from "../genesis.ts";
import type { Chain } from "./chain.ts";
import { parameters } from "./params.ts";

/** https://github.com/starkware-libs/starknet-specs/tree/v0.10.2 */
export const specVersion = "0.10.2";

export const networkMethods = (chain: Chain): Record<string, Method> => {
  const newest = () => chain.block(chain.head("ACCEPTED_ON_L2"));
  return {
    starknet_specVersion: (params) => {
      parameters(params);
      return specVersion;
    },
    starknet_chainId: (params) => {
      parameters(params);
      return chainIdOf(chain.services.domain);
    },
    starknet_blockNumber: (params) => {
      parameters(params);
      return chain.head("ACCEPTED_ON_L2");
    },
    starknet_blockHashAndNumber: async (params) => {
      parameters(params);
      const { header } = await newest();
      return { block_hash: header.block_hash, block_number: header.block_number };
    },
    /** Blocks that are certified and not executed here yet are what this node is behind. */
    starknet_syncing: async (params) => {
      parameters(params);
      const { executed, certified } = chain.services.heads();
      if (certified <= executed) return false;
      const { header } = await newest();
      return {
        starting_block_hash: header.block_hash,
        starting_block_num: executed,
        current_block_hash: header.block_hash,
        current_block_num: executed,
        highest_block_hash: header.block_hash,
        highest_block_num: certified,
      };
    },
  };
};
