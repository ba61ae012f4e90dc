/**
 * Ethereum JSON-RPC of one tenant, for unmodified wallets and libraries. The state of `latest` is
 * executed, that of `safe` and `finalized` certified; only `pending` nonces look into the mempool.
 */
import type { RpcServer, TenantServices } from "../../adapter.ts";
import type { Listen } from "../../http/listen.ts";
import { serveJsonRpc } from "../../jsonRpc/server.ts";
import type { Service } from "../../jsonRpc/service.ts";
import { blockMethods } from "./blocks.ts";
import { createChain } from "./chain.ts";
import { createExecutions } from "./executions.ts";
import { feeMethods } from "./fees.ts";
import { createFilters } from "./filters.ts";
import { logMethods } from "./logs.ts";
import { networkMethods } from "./network.ts";
import { sendTransactionSync, sendTransactions } from "./send.ts";
import { stateMethods } from "./state.ts";
import { subscriptionMethods } from "./subscriptions.ts";
import { transactionMethods } from "./transactions.ts";

/** All methods of a tenant's RPC, and what ends the work that goes on behind them. */
export const evmService = (services: TenantServices): { service: Service; release(): void } => {
  const chain = createChain(services);
  const filters = createFilters(chain);
  const executions = createExecutions(chain);
  const service: Service = {
    methods: new Map(
      Object.entries({
        ...networkMethods(chain),
        ...blockMethods(chain),
        ...transactionMethods(chain),
        ...stateMethods(chain),
        ...feeMethods(chain),
        ...logMethods(chain),
        ...filters.methods,
        ...subscriptionMethods(chain),
        eth_sendRawTransactionSync: sendTransactionSync(chain, executions),
      }),
    ),
    grouped: new Map([["eth_sendRawTransaction", sendTransactions(chain)]]),
  };
  const release = (): void => {
    executions.close();
    filters.close();
    chain.close();
  };
  return { service, release };
};

/**
 * Serves over HTTP and WebSocket on one port until closed; port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use`, `listen_failed`
 */
export const serveEvmRpc = async (services: TenantServices, listen: Listen): Promise<RpcServer> => {
  const { service, release } = evmService(services);
  try {
    const server = await serveJsonRpc(service, listen);
    const close = async (): Promise<void> => {
      release();
      await server.close();
    };
    return { ...server, close };
  } catch (error) {
    release();
    throw error;
  }
};
