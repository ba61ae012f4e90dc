/** Requests of Fuel's GraphQL API: every field of its schema with arguments of every kind, and what clients submit. */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from "graphql";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import { createSchema } from "../../adapters/fuel/rpc/schema/schema.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import type { Random } from "../replay/random.ts";
import { b256, type FuelView, transactionIdOf, transactionOf } from "./fuelTransactions.ts";
import type { GraphqlRequest } from "./generator.ts";
import { anyJson, mutateText } from "./mutate.ts";

const schema = createSchema();
const roots = {
  query: schema.getQueryType(),
  mutation: schema.getMutationType(),
  subscription: schema.getSubscriptionType(),
};
const mostDepth = 4;

const wholes = ["0", "1", "2", "7", "60", "512", "100000", "18446744073709551615", "-1"];

/** What a scalar of that name may be given as, in the text of a document. */
const scalarOf = (random: Random, name: string, view: FuelView): string => {
  if (random.chance(0.05)) return JSON.stringify(anyJson(random, 0)) ?? "null";
  switch (name) {
    case "Int":
      return random.pick(wholes);
    case "Boolean":
      return random.pick(["true", "false"]);
    case "String":
      return JSON.stringify(random.pick([...wholes, "", "x", transactionIdOf(random, view)]));
    case "HexString":
      return `"${toHex(random.chance(0.8) ? transactionOf(random, view) : random.bytes(random.int(99)))}"`;
    case "TransactionId":
      return `"${transactionIdOf(random, view)}"`;
    case "UtxoId":
      return `"${transactionIdOf(random, view)}000${random.int(3)}"`;
    case "TxPointer":
      return `"${toHex(random.bytes(6)).slice(2)}"`;
    default:
      return /^U\d+$|Timestamp$/.test(name) ? `"${random.pick(wholes)}"` : `"${b256(random, view)}"`;
  }
};

const argumentOf = (random: Random, type: GraphQLInputType, view: FuelView, depth = 0): string => {
  if (isNonNullType(type)) return random.chance(0.98) ? argumentOf(random, type.ofType, view, depth) : "null";
  if (isListType(type)) {
    const length = depth > 3 ? 0 : random.int(4);
    return `[${Array.from({ length }, () => argumentOf(random, type.ofType, view, depth + 1)).join(", ")}]`;
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || random.chance(0.4));
    return `{ ${fields.map(({ name, type: of }) => `${name}: ${argumentOf(random, of, view, depth + 1)}`).join(", ")} }`;
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  return scalarOf(random, getNamedType(type).name, view);
};

const fieldText = (
  random: Random,
  { name, args, type }: GraphQLField<unknown, unknown>,
  view: FuelView,
  depth: number,
): string => {
  const given = args.filter((each) => isNonNullType(each.type) || random.chance(0.4));
  const list = given.map((each) => `${each.name}: ${argumentOf(random, each.type, view)}`).join(", ");
  return `${name}${list === "" ? "" : `(${list})`} ${selectionOf(random, type, view, depth)}`;
};

const selectionOf = (random: Random, type: GraphQLOutputType, view: FuelView, depth: number): string => {
  const named = getNamedType(type);
  if (isUnionType(named)) {
    const parts = named.getTypes().map((each) => `... on ${each.name} ${selectionOf(random, each, view, depth)}`);
    return `{ __typename ${random.chance(0.7) ? random.pick(parts) : parts.join(" ")} }`;
  }
  if (!isObjectType(named)) return "";
  const fields = Object.values(named.getFields()).filter(
    (field) => random.chance(0.5) && (depth > 0 || isLeafType(getNamedType(field.type))),
  );
  return `{ __typename ${fields.map((field) => fieldText(random, field, view, depth - 1)).join(" ")} }`;
};

type Operation = keyof typeof roots;
const documentOf = (random: Random, operation: Operation, view: FuelView): string => {
  const fields = Object.values(roots[operation]?.getFields() ?? {});
  const count = random.chance(0.8) ? 1 : 1 + random.int(4);
  const parts = Array.from({ length: count }, (_, i) => {
    const alias = count === 1 ? "" : `f${i}: `;
    return alias + fieldText(random, random.pick(fields), view, random.int(mostDepth));
  });
  return `${operation} { ${parts.join(" ")} }`;
};

const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);

/** Documents that cost more than they seem to. */
const heavy = (random: Random): string =>
  random.pick([
    () => `{ ${Array.from({ length: random.int(3000) }, (_, i) => `a${i}: health`).join(" ")} }`,
    () => "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    () =>
      `{ __schema { types { fields { type ${nested("{ ofType ", "}", random.int(40)).replace("{ ofType }", "{ name }")} } } } }`,
    () =>
      `{ chain { latestBlock ${nested("{ transactions { status { ... on SuccessStatus { block ", "}}}}", random.int(8))} } }`,
    () =>
      `{ blocks(first: 512) { nodes { transactions { id inputs { __typename } receipts: status { __typename } } } } }`,
    () => nested("{", "}", random.int(5000)),
    () => `query (${"$a: Int ".repeat(random.int(500))}) { health }`,
    () => `{ health ${"@skip(if: false) ".repeat(random.int(500))} }`,
  ])();

/** A request as a client makes it, or nearly. */
export const requestOf = (random: Random, view: FuelView): GraphqlRequest => {
  const operation = random.pick<Operation>(["query", "query", "query", "query", "query", "mutation", "subscription"]);
  const query = random.chance(0.9) ? documentOf(random, operation, view) : heavy(random);
  return {
    query: random.chance(0.1) ? new TextDecoder().decode(mutateText(random, query)) : query,
    ...(random.chance(0.1) ? { variables: anyJson(random) } : {}),
    ...(random.chance(0.05) ? { operationName: anyJson(random) } : {}),
    ...(random.chance(0.1) ? { extensions: { required_fuel_block_height: random.pick([0, 1, 2 ** 31]) } } : {}),
  };
};

const tx = "$tx: HexString!";
const status = "{ __typename ... on SuccessStatus { blockHeight totalFee } ... on FailureStatus { reason } }";
const submissions = [
  `mutation (${tx}) { submit(tx: $tx) { id } }`,
  `mutation (${tx}) { submit(tx: $tx) { id } }`,
  `mutation (${tx}) { submit(tx: $tx, estimatePredicates: true) { id rawPayload } }`,
  `query (${tx}) { dryRun(txs: [$tx]) { id status { __typename } receipts { receiptType data } } }`,
  `query (${tx}) { dryRun(txs: [$tx, $tx], utxoValidation: false, gasPrice: 0) { id receipts { receiptType } } }`,
  `query (${tx}) { estimatePredicates(tx: $tx) { id rawPayload inputs { __typename } } }`,
  `query (${tx}, $a: Address!, $b: AssetId!) { assembleTx(tx: $tx, blockHorizon: "1", feeAddressIndex: "0", requiredBalances: [
    { assetId: $b, amount: "5", account: { address: $a }, changePolicy: { change: $a } }
  ]) { transaction { rawPayload } status { __typename } } }`,
  `subscription (${tx}) { submitAndAwaitStatus(tx: $tx, includePreconfirmation: true) ${status} }`,
  `subscription (${tx}) { submitAndAwait(tx: $tx) ${status} }`,
];

/** What a client asks when it has a transaction. */
export const submissionOf = (random: Random, bytes: Hex, owner: Hex): GraphqlRequest => {
  const query = random.pick(submissions);

  return { query, variables: { tx: bytes, ...(query.includes("$a") ? { a: owner, b: baseAssetId } : {}) } };
};
