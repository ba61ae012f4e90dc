/** Fuel's GraphQL API of one tenant, for unmodified wallets and libraries: a success is executed. */
import type { RpcServer, TenantServices } from "../../adapter.ts";
import type { Listen } from "../../http/listen.ts";
import { assemblyFields } from "./assembly/fields.ts";
import { blockFields } from "./blockFields.ts";
import { createChain } from "./chain.ts";
import { chainFields } from "./chainFields.ts";
import { coinFields } from "./coins.ts";
import { contractFields } from "./contracts.ts";
import { serveGraphql } from "./door.ts";
import { dryRunFields } from "./dryRuns.ts";
import { messageFields } from "./messageFields.ts";
import { createSchema } from "./schema/schema.ts";
import { statusFields } from "./statuses.ts";

/**
 * Serves `/v1/graphql` and, for subscriptions, `/v1/graphql-sub` until closed; port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use`, `listen_failed`
 */
export const serveFuelRpc = async (services: TenantServices, listen: Listen): Promise<RpcServer> => {
  const chain = createChain(services);
  const root = {
    ...chainFields(chain),
    ...blockFields(chain),
    ...coinFields(chain),
    ...contractFields(chain),
    ...messageFields(),
    ...assemblyFields(chain),
    ...dryRunFields(chain),
    ...statusFields(chain),
  };
  try {
    const server = await serveGraphql({ schema: createSchema(), root, height: chain.height }, listen);
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
