import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Level } from "level";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LockstepError } from "../../protocol/errors.ts";
import type { Disk } from "../../protocol/ports.ts";
import { openDisk } from "./disk.ts";

let directory: string;
let disks: Disk[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lockstep-disk-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(disks.map((disk) => disk.close()));
  disks = [];
  await rm(directory, { recursive: true, force: true });
});

const open = async (at = join(directory, "data")): Promise<Disk> => {
  const disk = await openDisk(at);
  disks.push(disk);
  return disk;
};
const key = (...bytes: number[]) => Uint8Array.from(bytes);
const put = (k: number, ...value: number[]) => ({ key: key(k), value: Uint8Array.from(value) });
const all = { gte: key(), lt: key(255) };
const read = async (disk: Disk, bounds: Parameters<Disk["range"]>[0] = all) => {
  const pairs: [number[], number[]][] = [];
  for await (const [k, value] of disk.range(bounds)) pairs.push([[...k], [...value]]);
  return pairs;
};

test("what was written is read back, also after opening again", async () => {
  const disk = await open();
  await disk.write([put(1, 10), put(2, 20), put(3)]);
  await disk.write([{ key: key(2), value: undefined }, put(1, 11)]);
  expect(await disk.get(key(1))).toEqual(Uint8Array.of(11));
  expect(await disk.get(key(2))).toBeUndefined();
  expect(await disk.get(key(3))).toEqual(new Uint8Array());
  await disk.close();
  expect(await read(await open())).toEqual([
    [[1], [11]],
    [[3], []],
  ]);
});

test("a range has its bounds, order and limit", async () => {
  const disk = await open();
  await disk.write([put(4), put(2), put(1), put(3), { key: key(2, 0), value: key() }]);
  const keys = async (bounds: Parameters<Disk["range"]>[0]) => (await read(disk, bounds)).map(([k]) => k);
  expect(await keys({ gte: key(2), lt: key(4) })).toEqual([[2], [2, 0], [3]]);
  expect(await keys({ gte: key(2), lt: key(4), reverse: true })).toEqual([[3], [2, 0], [2]]);
  expect(await keys({ gte: key(1), lt: key(9), limit: 2 })).toEqual([[1], [2]]);
  expect(await keys({ gte: key(5), lt: key(9) })).toEqual([]);
});

type Chain = { length: number; write(options: object): Promise<void> };

/** What is handed to LevelDB from now on: how many writes in each batch, and under which options. */
const recordBatches = () => {
  const written: { writes: number; options: object }[] = [];
  const prototype = Level.prototype as unknown as { batch(): Chain };
  const { batch } = prototype;
  vi.spyOn(prototype, "batch").mockImplementation(function (this: unknown) {
    const chain = batch.call(this);
    const write = chain.write.bind(chain);
    chain.write = (options) => {
      written.push({ writes: chain.length, options });
      return write(options);
    };
    return chain;
  });
  return written;
};

describe("group commit", () => {
  test("writes of one turn, and those during a sync, share one sync each, in order", async () => {
    const disk = await open();
    const written = recordBatches();
    const first = Array.from({ length: 10 }, (_, i) => disk.write([put(1, i)]));
    const microtask = Promise.resolve().then(() => disk.write([put(1, 10)]));
    const meanwhile = new Promise<void>((resolve) => {
      const poll = () => {
        if (written.length === 0) return setImmediate(poll);
        resolve(Promise.all([disk.write([put(1, 11)]), disk.write([put(2, 12)])]).then(() => {}));
      };
      poll();
    });
    await Promise.all([...first, microtask, meanwhile]);
    expect(written).toEqual([
      { writes: 11, options: { sync: true } },
      { writes: 2, options: { sync: true } },
    ]);
    expect(await read(disk)).toEqual([
      [[1], [11]],
      [[2], [12]],
    ]);
  });

  test("closing waits for what is queued, then refuses", async () => {
    const disk = await open();
    const written = disk.write([put(1, 1)]);
    await disk.close();
    await written;
    await expect(disk.write([put(2, 2)])).rejects.toMatchObject({ code: "disk_closed" });
    await expect(disk.get(key(1))).rejects.toMatchObject({ code: "disk_closed" });
    expect(await read(await open())).toEqual([[[1], [1]]]);
  });
});

/**
 * Writes groups of three keys without end, several at a time, and prints each group once it is
 * acknowledged; once a write fails, prints the code of the error and that of later calls.
 */
const writer = `
  import { writeSync } from "node:fs";
  const [, entry, directory, start] = process.argv;
  const { openDisk } = await import(entry);
  const disk = await openDisk(directory);
  const keyOf = (group, part) => {
    const key = new Uint8Array(5);
    new DataView(key.buffer).setUint32(0, group);
    key[4] = part;
    return key;
  };
  const codeOf = (promise) => promise.then(() => "none", (error) => error.code);
  let next = Number(start);
  const writeOn = async () => {
    for (;;) {
      const group = next++;
      const value = new Uint8Array(1 + (group * 7919) % 5000).fill(group);
      await disk.write([0, 1, 2].map((part) => ({ key: keyOf(group, part), value })));
      writeSync(1, group + "\\n");
    }
  };
  const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(writeOn())));
  codes.push(await codeOf(disk.write([])), await codeOf(disk.get(keyOf(0, 0))));
  writeSync(1, codes.join(" ") + "\\n");
  await disk.close();
`;

const startWriter = (data: string, start = 0, shell = "") =>
  spawn(
    "bash",
    [
      ...["-c", `${shell} exec "$0" "$@"`, process.execPath, "--import", import.meta.resolve("tsx")],
      ...["--input-type=module", "-e", writer, new URL("./disk.ts", import.meta.url).href, data, String(start)],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );

/** Checks that groups are whole and that none is missing before the last; returns how many there are. */
const countGroups = async (disk: Disk): Promise<number> => {
  const parts: number[] = [];
  for await (const [k, value] of disk.range({ gte: key(0), lt: key(255) })) {
    const group = new DataView(k.buffer, k.byteOffset).getUint32(0);
    expect([...new Set(value)]).toEqual([group % 256]);
    parts[group] = (parts[group] ?? 0) + 1;
  }
  expect(parts).toEqual(parts.map(() => 3));
  expect(parts.includes(undefined as never)).toBe(false);
  return parts.length;
};

test("kill -9 loses nothing acknowledged and leaves no half of a write", async () => {
  const data = join(directory, "data");
  let present = 0;
  for (const until of [40, 150, 333]) {
    const child = startWriter(data, present);
    const exited = once(child, "exit");
    let heard = 0;
    let newest = -1;
    for await (const line of createInterface({ input: child.stdout })) {
      newest = Math.max(newest, Number(line));
      if (++heard === until) child.kill("SIGKILL");
    }
    expect((await exited)[1]).toBe("SIGKILL");
    const disk = await open(data);
    present = await countGroups(disk);
    expect(present).toBeGreaterThan(newest);
    await disk.close();
  }
}, 60_000);

test("after a failed write nothing is taken any more, and what was acknowledged is there", async () => {
  const data = join(directory, "data");
  const child = startWriter(data, 0, "trap '' XFSZ; ulimit -f 256;");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  expect(lines.pop()).toBe(Array(10).fill("disk_failed").join(" "));
  expect(lines.length).toBeGreaterThan(10);
  expect(await countGroups(await open(data))).toBeGreaterThan(Math.max(...lines.map(Number)));
}, 60_000);

describe("a directory is refused, with what to do,", () => {
  const filled = async (): Promise<string> => {
    const data = join(directory, "data");
    const disk = await open(data);
    for (let i = 0; i < 50; i++) await disk.write([{ key: key(i), value: new Uint8Array(1000).fill(i) }]);
    await disk.close();
    return data;
  };
  const fileOf = async (data: string, match: RegExp) =>
    join(data, (await readdir(data)).find((name) => match.test(name)) as string);
  const flip = async (file: string, at: number) => {
    const bytes = await readFile(file);
    bytes[at] = (bytes[at] as number) ^ 0xff;
    await writeFile(file, bytes);
  };

  test("when another process holds it", async () => {
    const data = join(directory, "data");
    const child = startWriter(data);
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    child.stdout.resume();
    const refused = openDisk(data).catch((error: LockstepError) => error.failure);
    expect(await refused).toMatchObject({ code: "data_dir_locked", directory: data });
    child.kill("SIGKILL");
    await exited;
    await open(data);
  });

  test("when it is a file", async () => {
    await writeFile(join(directory, "data"), "not a directory");
    await expect(openDisk(join(directory, "data"))).rejects.toMatchObject({ code: "data_dir_unreadable" });
  });

  test("when its manifest is damaged or missing", async () => {
    const data = await filled();
    await cp(data, `${data}-2`, { recursive: true });
    await flip(await fileOf(data, /^MANIFEST/), 8);
    await expect(openDisk(data)).rejects.toMatchObject({ code: "data_dir_corrupt" });
    await rm(await fileOf(`${data}-2`, /^MANIFEST/));
    await expect(openDisk(`${data}-2`)).rejects.toMatchObject({ code: "data_dir_unreadable" });
  });

  test("when acknowledged writes are damaged, at every later attempt too", async () => {
    const data = await filled();
    await flip(await fileOf(data, /\.log$/), 20_000);
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(openDisk(data)).rejects.toMatchObject({
        code: "data_dir_corrupt",
        message: expect.stringContaining("checksum mismatch"),
      });
    }
  });
});

test("the torn end that a crash leaves is no damage", async () => {
  const data = join(directory, "data");
  const disk = await open(data);
  for (let i = 0; i < 50; i++) await disk.write([{ key: key(i), value: new Uint8Array(1000).fill(i) }]);
  await disk.close();
  const log = join(data, (await readdir(data)).find((name) => name.endsWith(".log")) as string);
  const bytes = await readFile(log);
  await writeFile(log, bytes.subarray(0, bytes.length - 700));
  expect(await read(await open(data))).toHaveLength(49);
});
