/** Reading files that somebody names. */
import { createReadStream } from "node:fs";
import { LockstepError } from "../protocol/errors.ts";

/**
 * The bytes of a file, which may be a device that never ends.
 *
 * @param what names the file in errors, for example `key file`
 * @throws LockstepError `unreadable_file`, also for one of more than `most` bytes
 */
export const readBytes = async (path: string, what: string, most: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of createReadStream(path, { end: most })) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
    }
  } catch (cause) {
    throw unreadable(path, what, (cause as Error).message, cause);
  }
  if (length > most) throw unreadable(path, what, `it has more than ${most} bytes, and none of its kind has as many`);
  return Buffer.concat(chunks);
};

const unreadable = (path: string, what: string, why: string, cause?: unknown): LockstepError =>
  new LockstepError("unreadable_file", `The ${what} ${path} can't be read: ${why}.`, { path }, cause);
