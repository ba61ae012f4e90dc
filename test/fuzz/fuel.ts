/** Fuel's transactions, wrong in bytes, fields, witnesses, predicates or programs, and requests of its GraphQL API. */

import { bytesOf } from "../../adapters/fuel/codec.ts";
import type { Account } from "../../devnet/accounts.ts";
import { toHex } from "../../protocol/bytes.ts";
import { fuelDomain } from "../e2e/domains.ts";
import { requestOf, submissionOf } from "./fuelRequests.ts";
import { type FuelView, transactionOf } from "./fuelTransactions.ts";
import type { VmGenerator } from "./generator.ts";
import { mutateBytes } from "./mutate.ts";

const coinsQuery = `query ($owner: Address!) {
  coins(filter: { owner: $owner }, first: 64) { nodes { utxoId amount assetId } }
}`;
type Coins = { data: { coins: { nodes: { utxoId: `0x${string}`; amount: string; assetId: `0x${string}` }[] } } };

/** @param signer owns the coins that are spent */
export const fuelGenerator = ({ address, privateKey }: Account): VmGenerator => {
  let view: FuelView = { owner: { address, secret: bytesOf(privateKey) }, coins: [] };
  return {
    domain: fuelDomain,
    look: async (rpc) => {
      const body = JSON.stringify({ query: coinsQuery, variables: { owner: address } });
      const { data } = (await (await fetch(rpc, { method: "POST", body })).json()) as Coins;
      const coins = data.coins.nodes.map(({ utxoId, amount, assetId }) => ({
        utxoId: { txId: utxoId.slice(0, 66) as `0x${string}`, index: Number.parseInt(utxoId.slice(66), 16) },
        amount: BigInt(amount),
        assetId,
      }));
      view = { ...view, coins };
    },
    transaction: async (random) => {
      const bytes = transactionOf(random, view);
      return random.chance(0.25) ? mutateBytes(random, bytes) : bytes;
    },
    graphql: {
      request: (random) => requestOf(random, view),
      submit: (bytes, random) => submissionOf(random, toHex(bytes), address),
    },
  };
};
