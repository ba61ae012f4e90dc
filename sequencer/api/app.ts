/** The HTTP API without its socket: every route, its description, and what any other request gets. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import * as z from "zod";
import { type Budget, createBudget } from "../../adapters/http/budget.ts";
import { failure, LockstepError } from "../../protocol/errors.ts";
import { ErrorWire, wires } from "../../protocol/wire.ts";
import type { NodeService } from "../service.ts";
import { answer, busy, refuse } from "./answer.ts";
import { serveBundles } from "./bundles.ts";
import { serveChain } from "./chain.ts";
import { apiLimits } from "./limits.ts";
import { type Api, onlyMethod } from "./route.ts";
import { serveTenants } from "./tenants.ts";
import { serveTransactions } from "./transactions.ts";

/** Where the API tells of what it can't answer for; pino's loggers fit. */
export type Log = {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
};

const registerSchemas = (api: Api): void => {
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

const serveHealth = (api: Api, service: NodeService): void => {
  api.get("/healthz", () => {
    const problems = service.problems();
    const healthy = problems.length === 0;
    return answer(JSON.stringify({ healthy, problems, notices: service.notices() }), { status: healthy ? 200 : 503 });
  });
  api.get("/metrics", async () =>
    answer(await service.metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } }),
  );
  onlyMethod(api, "/healthz", "GET");
  onlyMethod(api, "/metrics", "GET");
};

const serveDescription = (api: Api): void => {
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
    return answer(description);
  });
  onlyMethod(api, "/openapi.json", "GET");
};

/** A request's body and its answer are held until the answer has been read. */
const holdBytes = (api: Api, budget: Budget): void => {
  api.use(async (context, next) => {
    const { incoming, outgoing } = context.env ?? {};
    const holding = budget.open({
      isWaiting: () => incoming?.complete === false || outgoing?.writableEnded === true,
      evict: () => incoming?.socket.destroy(),
    });
    context.set("holding", holding);
    outgoing?.once("close", holding.end);
    await next();
    if (!holding.take(Number(context.res.headers.get("content-length") ?? 0))) context.res = refuse(busy.error);
    if (outgoing === undefined) holding.end();
  });
};

/** Builds the API over a node. */
export const createApi = (
  service: NodeService,
  log: Log,
  budget: Budget = createBudget(apiLimits.bufferedBytes),
): Api => {
  const api: Api = new OpenAPIHono();
  api.use(cors({ origin: "*", maxAge: 86_400 }));
  holdBytes(api, budget);
  serveChain(api, service);
  serveTransactions(api, service);
  serveTenants(api, service);
  serveBundles(api, service);
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
    if (error instanceof LockstepError && error.code === "busy") return refuse(error.failure);
    log.error({ error, method: req.method, path: req.path }, "a request failed");
    return refuse(failure("internal", "this node failed to answer: try again, or another node").error);
  });
  return api;
};
