/** The file that says how far a reader of the order is. */
import { existsSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import type { OrderCursor } from "../messaging/light-client/order.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { Domain, Height } from "../protocol/ids.ts";
import { integer, rootJson } from "../protocol/json.ts";
import { readJsonFile } from "./jsonFile.ts";

/** A cursor as JSON. */
export const cursorJson = z.strictObject({ height: integer<Height>(), genesis: rootJson, header: rootJson });

const schema = z.strictObject({
  format: z.literal("lockstep cursor 1"),
  domain: integer<Domain>(2 ** 32 - 1),
  cursor: cursorJson,
});

/**
 * The cursor that a file holds; `undefined` where there is no file.
 *
 * @throws LockstepError `unreadable_file`, `bad_file`, `other_domain`
 */
export const readCursor = async (path: string, domain: Domain): Promise<OrderCursor | undefined> => {
  if (!existsSync(path)) return undefined;
  const { domain: found, cursor } = await readJsonFile(schema, path, "state file");
  if (found === domain) return cursor;
  throw new LockstepError(
    "other_domain",
    `The state file ${path} is of domain ${found}, not ${domain}: give each domain a file of its own.`,
    { path, domain: found },
  );
};

const sync = async (path: string, text?: string): Promise<void> => {
  const handle = await open(path, text === undefined ? "r" : "w");
  try {
    if (text !== undefined) await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Replaces the file in one step; when it resolves, the cursor outlives a crash of the machine.
 *
 * @throws LockstepError `unwritable_file`
 */
export const writeCursor = async (path: string, domain: Domain, cursor: Required<OrderCursor>): Promise<void> => {
  const text = z.encode(schema, { format: "lockstep cursor 1", domain, cursor });
  const unfinished = `${path}.unfinished`;
  try {
    await sync(unfinished, `${JSON.stringify(text)}\n`);
    await rename(unfinished, path);
    await sync(dirname(resolve(path)));
  } catch (cause) {
    const message = `The state file ${path} can't be written: ${(cause as Error).message}.`;
    throw new LockstepError("unwritable_file", message, { path }, cause);
  }
};
