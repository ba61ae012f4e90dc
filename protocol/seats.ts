/** A bounded number of places for strangers, shared fairly between the hosts that they come from. */

/** Who takes a place. */
export type Guest = {
  host: string;
  /** Whether something is being done for it now, rather than waited for. */
  isBusy(): boolean;
  /** Its place is taken away. */
  evict(): void;
};

export type Seats = {
  /**
   * Takes a place; the returned function leaves it. When more are taken than there are, the host with the most gives
   * one up: that of its oldest guest for whom nothing is being done, else of its newest, which may be this one.
   */
  take(guest: Guest): () => void;
  readonly taken: number;
  /** Guests evicted so far. */
  readonly evicted: number;
};

export const createSeats = (most: number): Seats => {
  /** Oldest first. */
  const guests = new Set<Guest>();
  let evicted = 0;

  const makeRoom = (): void => {
    const counts = new Map<string, number>();
    for (const { host } of guests) counts.set(host, (counts.get(host) ?? 0) + 1);
    const largest = Math.max(...counts.values());
    const greediest = [...guests].filter(({ host }) => counts.get(host) === largest);
    const victim = greediest.find((guest) => !guest.isBusy()) ?? greediest.at(-1);
    if (victim === undefined) return;
    guests.delete(victim);
    evicted++;
    victim.evict();
  };

  return {
    take: (guest) => {
      guests.add(guest);
      if (guests.size > most) makeRoom();
      return () => {
        guests.delete(guest);
      };
    },
    get taken() {
      return guests.size;
    },
    get evicted() {
      return evicted;
    },
  };
};
