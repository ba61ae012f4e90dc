import { describe, expect, it } from "vitest";
import { asDomain, asHeight, asSponsor } from "../../protocol/ids.ts";
import {
  Account,
  accountsRoot,
  balanceOf,
  credit,
  isNonceUsed,
  keyOf,
  settleAccount,
  spendableOf,
} from "./accounts.ts";

const [first, second] = [asDomain(1), asDomain(2)];
const sponsor = asSponsor(new Uint8Array(32).fill(7));
const another = asSponsor(new Uint8Array(32).fill(8));
const accountOf = (accounts: ReturnType<typeof credit>): Account => accounts.get(keyOf(sponsor)) as Account;

describe("accounts of sponsors", () => {
  it("add up deposits by tenant, in order of domain, and never more than they can hold", () => {
    const most = 2n ** 128n - 1n;
    const accounts = credit(new Map(), [
      { sponsor, domain: second, amount: 5n },
      { sponsor, domain: first, amount: most - 1n },
      { sponsor, domain: first, amount: 10n },
      { sponsor: another, domain: first, amount: 1n },
    ]);
    expect(accountOf(accounts).balances).toEqual([
      { domain: first, amount: most, deposited: most },
      { domain: second, amount: 5n, deposited: 5n },
    ]);
    expect(Account.decode(Account.encode(accountOf(accounts)))).toEqual(accountOf(accounts));
    expect([...accounts.values()].map(({ index }) => index)).toEqual([0, 1]);
  });

  it("say what of a balance can be withdrawn: charges are paid from what genesis gave, first", () => {
    const given = credit(new Map(), [{ sponsor, domain: first, amount: 100n }], false);
    const accounts = credit(given, [{ sponsor, domain: first, amount: 30n }]);
    const charge = (amount: bigint) =>
      settleAccount(accountOf(accounts), asHeight(5), { nonce: 1, notAfter: asHeight(9) }, [{ domain: first, amount }]);
    expect(charge(60n).balances).toEqual([{ domain: first, amount: 70n, deposited: 30n }]);
    expect(charge(120n).balances).toEqual([{ domain: first, amount: 10n, deposited: 10n }]);
  });

  it("remember a nonce for as long as its bundle could be executed", () => {
    const accounts = credit(new Map(), [{ sponsor, domain: first, amount: 1n }]);
    const used = settleAccount(accountOf(accounts), asHeight(5), { nonce: 1, notAfter: asHeight(9) }, []);
    const after = new Map(accounts).set(keyOf(sponsor), used);
    expect(isNonceUsed(after, sponsor, 1, asHeight(9))).toBe(true);
    expect(isNonceUsed(after, sponsor, 2, asHeight(9))).toBe(false);
    expect(isNonceUsed(after, sponsor, 1, asHeight(10))).toBe(false);
    const later = settleAccount(used, asHeight(10), { nonce: 1, notAfter: asHeight(12) }, []);
    expect(later.nonces).toEqual([{ nonce: 1, notAfter: asHeight(12) }]);
  });

  it("leave for new bundles what is not to be withdrawn", () => {
    const accounts = credit(new Map(), [{ sponsor, domain: first, amount: 10n }]);
    const pending = [{ domain: first, amount: 4n, recipient: new Uint8Array(32), nonce: 1, due: asHeight(99) }];
    const after = new Map(accounts).set(keyOf(sponsor), { ...accountOf(accounts), pending });
    expect([balanceOf(after, sponsor, first), spendableOf(after, sponsor, first)]).toEqual([10n, 6n]);
    const all = new Map(after).set(keyOf(sponsor), {
      ...accountOf(after),
      pending: [...pending, ...pending, ...pending],
    });
    expect([spendableOf(all, sponsor, first), spendableOf(all, another, first)]).toEqual([0n, 0n]);
  });

  it("have a root that tells apart who has what", () => {
    const roots = [
      credit(new Map(), []),
      credit(new Map(), [{ sponsor, domain: first, amount: 1n }]),
      credit(new Map(), [{ sponsor, domain: first, amount: 1n }], false),
      credit(new Map(), [{ sponsor, domain: second, amount: 1n }]),
      credit(new Map(), [{ sponsor: another, domain: first, amount: 1n }]),
    ].map((accounts) => Buffer.from(accountsRoot(accounts)).toString("hex"));
    expect(new Set(roots).size).toBe(roots.length);
  });
});
