/** Light load on a network: a few clients, each with one transaction under way at a time. */
import { randomBytes } from "node:crypto";
import { Keypair, SystemProgram, Transaction } from "@solana/web3.js";
import { privateKeyToAccount } from "viem/accounts";
import { fromBase58 } from "../../adapters/svm/base58.ts";
import type { Account, Accounts, SvmAccount } from "../../devnet/accounts.ts";
import type { DevnetReady } from "../../devnet/ready.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { pause, rpc, submit } from "./api.ts";

export const dataDomain = 1;
export const svmDomain = 501;
export const evmDomain = 31337;

const sink: Hex = "0x00000000000000000000000000000000000051f7";
/** Between two transactions of one client. */
const restMs = 60;

export type Acknowledged = { domain: number; nativeId: Hex };

/** Where one validator takes transactions in. */
type Entrance = { api: string; evm: string; svm: string };

const entrancesOf = ({ validators }: DevnetReady): Entrance[] =>
  validators.map(({ api, tenants }) => {
    const rpcOf = (domain: number): string => tenants.find((each) => each.domain === domain)?.rpc ?? "";
    return { api, evm: rpcOf(evmDomain), svm: rpcOf(svmDomain) };
  });

/** What a validator said to a transaction; `gone` when it can't answer for it. */
type Word = { taken: Hex } | { known: string } | { refused: string } | "gone";

/** A resubmitted transaction is refused with these when a validator has taken it before. */
const alreadyTaken = /already known|already_known|nonce too low/;
/** Too few others answered to acknowledge it, or the tenant's executor is away. */
const notAcknowledged = /confirmed the transaction in time|executor is being restarted|heights behind/;

const wordOf = (nativeId: unknown, error: { message: string } | undefined): Word => {
  if (typeof nativeId === "string") return { taken: nativeId as Hex };
  const message = error?.message ?? "an answer with neither result nor error";
  if (notAcknowledged.test(message)) return "gone";
  return alreadyTaken.test(message) ? { known: message } : { refused: message };
};

type Client = {
  domain: number;
  /** The next transaction: the same bytes until a validator has taken it. */
  transaction(entrance: Entrance): Promise<Hex>;
  offer(entrance: Entrance, transaction: Hex): Promise<Word>;
  settled(): void;
};

const evmClient = ({ privateKey }: Account): Client => {
  const account = privateKeyToAccount(privateKey);
  let nonce = 0;
  let signed: Hex | undefined;
  return {
    domain: evmDomain,
    transaction: async () => {
      signed ??= await account.signTransaction({
        type: "eip1559",
        chainId: evmDomain,
        nonce,
        to: sink,
        value: 1n,
        gas: 21_000n,
        maxFeePerGas: 100n * 10n ** 9n,
        maxPriorityFeePerGas: 10n ** 9n,
      });
      return signed;
    },
    offer: async (entrance, transaction) => {
      const { result, error } = await rpc(entrance.evm, "eth_sendRawTransaction", transaction);
      return wordOf(result, error);
    },
    settled: () => {
      signed = undefined;
      nonce++;
    },
  };
};

/** Pays itself, a different amount each time. */
const svmClient = ({ secretKey }: SvmAccount): Client => {
  const account = Keypair.fromSecretKey(fromBase58(secretKey, 64) ?? new Uint8Array());
  const { publicKey } = account;
  let lamports = 0;
  let signed: Hex | undefined;
  return {
    domain: svmDomain,
    transaction: async ({ svm }) => {
      if (signed !== undefined) return signed;
      const { result } = await rpc(svm, "getLatestBlockhash", { commitment: "confirmed" });
      const { blockhash } = (result as { value: { blockhash: string } }).value;
      const transfer = SystemProgram.transfer({ fromPubkey: publicKey, toPubkey: publicKey, lamports });
      const transaction = new Transaction({ recentBlockhash: blockhash, feePayer: publicKey }).add(transfer);
      transaction.sign(account);
      signed = toHex(Uint8Array.from(transaction.serialize()));
      return signed;
    },
    offer: async ({ api }, transaction) => {
      const [answer] = await submit(api, svmDomain, transaction);
      return wordOf(answer?.nativeId, answer?.error);
    },
    settled: () => {
      signed = undefined;
      lamports++;
    },
  };
};

const dataClient = (): Client => {
  let bytes: Hex | undefined;
  return {
    domain: dataDomain,
    transaction: async () => {
      bytes ??= toHex(randomBytes(48));
      return bytes;
    },
    offer: async (entrance, transaction) => {
      const [answer] = await submit(entrance.api, dataDomain, transaction);
      return wordOf(answer?.nativeId, answer?.error);
    },
    settled: () => {
      bytes = undefined;
    },
  };
};

export type Load = {
  /** Every transaction that a validator acknowledged. */
  readonly acknowledged: readonly Acknowledged[];
  /** Refusals that no client deserved. */
  readonly refused: readonly string[];
  /** Turns the clients to a network: client i enters at validator i first, and at the next where one is silent. */
  start(network: DevnetReady): void;
  /** Resolves when nothing is under way. What was not acknowledged is offered again after the next start. */
  stop(): Promise<void>;
};

/** One client for each account, and as many of the data tenant as of the EVM. */
export const createLoad = ({ evm = [], svm = [] }: Accounts): Load => {
  const clients = [...evm.map(evmClient), ...svm.map(svmClient), ...evm.map(dataClient)];
  const acknowledged: Acknowledged[] = [];
  const refused: string[] = [];
  let isRunning = false;
  let work: Promise<unknown> = Promise.resolve();

  const run = async (client: Client, entrances: readonly Entrance[], first: number): Promise<void> => {
    for (let at = first; isRunning; await pause(restMs)) {
      const entrance = entrances[at % entrances.length] as Entrance;
      const offered = client.transaction(entrance).then((transaction) => client.offer(entrance, transaction));
      const word = await offered.catch((): Word => "gone");
      if (word === "gone") {
        at++;
        continue;
      }
      if ("refused" in word) {
        refused.push(word.refused);
        continue;
      }
      if ("taken" in word) acknowledged.push({ domain: client.domain, nativeId: word.taken });
      client.settled();
    }
  };

  return {
    acknowledged,
    refused,
    start: (network) => {
      isRunning = true;
      const entrances = entrancesOf(network);
      work = Promise.all(clients.map((client, index) => run(client, entrances, index)));
    },
    stop: async () => {
      isRunning = false;
      await work;
    },
  };
};
