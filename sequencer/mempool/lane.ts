/**
 * A tenant's lane: its pending transactions, each sender's in nonce order. Pure data: it decides
 * what may enter and what may be batched next; disks, batches and clocks are elsewhere.
 */
import type { Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { PoolEntry } from "./entry.ts";
import type { LegRoom } from "./legRoom.ts";
import { poolLimits } from "./limits.ts";

type Sender = {
  /** First nonce that the newest known executed state has not used. */
  executed: number;
  /** First nonce from `executed` on that no entry has. */
  reach: number;
  /** At least what the executed state gives it. */
  balance: bigint;
  /** Value and fees of all its entries, and of those that are on their way into a block. */
  committed: bigint;
  spending: bigint;
  /** How many are on their way. */
  inFlight: number;
  byNonce: Map<number, PoolEntry>;
};

/** How much of a lane may go into a batch. */
export type Space = {
  /** Left of the tenant's capacity; of all tenants' for the legs of bundles. */
  gas: number;
  bytes: number;
  legs: Pick<LegRoom, "take">;
  /** Left of the batch; no more is begun once `enough` bytes are taken. */
  transactions: number;
  batchBytes: number;
  enough: number;
};

/** `isCut` says that there would have been more, had there been more capacity. */
export type Taken = { entries: PoolEntry[]; bytes: number; isCut: boolean };

export type Lane = {
  readonly entries: ReadonlyMap<Hex, PoolEntry>;
  readonly bytes: number;
  /** Takes an entry in, or says why not. A replaced entry leaves the lane and is given back. */
  add(entry: PoolEntry): Result<{ replaced?: PoolEntry }>;
  remove(key: Hex): void;
  /** Removes an entry that was executed: its sender has paid for it. */
  settle(key: Hex): void;
  mark(entry: PoolEntry, phase: PoolEntry["phase"]): void;
  /** Takes over what the executed state says of a sender. Entries below its nonce are given, to be removed. */
  refresh(sender: string, account: { nonce: number; balance?: bigint }): PoolEntry[];
  /**
   * Queued entries that can be batched now, as they came, each sender's in nonce order and within its funds;
   * where the VM has no nonces, those that pay more go first.
   */
  take(space: Space): Taken;
  readonly queuedBytes: number;
  /** Whether every nonce from the executed one up to the entry's is in the lane. */
  isReady(entry: PoolEntry): boolean;
  /** For each sender that waits for a nonce or for funds, its lowest queued entry. */
  waiting(): PoolEntry[];
  /** First nonce that neither the executed state nor this lane uses. */
  nextNonce(sender: string, executed: number): number;
};

/** At least a tenth more of both, as every Ethereum pool asks. */
const outbids = (next: PoolEntry, old: PoolEntry): boolean => {
  const more = (a: bigint, b: bigint) => a * 10n >= b * 11n && a > b;
  return more(next.facts.price.max, old.facts.price.max) && more(next.facts.price.tip, old.facts.price.tip);
};

const extendReach = (sender: Sender): void => {
  sender.reach = Math.max(sender.reach, sender.executed);
  while (sender.byNonce.has(sender.reach)) sender.reach++;
};

const byNonce = (a: PoolEntry, b: PoolEntry): number => (a.facts.nonce ?? 0) - (b.facts.nonce ?? 0);

/** Without nonces nothing but the price says who goes first. */
const isRanked = ({ facts: { nonce, price } }: PoolEntry): boolean => nonce === undefined && price.tip > 0n;

const byPrice = (a: PoolEntry, b: PoolEntry): number => {
  const [first, second] = [a.facts.price.tip, b.facts.price.tip];
  return first === second ? 0 : first > second ? -1 : 1;
};

const isInFlight = ({ phase }: PoolEntry): boolean => phase !== "queued";

/**
 * Encoded size in a batch: of a transaction offset, domain, gas, offset of the bytes, bytes; of a bundle three offsets,
 * the gas of its legs, bytes.
 */
export const sizeInBatch = ({ bytes, facts: { legs } }: Pick<PoolEntry, "bytes" | "facts">): number =>
  bytes.length + (legs === undefined ? 4 + 4 + 8 + 4 : 4 + 4 + 4 + 8 * legs.length);

/** Entries in a row that don't fit before a lane is looked through no further. */
const missesAllowed = 64;

/** Fills a batch's space with entries, one after the other. */
const createFill = ({ gas, bytes, legs, transactions, batchBytes, enough }: Space) => {
  const entries: PoolEntry[] = [];
  const used = { gas: 0, bytes: 0, batchBytes: 0 };
  let misses = 0;
  let isCut = false;
  return {
    isFull: () => entries.length >= transactions || used.batchBytes >= enough || misses > missesAllowed,
    add: (entry: PoolEntry): boolean => {
      const size = sizeInBatch(entry);
      const fits = used.batchBytes + size <= batchBytes && entries.length < transactions;
      const hasCapacity =
        entry.facts.legs === undefined
          ? used.gas + entry.facts.gas <= gas && used.bytes + entry.bytes.length <= bytes
          : !fits || legs.take(entry.facts.legs);
      isCut ||= !hasCapacity;
      if (!hasCapacity || !fits) {
        misses++;
        return false;
      }
      entries.push(entry);
      used.gas += entry.facts.gas;
      used.bytes += entry.bytes.length;
      used.batchBytes += size;
      return true;
    },
    taken: (): Taken => ({ entries, bytes: used.batchBytes, isCut }),
  };
};

/** Takes a sender's queued entries in nonce order, up to any nonce, as far as its funds reach. */
const createCursor = (sender: Sender, add: (entry: PoolEntry) => boolean) => {
  let next = sender.executed;
  while (sender.byNonce.get(next) !== undefined && isInFlight(sender.byNonce.get(next) as PoolEntry)) next++;
  let { inFlight, spending } = sender;
  let isBlocked = false;
  return (nonce: number): void => {
    while (!isBlocked && next <= nonce) {
      const entry = sender.byNonce.get(next);
      const isPayable =
        entry !== undefined &&
        inFlight < poolLimits.senderInFlight &&
        spending + entry.facts.cost <= sender.balance &&
        add(entry);
      if (!isPayable) isBlocked = true;
      else {
        next++;
        inFlight++;
        spending += entry.facts.cost;
      }
    }
  };
};

/** Why an entry may not stand beside those its sender has; `old` is the one with its nonce. */
const refuse = (sender: Sender, entry: PoolEntry, nonce: number, old: PoolEntry | undefined) => {
  if (nonce < sender.executed) {
    const expected = sender.executed;
    return failure("nonce_too_low", `nonce too low: next nonce ${expected}, tx nonce ${nonce}`, { expected, nonce });
  }
  if (nonce - sender.executed >= poolLimits.nonceDistance) {
    return failure("nonce_too_high", `nonce ${nonce} is too far above the account's ${sender.executed}`, { nonce });
  }
  if (old !== undefined && old.phase !== "queued") {
    const message = "replacement transaction underpriced: one with this nonce is already on its way into a block";
    return failure("replacement_underpriced", message, { nonce });
  }
  if (old !== undefined && !outbids(entry, old)) {
    const message = "replacement transaction underpriced: offer at least 10 % more of the fee and of the tip";
    return failure("replacement_underpriced", message, { nonce });
  }
  if (old === undefined && sender.byNonce.size >= poolLimits.senderTransactions) {
    return failure("sender_full", `a sender has at most ${poolLimits.senderTransactions} transactions pending`);
  }
  const cost = sender.committed - (old?.facts.cost ?? 0n) + entry.facts.cost;
  if (cost > sender.balance) {
    return failure("insufficient_funds", "insufficient funds for gas * price + value of all pending transactions", {
      balance: sender.balance.toString(),
      cost: cost.toString(),
    });
  }
  return undefined;
};

/** The same for a sender without nonces; `pending` is what it has in the lane. */
const refuseUnordered = ({ facts }: PoolEntry, pending = { count: 0, cost: 0n }) => {
  if (facts.account === undefined) return undefined;
  const { balance } = facts.account;
  const cost = pending.cost + facts.cost;
  if (cost > balance) {
    return failure("insufficient_funds", "insufficient funds for the fees and values of all pending transactions", {
      balance: balance.toString(),
      cost: cost.toString(),
    });
  }
  return pending.count >= poolLimits.senderTransactions
    ? failure("sender_full", `a sender has at most ${poolLimits.senderTransactions} transactions pending`)
    : undefined;
};

export const createLane = (): Lane => {
  const entries = new Map<Hex, PoolEntry>();
  const queued = new Map<Hex, PoolEntry>();
  const senders = new Map<string, Sender>();
  /** What senders without nonces have pending. */
  const unordered = new Map<string, { count: number; cost: bigint }>();
  let bytes = 0;
  let queuedBytes = 0;
  /** Queued entries that rank by price. */
  let ranked = 0;

  const enqueue = (entry: PoolEntry): void => {
    if (!queued.has(entry.key)) {
      queuedBytes += entry.bytes.length;
      if (isRanked(entry)) ranked++;
    }
    queued.set(entry.key, entry);
  };

  const dequeue = (entry: PoolEntry): void => {
    if (!queued.delete(entry.key)) return;
    queuedBytes -= entry.bytes.length;
    if (isRanked(entry)) ranked--;
  };

  const insert = (entry: PoolEntry): void => {
    entries.set(entry.key, entry);
    if (!isInFlight(entry)) enqueue(entry);
    bytes += entry.bytes.length;
  };

  const countUnordered = ({ facts: { sender, cost, account } }: PoolEntry, by: 1 | -1): void => {
    if (account === undefined) return;
    const { count, cost: before } = unordered.get(sender) ?? { count: 0, cost: 0n };
    if (count + by === 0) unordered.delete(sender);
    else unordered.set(sender, { count: count + by, cost: before + BigInt(by) * cost });
  };

  const drop = (entry: PoolEntry): void => {
    entries.delete(entry.key);
    dequeue(entry);
    bytes -= entry.bytes.length;
    const { nonce, sender: address } = entry.facts;
    if (nonce === undefined) {
      countUnordered(entry, -1);
      return;
    }
    const sender = senders.get(address);
    if (sender === undefined) return;
    sender.byNonce.delete(nonce);
    sender.committed -= entry.facts.cost;
    if (isInFlight(entry)) {
      sender.inFlight--;
      sender.spending -= entry.facts.cost;
    }
    if (nonce >= sender.executed) sender.reach = Math.min(sender.reach, nonce);
    if (sender.byNonce.size === 0) senders.delete(address);
  };

  const senderFor = (entry: PoolEntry): Sender => {
    const account = entry.facts.account ?? { nonce: 0, balance: 0n };
    const sender = senders.get(entry.facts.sender) ?? {
      executed: 0,
      reach: 0,
      balance: 0n,
      committed: 0n,
      spending: 0n,
      inFlight: 0,
      byNonce: new Map<number, PoolEntry>(),
    };
    sender.executed = Math.max(sender.executed, account.nonce);
    sender.balance = account.balance;
    extendReach(sender);
    return sender;
  };

  const addWithNonce = (entry: PoolEntry, nonce: number): Result<{ replaced?: PoolEntry }> => {
    const sender = senderFor(entry);
    const old = sender.byNonce.get(nonce);
    const refusal = refuse(sender, entry, nonce, old);
    if (refusal !== undefined) return refusal;
    if (old !== undefined) drop(old);
    senders.set(entry.facts.sender, sender);
    sender.byNonce.set(nonce, entry);
    sender.committed += entry.facts.cost;
    extendReach(sender);
    insert(entry);
    return success(old === undefined ? {} : { replaced: old });
  };

  const isReady = ({ facts: { nonce, sender } }: PoolEntry): boolean =>
    nonce === undefined || nonce < (senders.get(sender)?.reach ?? 0);

  return {
    entries,
    get bytes() {
      return bytes;
    },
    add: (entry) => {
      if (entries.has(entry.key)) return failure("already_known", "already known");
      const full = entries.size >= poolLimits.laneTransactions || bytes + entry.bytes.length > poolLimits.laneBytes;
      if (full) return failure("lane_full", "the tenant's lane is full; try again when blocks have taken some");
      if (entry.facts.nonce !== undefined) return addWithNonce(entry, entry.facts.nonce);
      const refusal = refuseUnordered(entry, unordered.get(entry.facts.sender));
      if (refusal !== undefined) return refusal;
      countUnordered(entry, 1);
      insert(entry);
      return success({});
    },
    remove: (key) => {
      const entry = entries.get(key);
      if (entry !== undefined) drop(entry);
    },
    settle: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return;
      const sender = senders.get(entry.facts.sender);
      if (sender !== undefined) sender.balance -= entry.facts.cost;
      drop(entry);
    },
    mark: (entry, phase) => {
      const was = isInFlight(entry);
      entry.phase = phase;
      const is = isInFlight(entry);
      if (is) dequeue(entry);
      else enqueue(entry);
      const sender = senders.get(entry.facts.sender);
      if (was === is || sender === undefined || entry.facts.nonce === undefined) return;
      sender.inFlight += is ? 1 : -1;
      sender.spending += is ? entry.facts.cost : -entry.facts.cost;
    },
    refresh: (address, { nonce, balance }) => {
      const sender = senders.get(address);
      if (sender === undefined) return [];
      sender.executed = Math.max(sender.executed, nonce);
      sender.balance = balance ?? sender.balance;
      extendReach(sender);
      return [...sender.byNonce.values()].filter((entry) => (entry.facts.nonce ?? 0) < sender.executed);
    },
    get queuedBytes() {
      return queuedBytes;
    },
    take: (space) => {
      const fill = createFill(space);
      const cursors = new Map<string, (nonce: number) => void>();
      const order = ranked === 0 ? queued.values() : [...queued.values()].sort(byPrice);
      for (const entry of order) {
        if (fill.isFull()) break;
        const { nonce, sender: address } = entry.facts;
        const sender = senders.get(address);
        if (nonce === undefined || sender === undefined) fill.add(entry);
        else {
          const cursor = cursors.get(address) ?? createCursor(sender, fill.add);
          cursors.set(address, cursor);
          cursor(nonce);
        }
      }
      return fill.taken();
    },
    isReady,
    waiting: () => {
      const lowest = new Map<string, PoolEntry>();
      for (const entry of queued.values()) {
        const sender = senders.get(entry.facts.sender);
        if (sender === undefined || (isReady(entry) && sender.spending + entry.facts.cost <= sender.balance)) continue;
        const known = lowest.get(entry.facts.sender);
        if (known === undefined || byNonce(entry, known) < 0) lowest.set(entry.facts.sender, entry);
      }
      return [...lowest.values()];
    },
    nextNonce: (address, executed) => Math.max(executed, senders.get(address)?.reach ?? 0),
  };
};
