/** Methods about the node and the network: net_, web3_ and the like. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { toHex } from "../../../protocol/bytes.ts";
import { none, positional, required } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import type { Chain } from "./chain.ts";
import { hexOf } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { bytesOf, data } from "./params.ts";

const hashed = data(rpcLimits.hashedBytes);

/** The domain is the chain id. Nodes hold no keys: there are no accounts. */
export const networkMethods = ({ services: { domain } }: Chain): Record<string, Method> => {
  const constant =
    (answer: unknown): Method =>
    (params) => {
      none(params);
      return answer;
    };
  return {
    eth_chainId: constant(hexOf(domain)),
    net_version: constant(String(domain)),
    net_listening: constant(true),
    web3_clientVersion: constant("Lockstep/evm"),
    eth_syncing: constant(false),
    eth_accounts: constant([]),
    web3_sha3: (params) => toHex(keccak_256(bytesOf(required(positional(params, 1), 0, hashed)))),
  };
};
