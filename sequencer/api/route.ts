/** A route as data: path, parameters, what it answers, and a function that knows nothing of HTTP. */
import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";
import * as z from "zod";
import type { Holding } from "../../adapters/http/budget.ts";
import { failure, type Result } from "../../protocol/errors.ts";
import { wires } from "../../protocol/wire.ts";
import { answer, refuse } from "./answer.ts";

/** `holding`: the bytes that a request and its answer take. Without a socket there are no bindings. */
export type Api = OpenAPIHono<{ Bindings: Partial<HttpBindings>; Variables: { holding: Holding } }>;

type Wires = typeof wires;

export type GetRoute<P extends z.ZodRawShape, Q extends z.ZodRawShape, Name extends keyof Wires> = {
  /** In OpenAPI's form: `/v1/blocks/{height}`. */
  path: string;
  summary: string;
  params: z.ZodObject<P>;
  query: z.ZodObject<Q>;
  answers: Name;
  handle(params: z.output<z.ZodObject<P>>, query: z.output<z.ZodObject<Q>>): Promise<Result<z.output<Wires[Name]>>>;
};

export const none = z.object({});

export const heightParam = z
  .string()
  .regex(/^(?:latest|0|[1-9][0-9]{0,14})$/, "is a decimal number or `latest`")
  .describe("a number, or `latest`");

export const domainParam = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,9})$/, "is a decimal number")
  .refine((text) => Number(text) < 2 ** 32, "is below 2^32")
  .describe("a tenant's domain");

export const schemaRef = (name: keyof Wires | "Error") => ({ $ref: `#/components/schemas/${name}` });

/** The answers that every route may give. */
export const errorResponses = {
  default: {
    description: "What was wrong and what to do",
    content: { "application/json": { schema: schemaRef("Error") } },
  },
};

/** First thing wrong with some parameters. */
export const invalidRequest = (error: z.ZodError) => {
  const [issue] = error.issues;
  const parameter = issue?.path.join(".") ?? "";
  return failure("invalid_request", `the parameter ${parameter} ${issue?.message ?? "is wrong"}`, { parameter }).error;
};

/** Refuses other methods on a path that exists. */
export const onlyMethod = (api: Api, path: string, method: string): void => {
  api.all(honoPath(path), ({ req }) =>
    refuse(failure("method_not_allowed", `${req.method} is not for ${path}: use ${method}`).error, { allow: method }),
  );
};

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

/** Serves a route and describes it. */
export const serveGet = <P extends z.ZodRawShape, Q extends z.ZodRawShape, Name extends keyof Wires>(
  api: Api,
  route: GetRoute<P, Q, Name>,
): void => {
  const { path, summary, params, query, answers, handle } = route;
  api.openAPIRegistry.registerPath({
    method: "get",
    path,
    summary,
    request: { params, query },
    responses: {
      200: { description: summary, content: { "application/json": { schema: schemaRef(answers) } } },
      ...errorResponses,
    },
  });
  api.get(honoPath(path), async ({ req }) => {
    const fromPath = params.safeParse(req.param());
    if (!fromPath.success) return refuse(invalidRequest(fromPath.error));
    const fromQuery = query.safeParse(req.query());
    if (!fromQuery.success) return refuse(invalidRequest(fromQuery.error));
    const found = await handle(fromPath.data, fromQuery.data);
    if (!found.ok) return refuse(found.error);
    return answer(JSON.stringify(z.encode(wires[answers] as z.ZodType, found.value)));
  });
  onlyMethod(api, path, "GET");
};
