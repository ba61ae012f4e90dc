// A lock between processes: a directory, whose creation is atomic, with the holder's process id inside.

import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A holder writes its id right after creating the directory; without one after this long it died in between. */
const GRACE_MS = 5_000;

/** Runs `work` while holding the lock at `path`. `onWait` gets the holder's process id each time it is found taken. */
export async function withLock(path, onWait, work) {
  await mkdir(dirname(path), { recursive: true });
  while (!(await acquire(path))) {
    const holder = await readHolder(path);
    if (await isStale(path, holder)) await evict(path, holder);
    else {
      onWait(holder);
      await sleep(500);
    }
  }
  try {
    return await work();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

async function acquire(path) {
  try {
    await mkdir(path);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  await writeFile(join(path, "pid"), String(process.pid));
  return true;
}

async function readHolder(path) {
  try {
    return Number(await readFile(join(path, "pid"), "utf8"));
  } catch {
    return 0;
  }
}

async function isStale(path, holder) {
  if (holder > 0) return !isAlive(holder);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > GRACE_MS;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Moves a dead holder's lock away, so that of several that find it dead only one removes it. */
async function evict(path, holder) {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  // Another process may have evicted it and taken the lock in between: then this one is alive and goes back.
  if ((await readHolder(aside)) === holder) await rm(aside, { recursive: true, force: true });
  else await rename(aside, path).catch(() => {});
}
