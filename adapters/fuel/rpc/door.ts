/** The HTTP server behind a GraphQL API: bounded connections, bodies and streams. */
import { createServer } from "node:http";
import type { RpcServer } from "../../adapter.ts";
import { createBudget } from "../../http/budget.ts";
import { boundConnections, doorStats } from "../../http/connections.ts";
import { closeServer, type Listen, listenOn } from "../../http/listen.ts";
import { type Api, createExecution } from "./execution.ts";
import { answerHttp, paths } from "./http.ts";
import { doorLimits as limits } from "./limits.ts";

/**
 * Serves an API until closed. Port 0 takes a free one.
 *
 * @throws LockstepError `port_in_use` when another program listens there, `listen_failed` otherwise
 */
export const serveGraphql = async (api: Api, listen: Listen): Promise<RpcServer> => {
  const execution = createExecution(api);
  const budget = createBudget(limits.bufferedBytes);
  const http = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.connectionKeepAliveMs,
  });
  http.timeout = limits.idleTimeoutMs;
  const connections = boundConnections(http, limits);
  const streams = new Set<AbortController>();
  http.on("request", (request, response) => {
    answerHttp({ execution, budget, connections, streams }, request, response).catch(() => response.destroy());
  });

  const authority = await listenOn(http, listen);
  let closing: Promise<void> | undefined;
  const endStreams = (): void => {
    for (const stream of [...streams]) stream.abort();
  };
  const close = (): Promise<void> => closeServer(http, { close: endStreams, terminate: () => {} }, limits.closeMs);
  return {
    rpc: `http://${authority}${paths.graphql}`,
    ws: `http://${authority}${paths.stream}`,
    close: () => (closing ??= close()),
    stats: () => doorStats(connections, budget),
  };
};
