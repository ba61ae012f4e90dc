import { describe, expect, it } from "vitest";
import { type SponsorSigner, sponsorFrom } from "../../client/sponsor.ts";
import { Bundle, bundleId, legCharge, type ReadLeg, sponsorDigest } from "../../protocol/bundle.ts";
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { success } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asDomain, asHeight, asPublicKey, asRoot } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { OrderedBundle } from "../block/payload.ts";
import { type Accounts, credit, keyOf, settleAccount } from "./accounts.ts";
import { fund, type Terms } from "./funding.ts";

const genesis = asRoot(new Uint8Array(32).fill(1));
const signer = sponsorFrom(new Uint8Array(32).fill(2));
const [first, second] = [asDomain(1), asDomain(2)];
const rate = { baseGas: 1_000, price: 1_000n };
const worst = legCharge(rate, 500);
const height = asHeight(100);

/** Of a VM whose transactions are `id 32 ‖ anything`, and need no signature. */
const readLeg: ReadLeg = (transaction) => success({ unsigned: transaction, marker: 0 });

const terms: Terms = {
  ...{ genesis, height, legTerms: () => ({ rate, readLeg }) },
  ...{ isSkipped: () => false, isDropped: () => false },
};

type Draft = { nonce?: number; notAfter?: number; fee?: bigint; gas?: number[][]; by?: SponsorSigner; text?: string };

const bundleOf = async (draft: Draft): Promise<OrderedBundle> => {
  const { nonce = 1, notAfter = 150, fee = worst, gas = [[500, 500]], by = signer, text = "leg" } = draft;
  const content = new TextEncoder().encode(text);
  const unsigned = [first, second].map((domain) => ({
    ...{ domain, unsigned: concatBytes(new Uint8Array(32), content), idOffsets: [0] },
  }));
  const body = { genesis, sponsor: by.sponsor, nonce, notAfter: asHeight(notAfter), legs: unsigned };
  const id = bundleId(body);
  const bundle: Bundle = {
    ...{ sponsor: by.sponsor, nonce, notAfter: asHeight(notAfter), fills: [], signature: new Uint8Array(64) },
    legs: [first, second].map((domain) => ({ domain, transaction: concatBytes(id, content), idOffsets: [0] })),
    fee: [first, second].map((domain) => ({ domain, amount: fee })),
  };
  const signed = { ...bundle, signature: await by.sign(sponsorDigest(id, bundle)) };
  const bytes = Bundle.encode(signed);
  const leaves = signed.legs.map(({ transaction }) => sha256(transaction));
  return {
    ...{ bundle: signed, bytes, key: toHex(sha256(bytes)), leaves, keys: leaves.map(toHex) },
    declarations: gas.map((each) => ({ producer: asPublicKey(new Uint8Array(48)), gas: each })),
  };
};

const rich = (amount: bigint): Accounts =>
  credit(
    new Map(),
    [first, second].map((domain) => ({ sponsor: signer.sponsor, domain, amount })),
  );

const decided = (bundles: readonly OrderedBundle[], accounts: Accounts, changed: Partial<Terms> = {}): string[] =>
  fund(bundles, accounts, { ...terms, ...changed }).map((each) =>
    each.kind === "run" ? "run" : `${each.reason}${each.hopeless ? ", hopeless" : ""}`,
  );

describe("the bundles of a block", () => {
  it("run as long as their sponsor has the most that all before them may cost", async () => {
    const bundles = await Promise.all([1, 2, 3].map((nonce) => bundleOf({ nonce })));
    expect(decided(bundles, rich(3n * worst))).toEqual(["run", "run", "run"]);
    expect(decided(bundles, rich(3n * worst - 1n))).toEqual(["run", "run", "bundle_unfunded"]);
    expect(
      decided(bundles, credit(rich(0n), [{ sponsor: signer.sponsor, domain: first, amount: 99n * worst }])),
    ).toEqual(Array(3).fill("bundle_unfunded"));
    expect(decided(bundles, new Map())).toEqual(Array(3).fill("bundle_unfunded"));
  });

  it("run once for each nonce", async () => {
    const [one, other] = await Promise.all([bundleOf({}), bundleOf({ text: "another leg" })]);
    expect(decided([one, other, one], rich(9n * worst))).toEqual(["run", "bundle_duplicate", "bundle_duplicate"]);
    const accounts = rich(9n * worst);
    const account = accounts.get(keyOf(signer.sponsor));
    if (account === undefined) throw new Error("no account");
    const used = settleAccount(account, height, { nonce: 1, notAfter: asHeight(150) }, []);
    expect(decided([one], new Map(accounts).set(keyOf(signer.sponsor), used))).toEqual(["bundle_duplicate"]);
  });

  it("run up to their last height, and not from too far ahead", async () => {
    const notAfter = async (last: number) => decided([await bundleOf({ notAfter: last })], rich(worst))[0];
    expect(await notAfter(height)).toBe("run");
    expect(await notAfter(height - 1)).toBe("bundle_expired");
    expect(await notAfter(height + limits.bundleHeights)).toBe("run");
    expect(await notAfter(height + limits.bundleHeights + 1)).toBe("bundle_void, hopeless");
  });

  it("are void where their fee covers no gas that somebody declared, and for nobody's gas but the least", async () => {
    const declared = async (...gas: number[][]) => decided([await bundleOf({ gas })], rich(worst))[0];
    expect(await declared([500, 500])).toBe("run");
    expect(await declared([501, 500])).toBe("bundle_void, hopeless");
    expect(await declared([501, 500], [500, 9_999])).toBe("run");
  });

  it("are void where sponsor, legs or tenants are not what they must be", async () => {
    const bundle = await bundleOf({});
    const forged = { ...bundle, bundle: { ...bundle.bundle, nonce: 2 } };
    expect(decided([forged], rich(worst))).toEqual(["bundle_void, hopeless"]);
    const unsigned = { ...bundle, bundle: { ...bundle.bundle, signature: new Uint8Array(64) } };
    expect(decided([unsigned], rich(worst))).toEqual(["bundle_void, hopeless"]);
    const legTerms: Terms["legTerms"] = (domain) => (domain === first ? { rate, readLeg } : undefined);
    expect(decided([bundle], rich(worst), { legTerms })).toEqual(["bundle_void, hopeless"]);
  });

  it("are left out when validators agreed to leave out a leg of theirs, which costs nobody anything", async () => {
    const [bundle, other] = await Promise.all([bundleOf({}), bundleOf({ nonce: 2, text: "other" })]);
    const leg = bundle.keys[1] as Hex;
    const isSkipped: Terms["isSkipped"] = (domain, key) => domain === second && key === leg;
    expect(decided([bundle, other], rich(worst), { isSkipped })).toEqual(["skipped", "run"]);
    expect(decided([bundle], rich(worst), { isDropped: (domain) => domain === first })).toEqual(["skipped"]);
  });
});
