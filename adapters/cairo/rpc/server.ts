/**
 * Starknet's JSON-RPC of one tenant, for unmodified wallets and libraries: `ACCEPTED_ON_L2` is executed,
 * `ACCEPTED_ON_L1` certified.
 */
import type { RpcServer, TenantServices } from "../../adapter.ts";
import type { Listen } from "../../http/listen.ts";
import { serveJsonRpc } from "../../jsonRpc/server.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { blockMethods } from "./blockMethods.ts";
import { type Chain, createChain } from "./chain.ts";
import { eventMethods } from "./events.ts";
import { executionMethods } from "./execution.ts";
import { networkMethods } from "./network.ts";
import { sendMethods } from "./send.ts";
import { stateMethods } from "./stateMethods.ts";
import { subscriptionMethods } from "./subscriptions.ts";
import { transactionMethods } from "./transactions.ts";

/** All methods by name. */
export const methodsOf = (chain: Chain): ReadonlyMap<string, Method> =>
  new Map(
    Object.entries({
      ...networkMethods(chain),
      ...blockMethods(chain),
      ...transactionMethods(chain),
      ...stateMethods(chain),
      ...executionMethods(chain),
      ...sendMethods(chain),
      ...eventMethods(chain),
      ...subscriptionMethods(chain),
    }),
  );

/**
 * Serves over HTTP and WebSocket on one port until closed; port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use`, `listen_failed`
 */
export const serveCairoRpc = async (services: TenantServices, listen: Listen): Promise<RpcServer> => {
  const chain = createChain(services);
  try {
    const server = await serveJsonRpc({ methods: methodsOf(chain), grouped: new Map() }, listen);
    const close = async (): Promise<void> => {
      chain.close();
      await server.close();
    };
    return { ...server, close };
  } catch (error) {
    chain.close();
    throw error;
  }
};
