/** The HTTP API without its socket: every route, its description, and what any other request gets. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import * as z from "zod";
import { type Budget, createBudget } from "../../adapters/jsonRpc/budget.ts";
import { failure } from "../../protocol/errors.ts";
import { ErrorWire, wires } from "../../protocol/wire.ts";
import type { NodeService } from "../service.ts";
import { refuse } from "./answer.ts";
import { serveChain } from "./chain.ts";
import { apiLimits } from "./limits.ts";
import { onlyMethod } from "./route.ts";
import { serveTransactions } from "./transactions.ts";

/** Where the API tells of what it can't answer for; pino's loggers fit. */
export type Log = {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
};

const registerSchemas = (api: OpenAPIHono): void => {
  const named = z.registry<{ id: string }>();
  for (const [id, wire] of Object.entries(wires)) named.add(wire, { id });
  named.add(z.strictObject({ error: ErrorWire }), { id: "Error" });
  const { schemas } = z.toJSONSchema(named, {
    io: "input",
    unrepresentable: "any",
    uri: (id) => `#/components/schemas/${id}`,
  });
  for (const [id, { $id: _id, $schema: _schema, ...schema }] of Object.entries(schemas)) {
    api.openAPIRegistry.registerComponent("schemas", id, schema as Record<string, unknown>);
  }
};

const serveHealth = (api: OpenAPIHono, service: NodeService): void => {
  api.get("/healthz", () => {
    const problems = service.problems();
    const body = { healthy: problems.length === 0, problems, notices: service.notices() };
    return Response.json(body, { status: problems.length === 0 ? 200 : 503 });
  });
  api.get(
    "/metrics",
    async () => new Response(await service.metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } }),
  );
  onlyMethod(api, "/healthz", "GET");
  onlyMethod(api, "/metrics", "GET");
};

const serveDescription = (api: OpenAPIHono): void => {
  registerSchemas(api);
  let description: string | undefined;
  api.get("/openapi.json", () => {
    description ??= JSON.stringify(
      api.getOpenAPI31Document({
        openapi: "3.1.0",
        info: {
          title: "Lockstep",
          version: "1",
          description:
            "Objects that validators sign are in the JSON mapping of SSZ (decimal strings, 0x hexadecimal), so that a client computes their roots itself. The stream is a WebSocket at /v1/stream?topics=finalized,executed,certified,tenant&domain=1; each message is an Event.",
        },
      }),
    );
    return new Response(description, { headers: { "content-type": "application/json" } });
  });
  onlyMethod(api, "/openapi.json", "GET");
};

/** Builds the API over a node. */
export const createApi = (
  service: NodeService,
  log: Log,
  budget: Budget = createBudget(apiLimits.bufferedBytes),
): OpenAPIHono => {
  const api = new OpenAPIHono();
  api.use(cors({ origin: "*", maxAge: 86_400 }));
  serveChain(api, service);
  serveTransactions(api, service, budget);
  serveHealth(api, service);
  serveDescription(api);
  api.get("/v1/stream", () =>
    refuse(failure("upgrade_required", "this is a WebSocket: connect with ws:// and subscribe to topics").error, {
      upgrade: "websocket",
    }),
  );
  onlyMethod(api, "/v1/stream", "GET");
  api.notFound(({ req }) =>
    refuse(failure("unknown_route", `there is no ${req.path}: /openapi.json lists what there is`).error),
  );
  api.onError((error, { req }) => {
    log.error({ error, method: req.method, path: req.path }, "a request failed");
    return refuse(failure("internal", "this node failed to answer: try again, or another node").error);
  });
  return api;
};
