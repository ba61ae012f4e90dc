/**
 * Withdrawals of sponsors. One is asked for by a control transaction, and is paid some time later, when no bundle that the
 * sponsor approved before can be executed any more: until then what it asks for still pays for bundles. Pure.
 */
import type { BundleSupport } from "../../adapters/adapter.ts";
import { controlDomain, decodeControl } from "../../protocol/control.ts";
import { failure, type Result } from "../../protocol/errors.ts";
import { asHeight, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { type Withdrawal, withdrawalDigest } from "../../protocol/withdrawal.ts";
import type { Slices } from "../block/payload.ts";
import { controlGas } from "../control/commands.ts";
import { type Account, type Accounts, balanceIn, isNonceUsed, keyOf, liveNonces, type Pending } from "./accounts.ts";
import { isSignedBy } from "./judge.ts";

/** A withdrawal that is due, with what there is to pay of it. */
export type Payout = Pending & Pick<Account, "sponsor">;

const readWithdrawal = (genesis: Root, bytes: Uint8Array, gas: readonly number[]): Withdrawal[] => {
  try {
    const transaction = decodeControl(bytes);
    const { body } = transaction;
    if (body.kind !== "withdraw" || !gas.includes(controlGas(transaction))) return [];
    const { value } = body;
    return isSignedBy(value.sponsor, withdrawalDigest(genesis, value), value.signature) ? [value] : [];
  } catch {
    return [];
  }
};

/** Those that a block orders, signed by their sponsors. */
export const withdrawalsIn = (genesis: Root, slices: Slices): Withdrawal[] =>
  (slices.get(controlDomain) ?? []).flatMap(({ bytes, declarations }) =>
    readWithdrawal(
      genesis,
      bytes,
      declarations.map(({ gas }) => gas),
    ),
  );

/** The accounts once these are noted at `height`: what can't be paid, comes late or a second time is passed over. */
export const noteWithdrawals = (
  accounts: Accounts,
  height: Height,
  withdrawals: readonly Withdrawal[],
  supportOf: (domain: Domain) => Pick<BundleSupport, "canRelease"> | undefined,
): Accounts => {
  const after = new Map(accounts);
  for (const { sponsor, nonce, notAfter, domain, amount, recipient } of withdrawals) {
    const account = after.get(keyOf(sponsor));
    if (account === undefined || amount === 0n) continue;
    const isInTime = notAfter >= height && notAfter <= height + limits.bundleHeights;
    const nonces = liveNonces(account, height);
    const isFull = account.pending.length >= limits.pendingWithdrawals || nonces.length >= limits.sponsorNonces;
    const isPayable = supportOf(domain)?.canRelease({ recipient, amount }) ?? false;
    if (!isInTime || isFull || !isPayable || isNonceUsed(after, sponsor, nonce, height)) continue;
    const due = asHeight(height + limits.bundleHeights);
    after.set(keyOf(sponsor), {
      ...account,
      nonces: [...nonces, { nonce, notAfter }],
      pending: [...account.pending, { domain, amount, recipient, nonce, due }],
    });
  }
  return after;
};

/** Withdrawals that are due at a height, in the order of accounts; nothing is said of what is left to pay. */
export const dueAt = (accounts: Iterable<Account>, height: Height): Payout[] =>
  [...accounts]
    .sort((a, b) => a.index - b.index)
    .flatMap(({ sponsor, pending }) =>
      pending.filter(({ due }) => due === height).map((each) => ({ sponsor, ...each })),
    );

/**
 * The accounts once what is due is paid, and the payouts with what there was, where there was something. A withdrawal from a
 * tenant that is no more is forgotten.
 */
export const payOut = (
  accounts: Accounts,
  due: readonly Payout[],
  isThere: (domain: Domain) => boolean,
): { accounts: Accounts; payouts: Payout[] } => {
  const after = new Map(accounts);
  const payouts: Payout[] = [];
  for (const asked of due) {
    const { sponsor, domain, nonce } = asked;
    const account = after.get(keyOf(sponsor)) as Account;
    const { amount, deposited } = balanceIn(account, domain);
    const most = [asked.amount, amount, deposited].reduce((least, each) => (each < least ? each : least));
    const paid = isThere(domain) ? most : 0n;
    if (paid > 0n) payouts.push({ ...asked, amount: paid });
    const balance = { domain, amount: amount - paid, deposited: deposited - paid };
    after.set(keyOf(sponsor), {
      ...account,
      balances: account.balances.map((each) => (each.domain === domain ? balance : each)),
      pending: account.pending.filter((each) => each.due !== asked.due || each.nonce !== nonce),
    });
  }
  return { accounts: after, payouts };
};

export type WithdrawalTerms = {
  genesis: Root;
  /** Newest height whose order is settled. */
  height: Height;
  account: Account | undefined;
  /** Of the tenant, where it takes part in bundles. */
  support: Pick<BundleSupport, "canRelease"> | undefined;
};

/** Why a withdrawal would come to nothing as things stand. */
export const refuseToWithdraw = (
  withdrawal: Withdrawal,
  { genesis, height, account, support }: WithdrawalTerms,
): Result<never> | undefined => {
  const { sponsor, nonce, notAfter, domain, amount, recipient, signature } = withdrawal;
  if (!isSignedBy(sponsor, withdrawalDigest(genesis, withdrawal), signature)) {
    return failure("bad_signature", "the sponsor's signature under the withdrawal does not hold");
  }
  if (support === undefined) return failure("unknown_tenant", `nothing is deposited at domain ${domain}`, { domain });
  if (amount === 0n || !support.canRelease({ recipient, amount })) {
    return failure("bad_recipient", `${amount} can't be paid to this recipient at domain ${domain}`, { domain });
  }
  if (notAfter <= height || notAfter > height + limits.bundleHeights) {
    const message = `it may be ordered until height ${notAfter}; the next is ${height + 1}, and at most ${limits.bundleHeights} ahead`;
    return failure("wrong_height", message);
  }
  const deposited = account === undefined ? 0n : balanceIn(account, domain).deposited;
  if (account === undefined || deposited === 0n) {
    return failure("insufficient_funds", `the sponsor has deposited nothing at domain ${domain} that is left`);
  }
  if (account.pending.length >= limits.pendingWithdrawals) {
    return failure("sender_full", `${limits.pendingWithdrawals} withdrawals are to be paid: wait for one of them`);
  }
  const isUsed = account.nonces.some((used) => used.nonce === nonce && used.notAfter >= height);
  return isUsed ? failure("duplicate", `nonce ${nonce} of this sponsor is used: take another one`) : undefined;
};
