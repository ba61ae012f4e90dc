/** Rollups that register themselves while a network runs, and what their owners do with them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, Keypair, SystemProgram, sendAndConfirmTransaction, Transaction } from "@solana/web3.js";
import { createPublicClient, createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readKeyFile } from "../../cli/keyFile.ts";
import { main } from "../../cli/main.ts";
import { evmAccounts, svmAccounts } from "../../devnet/accounts.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { asDomain, asRoot } from "../../protocol/ids.ts";
import { decodeWire, TenantsWire } from "../../protocol/wire.ts";
import { signControl } from "../../sequencer/control/commands.ts";
import { registrationOf } from "../fixtures/registration.ts";
import { isQuiet } from "../fixtures/svmSocket.ts";
import { until } from "./api.ts";
import { gone, lockstep } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { evmDomain } from "./domains.ts";
import { createLoad, type Load } from "./load.ts";

const domain = 31338;
const svmDomain = 502;
const accounts = evmAccounts(4).map(({ privateKey }) => privateKeyToAccount(privateKey));
const [alice, bob] = [accounts[2], accounts[3]] as [(typeof accounts)[number], (typeof accounts)[number]];
const ether = 10n ** 18n;
const recipient = "0x00000000000000000000000000000000000051f7";
const sol = 1_000_000_000;
const [carol, dave] = [Keypair.generate(), Keypair.generate()];

let folder: string;
let network: Devnet;
let load: Load;
const file = (name: string): string => join(folder, name);
const apis = (): string[] => network.ready.validators.map(({ api }) => api);
const api = (index = 0): string => apis()[index] ?? "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lockstep-"));
  network = await startDevnet({ flags: ["--tenants", "data,evm,svm"] });
  load = createLoad({ evm: evmAccounts(2), svm: svmAccounts(1) });
  load.start(network.ready);
  for (const name of ["owner.json", "stranger.json"]) await lockstep("keys", "new", file(name));
  const alloc = Object.fromEntries([alice, bob].map(({ address }) => [address, { balance: String(10n * ether) }]));
  const genesis = { chainId: domain, feeRecipient: `0x${"fe".repeat(20)}`, alloc };
  await writeFile(file("genesis.json"), JSON.stringify(genesis));
  const feeRecipient = Keypair.generate().publicKey.toBase58();
  const svmGenesis = { feeRecipient, accounts: { [carol.publicKey.toBase58()]: String(100 * sol) } };
  await writeFile(file("svm-genesis.json"), JSON.stringify(svmGenesis));
});
afterAll(async () => {
  await load?.stop();
  await until("WebSockets are closed", async () => connections.every(isQuiet));
  await network?.remove();
  await rm(folder, { recursive: true });
});

/** The command without a process of its own. */
const tenant = async (...args: string[]) => {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(["tenant", ...args], { out: (text) => out.push(text), err: (text) => void err.push(text) });
  return { code, out: out.join(""), err: err.join("") };
};
const key = (name = "owner.json"): string[] => ["--key", file(name)];
const claim = (number: number, name: string, ...flags: string[]): string[] => [
  ...["--domain", String(number), "--name", name],
  ...flags,
];
const second = (...flags: string[]): string[] => [
  ...claim(domain, "second", "--vm", "evm", "--genesis", file("genesis.json"), "--port", "8546", ...key()),
  ...flags,
];

const listAt = async (at: string): Promise<TenantsWire> => {
  const decoded = decodeWire(TenantsWire, await (await fetch(`${at}/v1/tenants`)).json());
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
};

/** Where a validator serves a new tenant, once it does. */
const servedAt = (at: string, which = domain): Promise<string> =>
  until(`${at} serves ${which}`, async () => (await listAt(at)).find((each) => each.domain === which)?.rpc);

const connections: Connection[] = [];
const connect = (url: string): Connection => {
  const connection = new Connection(url, "confirmed");
  connections.push(connection);
  return connection;
};

/** Sends, and hears of the confirmation over the WebSocket. */
const paySol = (connection: Connection, lamports: number): Promise<string> =>
  sendAndConfirmTransaction(
    connection,
    new Transaction().add(SystemProgram.transfer({ fromPubkey: carol.publicKey, toPubkey: dave.publicKey, lamports })),
    [carol],
    { commitment: "confirmed" },
  );
const balanceAt = (url: string): Promise<number> => connect(url).getBalance(dave.publicKey);

const chainAt = (url: string) =>
  defineChain({
    id: domain,
    name: "second",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
const readerAt = (url: string) => createPublicClient({ transport: http(url), pollingInterval: 100 });
const walletAt = (url: string, account = alice) =>
  createWalletClient({ account, chain: chainAt(url), transport: http(url) });

describe("a rollup of its own", () => {
  test("registers under load, becomes active, and viem uses it at every validator", async () => {
    const before = load.acknowledged.length;
    const { code, out, err } = await lockstep(
      "tenant",
      "register",
      api(),
      ...second("--writer", alice.address, "--wait", "--json"),
    );
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ domain, status: "active", rpc: await servedAt(api()) });

    const urls = await Promise.all(apis().map((at) => servedAt(at)));
    for (const [i, url] of urls.entries()) {
      expect(await readerAt(url).getChainId()).toBe(domain);
      const hash = await walletAt(url).sendTransaction({ to: recipient, value: BigInt(i + 1) });
      for (const other of urls) {
        const receipt = await readerAt(other).waitForTransactionReceipt({ hash });
        expect([receipt.status, receipt.from]).toEqual(["success", alice.address.toLowerCase()]);
      }
    }
    const balances = urls.map((url) => readerAt(url).getBalance({ address: recipient }));
    expect(await Promise.all(balances)).toEqual([10n, 10n, 10n, 10n]);
    await until("the others' load goes on", async () => load.acknowledged.length > before + 20);
    expect(load.refused).toEqual([]);
  });

  test("is written to by its writers alone", async () => {
    const sent = walletAt(await servedAt(api(1)), bob).sendTransaction({ to: recipient, value: 1n });
    await expect(sent).rejects.toThrow(/sender may not write to this chain/);
  });

  test("is proven from a trusted root, with its genesis", async () => {
    const trust = ["--trust", network.ready.trustedRoot];
    const shown = await tenant("show", api(3), String(domain), ...trust, "--json");
    expect(JSON.parse(shown.out)).toMatchObject({
      proven: true,
      name: "second",
      status: "active",
      writers: [alice.address],
    });
    expect(JSON.parse(JSON.parse(shown.out).genesis)).toMatchObject({ chainId: domain });
    const { code, out } = await lockstep("verify", api(2), ...trust, "--tenant", String(domain));
    expect([code, out]).toEqual([0, expect.stringContaining(`tenant ${domain} (second, evm) is active`)]);
    const account = await lockstep("verify", api(2), ...trust, "--account", `${domain}:${recipient}`);
    expect([account.code, account.out]).toEqual([0, expect.stringContaining("0.00000000000000001 ETH")]);
  });

  test("is paused by its owner, takes nothing, and resumes", async () => {
    const paused = await tenant("pause", api(1), String(domain), ...key());
    expect([paused.code, paused.out]).toEqual([0, expect.stringMatching(/is paused after height \d+/)]);
    const wallet = walletAt(await servedAt(api(1)));
    await expect(wallet.sendTransaction({ to: recipient, value: 1n })).rejects.toThrow(/paused/);
    expect((await tenant("resume", api(1), String(domain), ...key())).code).toBe(0);
    const hash = await wallet.sendTransaction({ to: recipient, value: 1n });
    const { status } = await readerAt(await servedAt(api(1))).waitForTransactionReceipt({ hash });
    expect(status).toBe("success");
  });
});

describe("a second rollup on Solana's VM", () => {
  test("registers under load, beside the first, and @solana/web3.js uses it at every validator", async () => {
    const before = load.acknowledged.filter((each) => each.domain === 501).length;
    const claimed = claim(svmDomain, "second-svm", "--vm", "svm", "--genesis", file("svm-genesis.json"), ...key());
    const registered = await tenant("register", api(1), ...claimed, "--port", "8903", "--wait", "--json");
    expect([registered.code, registered.err]).toEqual([0, ""]);
    expect(JSON.parse(registered.out)).toMatchObject({ domain: svmDomain, status: "active" });

    const urls = await Promise.all(apis().map((at) => servedAt(at, svmDomain)));
    for (const [i, url] of urls.entries()) {
      const signature = await paySol(connect(url), sol + i);
      for (const other of urls) {
        await expect
          .poll(async () => (await connect(other).getSignatureStatus(signature)).value?.err, { timeout: 60_000 })
          .toBe(null);
      }
    }
    expect(await Promise.all(urls.map(balanceAt))).toEqual(urls.map(() => 4 * sol + 6));
    const first = network.ready.tenants.find((each) => each.domain === 501)?.rpc ?? "";
    const [here, there] = [connect(urls[0] ?? ""), connect(first)];
    expect(await here.getGenesisHash()).not.toBe(await there.getGenesisHash());
    expect(await there.getBalance(carol.publicKey)).toBe(0);
    await until("the first one's load goes on", async () => {
      return load.acknowledged.filter((each) => each.domain === 501).length > before + 10;
    });
    expect(load.refused).toEqual([]);
  });

  test("is proven from a trusted root, with its genesis and an account", async () => {
    const trust = ["--trust", network.ready.trustedRoot];
    const shown = JSON.parse((await tenant("show", api(3), String(svmDomain), ...trust, "--json")).out);
    expect(shown).toMatchObject({ proven: true, name: "second-svm", status: "active" });
    expect(JSON.parse(shown.genesis).accounts).toEqual({ [carol.publicKey.toBase58()]: String(100 * sol) });
    const account = `${svmDomain}:${dave.publicKey.toBase58()}`;
    const flags = ["--tenant", String(svmDomain), "--account", account];
    const { code, out } = await lockstep("verify", api(2), ...trust, ...flags);
    expect([code, out]).toEqual([0, expect.stringContaining(`tenant ${svmDomain} (second-svm, svm) is active`)]);
    expect(out).toMatch(
      new RegExp(`proven: account ${dave.publicKey.toBase58()} of tenant ${svmDomain} has 4.000000006 SOL`),
    );
  });
});

test("of two who claim a domain at once one has it, everywhere", async () => {
  const race = [
    ["owner.json", 0],
    ["stranger.json", 3],
  ] as const;
  const claims = race.map(([name, at]) =>
    tenant("register", api(at), ...claim(7, "contested", "--vm", "data", ...key(name))),
  );
  const ends = await Promise.all(claims);
  expect(ends.map(({ code }) => code).toSorted()).toEqual([0, 1]);
  const winner = ends.findIndex(({ code }) => code === 0);
  expect(ends[1 - winner]?.err).toMatch(/^lockstep: .*has or had this domain/);
  const { publicKey } = await readKeyFile(file(race[winner]?.[0] ?? ""));
  for (const at of apis()) {
    const owner = await until(
      `${at} lists domain 7`,
      async () => (await listAt(at)).find((each) => each.domain === 7)?.owner,
    );
    expect(toHex(owner)).toBe(toHex(publicKey));
  }
});

describe("is refused with a reason", () => {
  const refused = async (reason: RegExp, verb: string, ...args: string[]): Promise<void> => {
    const { code, out, err } = await tenant(verb, api(2), ...args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^lockstep: [^\n]{30,}\n$/);
    expect(err).toMatch(reason);
  };

  test("what is taken, malformed, or somebody else's", async () => {
    const evm = ["--vm", "evm", "--genesis", file("genesis.json"), ...key()];
    await refused(/has or had this domain/, "register", ...claim(evmDomain, "usurper", ...evm));
    await refused(/another tenant has this port/, "register", ...claim(31339, "third", ...evm, "--port", "8546"));
    await refused(/chainId 31338 is not the tenant's domain, 31339/, "register", ...claim(31339, "third", ...evm));
    await refused(/lower-case/, "register", ...claim(8, "Third", "--vm", "data", ...key()));
    await refused(/no senders/, "register", ...claim(8, "notes", "--vm", "data", "--writer", "alice", ...key()));
    await refused(/config of a Cairo tenant/, "register", ...claim(9005, "cairo", ...evm, "--vm", "cairo"));
    await refused(/signature of the tenant's owner/, "pause", String(domain), ...key("stranger.json"));
    await refused(/can't go from its present status/, "resume", String(domain), ...key());
    await refused(/No tenant has domain 99/, "retire", "99", ...key());
  });

  test("a VM that this version does not know", async () => {
    const signer = await readKeyFile(file("owner.json"));
    const value = { ...registrationOf(asDomain(9), "data", { owner: signer.publicKey }), vm: 77 };
    const body = { kind: "register", value } as const;
    const genesis = asRoot(Buffer.from(network.ready.genesis.slice(2), "hex"));
    const transaction = signControl(signer, genesis, body);
    const response = await fetch(`${api()}/v1/control`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ transaction: toHex(transaction) }),
    });
    expect([response.status, (await response.json()).error.code]).toEqual([422, "unknown_vm"]);
  });
});

test("all of it is still there when every validator was killed", async () => {
  await load.stop();
  await until("WebSockets are closed", async () => connections.every(isQuiet));
  const rows = (list: TenantsWire) =>
    list.map(({ domain, name, status, owner, sequence }) => [domain, name, status, toHex(owner), sequence]);
  const before = rows(await listAt(api()));
  const nonce = await readerAt(await servedAt(api())).getTransactionCount({ address: alice.address });
  const pids = [network.pid, ...network.pids()];
  await network.kill();
  await gone(pids);

  network = await startDevnet({ dataDir: network.dataDir });
  for (const at of apis()) {
    const url = await servedAt(at);
    // A validator starts from what it had settled and executed: it may have to catch up with the others first.
    await expect.poll(async () => rows(await listAt(at)), { timeout: 60_000 }).toEqual(before);
    const count = () => readerAt(url).getTransactionCount({ address: alice.address });
    await expect.poll(count, { timeout: 60_000 }).toBe(nonce);
    const svm = await servedAt(at, svmDomain);
    await expect.poll(() => balanceAt(svm), { timeout: 60_000 }).toBe(4 * sol + 6);
  }
  const hash: Hex = await walletAt(await servedAt(api())).sendTransaction({ to: recipient, value: 1n });
  const { status } = await readerAt(await servedAt(api(3))).waitForTransactionReceipt({ hash });
  expect(status).toBe("success");
  await paySol(connect(await servedAt(api(2), svmDomain)), sol);
  await expect.poll(async () => balanceAt(await servedAt(api(1), svmDomain)), { timeout: 60_000 }).toBe(5 * sol + 6);
});
