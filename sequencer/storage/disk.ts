/** The `Disk` port on LevelDB, with group commit: one sync for all that is written meanwhile. */
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { endOfTurn } from "../../consensus/runtime/turn.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";

type Write = { writes: readonly DiskWrite[]; resolve: () => void; reject: (error: LockstepError) => void };
type Database = Level<Uint8Array, Uint8Array>;

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const asBytes = (value: Uint8Array): Uint8Array => new Uint8Array(value.buffer, value.byteOffset, value.byteLength);

const corrupt = (directory: string, reason: string, cause?: unknown): LockstepError =>
  new LockstepError(
    "data_dir_corrupt",
    `the data in ${directory} is damaged (${reason}): restore it from a backup made while the node stood still, ` +
      "or move it away and let the node sync from the others under a new validator key",
    { directory, reason },
    cause,
  );

const openFailure = (directory: string, error: unknown): LockstepError => {
  const cause = (error as Error).cause ?? error;
  switch (codeOf(cause)) {
    case "LEVEL_LOCKED":
      return new LockstepError(
        "data_dir_locked",
        `${directory} is in use by another process: stop that one, or choose another data directory`,
        { directory },
        error,
      );
    case "LEVEL_CORRUPTION":
      return corrupt(directory, textOf(cause), error);
    default:
      return new LockstepError(
        "data_dir_unreadable",
        `${directory} can't be opened as a data directory: ${textOf(cause)}`,
        { directory, reason: textOf(cause) },
        error,
      );
  }
};

/**
 * LevelDB drops damaged parts of its write-ahead log, says so only in its own log, and then deletes
 * the evidence. (The torn end that a crash leaves is no damage, and not reported there.) A validator
 * that forgot a vote may contradict it, so the finding is kept in a file that outlives the attempt.
 */
const refuseDamage = async (directory: string): Promise<void> => {
  const marker = join(directory, "DAMAGED");
  const log = await readFile(join(directory, "LOG"), "utf8").catch(() => "");
  const damage = log.split("\n").find((line) => line.includes("ignoring error"));
  if (damage !== undefined) await writeFile(marker, `${damage}\n`);
  const known = await access(marker).then(
    () => true,
    () => false,
  );
  if (known) throw corrupt(directory, (await readFile(marker, "utf8")).trim());
};

const openDatabase = async (directory: string): Promise<Database> => {
  const database: Database = new Level<Uint8Array, Uint8Array>(directory, {
    keyEncoding: "view",
    valueEncoding: "view",
  });
  try {
    await database.open();
  } catch (error) {
    throw openFailure(directory, error);
  }
  try {
    await refuseDamage(directory);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
};

/** One atomic batch with one sync. Building it write by write costs a fifth of handing over a list of operations. */
const writeAll = async (database: Database, group: readonly Write[]): Promise<void> => {
  const batch = database.batch();
  for (const { writes } of group) {
    for (const { key, value } of writes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
  }
  await batch.write({ sync: true });
};

/**
 * Opens, or creates, the data directory; it stays locked until `close`. Keys and values given to
 * `write` must not change before it resolves. After a failed write every call rejects.
 * @throws LockstepError `data_dir_locked`, `data_dir_unreadable` or `data_dir_corrupt`
 */
export const openDisk = async (directory: string): Promise<Disk> => {
  const database = await openDatabase(directory);
  let queue: Write[] = [];
  let flushing: Promise<void> | undefined;
  let refusal: LockstepError | undefined;

  const damaged = (error: unknown) =>
    codeOf(error) === "LEVEL_CORRUPTION"
      ? corrupt(directory, textOf(error), error)
      : new LockstepError("disk_failed", `reading from ${directory} failed: ${textOf(error)}`, { directory }, error);

  /** Everything queued goes into one atomic batch with one sync; what arrives meanwhile, into the next. */
  const flush = async (): Promise<void> => {
    await endOfTurn();
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      try {
        if (refusal === undefined) await writeAll(database, group);
      } catch (error) {
        refusal = new LockstepError(
          "disk_failed",
          `writing to ${directory} failed: ${textOf(error)}; nothing may be acknowledged any more`,
          { directory },
          error,
        );
      }
      for (const { resolve, reject } of group) refusal === undefined ? resolve() : reject(refusal);
    }
    flushing = undefined;
  };

  return {
    get: async (key) => {
      if (refusal !== undefined) throw refusal;
      try {
        const value = await database.get(key);
        return value === undefined ? undefined : asBytes(value);
      } catch (error) {
        throw damaged(error);
      }
    },

    range: async function* (bounds) {
      if (refusal !== undefined) throw refusal;
      try {
        for await (const [key, value] of database.iterator(bounds)) yield [asBytes(key), asBytes(value)] as const;
      } catch (error) {
        throw damaged(error);
      }
    },

    write: (writes) =>
      new Promise((resolve, reject) => {
        if (refusal !== undefined) {
          reject(refusal);
          return;
        }
        queue.push({ writes, resolve, reject });
        flushing ??= flush();
      }),

    close: async () => {
      await flushing;
      refusal ??= new LockstepError("disk_closed", `${directory} has been closed`, { directory });
      await database.close();
    },
  };
};
