/**
 * Solana's JSON-RPC of one tenant, for unmodified wallets and libraries: `processed` and `confirmed` are
 * executed, `finalized` is certified.
 */
import { LockstepError } from "../../../protocol/errors.ts";
import type { RpcServer, TenantServices } from "../../adapter.ts";
import type { DoorStats } from "../../http/connections.ts";
import type { Listen } from "../../http/listen.ts";
import { serveJsonRpc } from "../../jsonRpc/server.ts";
import type { Service } from "../../jsonRpc/service.ts";
import { accountMethods } from "./accounts.ts";
import { blockMethods } from "./blockMethods.ts";
import { createChain } from "./chain.ts";
import { clusterMethods } from "./cluster.ts";
import { feeMethods } from "./fees.ts";
import { sendMethods } from "./send.ts";
import { subscriptionMethods } from "./subscriptions.ts";
import { tokenMethods } from "./tokens.ts";
import { transactionMethods } from "./transactions.ts";

const portOf = ({ rpc }: RpcServer): number => Number(new URL(rpc).port);

const addStats = (a: DoorStats, b: DoorStats): DoorStats => ({
  connections: a.connections + b.connections,
  sockets: a.sockets + b.sockets,
  buffered: a.buffered + b.buffered,
  evicted: a.evicted + b.evicted,
});

/** How often a pair of neighbouring free ports is looked for. */
const attempts = 50;

/** Serves at a port and the one above it: @solana/web3.js opens its WebSocket there. */
const servePair = async (service: Service, listen: Listen): Promise<[RpcServer, RpcServer]> => {
  for (let attempt = 1; ; attempt++) {
    const first = await serveJsonRpc(service, listen);
    try {
      return [first, await serveJsonRpc(service, { ...listen, port: portOf(first) + 1 })];
    } catch (error) {
      await first.close();
      const isTaken = error instanceof LockstepError && error.code === "port_in_use";
      if (listen.port !== 0 || !isTaken || attempt === attempts) throw error;
    }
  }
};

/** All methods of a tenant's RPC, and what ends the work that goes on behind them. */
export const svmService = (services: TenantServices): { service: Service; release(): void } => {
  const chain = createChain(services);
  const methods = {
    ...clusterMethods(chain),
    ...accountMethods(chain),
    ...tokenMethods(chain),
    ...feeMethods(chain),
    ...sendMethods(chain),
    ...transactionMethods(chain),
    ...blockMethods(chain),
    ...subscriptionMethods(chain),
  };
  return { service: { methods: new Map(Object.entries(methods)), grouped: new Map() }, release: chain.close };
};

/**
 * Serves HTTP and WebSocket at `listen.port` and at the port above it until closed; port 0 takes a free pair.
 *
 * @throws LockstepError `port_in_use`, `listen_failed`
 */
export const serveSvmRpc = async (services: TenantServices, listen: Listen): Promise<RpcServer> => {
  const { service, release } = svmService(services);
  try {
    const [first, second] = await servePair(service, listen);
    const close = async (): Promise<void> => {
      release();
      await Promise.all([first.close(), second.close()]);
    };
    return { rpc: first.rpc, ws: second.ws, stats: () => addStats(first.stats(), second.stats()), close };
  } catch (error) {
    release();
    throw error;
  }
};
