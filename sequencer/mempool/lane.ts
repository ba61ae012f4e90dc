/**
 * A tenant's lane: its pending transactions, each sender's in nonce order. Pure data: it decides
 * what may enter and what may be batched next; disks, batches and clocks are elsewhere.
 */
import type { Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { PoolEntry } from "./entry.ts";
import { poolLimits } from "./limits.ts";

type Sender = {
  /** First nonce that the newest known executed state has not used. */
  executed: number;
  /** First nonce from `executed` on that no entry has. */
  reach: number;
  balance: bigint;
  /** Value and fees of all its entries. */
  committed: bigint;
  byNonce: Map<number, PoolEntry>;
};

export type Lane = {
  readonly entries: ReadonlyMap<Hex, PoolEntry>;
  readonly bytes: number;
  /** Takes an entry in, or says why not. A replaced entry leaves the lane and is given back. */
  add(entry: PoolEntry): Result<{ replaced?: PoolEntry }>;
  remove(key: Hex): void;
  mark(entry: PoolEntry, phase: PoolEntry["phase"]): void;
  /** Takes over what the executed state says of a sender. Entries below its nonce are given, to be removed. */
  refresh(sender: string, account: { nonce: number; balance?: bigint }): PoolEntry[];
  /** Queued entries that can be batched now; each sender's in nonce order. */
  ready(): PoolEntry[];
  /** Whether every nonce from the executed one up to the entry's is in the lane. */
  isReady(entry: PoolEntry): boolean;
  /** For each sender that waits for a nonce, its lowest queued entry. */
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

export const createLane = (): Lane => {
  const entries = new Map<Hex, PoolEntry>();
  const queued = new Map<Hex, PoolEntry>();
  const senders = new Map<string, Sender>();
  let bytes = 0;

  const insert = (entry: PoolEntry): void => {
    entries.set(entry.key, entry);
    if (entry.phase === "queued") queued.set(entry.key, entry);
    bytes += entry.bytes.length;
  };

  const drop = (entry: PoolEntry): void => {
    entries.delete(entry.key);
    queued.delete(entry.key);
    bytes -= entry.bytes.length;
    const { nonce, sender: address } = entry.facts;
    const sender = senders.get(address);
    if (nonce === undefined || sender === undefined) return;
    sender.byNonce.delete(nonce);
    sender.committed -= entry.facts.cost;
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
      insert(entry);
      return success({});
    },
    remove: (key) => {
      const entry = entries.get(key);
      if (entry !== undefined) drop(entry);
    },
    mark: (entry, phase) => {
      entry.phase = phase;
      if (phase === "queued") queued.set(entry.key, entry);
      else queued.delete(entry.key);
    },
    refresh: (address, { nonce, balance }) => {
      const sender = senders.get(address);
      if (sender === undefined) return [];
      sender.executed = Math.max(sender.executed, nonce);
      sender.balance = balance ?? sender.balance;
      extendReach(sender);
      return [...sender.byNonce.values()].filter((entry) => (entry.facts.nonce ?? 0) < sender.executed);
    },
    ready: () => {
      const ready: PoolEntry[] = [];
      const bySender = new Map<string, PoolEntry[]>();
      for (const entry of queued.values()) {
        if (!isReady(entry)) continue;
        const own = bySender.get(entry.facts.sender);
        if (entry.facts.nonce === undefined) ready.push(entry);
        else if (own === undefined) bySender.set(entry.facts.sender, [entry]);
        else own.push(entry);
      }
      for (const own of bySender.values()) ready.push(...own.sort(byNonce));
      return ready;
    },
    isReady,
    waiting: () => {
      const lowest = new Map<string, PoolEntry>();
      for (const entry of queued.values()) {
        if (isReady(entry)) continue;
        const known = lowest.get(entry.facts.sender);
        if (known === undefined || byNonce(entry, known) < 0) lowest.set(entry.facts.sender, entry);
      }
      return [...lowest.values()];
    },
    nextNonce: (address, executed) => Math.max(executed, senders.get(address)?.reach ?? 0),
  };
};
