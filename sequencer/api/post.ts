/** A route that takes a body in JSON or in octets, as data. */
import * as z from "zod";
import type { Result } from "../../protocol/errors.ts";
import { wires } from "../../protocol/wire.ts";
import { answer, jsonText, refuse } from "./answer.ts";
import { type MediaType, readBody, readMediaType } from "./body.ts";
import { type Api, errorResponses, onlyMethod, schemaRef } from "./route.ts";

type Wires = typeof wires;

export type PostRoute<Name extends keyof Wires> = {
  path: string;
  summary: string;
  query?: z.ZodObject;
  /** What a body in JSON is, and what one in octets. */
  request: Parameters<typeof schemaRef>[0];
  octets: string;
  answers: Name;
  /** What an answer says. */
  description: string;
  /** HTTP status of what is understood and refused, where it isn't that of the refusal's code. */
  refusedStatus?: number;
  handle(body: Uint8Array, type: MediaType, query: unknown): Promise<Result<z.output<Wires[Name]>>>;
};

/** Serves a route and describes it. */
export const servePost = <Name extends keyof Wires>(api: Api, route: PostRoute<Name>): void => {
  const { path, summary, query, octets, answers, description, refusedStatus, handle } = route;
  api.openAPIRegistry.registerPath({
    method: "post",
    path,
    summary,
    request: {
      ...(query === undefined ? {} : { query }),
      body: {
        content: {
          "application/json": { schema: schemaRef(route.request) },
          "application/octet-stream": { schema: { type: "string", format: "binary", description: octets } },
        },
      },
    },
    responses: {
      200: { description, content: { "application/json": { schema: schemaRef(answers) } } },
      ...errorResponses,
    },
  });
  api.post(path, async ({ req, var: { holding } }) => {
    const type = readMediaType(req.header("content-type"));
    if (!type.ok) return refuse(type.error);
    const body = await readBody(req.raw, holding);
    if (!body.ok) return refuse(body.error);
    const handled = await handle(body.value, type.value, req.query());
    if (!handled.ok) return refuse(handled.error, {}, refusedStatus);
    return answer(jsonText(z.encode(wires[answers] as z.ZodType, handled.value)));
  });
  onlyMethod(api, path, "POST");
};
