/**
 * Accounts of those who sponsor bundles: what they have at each tenant, and the nonces of theirs that can't be used
 * again. Executed with the finalized block; their root is in the summary. Pure.
 */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import type { BundleFee } from "../../protocol/bundle.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import type { Domain, Height, Root, Sponsor } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { bytes32, sszObject, uint32, uint64, uint128 } from "../../protocol/ssz.ts";

/** `deposited`: what of it was deposited and not charged or paid back yet, at most; the rest is of genesis. */
export type Balance = BundleFee & { deposited: bigint };

/** A withdrawal that is paid at the height `due`, as far as there is something left then. */
export type Pending = { domain: Domain; amount: bigint; recipient: Uint8Array; nonce: number; due: Height };

export type Account = {
  sponsor: Sponsor;
  /** Position among all accounts: they stand in the order in which they came. */
  index: number;
  /** Increasing by domain. */
  balances: Balance[];
  /** In the order in which they were used; forgotten when no bundle of that time can come any more. */
  nonces: { nonce: number; notAfter: Height }[];
  /** In the order in which they were asked for. */
  pending: Pending[];
};

export const Account = sszObject<Account>(
  "Account",
  new ContainerType({
    sponsor: bytes32,
    index: uint32,
    balances: new ListCompositeType(
      new ContainerType({ domain: uint32, amount: uint128, deposited: uint128 }),
      limits.tenants,
    ),
    nonces: new ListCompositeType(new ContainerType({ nonce: uint64, notAfter: uint64 }), limits.sponsorNonces),
    pending: new ListCompositeType(
      new ContainerType({ domain: uint32, amount: uint128, recipient: bytes32, nonce: uint64, due: uint64 }),
      limits.pendingWithdrawals,
    ),
  }),
);

const Roots = sszObject<Root[]>("Accounts", new ListCompositeType(bytes32, 2 ** 32));

/** By sponsor in hex. Values are never changed in place. */
export type Accounts = ReadonlyMap<Hex, Account>;

const roots = new WeakMap<Account, Root>();

const rootOf = (account: Account): Root => {
  const root = roots.get(account) ?? Account.root(account);
  roots.set(account, root);
  return root;
};

/** What a summary commits to: the root of the list of the accounts' roots. */
export const accountsRoot = (accounts: Accounts): Root =>
  Roots.root([...accounts.values()].sort((a, b) => a.index - b.index).map(rootOf));

export const keyOf = (sponsor: Sponsor): Hex => toHex(sponsor);

export const balanceIn = ({ balances }: Pick<Account, "balances">, domain: Domain): Balance =>
  balances.find((balance) => balance.domain === domain) ?? { domain, amount: 0n, deposited: 0n };

export const balanceOf = (accounts: Accounts, sponsor: Sponsor, domain: Domain): bigint =>
  balanceIn(accounts.get(keyOf(sponsor)) ?? { balances: [] }, domain).amount;

/** What a sponsor has at a tenant besides what it is about to withdraw. */
export const spendableOf = (accounts: Accounts, sponsor: Sponsor, domain: Domain): bigint => {
  const pending = accounts.get(keyOf(sponsor))?.pending ?? [];
  const asked = pending.reduce((sum, each) => (each.domain === domain ? sum + each.amount : sum), 0n);
  const has = balanceOf(accounts, sponsor, domain);
  return has > asked ? has - asked : 0n;
};

/** Whether a nonce has been used by a bundle that could be ordered again at `height`. */
export const isNonceUsed = (accounts: Accounts, sponsor: Sponsor, nonce: number, height: Height): boolean =>
  accounts.get(keyOf(sponsor))?.nonces.some((used) => used.nonce === nonce && used.notAfter >= height) ?? false;

const withBalance = (balances: readonly Balance[], balance: Balance): Balance[] =>
  [...balances.filter(({ domain }) => domain !== balance.domain), balance].sort((a, b) => a.domain - b.domain);

/** A deposit that counts: what a sponsor has more of at a tenant. */
export type Credit = BundleFee & { sponsor: Sponsor };

const mostBalance = 2n ** 128n - 1n;

const sumUpTo = (a: bigint, b: bigint): bigint => (a + b < mostBalance ? a + b : mostBalance);

/**
 * The accounts with these deposits. A balance grows up to 2^128 - 1; a tenant that is so rich owns its currency.
 *
 * @param isBacked whether the gateways hold what is credited
 */
export const credit = (accounts: Accounts, credits: readonly Credit[], isBacked = true): Accounts => {
  const after = new Map(accounts);
  for (const { sponsor, domain, amount } of credits) {
    const key = keyOf(sponsor);
    const account = after.get(key) ?? { sponsor, index: after.size, balances: [], nonces: [], pending: [] };
    const has = balanceIn(account, domain);
    const deposited = isBacked ? sumUpTo(has.deposited, amount) : has.deposited;
    const balance = { domain, amount: sumUpTo(has.amount, amount), deposited };
    after.set(key, { ...account, balances: withBalance(account.balances, balance) });
  }
  return after;
};

/** An account at `height` after a bundle of its sponsor: it has paid, and its nonce is used. */
export const settleAccount = (
  account: Account,
  height: Height,
  { nonce, notAfter }: { nonce: number; notAfter: Height },
  charged: readonly BundleFee[],
): Account => ({
  ...account,
  balances: charged.reduce((balances, { domain, amount }) => {
    const { deposited, ...has } = balanceIn({ balances }, domain);
    const left = has.amount - amount;
    return withBalance(balances, { domain, amount: left, deposited: deposited < left ? deposited : left });
  }, account.balances),
  nonces: [...liveNonces(account, height), { nonce, notAfter }],
});

/** The nonces that still matter at `height`. */
export const liveNonces = ({ nonces }: Account, height: Height): Account["nonces"] =>
  nonces.filter(({ notAfter }) => notAfter >= height);

export const genesisAccounts = ({ deposits }: Pick<Genesis, "deposits">): Accounts =>
  credit(new Map(), deposits, false);
