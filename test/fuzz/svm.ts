/** Solana's transactions, wrong in bytes or in structure, and calls of its JSON-RPC. */
import { Connection, PublicKey } from "@solana/web3.js";
import { fromBase58, toBase58 } from "../../adapters/svm/base58.ts";
import type { SvmAccount } from "../../devnet/accounts.ts";
import { svmDomain } from "../e2e/domains.ts";
import type { Random } from "../replay/random.ts";
import type { VmGenerator } from "./generator.ts";
import { mutateBytes } from "./mutate.ts";
import { callOf } from "./svmCalls.ts";
import { payerOf, strayKeys, type View, wishOf } from "./svmInstructions.ts";
import { type Signer, signerOf, type Table, transactionOf } from "./svmMessage.ts";

/** Tables that transactions take keys from; bytes in front of a table's keys. */
const mostTables = 64;
const tableMeta = 56;

/** Of any account that the program of lookup tables owns: whoever creates one may leave it empty. */
export const tableOf = (key: Uint8Array, data: Uint8Array): Table => ({
  key,
  entries: Array.from({ length: Math.max(0, Math.floor((data.length - tableMeta) / 32)) }, (_, i) =>
    data.slice(tableMeta + 32 * i, tableMeta + 32 * (i + 1)),
  ),
});

const tablesAt = async (connection: Connection): Promise<Table[]> => {
  const owner = new PublicKey("AddressLookupTab1e1111111111111111111111111");
  const found = await connection.getProgramAccounts(owner, "confirmed");
  return found.slice(-mostTables).map(({ pubkey, account }) => tableOf(pubkey.toBytes(), account.data));
};

/** The transaction that a number and its randomness stand for. */
export const transactionFor = (
  random: Random,
  number: number,
  payers: readonly [Signer, ...Signer[]],
  view: View,
): Uint8Array => {
  const payer = payerOf(payers, number);
  const { signers, ...wish } = wishOf(random, number, payer, view);
  const table = view.tables.length > 0 && random.chance(0.5) ? { table: random.pick(view.tables) } : {};
  const draft = { ...wish, blockhash: view.blockhash, version: random.chance(0.5) ? 0 : -1, ...table };
  const mutations = random.pick([0, 0, 0, 0, 0, 1, 1, 3]);
  const bytes = transactionOf(random, draft, mutations, signers, strayKeys(random, number, payer, view));
  return random.chance(0.1) ? mutateBytes(random, bytes) : bytes;
};

export const signersOf = (accounts: readonly SvmAccount[]): [Signer, ...Signer[]] => {
  const [first, ...others] = accounts.map(({ secretKey }) =>
    signerOf(fromBase58(secretKey, 64)?.subarray(0, 32) ?? new Uint8Array(32)),
  );
  if (first === undefined) throw new Error("somebody has to pay");
  return [first, ...others];
};

/** @param accounts that pay, by turns */
export const svmGenerator = (accounts: readonly SvmAccount[]): VmGenerator => {
  const payers = signersOf(accounts);
  let view: View = { blockhash: new Uint8Array(32), slot: 0, tables: [] };
  return {
    domain: svmDomain,
    look: async (rpc) => {
      const connection = new Connection(rpc, "confirmed");
      const { context, value } = await connection.getLatestBlockhashAndContext();
      const blockhash = fromBase58(value.blockhash, 32) ?? new Uint8Array(32);
      view = { blockhash, slot: context.slot, tables: await tablesAt(connection) };
    },
    transaction: async (random, number) => transactionFor(random, number, payers, view),
    rpc: {
      call: (random) => callOf(random, { payer: payers[0], view }),
      submit: (bytes, random) =>
        random.chance(0.8)
          ? {
              method: random.chance(0.9) ? "sendTransaction" : "simulateTransaction",
              params: [
                Buffer.from(bytes).toString("base64"),
                { encoding: "base64", ...(random.chance(0.6) ? { skipPreflight: true } : {}) },
              ],
            }
          : { method: "sendTransaction", params: [toBase58(bytes)] },
    },
  };
};
