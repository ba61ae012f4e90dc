import { describe, expect, it } from "vitest";
import type { BundleSupport } from "../../adapters/adapter.ts";
import { sponsorFrom } from "../../client/sponsor.ts";
import { signWithdrawal } from "../../client/withdrawal.ts";
import { controlDomain, decodeControl } from "../../protocol/control.ts";
import { asDomain, asHeight, asPublicKey, asRoot } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { Withdrawal } from "../../protocol/withdrawal.ts";
import type { SliceEntry } from "../block/payload.ts";
import { type Account, type Accounts, credit, keyOf } from "./accounts.ts";
import { dueAt, noteWithdrawals, payOut, refuseToWithdraw, withdrawalsIn } from "./withdrawals.ts";

const genesis = asRoot(new Uint8Array(32).fill(1));
const signer = sponsorFrom(new Uint8Array(32).fill(2));
const { sponsor } = signer;
const domain = asDomain(501);
const recipient = new Uint8Array(32).fill(9);
const asked = asHeight(100);
const due = asHeight(asked + limits.bundleHeights);

/** A tenant that pays what fits a byte. */
const support: Pick<BundleSupport, "canRelease"> = { canRelease: ({ amount }) => amount < 256n };

const sign = (nonce: number, amount: bigint, notAfter = 200): Promise<Uint8Array> =>
  signWithdrawal(genesis, { sponsor: signer, domain, recipient, amount, nonce }, asHeight(notAfter));

const ordered = async (nonce: number, amount: bigint, notAfter?: number): Promise<Withdrawal> => {
  const { body } = decodeControl(await sign(nonce, amount, notAfter));
  if (body.kind !== "withdraw") throw new Error("no withdrawal");
  return body.value;
};

const funded = (amount: bigint, isBacked = true): Accounts =>
  credit(new Map(), [{ sponsor, domain, amount }], isBacked);
const accountOf = (accounts: Accounts): Account => accounts.get(keyOf(sponsor)) as Account;
const note = (accounts: Accounts, ...all: Withdrawal[]): Accounts =>
  noteWithdrawals(accounts, asked, all, () => support);

describe("a withdrawal in the order", () => {
  const entry = (bytes: Uint8Array, ...gas: number[]): SliceEntry => ({
    ...{ bytes, leaf: asRoot(new Uint8Array(32)), key: "0x" },
    declarations: gas.map((each) => ({ producer: asPublicKey(new Uint8Array(48)), gas: each })),
  });
  const found = (...entries: SliceEntry[]) => withdrawalsIn(genesis, new Map([[controlDomain, entries]]));

  it("counts with its sponsor's signature for this network, and its gas declared by somebody", async () => {
    const bytes = await sign(1, 5n);
    expect(found(entry(bytes, 1))).toEqual([await ordered(1, 5n)]);
    expect(found(entry(bytes, 0, 1))).toHaveLength(1);
    expect(found(entry(bytes, 0), entry(bytes))).toEqual([]);
    const forged = Uint8Array.from(bytes);
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    expect(found(entry(forged, 1), entry(new Uint8Array(9), 1))).toEqual([]);
    expect(withdrawalsIn(asRoot(new Uint8Array(32)), new Map([[controlDomain, [entry(bytes, 1)]]]))).toEqual([]);
  });

  it("is noted once, in time, of somebody with an account, and if the tenant can pay it", async () => {
    const accounts = note(
      funded(50n),
      await ordered(1, 5n),
      await ordered(1, 6n),
      await ordered(2, 300n),
      await ordered(3, 7n, 99),
      await ordered(4, 8n, asked + limits.bundleHeights + 1),
      await ordered(5, 0n),
      await ordered(6, 9n),
    );
    expect(accountOf(accounts).pending.map(({ nonce }) => nonce)).toEqual([1, 6]);
    expect(accountOf(accounts).pending[0]).toEqual({ domain, amount: 5n, recipient, nonce: 1, due });
    expect(accountOf(accounts).nonces.map(({ nonce }) => nonce)).toEqual([1, 6]);
    expect(note(new Map(), await ordered(1, 5n)).size).toBe(0);
  });

  it("is one of a bounded number", async () => {
    let accounts = funded(50n);
    for (let nonce = 0; nonce < limits.pendingWithdrawals + 3; nonce++)
      accounts = note(accounts, await ordered(nonce, 1n));
    expect(accountOf(accounts).pending).toHaveLength(limits.pendingWithdrawals);
  });
});

describe("what is due", () => {
  const pay = (accounts: Accounts, isThere = true) => payOut(accounts, dueAt(accounts.values(), due), () => isThere);

  it("is paid at its height, as far as there is something deposited left", async () => {
    const accounts = note(funded(50n), await ordered(1, 30n), await ordered(2, 30n));
    expect(dueAt(accounts.values(), asHeight(due - 1))).toEqual([]);
    const { accounts: after, payouts } = pay(accounts);
    expect(payouts.map(({ amount, nonce }) => [nonce, amount])).toEqual([
      [1, 30n],
      [2, 20n],
    ]);
    expect(accountOf(after)).toMatchObject({ balances: [{ domain, amount: 0n, deposited: 0n }], pending: [] });
  });

  it("is nothing of what genesis gave, nor of a tenant that is no more", async () => {
    const given = pay(note(funded(50n, false), await ordered(1, 30n)));
    expect([given.payouts, accountOf(given.accounts).balances[0]?.amount]).toEqual([[], 50n]);
    const gone = pay(note(funded(50n), await ordered(1, 30n)), false);
    expect([gone.payouts, accountOf(gone.accounts).balances[0]?.amount]).toEqual([[], 50n]);
    expect(accountOf(gone.accounts).pending).toEqual([]);
  });
});

describe("at the door", () => {
  it("a withdrawal that would come to nothing is refused with why", async () => {
    const terms = { genesis, height: asked, account: accountOf(funded(50n)), support };
    const code = (withdrawal: Withdrawal, change: Partial<Parameters<typeof refuseToWithdraw>[1]> = {}) => {
      const refused = refuseToWithdraw(withdrawal, { ...terms, ...change });
      return refused?.ok === false ? refused.error.code : undefined;
    };
    const sound = await ordered(1, 5n);
    expect(code(sound)).toBeUndefined();
    expect(code({ ...sound, amount: 6n })).toBe("bad_signature");
    expect(code(sound, { genesis: asRoot(new Uint8Array(32)) })).toBe("bad_signature");
    expect(code(sound, { support: undefined })).toBe("unknown_tenant");
    expect(code(await ordered(1, 300n))).toBe("bad_recipient");
    expect(code(await ordered(1, 0n))).toBe("bad_recipient");
    expect(code(sound, { height: asHeight(200) })).toBe("wrong_height");
    expect(code(sound, { account: undefined })).toBe("insufficient_funds");
    expect(code(sound, { account: accountOf(funded(50n, false)) })).toBe("insufficient_funds");
    expect(code(sound, { account: accountOf(note(funded(50n), sound)) })).toBe("duplicate");
  });
});
