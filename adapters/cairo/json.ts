/** Records that the engine writes as JSON: they are read strictly. */
import type * as z from "zod";
import { LockstepError } from "../../protocol/errors.ts";

/** @throws LockstepError `undecodable` */
export const decodeRecord = <T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T => {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new LockstepError("undecodable", `not ${what}: it is not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LockstepError("undecodable", `not ${what}: ${issue?.path.join(".")}: ${issue?.message}`);
};
