/** Clients of a load: each makes one transaction of its VM after the other, and offers it to a validator. */
import { randomBytes } from "node:crypto";
import { Keypair, SystemProgram, Transaction } from "@solana/web3.js";
import { privateKeyToAccount } from "viem/accounts";
import { strkAddress } from "../../adapters/cairo/genesis.ts";
import { invoke } from "../../adapters/cairo/testChain.ts";
import { bytesOf } from "../../adapters/fuel/codec.ts";
import { idOf, pay, script, sign, spend } from "../../adapters/fuel/testChain.ts";
import type { UtxoId } from "../../adapters/fuel/transaction.ts";
import { fromBase58 } from "../../adapters/svm/base58.ts";
import type { Account, CairoAccount, SvmAccount } from "../../devnet/accounts.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { rpc, transaction as statusOf, submit } from "./api.ts";
import { cairoDomain, dataDomain, evmDomain, fuelDomain, svmDomain } from "./domains.ts";

const sink: Hex = "0x00000000000000000000000000000000000051f7";

/** Where one validator takes transactions in. */
export type Entrance = { api: string; evm: string; svm: string; fuel: string };

/** What a validator said to a transaction; `gone` when it can't answer for it. */
export type Word = { taken: Hex } | { known: string } | { refused: string } | "gone";

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

const offerTo = async ({ api }: Entrance, domain: number, transaction: Hex): Promise<Word> => {
  const [answer] = await submit(api, domain, transaction);
  return wordOf(answer?.nativeId, answer?.error);
};

export type Client = {
  domain: number;
  /** The next transaction: the same bytes until a validator has taken it. Rejects where an entrance can't tell. */
  transaction(entrance: Entrance): Promise<Hex>;
  offer(entrance: Entrance, transaction: Hex): Promise<Word>;
  settled(): void;
};

export const evmClient = ({ privateKey }: Account): Client => {
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
export const svmClient = ({ secretKey }: SvmAccount): Client => {
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
    offer: (entrance, transaction) => offerTo(entrance, svmDomain, transaction),
    settled: () => {
      signed = undefined;
      lamports++;
    },
  };
};

export const cairoClient = (account: CairoAccount): Client => {
  let nonce = 0;
  let signed: Hex | undefined;
  return {
    domain: cairoDomain,
    transaction: async () => {
      const transfer = { to: strkAddress, entrypoint: "transfer", calldata: [sink, 1n, 0] };
      signed ??= toHex(invoke(account, { nonce }, transfer).bytes);
      return signed;
    },
    offer: (entrance, transaction) => offerTo(entrance, cairoDomain, transaction),
    settled: () => {
      signed = undefined;
      nonce++;
    },
  };
};

type OwnCoin = { utxoId: UtxoId; amount: bigint };

const firstCoin = async ({ fuel }: Entrance, owner: Hex): Promise<OwnCoin> => {
  const query = `{ coins(filter: { owner: "${owner}" }, first: 1) { nodes { utxoId amount } } }`;
  const response = await fetch(fuel, { method: "POST", body: JSON.stringify({ query }) });
  const { data } = (await response.json()) as { data: { coins: { nodes: { utxoId: Hex; amount: string }[] } } };
  const [coin] = data.coins.nodes;
  if (coin === undefined) throw new Error(`${owner} has no coin`);
  const utxoId = { txId: coin.utxoId.slice(0, 66) as Hex, index: Number.parseInt(coin.utxoId.slice(66), 16) };
  return { utxoId, amount: BigInt(coin.amount) };
};

/** Pays one coin to itself over and over, with all that it may cost as the fee: so it knows what it gets. */
export const fuelClient = ({ address, privateKey }: Account): Client => {
  const fee = 1_000_000n;
  const owner = { address, secret: bytesOf(privateKey) };
  let coin: OwnCoin | undefined;
  let previous: Hex | undefined;
  let next: { id: Hex; amount: bigint; bytes: Hex } | undefined;
  return {
    domain: fuelDomain,
    transaction: async (entrance) => {
      if (next !== undefined) return next.bytes;
      if (previous !== undefined) {
        const found = await statusOf(entrance.api, fuelDomain, previous);
        if (found?.status !== "executed") throw new Error("this validator has not executed what is spent next");
      }
      coin ??= await firstCoin(entrance, address);
      const amount = coin.amount - fee;
      const draft = script({ inputs: [spend(owner, coin.utxoId, coin.amount)], outputs: [pay(address, amount)] });
      next = { id: idOf(draft), amount, bytes: toHex(sign(draft, owner)) };
      return next.bytes;
    },
    offer: async (entrance, transaction) => {
      const word = await offerTo(entrance, fuelDomain, transaction);
      if (word === "gone" || !("refused" in word) || next === undefined) return word;
      // Its own coin is spent where it was executed.
      const found = await statusOf(entrance.api, fuelDomain, next.id);
      return found === undefined ? word : { known: word.refused };
    },
    settled: () => {
      if (next === undefined) return;
      previous = next.id;
      coin = { utxoId: { txId: next.id, index: 0 }, amount: next.amount };
      next = undefined;
    },
  };
};

export const dataClient = (): Client => {
  let bytes: Hex | undefined;
  return {
    domain: dataDomain,
    transaction: async () => {
      bytes ??= toHex(randomBytes(48));
      return bytes;
    },
    offer: (entrance, transaction) => offerTo(entrance, dataDomain, transaction),
    settled: () => {
      bytes = undefined;
    },
  };
};
