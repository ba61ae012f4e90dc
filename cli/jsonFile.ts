/** JSON files at the edge: read strictly, with errors that name the file and the field. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { fromHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";

export const hexBytes = (length: number) =>
  z.string().refine((text) => fromHex(text)?.length === length, `expected ${length} bytes in hexadecimal with 0x`);

export const unreadable = (path: string, what: string, cause: unknown): LockstepError =>
  new LockstepError(
    "unreadable_file",
    `The ${what} ${path} can't be read: ${(cause as Error).message}.`,
    { path },
    cause,
  );

/**
 * @param what names the file in errors, for example `key file`
 * @throws LockstepError `unreadable_file`, `bad_file`
 */
export const readJsonFile = async <T>(schema: z.ZodType<T>, path: string, what: string): Promise<T> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw unreadable(path, what, cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
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
