/** A GraphQL request as it comes over HTTP. */
import * as z from "zod";
import { failure, type Result, success } from "../../../protocol/errors.ts";
import { nestsDeeper } from "../../http/depth.ts";
import { doorLimits } from "./limits.ts";

const Request = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z
    .object({
      /** The newest block that the client knows: an older state would show it what it has already left behind. */
      required_fuel_block_height: z.int().nonnegative().nullish(),
    })
    .nullish(),
});
export type GraphqlRequest = z.infer<typeof Request>;

export const readRequest = (text: string): Result<GraphqlRequest, "bad_request"> => {
  if (nestsDeeper(text, doorLimits.jsonDepth)) {
    return failure("bad_request", `the request nests deeper than ${doorLimits.jsonDepth} levels`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return failure("bad_request", `the body is not JSON: ${(cause as Error).message.slice(0, 200)}`);
  }
  const read = Request.safeParse(value);
  if (read.success) return success(read.data);
  return failure("bad_request", 'send one GraphQL request: {"query": "…", "operationName": …, "variables": {…}}');
};
