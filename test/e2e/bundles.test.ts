/** Atomic bundles over four VMs on four validators, through unmodified SDKs. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Connection, Keypair, sendAndConfirmTransaction, Transaction } from "@solana/web3.js";
import { Provider } from "fuels";
import { logger, RpcProvider } from "starknet";
import { createPublicClient, type Hex, http, parseEther } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import { connect, type Lockstep, type SentBundle } from "../../client/bundle.ts";
import { type SponsorSigner, sponsorFrom } from "../../client/sponsor.ts";
import { cairoDeposit } from "../../client/wallets/cairo.ts";
import { evmDeposit } from "../../client/wallets/evm.ts";
import { fuelDeposit } from "../../client/wallets/fuel.ts";
import { svmDeposit } from "../../client/wallets/svm.ts";
import { type Payments, payFour } from "../../devnet/examples/bundles/payment.ts";
import { swap } from "../../devnet/examples/bundles/swap.ts";
import { arbitrage, type Desk } from "../../devnet/examples/flash-loan/arbitrage.ts";
import { devWallets, evmChain, type Wallets } from "../../devnet/wallets.ts";
import { toHex } from "../../protocol/bytes.ts";
import { allReach, expectSameChain, heightOf } from "./agreement.ts";
import { until } from "./api.ts";
import { lockstep as command, isAlive } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { cairoDomain, evmDomain, fuelDomain, svmDomain } from "./domains.ts";
import { deployFlashLoan, openDesk } from "./flashLoan.ts";
import { executorsOf } from "./processes.ts";

logger.setLogLevel("OFF");

let network: Devnet;
let lockstep: Lockstep;
let sponsor: SponsorSigner;
const apis = (): string[] => network.ready.validators.map(({ api }) => api);
const rpcOf = (domain: number, validator = 0): string =>
  network.ready.validators[validator]?.tenants.find((tenant) => tenant.domain === domain)?.rpc ?? "";

const walletsAt = (index: number, validator = 0): Wallets => {
  const rpc = (domain: number): string => rpcOf(domain, validator);
  const rpcs = { evm: rpc(evmDomain), svm: rpc(svmDomain), cairo: rpc(cairoDomain), fuel: rpc(fuelDomain) };
  return devWallets(rpcs, index);
};
const evm = () =>
  createPublicClient({ chain: evmChain(rpcOf(evmDomain), evmDomain), transport: http(rpcOf(evmDomain)) });
const svm = () => new Connection(rpcOf(svmDomain), "confirmed");
const sponsorAt = (index: number): SponsorSigner => sponsorFrom(walletsAt(index).svm.keypair.secretKey);

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
  sponsor = sponsorAt(0);
}, 240_000);
afterAll(() => network?.remove());

describe("a payment on four VMs", () => {
  test("pays four people, in one block of all validators", async () => {
    const payments = strangers(1);
    expect(await balances(payments)).toEqual([0n, 0n, 0n, 0n]);
    const approved = await payFour(lockstep, sponsor, walletsAt(1), payments);
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
    const paying = payFour(lockstep, sponsor, walletsAt(2), payments);
    await expect(paying).rejects.toMatchObject({
      code: "not_committed",
      message: expect.stringMatching(/leg_failed at leg 1/),
    });
    expect(await balances(payments)).toEqual([0n, 0n, 0n, 0n]);
  }, 60_000);
});

describe("a swap between two parties", () => {
  test("happens on both VMs, or on none, at the sponsor's cost", async () => {
    const [first, second] = [walletsAt(3).evm, walletsAt(4).svm.keypair];
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

describe("a sponsor that has deposited nothing yet", () => {
  test("deposits on all four VMs with their usual libraries, and can sponsor once that is certified", async () => {
    const newcomer = sponsorFrom(new Uint8Array(32).fill(0x51));
    const wallets = walletsAt(9);
    const pay = () => payFour(lockstep, newcomer, wallets, strangers(90));
    await expect((await pay()).send()).rejects.toMatchObject({ code: "bundle_unfunded" });

    const wei = parseEther("0.5");
    const [lamports, fri, amount] = [10n ** 9n, 10n ** 18n, 10n ** 12n];
    await wallets.evm.writeContract(evmDeposit(newcomer.sponsor, wei));
    const { connection, keypair } = wallets.svm;
    const deposit = svmDeposit(keypair.publicKey, newcomer.sponsor, lamports);
    await sendAndConfirmTransaction(connection, new Transaction().add(deposit), [keypair]);
    await wallets.cairo.execute(cairoDeposit(newcomer.sponsor, fri), { tip: 0n });
    await fuelDeposit(wallets.fuel, newcomer.sponsor, amount);
    const expected = [
      [svmDomain, lamports],
      [cairoDomain, fri],
      [fuelDomain, amount],
      [evmDomain, wei],
    ].map(([domain, paid]) => ({ domain, amount: String(paid), deposited: String(paid) }));
    for (const api of apis()) {
      await until(`the deposits at ${api}`, async () => {
        const answer = await fetch(`${api}/v1/sponsors/${toHex(newcomer.sponsor)}`);
        const { balances: credited } = (await answer.json()) as { balances: unknown };
        return JSON.stringify(credited) === JSON.stringify(expected);
      });
    }
    const done = await (await (await pay()).send()).certified();
    expect(done).toMatchObject({ status: "committed", charged: [] });

    const request = { domain: evmDomain, recipient: new Uint8Array(20).fill(0x77), amount: wei };
    await expect(lockstep.withdraw({ ...request, sponsor: sponsorAt(9) })).rejects.toMatchObject({
      code: "insufficient_funds",
    });
    const id = await lockstep.withdraw({ ...request, sponsor: newcomer });
    await until("the withdrawal in the order", async () => {
      const answer = await fetch(`${apis()[1]}/v1/transactions/${toHex(id)}`);
      return answer.ok && ((await answer.json()) as { status: string }).status === "executed";
    });
    const afterwards = payFour(lockstep, newcomer, wallets, strangers(91));
    await expect((await afterwards).send()).rejects.toMatchObject({ code: "bundle_unfunded" });
  }, 120_000);
});

describe("a flash loan taken on one VM and used on another", () => {
  const ethersPerSol = (ethers: number): bigint => BigInt(ethers * 1000) * 10n ** 6n;

  test("is repaid in the same block with a profit, and leaves no trace where there would be none", async () => {
    const deployer = walletsAt(8);
    const { lender, program, borrower } = await deployFlashLoan(deployer);
    const [cheap, dear, fair] = [
      await openDesk(deployer, program, ethersPerSol(0.04)),
      await openDesk(deployer, program, ethersPerSol(0.05)),
      await openDesk(deployer, program, ethersPerSol(0.04)),
    ];
    const trade = (at: Desk) =>
      arbitrage(lockstep, sponsorAt(8), {
        ...{ wallet: deployer.evm, svm: { domain: svmDomain, ...deployer.svm }, contract: borrower },
        ...{ amount: parseEther("1"), cheap, dear: at },
      });
    const { address } = deployer.evm.account;
    const all = async (desks: readonly Desk[]) => [
      await evm().getTransactionCount({ address }),
      ...(await Promise.all(
        [address, lender, borrower, ...desks.map(({ contract }) => contract)].map((each) =>
          evm().getBalance({ address: each }),
        ),
      )),
      ...(await Promise.all(
        [deployer.svm.keypair.publicKey, ...desks.map(({ vault }) => vault)].map((each) => svm().getBalance(each)),
      )),
    ];

    const foretold = await (await trade(dear)).simulate();
    expect(foretold).toMatchObject({ committed: true, charged: [] });
    expect(foretold.legs.map(({ sent, consumed }) => [sent.length, consumed.length])).toEqual([
      [2, 0],
      [1, 1],
      [0, 2],
    ]);
    const desks = [cheap, dear];
    const before = await all(desks);
    const done = await (await (await (await trade(dear)).approve()).send()).certified();
    expect(done.status).toBe("committed");
    const [count, wallet = 0, loans = 0, , paidIn = 0, paidOut = 0, , sold = 0, bought = 0] = (await all(desks)).map(
      (now, i) => (typeof now === "bigint" ? now - (before[i] as bigint) : now - (before[i] as number)),
    );
    expect(count).toBe(2);
    const profit = parseEther("0.25") - parseEther("0.001");
    expect(wallet).toBeLessThan(profit);
    expect(wallet).toBeGreaterThan(profit - parseEther("0.01"));
    expect(loans).toBe(parseEther("0.001"));
    expect([paidIn, paidOut]).toEqual([parseEther("1"), -parseEther("1.25")]);
    expect([sold, bought]).toEqual([-25 * 10 ** 9, 25 * 10 ** 9]);

    const twins = [cheap, fair];
    const untouched = await all(twins);
    const foreseen = await (await trade(fair)).simulate();
    expect(foreseen.failure).toMatchObject({
      code: "leg_failed",
      leg: 2,
      message: expect.stringMatching(/Unprofitable|reverted/),
    });
    const undone = await (await (await (await trade(fair)).approve()).send()).certified();
    expect(undone).toMatchObject({ status: "aborted", reason: "leg_failed", failedLeg: 2 });
    expect(await all(twins)).toEqual(untouched);
  }, 120_000);
});

describe("lockstep bundle", () => {
  /** The bundle that the help shows, as a file. */
  const shownFile = async (): Promise<string> => {
    const { out } = await command("bundle", "--help");
    const [, shown = ""] = /cat > bundle\.json <<'END'\n([\s\S]*?)\n\s*END\n/.exec(out) ?? [];
    const file = join(network.dataDir, "bundle.json");
    await writeFile(file, shown);
    return file;
  };

  test("simulates, sends and shows what its help shows", async () => {
    const file = await shownFile();
    const [api = ""] = apis();
    const simulated = await command("bundle", "simulate", api, "--file", file);
    expect(simulated).toMatchObject({ code: 0, err: "" });
    expect(simulated.out).toMatch(/would be committed\n {2}leg 0: succeeds, 25300 gas of at most/);
    const sent = await command("bundle", "send", api, "--file", file);
    expect(sent).toMatchObject({ code: 0, err: expect.stringMatching(/sent; waiting until it is certified/) });
    const [, id = ""] = /^(0x[0-9a-f]{64}) committed at height \d+\n {2}leg 0, domain 31337: 0x/.exec(sent.out) ?? [];
    const shown = await command("bundle", "status", apis()[2] ?? "", id, "--json");
    expect(shown.code).toBe(0);
    expect(JSON.parse(shown.out)).toMatchObject({ id, status: "committed", charged: [] });
    const unknown = await command("bundle", "status", api, `0x00${"12".repeat(31)}`);
    expect(unknown).toMatchObject({ code: 1, err: expect.stringMatching(/knows no bundle/) });
  }, 60_000);
});

describe("kill -9 in the middle of bundles", () => {
  /** Pays in bundles, one after the other, until told to stop; the nonce of each leg's owner says that none is lost. */
  const keepPaying = (index: number, isOver: () => boolean) => {
    const sent: SentBundle[] = [];
    const run = async (): Promise<SentBundle[]> => {
      while (!isOver()) {
        const approved = await payFour(lockstep, sponsorAt(index), walletsAt(index), strangers(100 + index));
        const bundle = await approved.send();
        expect(await bundle.settled()).toMatchObject({ status: "committed" });
        sent.push(bundle);
      }
      return sent;
    };
    return run();
  };

  test("of every executor of a validator, and of the validator, changes nothing", async () => {
    let isOver = false;
    const paying = [5, 6, 7].map((index) => keepPaying(index, () => isOver));
    const failed = Promise.all(paying);
    failed.catch(() => {});
    const victim = network.pids()[3] ?? 0;
    const executors = executorsOf(victim);
    expect(executors.length).toBeGreaterThanOrEqual(4);
    for (const executor of executors) {
      process.kill(executor, "SIGKILL");
      await until("a new executor", async () => !isAlive(executor) && executorsOf(victim).length === executors.length);
      await allReach(apis(), (await heightOf(apis())) + 2);
    }
    process.kill(network.pids()[2] ?? 0, "SIGKILL");
    await network.event("validator_restarted");
    await allReach(apis(), (await heightOf(apis())) + 2);
    isOver = true;
    const sent = (await failed).flat();
    expect(sent.length).toBeGreaterThan(executors.length);

    for (const index of [5, 6, 7]) {
      const count = BigInt((await paying[index - 5])?.length ?? 0);
      const paid = strangers(100 + index);
      expect(await balances(paid)).toEqual(
        [paid.evm.wei, paid.svm.lamports, paid.cairo.fri, paid.fuel.amount].map((amount) => amount * count),
      );
    }
    for (const { id, certified } of sent) {
      const mine = await certified();
      for (const api of apis()) expect(await (await connect(api)).bundle(id).certified()).toEqual(mine);
    }
    await expectSameChain(apis(), await heightOf(apis()));
  }, 180_000);
});

test("the EVM tenant comes to the same on another EVM, with the legs of all these bundles among its inputs", async () => {
  const { trustedRoot } = network.ready;
  const domain = ["--domain", String(evmDomain)];
  const { code, out, err } = await command("replay", apis()[1] ?? "", "--trust", trustedRoot, ...domain, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const [line = ""] = out.trim().split("\n").slice(-1);
  const replayed = JSON.parse(line) as { equal: boolean; transactions: number };
  expect(replayed.equal).toBe(true);
  expect(replayed.transactions).toBeGreaterThan(15);
}, 120_000);
