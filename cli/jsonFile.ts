/** JSON files at the edge: read strictly, with errors that name the file and the field. */
import { z } from "zod";
import { fromHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { readBytes } from "./file.ts";
import { fileLimits } from "./limits.ts";

export const hexBytes = (length: number) =>
  z.string().refine((text) => fromHex(text)?.length === length, `expected ${length} bytes in hexadecimal with 0x`);

/**
 * @param what names the file in errors, for example `key file`
 * @throws LockstepError `unreadable_file`, `bad_file`
 */
export const readJsonFile = async <T>(schema: z.ZodType<T>, path: string, what: string): Promise<T> => {
  const text = await readBytes(path, what, fileLimits.jsonBytes);
  let value: unknown;
  try {
    value = JSON.parse(text.toString("utf8"));
  } catch (cause) {
    throw new LockstepError(
      "bad_file",
      `The ${what} ${path} is not JSON: ${(cause as Error).message}.`,
      { path },
      cause,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") || "its top level";
  throw new LockstepError("bad_file", `The ${what} ${path} is wrong at ${field}: ${issue?.message}.`, { path, field });
};
