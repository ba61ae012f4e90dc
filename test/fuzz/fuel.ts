/** Transactions of every kind, wrong in bits or in structure, and operations of Fuel's GraphQL API. */
import { encodeTransaction, zero32 } from "../../adapters/fuel/codec.ts";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import { createSchema } from "../../adapters/fuel/rpc/schema/schema.ts";
import { domain, type Owner, sign } from "../../adapters/fuel/testChain.ts";
import type {
  ChargeableTransaction,
  FuelInput,
  FuelOutput,
  Policies,
  TxPointer,
  UtxoId,
} from "../../adapters/fuel/transaction.ts";
import type { Account } from "../../devnet/accounts.ts";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { counterCode } from "../fixtures/fuelContract.ts";
import type { Random } from "../replay/random.ts";
import type { VmGenerator } from "./generator.ts";
import { mutateBytes } from "./mutate.ts";

type Coin = { utxoId: UtxoId; amount: bigint };

const u64 = (random: Random): bigint =>
  random.pick([0n, 1n, 10_000n, 10n ** 6n, 10n ** 12n, random.word() % 2n ** 64n, 2n ** 64n - 1n]);
const index = (random: Random): number => (random.chance(0.9) ? random.int(3) : random.int(2 ** 16));
const pointer = (random: Random): TxPointer => ({ height: random.int(100), index: index(random) });
const code = (random: Random): Hex =>
  random.chance(0.5)
    ? random.pick<Hex>(["0x", "0x24000000", "0x24040000", toHex(counterCode)])
    : toHex(random.bytes(random.int(80)));
const b256 = (random: Random, owner: Hex): Hex =>
  random.pick([owner, baseAssetId, zero32, toHex(random.bytes(32)), toHex(random.bytes(32))]);

const input = (random: Random, owner: Hex, coins: readonly Coin[]): FuelInput => {
  const coin = coins.length > 0 && random.chance(0.8) ? random.pick(coins) : undefined;
  if (random.chance(0.2)) {
    const roots = { balanceRoot: b256(random, owner), stateRoot: b256(random, owner), contractId: b256(random, owner) };
    return { kind: "contract", utxoId: { txId: zero32, index: 0 }, txPointer: pointer(random), ...roots };
  }
  const isRight = random.chance(0.8);
  return {
    kind: "coin",
    utxoId: coin?.utxoId ?? { txId: b256(random, owner), index: index(random) },
    owner: isRight ? owner : b256(random, owner),
    amount: isRight && coin !== undefined ? coin.amount : u64(random),
    assetId: isRight ? baseAssetId : b256(random, owner),
    txPointer: pointer(random),
    witnessIndex: isRight ? 0 : index(random),
    predicateGasUsed: isRight ? 0n : u64(random),
    predicate: isRight ? "0x" : code(random),
    predicateData: isRight ? "0x" : code(random),
  };
};

const output = (random: Random, owner: Hex): FuelOutput => {
  const held = { to: b256(random, owner), amount: u64(random), assetId: random.chance(0.7) ? baseAssetId : zero32 };
  const roots = { stateRoot: b256(random, owner) };
  return random.pick<FuelOutput>([
    { kind: "coin", ...held, amount: BigInt(random.int(1000)) },
    { kind: "change", ...held },
    { kind: "variable", ...held },
    { kind: "contract", inputIndex: index(random), balanceRoot: zero32, ...roots },
    { kind: "contractCreated", contractId: b256(random, owner), ...roots },
  ]);
};

const policies = (random: Random): Policies => ({
  maxFee: random.chance(0.8) ? 10n ** 7n : u64(random),
  ...(random.chance(0.2) ? { tip: u64(random) } : {}),
  ...(random.chance(0.1) ? { witnessLimit: u64(random) } : {}),
  ...(random.chance(0.1) ? { maturity: u64(random) } : {}),
  ...(random.chance(0.1) ? { expiration: u64(random) } : {}),
  ...(random.chance(0.1) ? { owner: u64(random) } : {}),
});

const several = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: random.int(most + 1) }, make);

/** One that is executed, whatever its script does. */
const sound = (random: Random, owner: Hex, { utxoId, amount }: Coin): ChargeableTransaction => ({
  kind: "script",
  scriptGasLimit: random.pick([10_000n, 1_000_000n]),
  receiptsRoot: zero32,
  script: random.chance(0.5) ? toHex(random.bytes(4 * random.int(20))) : code(random),
  scriptData: code(random),
  policies: { maxFee: 10n ** 7n },
  inputs: [
    {
      ...{ kind: "coin", utxoId, owner, amount, assetId: baseAssetId, txPointer: { height: 0, index: 0 } },
      ...{ witnessIndex: 0, predicateGasUsed: 0n, predicate: "0x", predicateData: "0x" },
    },
  ],
  outputs: [
    { kind: "change", to: owner, amount: 0n, assetId: baseAssetId },
    { kind: "variable", to: zero32, amount: 0n, assetId: zero32 },
  ],
  witnesses: ["0x"],
});

const transaction = (random: Random, owner: Hex, coins: readonly Coin[]): ChargeableTransaction => {
  if (coins.length > 0 && random.chance(0.4)) return sound(random, owner, random.pick(coins));
  const common = {
    policies: policies(random),
    inputs: [input(random, owner, coins), ...several(random, 2, () => input(random, owner, coins))],
    outputs: several(random, 3, () => output(random, owner)),
    witnesses: ["0x" as Hex, ...several(random, 2, () => code(random))],
  };
  const scriptGasLimit = random.pick([0n, 10_000n, 1_000_000n, u64(random)]);
  const script = { scriptGasLimit, receiptsRoot: zero32, script: code(random), scriptData: code(random) };
  return random.pick<ChargeableTransaction>([
    { kind: "script", ...script, ...common },
    { kind: "script", ...script, ...common },
    { kind: "create", bytecodeWitnessIndex: index(random), salt: b256(random, owner), storageSlots: [], ...common },
    { kind: "blob", blobId: b256(random, owner), witnessIndex: index(random), ...common },
  ]);
};

const queries = Object.values(createSchema().getQueryType()?.getFields() ?? {});

/** An argument of any field, right now and then. */
const argument = (random: Random, owner: Hex): string =>
  random.pick([
    ...['"0"', '"7"', "0", "-1", "1e99", "null", "true", "{}", "[]", '""', `"${"9".repeat(random.int(60))}"`],
    ...[`"${owner}"`, `"${baseAssetId}"`, `"${zero32}0000"`, `{owner: "${owner}"}`, `{contract: "${zero32}"}`],
  ]);

const anyQuery = (random: Random, owner: Hex): string => {
  const fields = several(random, 3, () => random.pick(queries)).map((field, i) => {
    const args = field.args.map(({ name }) => `${name}: ${argument(random, owner)}`);
    const isLeaf = /Boolean|\[HexString/.test(String(field.type));
    const depth = random.chance(0.05) ? random.int(40) : 1;
    const selection = isLeaf ? "" : `${"{ __typename ".repeat(depth)} ${"} ".repeat(depth)}`;
    return `f${i}: ${field.name}${args.length === 0 ? "" : `(${args.join(", ")})`} ${selection}`;
  });
  return `{ __typename ${fields.join(" ")} }`;
};

const withTransaction = [
  "mutation ($tx: HexString!) { submit(tx: $tx) { id rawPayload } }",
  "mutation ($tx: HexString!) { submit(tx: $tx, estimatePredicates: true) { id } }",
  "query ($tx: HexString!) { dryRun(txs: [$tx, $tx]) { id status { __typename } receipts { receiptType data } } }",
  "query ($tx: HexString!) { dryRun(txs: [$tx], utxoValidation: false, gasPrice: 0) { status { __typename } } }",
  "query ($tx: HexString!) { estimatePredicates(tx: $tx) { inputs { __typename } } }",
  `query ($tx: HexString!, $a: Address!) { assembleTx(tx: $tx, blockHorizon: 1, feeAddressIndex: 0, requiredBalances: [
    { assetId: "${baseAssetId}", amount: 5, account: { address: $a }, changePolicy: { change: $a } }
  ]) { transaction { rawPayload } status { __typename } } }`,
];

type CoinsAnswer = { data?: { coins?: { nodes: { utxoId: Hex; amount: string }[] } } };

export const fuelGenerator = (account: Account): VmGenerator => {
  const owner: Owner = { secret: fromHex(account.privateKey) ?? new Uint8Array(32), address: account.address };
  let coins: Coin[] = [];
  const make = async (random: Random): Promise<Uint8Array> => {
    const made = transaction(random, owner.address, coins);
    const bytes = random.chance(0.9) ? sign(made, owner) : encodeTransaction(made);
    return random.chance(0.3) ? mutateBytes(random, bytes) : bytes;
  };
  return {
    domain,
    look: async (rpc) => {
      const query = `{ coins(filter: { owner: "${owner.address}" }, first: 50) { nodes { utxoId amount } } }`;
      const response = await fetch(rpc, { method: "POST", body: JSON.stringify({ query }) });
      const { data } = (await response.json()) as CoinsAnswer;
      coins = (data?.coins?.nodes ?? []).map(({ utxoId, amount }) => ({
        utxoId: { txId: utxoId.slice(0, 66) as Hex, index: Number.parseInt(utxoId.slice(66), 16) },
        amount: BigInt(amount),
      }));
    },
    transaction: make,
    graphql: async (random) =>
      random.chance(0.6)
        ? { query: random.pick(withTransaction), variables: { tx: toHex(await make(random)), a: owner.address } }
        : { query: anyQuery(random, owner.address) },
  };
};
