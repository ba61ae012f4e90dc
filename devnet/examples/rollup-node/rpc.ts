/** As much of Ethereum's JSON-RPC as shows what the chain came to. */
import type { Common } from "@ethereumjs/common";
import { Address, hexToBytes } from "@ethereumjs/util";
import type { RpcServer } from "../../../adapters/adapter.ts";
import { address, hash } from "../../../adapters/evm/rpc/params.ts";
import { positional, required } from "../../../adapters/jsonRpc/params.ts";
import { serveJsonRpc } from "../../../adapters/jsonRpc/server.ts";
import type { Method } from "../../../adapters/jsonRpc/service.ts";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { type Chain, chainId, stateAt } from "./chain.ts";
import type { Store } from "./store.ts";

const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`;

/** Serves the newest block's state, whatever block tag is asked for. */
export const serveRpc = (chain: Chain, store: Store, common: Common, port: number): Promise<RpcServer> => {
  const accountOf: (params: Parameters<Method>[0]) => Promise<{ balance: bigint; nonce: bigint }> = async (params) => {
    const of = new Address(hexToBytes(required(positional(params, 2), 0, address)));
    const state = await stateAt(common, store, chain.head().block.header.stateRoot);
    return (await state.getAccount(of)) ?? { balance: 0n, nonce: 0n };
  };
  const methods: Record<string, Method> = {
    eth_chainId: () => quantity(chainId),
    eth_blockNumber: () => quantity(chain.head().block.header.number),
    eth_getBalance: async (params) => quantity((await accountOf(params)).balance),
    eth_getTransactionCount: async (params) => quantity((await accountOf(params)).nonce),
    eth_getTransactionReceipt: async (params) =>
      (await store.receipt(required(positional(params, 1), 0, hash))) ?? null,
    rollup_head: () => {
      const { block, cursor } = chain.head();
      const { number, stateRoot, timestamp } = block.header;
      const [hashed, root] = [toHex(block.hash()), toHex(stateRoot)];
      return {
        height: cursor?.height ?? 0,
        number: Number(number),
        hash: hashed,
        stateRoot: root,
        timestamp: Number(timestamp),
      };
    },
  };
  const service = { methods: new Map(Object.entries(methods)), grouped: new Map() };
  return serveJsonRpc(service, { host: "127.0.0.1", port });
};
