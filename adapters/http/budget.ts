/** Bytes that all connections of a server may hold together. */

/** What one connection holds. */
export type Holding = {
  /** Whether the bytes could be had; then they have to be given back. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  /** Gives back whatever is held. */
  end(): void;
};

export type Budget = {
  /**
   * `isWaiting` says whether the connection waits for its peer to send or read. When bytes run short, the one that
   * waits with the most gives way to those that hold less: `evict` is called, and what it holds is free.
   */
  open(guest: { isWaiting(): boolean; evict(): void }): Holding;
  readonly used: number;
  /** Connections evicted so far. */
  readonly evicted: number;
};

export const createBudget = (cap: number): Budget => {
  type Entry = { bytes: number; isWaiting(): boolean; evict(): void };
  const entries = new Set<Entry>();
  let used = 0;
  let evicted = 0;

  const end = (entry: Entry): void => {
    entries.delete(entry);
    used -= entry.bytes;
    entry.bytes = 0;
  };

  /** Whether somebody who holds more than `bytes` gave way. */
  const makeRoom = (bytes: number, beside: Entry): boolean => {
    const largest = [...entries]
      .filter((entry) => entry !== beside && entry.bytes > bytes && entry.isWaiting())
      .reduce<Entry | undefined>((most, entry) => (entry.bytes > (most?.bytes ?? 0) ? entry : most), undefined);
    if (largest === undefined) return false;
    end(largest);
    evicted++;
    largest.evict();
    return true;
  };

  return {
    open: ({ isWaiting, evict }) => {
      const entry: Entry = { bytes: 0, isWaiting, evict };
      entries.add(entry);
      return {
        take: (bytes) => {
          if (!entries.has(entry)) return false;
          while (used + bytes > cap) if (!makeRoom(entry.bytes + bytes, entry)) return false;
          entry.bytes += bytes;
          used += bytes;
          return true;
        },
        give: (bytes) => {
          const given = Math.min(bytes, entry.bytes);
          entry.bytes -= given;
          used -= given;
        },
        end: () => end(entry),
      };
    },
    get used() {
      return used;
    },
    get evicted() {
      return evicted;
    },
  };
};
