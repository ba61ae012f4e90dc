/** The folder in which a development network lives: recognised, locked, and wiped only when it is one. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Level } from "level";
import { LockstepError } from "../protocol/errors.ts";

/** Marks a folder as ours; written first, so that nothing is ever wiped without it. */
const markerName = "lockstep.json";
const marker = { format: "lockstep devnet", version: 1 } as const;
/** A database only for its file lock, which the system releases however its process ends. */
const lockName = "lock";
const ownerName = "devnet.pid";

export type DataDirectory = {
  /** Absolute. */
  path: string;
  close(): Promise<void>;
};

const readMarker = async (path: string): Promise<unknown> => {
  const text = await readFile(join(path, markerName), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};

const refuseForeign = async (path: string): Promise<void> => {
  const found = (await readMarker(path)) as Partial<typeof marker> | undefined;
  if (found?.format === marker.format) return;
  const entries = (await readdir(path)).filter((name) => name !== lockName);
  if (found === undefined && entries.length === 0) return;
  throw new LockstepError(
    "not_a_data_directory",
    `${path} holds files that are not of a lockstep devnet; name an empty or new folder with --data-dir.`,
    { path },
  );
};

const refuseOtherVersion = async (path: string): Promise<void> => {
  const found = (await readMarker(path)) as Partial<typeof marker> | undefined;
  if (found === undefined || found.version === marker.version) return;
  throw new LockstepError(
    "other_version",
    `${path} was written by another version of lockstep; --reset wipes it and starts anew.`,
    { path },
  );
};

const lock = async (path: string): Promise<Level> => {
  const database = new Level(join(path, lockName));
  try {
    await database.open();
    return database;
  } catch (cause) {
    const owner = await readFile(join(path, ownerName), "utf8").catch(() => "");
    const process = /^\d+$/.test(owner) ? ` (process ${owner})` : "";
    throw new LockstepError(
      "data_directory_locked",
      `${path} is in use by another devnet${process}; end that, or name another folder with --data-dir.`,
      { path },
      cause,
    );
  }
};

/**
 * Opens or creates a devnet's folder and locks it until `close`. With `reset` what it held is gone.
 *
 * @throws LockstepError `not_a_data_directory`, `data_directory_locked`, `other_version`, `unusable_directory`
 */
export const openDataDirectory = async (folder: string, reset: boolean): Promise<DataDirectory> => {
  const path = resolve(folder);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LockstepError(
      "unusable_directory",
      `${path} can't be used as a folder: ${(cause as Error).message}.`,
      { path },
      cause,
    );
  }
  await refuseForeign(path);
  const database = await lock(path);
  try {
    if (reset) {
      const entries = (await readdir(path)).filter((name) => name !== lockName && name !== markerName);
      for (const name of [...entries, markerName]) await rm(join(path, name), { recursive: true, force: true });
    }
    await refuseOtherVersion(path);
    await writeFile(join(path, markerName), `${JSON.stringify(marker)}\n`, { flush: true });
    await writeFile(join(path, ownerName), String(process.pid));
  } catch (cause) {
    await database.close();
    throw cause;
  }
  return { path, close: () => database.close() };
};
