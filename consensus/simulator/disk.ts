/** A disk that survives its node: what was synced stays, of the rest a crash keeps a prefix at most. */
import { compareBytes, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Disk, DiskWrite } from "../../protocol/ports.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

export type DiskOptions = {
  /** From a write to stable storage, milliseconds. */
  syncMs: number;
  /** From a read to its answer. */
  readMs: number;
};

export type SimulatedDisk = {
  /** The port for a node from its start to its crash. */
  open(): Disk;
  /** Nothing that was open answers any more; of the writes under way a random prefix is kept. */
  crash(): void;
  /** All further writes are refused. */
  break(): void;
};

type Pending = { readonly writes: readonly DiskWrite[] };

export const createDisk = (schedule: Schedule, random: Random, { syncMs, readMs }: DiskOptions): SimulatedDisk => {
  const stored = new Map<string, readonly [Uint8Array, Uint8Array]>();
  let pending: Pending[] = [];
  let life = 0;
  let broken = false;

  const apply = (writes: readonly DiskWrite[]): void => {
    for (const { key, value } of writes) {
      if (value === undefined) stored.delete(toHex(key));
      else stored.set(toHex(key), [key.slice(), value.slice()]);
    }
  };

  /** What a reader sees: also writes that are not synced. */
  const visible = (): Map<string, readonly [Uint8Array, Uint8Array]> => {
    const all = new Map(stored);
    for (const { writes } of pending) {
      for (const { key, value } of writes) {
        if (value === undefined) all.delete(toHex(key));
        else all.set(toHex(key), [key, value]);
      }
    }
    return all;
  };

  const open = (): Disk => {
    life += 1;
    const current = life;
    const later = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        schedule.after(ms, () => {
          if (current === life) resolve();
        });
      });
    return {
      get: async (key) => {
        await later(readMs);
        return visible().get(toHex(key))?.[1].slice();
      },
      range: async function* ({ gte, lt, reverse = false, limit = Number.POSITIVE_INFINITY }) {
        await later(readMs);
        const found = [...visible().values()]
          .filter(([key]) => compareBytes(gte, key) <= 0 && compareBytes(key, lt) < 0)
          .toSorted(([a], [b]) => (reverse ? compareBytes(b, a) : compareBytes(a, b)));
        for (const [key, value] of found.slice(0, limit)) yield [key.slice(), value.slice()] as const;
      },
      write: async (writes) => {
        if (broken) throw new LockstepError("disk_failed", "the simulated disk is broken");
        if (current !== life) return new Promise(() => {});
        const item: Pending = {
          writes: writes.map(({ key, value }) => ({ key: key.slice(), value: value?.slice() }) as DiskWrite),
        };
        pending.push(item);
        await later(syncMs);
        apply(item.writes);
        pending = pending.filter((other) => other !== item);
      },
      close: async () => {},
    };
  };

  return {
    open,
    crash: () => {
      life += 1;
      const survivors = random.below(pending.length + 1);
      for (const { writes } of pending.slice(0, survivors)) apply(writes);
      pending = [];
    },
    break: () => {
      broken = true;
    },
  };
};
