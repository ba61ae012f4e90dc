/** All four VMs on one network: in one block, through a power cut, and proven from one trusted root. */
import { Connection, Keypair, SystemProgram, Transaction } from "@solana/web3.js";
import { bn, Provider, ScriptTransactionRequest, type TransactionRequestLike, Wallet } from "fuels";
import { Account, CallData, ETransactionVersion, logger, RpcProvider } from "starknet";
import { createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, expect, test } from "vitest";
import { strkAddress } from "../../adapters/cairo/genesis.ts";
import { invoke } from "../../adapters/cairo/testChain.ts";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import { fromBase58 } from "../../adapters/svm/base58.ts";
import { cairoAccounts, evmAccounts, fuelAccounts, svmAccounts } from "../../devnet/accounts.ts";
import type { DevnetReady } from "../../devnet/ready.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { allReach, chainOf, expectExecuted, expectSameChain, heightOf } from "./agreement.ts";
import { submit, transaction, until } from "./api.ts";
import { gone, lockstep } from "./commands.ts";
import { type Devnet, startDevnet } from "./devnet.ts";
import { cairoDomain, evmDomain, fuelDomain, svmDomain } from "./domains.ts";
import { type Acknowledged, createLoad } from "./load.ts";
import { accusations } from "./logs.ts";
import { executorsOf } from "./processes.ts";

logger.setLogLevel("OFF");

/** Clients of the load, and one account more of each VM for its library. */
const loadClients = 2;
const mostRounds = 20;
const domains = [evmDomain, svmDomain, cairoDomain, fuelDomain];

const at = <T>(accounts: readonly T[]): T => accounts[loadClients] as T;
const [ether, sol, strk, fuel] = [at(evmAccounts()), at(svmAccounts()), at(cairoAccounts()), at(fuelAccounts())];

/** A signed transaction: its bytes, and what gives it to a validator as the VM's library does. */
type Prepared = { domain: number; bytes: Hex; send(): Promise<Hex> };

const prepareEvm = async (url: string): Promise<Prepared> => {
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({
    ...{ id: evmDomain, name: "lockstep", nativeCurrency, rpcUrls: { default: { http: [url] } } },
  });
  const account = privateKeyToAccount(ether.privateKey);
  const wallet = createWalletClient({ account, chain, transport: http(url) });
  const request = await wallet.prepareTransactionRequest({ to: account.address, value: 1n });
  const serializedTransaction = await wallet.signTransaction(request);
  return {
    domain: evmDomain,
    bytes: serializedTransaction,
    send: () => wallet.sendRawTransaction({ serializedTransaction }),
  };
};

const prepareSvm = async (url: string): Promise<Prepared> => {
  const connection = new Connection(url, "confirmed");
  const payer = Keypair.fromSecretKey(fromBase58(sol.secretKey, 64) ?? new Uint8Array());
  const { publicKey } = payer;
  const { blockhash } = await connection.getLatestBlockhash();
  const transfer = SystemProgram.transfer({ fromPubkey: publicKey, toPubkey: publicKey, lamports: 1 });
  const signed = new Transaction({ recentBlockhash: blockhash, feePayer: publicKey }).add(transfer);
  signed.sign(payer);
  const send = async (): Promise<Hex> => {
    const signature = await connection.sendRawTransaction(signed.serialize());
    return toHex(fromBase58(signature, 64) ?? new Uint8Array());
  };
  return { domain: svmDomain, bytes: toHex(Uint8Array.from(signed.serialize())), send };
};

const bounds = {
  l1_gas: { max_amount: 0n, max_price_per_unit: 10n ** 9n },
  l1_data_gas: { max_amount: 10_000n, max_price_per_unit: 10n ** 9n },
  l2_gas: { max_amount: 20_000_000n, max_price_per_unit: 10n ** 10n },
};
const prepareCairo = async (url: string): Promise<Prepared> => {
  const provider = new RpcProvider({ nodeUrl: url });
  const account = new Account({ provider, address: strk.address, signer: strk.privateKey });
  const calldata = CallData.compile({ recipient: strk.address, amount: { low: 1n, high: 0n } });
  const nonce = BigInt(await account.getNonce());
  const details = { version: ETransactionVersion.V3, nonce, tip: 0n, resourceBounds: bounds } as const;
  const send = async (): Promise<Hex> => {
    const call = { contractAddress: strkAddress, entrypoint: "transfer", calldata };
    const { transaction_hash } = await account.execute(call, details);
    return `0x${BigInt(transaction_hash).toString(16).padStart(64, "0")}`;
  };
  const transfer = { to: strkAddress, entrypoint: "transfer", calldata: [strk.address, 1n, 0n] };
  return { domain: cairoDomain, bytes: toHex(invoke(strk, { nonce: Number(nonce) }, transfer).bytes), send };
};

const prepareFuel = async (url: string): Promise<Prepared> => {
  const provider = new Provider(url);
  const wallet = Wallet.fromPrivateKey(fuel.privateKey, provider);
  const request = new ScriptTransactionRequest({ gasLimit: 10_000, maxFee: bn(1_000_000) });
  request.addResources(await wallet.getResourcesToSpend([{ assetId: baseAssetId, amount: 2_000_000 }]));
  await request.updateWitnessByOwner(wallet.address, await wallet.signTransaction(request as TransactionRequestLike));
  const send = async () =>
    (await provider.sendTransaction(request as TransactionRequestLike, { estimateTxDependencies: false })).id as Hex;
  return { domain: fuelDomain, bytes: toHex(Uint8Array.from(request.toTransactionBytes())), send };
};

const prepares = new Map([
  [evmDomain, prepareEvm],
  [svmDomain, prepareSvm],
  [cairoDomain, prepareCairo],
  [fuelDomain, prepareFuel],
]);

const apisOf = ({ validators }: DevnetReady): string[] => validators.map(({ api }) => api);

/** A transaction of each VM, made with what each of four validators knows. */
const prepareEach = ({ validators }: DevnetReady): Promise<Prepared[]> =>
  Promise.all(
    [...prepares].map(([domain, prepare], index) => {
      const { rpc = "" } = validators[index]?.tenants.find((tenant) => tenant.domain === domain) ?? {};
      return prepare(rpc);
    }),
  );

/** One transaction of each VM, through the library of each, and each to another validator. */
const sendOfEach = async (ready: DevnetReady): Promise<Acknowledged[]> => {
  const prepared = await prepareEach(ready);
  return Promise.all(prepared.map(async ({ domain, send }) => ({ domain, nativeId: await send() })));
};

/** One transaction of each VM, as bytes, to one validator at the same moment. */
const submitOfEach = async (ready: DevnetReady, api: string): Promise<Acknowledged[]> => {
  const prepared = await prepareEach(ready);
  return Promise.all(
    prepared.map(async ({ domain, bytes }) => {
      const [answer] = await submit(api, domain, bytes);
      if (answer?.nativeId === undefined) throw new Error(`${domain}: ${JSON.stringify(answer)}`);
      return { domain, nativeId: answer.nativeId };
    }),
  );
};

const heightsOf = (api: string, all: readonly Acknowledged[]): Promise<(number | undefined)[]> =>
  Promise.all(all.map(async ({ domain, nativeId }) => (await transaction(api, domain, nativeId))?.height));

/** Sends in rounds until one height has a transaction of each VM; gives the height. */
const sendUntilTogether = async (ready: DevnetReady): Promise<number> => {
  const apis = apisOf(ready);
  for (let round = 0; round < mostRounds; round++) {
    const sent = await submitOfEach(ready, apis[round % apis.length] ?? "");
    await expectExecuted(apis, sent);
    const [height, ...others] = await heightsOf(apis[0] ?? "", sent);
    if (height !== undefined && others.every((other) => other === height)) return height;
  }
  throw new Error(`no height has had all of four transactions in ${mostRounds} rounds`);
};

/** What `lockstep verify` proves of a fact: it takes a moment until the newest state is certified in a final block. */
const verified = ({ trustedRoot, validators }: DevnetReady, words: RegExp, ...fact: string[]): Promise<unknown> =>
  until(`a proof of ${fact.join(" ")}, as ${words}`, async () => {
    const { code, out } = await lockstep("verify", validators[3]?.api ?? "", "--trust", trustedRoot, ...fact);
    return code === 0 && words.test(out) && out;
  });

let network: Devnet | undefined;
afterAll(() => network?.remove());

test("four VMs share blocks, survive a power cut under load, and are proven from one root", async () => {
  const first = await startDevnet();
  network = first;
  const apis = apisOf(first.ready);

  await expectExecuted(apis, await sendOfEach(first.ready));
  const together = await sendUntilTogether(first.ready);
  const before = await expectSameChain(apis, together);

  const load = createLoad({
    ...{ evm: evmAccounts(loadClients), svm: svmAccounts(loadClients) },
    ...{ cairo: cairoAccounts(loadClients), fuel: fuelAccounts(loadClients) },
  });
  const acknowledgesMore = (count: number): Promise<unknown> => {
    const had = load.acknowledged.length;
    const ofEach = () =>
      domains.every((domain) => load.acknowledged.slice(had).filter((each) => each.domain === domain).length >= count);
    return until(`${count} acknowledgements of each VM`, async () => ofEach());
  };
  load.start(first.ready);
  await acknowledgesMore(5);
  expect(load.refused).toEqual([]);
  const seen = await Promise.all(apis.map((api) => chainOf(api)));
  const executors = first.pids().flatMap(executorsOf);
  expect(executors).toHaveLength(domains.length * apis.length);
  for (const pid of executors) process.kill(pid, "SIGKILL");
  await first.kill();
  await gone([...executors, ...first.pids()]);
  await load.stop();

  const second = await startDevnet({ dataDir: first.dataDir });
  network = second;
  load.start(second.ready);
  await acknowledgesMore(3);
  await load.stop();
  expect(load.refused).toEqual([]);
  const apisNow = apisOf(second.ready);
  await expectExecuted(apisNow, load.acknowledged);
  const chain = await expectSameChain(apisNow, await heightOf(apisNow));
  for (const { blocks, summaries } of [before, ...seen]) {
    expect(chain.blocks.slice(0, blocks.length)).toEqual(blocks);
    expect(chain.summaries.slice(0, summaries.length)).toEqual(summaries);
  }

  const again = await sendOfEach(second.ready);
  await expectExecuted(apisNow, again);
  const last = await heightOf(apisNow);
  await allReach(apisNow, last, "certified");
  await expectSameChain(apisNow, last);
  expect(await accusations(second.ready.validators.map(({ dataDir }) => dataDir))).toEqual([]);

  const paid = load.acknowledged.findLast(({ domain }) => domain === fuelDomain)?.nativeId ?? "0x";
  const [nowhere, slot] = [`0x${"77".repeat(32)}`, `0x${"00".repeat(32)}`];
  const facts: [RegExp, string, string][] = [
    [/account .* of tenant 31337 has [0-9.]+ ETH and nonce [1-9]/, "--account", `${evmDomain}:${ether.address}`],
    [/account .* of tenant 501 has [0-9.]+ SOL/, "--account", `${svmDomain}:${sol.address}`],
    [/contract .* of tenant 9004 has class .* and nonce [1-9]/, "--account", `${cairoDomain}:${strk.address}`],
    [/coin .* of tenant 9889 .* is worth \d+/, "--coin", `${fuelDomain}:${paid}0000`],
    [/slot .* of tenant 9889 .* holds nothing/, "--slot", `${fuelDomain}:${nowhere}:${slot}`],
  ];
  for (const [words, ...fact] of facts) await verified(second.ready, words, ...fact);
}, 240_000);
