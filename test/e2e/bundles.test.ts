/** Atomic bundles over four VMs on four validators, through unmodified SDKs. */
import { Connection, Keypair } from "@solana/web3.js";
import { Provider, Wallet } from "fuels";
import { Account, logger, RpcProvider } from "starknet";
import { createPublicClient, createWalletClient, defineChain, type Hex, http, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import { fromBase58 } from "../../adapters/svm/base58.ts";
import { connect, type Lockstep } from "../../client/bundle.ts";
import { type SponsorSigner, sponsorFrom } from "../../client/sponsor.ts";
import { cairoAccounts, evmAccounts, fuelAccounts, svmAccounts } from "../../devnet/accounts.ts";
import { type Payers, type Payments, payFour } from "../../devnet/examples/bundles/payment.ts";
import { swap } from "../../devnet/examples/bundles/swap.ts";
import { toHex } from "../../protocol/bytes.ts";
import { expectSameChain, heightOf } from "./agreement.ts";
import { until } from "./api.ts";
import { lockstep as command } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { cairoDomain, evmDomain, fuelDomain, svmDomain } from "./domains.ts";

logger.setLogLevel("OFF");

let network: Devnet;
let lockstep: Lockstep;
let sponsor: SponsorSigner;
const apis = (): string[] => network.ready.validators.map(({ api }) => api);
const rpcOf = (domain: number, validator = 0): string =>
  network.ready.validators[validator]?.tenants.find((tenant) => tenant.domain === domain)?.rpc ?? "";

const keypairAt = (index: number): Keypair =>
  Keypair.fromSecretKey(fromBase58(svmAccounts()[index]?.secretKey ?? "", 64) ?? new Uint8Array());

const chain = () => {
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  return defineChain({
    id: evmDomain,
    name: "lockstep",
    nativeCurrency,
    rpcUrls: { default: { http: [rpcOf(evmDomain)] } },
  });
};
const walletAt = (index: number) => {
  const account = privateKeyToAccount(evmAccounts()[index]?.privateKey ?? "0x");
  return createWalletClient({ account, chain: chain(), transport: http(rpcOf(evmDomain)) });
};
const evm = () => createPublicClient({ chain: chain(), transport: http(rpcOf(evmDomain)) });
const svm = () => new Connection(rpcOf(svmDomain), "confirmed");

const payersAt = (index: number): Payers => {
  const cairo = cairoAccounts()[index] as { address: Hex; privateKey: Hex };
  return {
    evm: walletAt(index),
    svm: { connection: svm(), keypair: keypairAt(index) },
    cairo: new Account({
      provider: new RpcProvider({ nodeUrl: rpcOf(cairoDomain) }),
      address: cairo.address,
      signer: cairo.privateKey,
    }),
    fuel: Wallet.fromPrivateKey(fuelAccounts()[index]?.privateKey ?? "0x", new Provider(rpcOf(fuelDomain))),
  };
};

/** Somebody new on each VM. */
const strangers = (seed: number): Payments => ({
  evm: { to: `0x${seed.toString(16).padStart(40, "5")}`, wei: parseEther("1") },
  svm: { to: Keypair.fromSeed(new Uint8Array(32).fill(seed)).publicKey, lamports: 10n ** 9n },
  cairo: { to: `0x${(0x500000 + seed).toString(16)}`, fri: 10n ** 18n },
  fuel: { to: `0x${seed.toString(16).padStart(64, "7")}`, amount: 12_345n },
});

/** What they have, in the order of the VMs. */
const balances = async ({ evm: ether, svm: sol, cairo, fuel }: Payments): Promise<bigint[]> => {
  const strk = "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d";
  const [low] = await new RpcProvider({ nodeUrl: rpcOf(cairoDomain) }).callContract(
    { contractAddress: strk, entrypoint: "balance_of", calldata: [cairo.to] },
    "latest",
  );
  return [
    await evm().getBalance({ address: ether.to }),
    BigInt(await svm().getBalance(sol.to)),
    BigInt(low ?? 0),
    BigInt((await new Provider(rpcOf(fuelDomain)).getBalance(fuel.to, baseAssetId)).toString()),
  ];
};

beforeAll(async () => {
  network = await startDevnet();
  lockstep = await connect(apis()[0] ?? "");
  sponsor = sponsorFrom(keypairAt(0).secretKey);
}, 240_000);
afterAll(() => network?.remove());

describe("a payment on four VMs", () => {
  test("pays four people, in one block of all validators", async () => {
    const payments = strangers(1);
    expect(await balances(payments)).toEqual([0n, 0n, 0n, 0n]);
    const approved = await payFour(lockstep, sponsor, payersAt(1), payments);
    const sent = await approved.send();
    const bundle = await sent.certified();
    expect(bundle).toMatchObject({ status: "committed", index: 0, charged: [] });
    const { wei } = payments.evm;
    expect(await balances(payments)).toEqual([wei, payments.svm.lamports, payments.cairo.fri, payments.fuel.amount]);
    for (const api of apis()) {
      const theirs = await until(`the bundle at ${api}`, async () => {
        const found = await (await connect(api)).bundle(sent.id).settled();
        return found.status === "committed" && found;
      });
      expect(theirs).toEqual(bundle);
      const answer = await fetch(`${api}/v1/summaries/${bundle.height}`);
      const { summary } = (await answer.json()) as { summary: { bundles: unknown[] } };
      expect(summary.bundles).toEqual([{ id: toHex(sent.id), committed: true }]);
    }
    const { trustedRoot } = network.ready;
    const words = /was executed at height \d+ and committed: all its legs were applied/;
    await until("a proof of the bundle", async () => {
      const { code, out } = await command(
        "verify",
        apis()[3] ?? "",
        "--trust",
        trustedRoot,
        "--bundle",
        toHex(sent.id),
      );
      return code === 0 && words.test(out) && out;
    });
    const hash = bundle.legs[0]?.nativeId as Hex;
    expect(await evm().getTransactionReceipt({ hash })).toMatchObject({ status: "success" });
    await expectSameChain(apis(), await heightOf(apis()));
  }, 120_000);

  test("pays nobody where one can't be paid, and says so before it is sent", async () => {
    const payments = { ...strangers(2), svm: { ...strangers(2).svm, lamports: 10n ** 15n } };
    const paying = payFour(lockstep, sponsor, payersAt(2), payments);
    await expect(paying).rejects.toMatchObject({
      code: "not_committed",
      message: expect.stringMatching(/leg_failed at leg 1/),
    });
    expect(await balances(payments)).toEqual([0n, 0n, 0n, 0n]);
  }, 60_000);
});

describe("a swap between two parties", () => {
  test("happens on both VMs, or on none, at the sponsor's cost", async () => {
    const [first, second] = [walletAt(3), keypairAt(4)];
    const to = Keypair.fromSeed(new Uint8Array(32).fill(77)).publicKey;
    const receiver: Hex = "0x00000000000000000000000000000000000077aa";
    const swapOf = (lamports: bigint) =>
      swap(lockstep, sponsor, {
        first: { wallet: first, wei: 5n, to: receiver },
        second: { connection: svm(), keypair: second, lamports, to },
      });
    const done = await (await (await swapOf(10n ** 9n)).send()).settled();
    expect(done.status).toBe("committed");
    expect([await evm().getBalance({ address: receiver }), await svm().getBalance(to)]).toEqual([5n, 10 ** 9]);

    const { address } = first.account;
    const before = await Promise.all([
      evm().getTransactionCount({ address }),
      evm().getBalance({ address }),
      svm().getBalance(second.publicKey),
    ]);
    const undone = await (await (await swapOf(10n ** 15n)).send()).certified();
    expect(undone).toMatchObject({ status: "aborted", reason: "leg_failed", failedLeg: 1 });
    expect(undone.charged.map(({ domain }) => domain)).toEqual([svmDomain, evmDomain]);
    expect(undone.charged.every(({ amount }) => amount > 0n)).toBe(true);
    const after = await Promise.all([
      evm().getTransactionCount({ address }),
      evm().getBalance({ address }),
      svm().getBalance(second.publicKey),
    ]);
    expect(after).toEqual(before);
    expect(await evm().getBalance({ address: receiver })).toBe(5n);
  }, 120_000);
});
