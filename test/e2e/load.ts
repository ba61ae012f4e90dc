/** Light load on a network: a few clients, each with one transaction under way at a time. */
import { randomBytes } from "node:crypto";
import { privateKeyToAccount } from "viem/accounts";
import type { Account } from "../../devnet/accounts.ts";
import type { DevnetReady } from "../../devnet/ready.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { pause, rpc, submit } from "./api.ts";

export const dataDomain = 1;
export const evmDomain = 31337;

const sink: Hex = "0x00000000000000000000000000000000000051f7";
/** Between two transactions of one client. */
const restMs = 60;

export type Acknowledged = { domain: number; nativeId: Hex };

/** Where one validator takes transactions in. */
type Entrance = { api: string; rpc: string };

const entrancesOf = ({ validators }: DevnetReady): Entrance[] =>
  validators.map(({ api, tenants }) => ({
    api,
    rpc: tenants.find(({ domain }) => domain === evmDomain)?.rpc ?? "",
  }));

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
  transaction(): Promise<Hex>;
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
      const { result, error } = await rpc(entrance.rpc, "eth_sendRawTransaction", transaction);
      return wordOf(result, error);
    },
    settled: () => {
      signed = undefined;
      nonce++;
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

/** One EVM client for each account, and as many clients of the data tenant. */
export const createLoad = (accounts: readonly Account[]): Load => {
  const clients = [...accounts.map(evmClient), ...accounts.map(dataClient)];
  const acknowledged: Acknowledged[] = [];
  const refused: string[] = [];
  let isRunning = false;
  let work: Promise<unknown> = Promise.resolve();

  const run = async (client: Client, entrances: readonly Entrance[], first: number): Promise<void> => {
    for (let at = first; isRunning; await pause(restMs)) {
      const transaction = await client.transaction();
      const entrance = entrances[at % entrances.length] as Entrance;
      const word = await client.offer(entrance, transaction).catch((): Word => "gone");
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
