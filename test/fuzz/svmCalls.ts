/** Calls of Solana's JSON-RPC, as clients make them, and of methods that there are not. */
import { toBase58 } from "../../adapters/svm/base58.ts";
import { utf8 } from "../../protocol/bytes.ts";
import type { Random } from "../replay/random.ts";
import type { Call } from "./generator.ts";
import { mutateBytes } from "./mutate.ts";
import type { View } from "./svmInstructions.ts";
import type { Signer } from "./svmMessage.ts";

type Known = { payer: Signer; view: View };

const owners = [
  "11111111111111111111111111111111",
  "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
  "BPFLoaderUpgradeab1e11111111111111111111111",
  "AddressLookupTab1e1111111111111111111111111",
  "SysvarC1ock11111111111111111111111111111111",
];
const encodings = ["base58", "base64", "base64+zstd", "jsonParsed", "json"];
const commitments = ["processed", "confirmed", "finalized", "max", "none"];

const config = (random: Random, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  commitment: random.pick(commitments),
  ...(random.chance(0.5) ? { encoding: random.pick(encodings) } : {}),
  ...(random.chance(0.1) ? { minContextSlot: random.pick([0, 1, 2 ** 40]) } : {}),
  ...(random.chance(0.2) ? { dataSlice: { offset: random.int(2 ** 20), length: random.int(2 ** 20) } } : {}),
  ...more,
});

const calls: readonly ((random: Random, known: Known) => Call)[] = [
  ...["getVersion", "getHealth", "getGenesisHash", "getIdentity", "getFirstAvailableBlock", "minimumLedgerSlot"].map(
    (method) => () => ({ method, params: [] }),
  ),
  ...["getSlot", "getBlockHeight", "getSlotLeader", "getTransactionCount", "getEpochInfo", "getLatestBlockhash"].map(
    (method) => (r: Random) => ({ method, params: [config(r)] }),
  ),
  ...["getBalance", "getAccountInfo", "getTokenAccountBalance", "getTokenSupply", "getAccountProof"].map(
    (method) => (r: Random, known: Known) => ({ method, params: [address(r, known), config(r)] }),
  ),
  ...["accountSubscribe", "programSubscribe", "logsSubscribe", "signatureSubscribe"].map(
    (method) => (r: Random, known: Known) => ({ method, params: [address(r, known), config(r)] }),
  ),
  ...["slotSubscribe", "rootSubscribe"].map((method) => () => ({ method, params: [] })),
  ...["accountUnsubscribe", "programUnsubscribe", "logsUnsubscribe", "signatureUnsubscribe", "slotUnsubscribe"].map(
    (method) => (r: Random) => ({ method, params: [r.int(9)] }),
  ),
  (r, known) => ({ method: "logsSubscribe", params: [{ mentions: [address(r, known)] }, config(r)] }),
  (r, known) => ({ method: "getMultipleAccounts", params: [several(r, () => address(r, known)), config(r)] }),
  (r) => ({ method: "getProgramAccounts", params: [r.pick(owners), config(r, filters(r))] }),
  (r, known) => ({
    method: "getTokenAccountsByOwner",
    params: [address(r, known), r.pick([{ programId: owners[1] }, { mint: address(r, known) }]), config(r)],
  }),
  (r) => ({ method: "getTransaction", params: [toBase58(r.bytes(64)), config(r)] }),
  (r, known) => ({ method: "getSignaturesForAddress", params: [address(r, known), config(r, { limit: r.int(2000) })] }),
  (r) => ({ method: "getSignatureStatuses", params: [several(r, () => toBase58(r.bytes(64))), config(r)] }),
  (r, { view }) => ({
    method: "getBlock",
    params: [
      Math.max(0, view.slot - r.int(40)),
      config(r, {
        transactionDetails: r.pick(["full", "accounts", "signatures", "none"]),
        maxSupportedTransactionVersion: r.pick([0, 1, null]),
      }),
    ],
  }),
  (r, { view }) => ({ method: "getBlockTime", params: [r.int(view.slot + 3)] }),
  (r, { view }) => ({ method: "getBlocks", params: [r.int(view.slot + 1), view.slot + r.int(9), config(r)] }),
  (r, { view }) => ({ method: "getBlocksWithLimit", params: [r.int(view.slot + 1), r.int(2 ** 20), config(r)] }),
  (r, { view }) => ({
    method: "isBlockhashValid",
    params: [toBase58(r.pick([view.blockhash, r.bytes(32)])), config(r)],
  }),
  (r) => ({ method: "getMinimumBalanceForRentExemption", params: [r.pick([0, 165, 10 ** 7, 2 ** 53 - 1])] }),
  (r, known) => ({ method: "getRecentPrioritizationFees", params: [several(r, () => address(r, known))] }),
  (r) => ({ method: "getFeeForMessage", params: [Buffer.from(r.bytes(r.int(200))).toString("base64"), config(r)] }),
  (r, known) => ({ method: "requestAirdrop", params: [address(r, known), r.pick([0, 1, 10 ** 9, 10 ** 12])] }),
];

const several = <T>(random: Random, make: () => T): T[] => Array.from({ length: random.int(5) }, make);

function address(random: Random, { payer, view }: Known): string {
  const table = view.tables.length === 0 ? [] : [toBase58(random.pick(view.tables).key)];
  return random.pick([
    payer.key.toBase58(),
    ...owners,
    ...table,
    toBase58(random.bytes(random.pick([32, 32, 31, 64]))),
  ]);
}

const filters = (random: Random): Record<string, unknown> =>
  random.chance(0.5)
    ? {}
    : {
        filters: several(random, () =>
          random.pick([
            () => ({ dataSize: random.pick([0, 165, 2 ** 53]) }),
            () => ({ memcmp: { offset: random.int(2 ** 32), bytes: toBase58(random.bytes(random.int(140))) } }),
            () => ({ memcmp: { offset: 0, bytes: [random.int(256)], encoding: "bytes" } }),
          ])(),
        ),
      };

const methodNames = ["get", "getClusterNodes", "getInflationReward", "", "\u0000", "toString", "__proto__"];

export const callOf = (random: Random, known: Known): Call => {
  const call = random.pick(calls)(random, known);
  if (random.chance(0.92)) return call;
  const method = random.chance(0.5)
    ? random.pick(methodNames)
    : new TextDecoder().decode(mutateBytes(random, utf8(call.method)));
  return { ...call, method };
};
