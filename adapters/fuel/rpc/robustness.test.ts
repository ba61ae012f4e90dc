import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { createFuelChain, type FuelChain } from "../../../test/fixtures/fuelChain.ts";
import { counterCode } from "../../../test/fixtures/fuelContract.ts";
import type { RpcServer } from "../../adapter.ts";
import { encodeTransaction, zero32 } from "../codec.ts";
import { baseAssetId } from "../params.ts";
import { alice, buildEngine, sign } from "../testChain.ts";
import type { ChargeableTransaction, CoinInput, FuelOutput } from "../transaction.ts";
import { createSchema } from "./schema/schema.ts";
import { serveFuelRpc } from "./server.ts";

let chain: FuelChain;
let server: RpcServer;
beforeAll(async () => {
  await buildEngine();
  chain = await createFuelChain(Array.from({ length: 20 }, () => ({ owner: alice.address, amount: "1000000000000" })));
  server = await serveFuelRpc(chain.services, { host: "127.0.0.1", port: 0 });
}, 900_000);
afterAll(async () => {
  await server.close();
  await chain.close();
});

const post = async (url: string, body: unknown): Promise<string> => {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return await response.text();
};

/** It is answered, by data or by an error that is meant for the caller. */
const expectAnswer = (text: string): void => {
  expect(text).toMatch(/"data"|"errors"/);
  expect(text).not.toMatch(/internal error/);
};

const u64 = fc.oneof(
  fc.constantFrom(0n, 1n, 10_000n, 10n ** 6n, 10n ** 12n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const b256 = fc.oneof(
  fc.constantFrom<Hex>(baseAssetId, zero32, alice.address),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
);
const code = fc.oneof(
  fc.constantFrom<Hex>("0x", "0x24000000", "0x24040000", toHex(counterCode)),
  fc.uint8Array({ maxLength: 64 }).map(toHex),
);
const index = fc.oneof(fc.nat(3), fc.nat(65_535));
const pointer = fc.record({ height: fc.nat(), index });
const coin: fc.Arbitrary<CoinInput> = fc.record({
  kind: fc.constant("coin" as const),
  utxoId: fc.record({
    txId: fc.nat(20).map((number): Hex => `0x${number.toString(16).padStart(64, "0")}`),
    index: fc.constantFrom(0, 0, 0, 1),
  }),
  ...{ owner: b256, amount: u64, assetId: b256, txPointer: pointer, witnessIndex: index, predicateGasUsed: u64 },
  ...{ predicate: code, predicateData: code },
});
const contract = fc.record({
  kind: fc.constant("contract" as const),
  utxoId: fc.record({ txId: b256, index }),
  ...{ balanceRoot: b256, stateRoot: b256, txPointer: pointer, contractId: b256 },
});
const holding = <Kind extends string>(kind: Kind) =>
  fc.record({ kind: fc.constant(kind), to: b256, amount: u64, assetId: b256 });
const output: fc.Arbitrary<FuelOutput> = fc.oneof(
  holding("coin"),
  holding("change"),
  holding("variable"),
  fc.record({ kind: fc.constant("contract" as const), inputIndex: index, balanceRoot: b256, stateRoot: b256 }),
  fc.record({ kind: fc.constant("contractCreated" as const), contractId: b256, stateRoot: b256 }),
);
const common = {
  policies: fc.record(
    { tip: u64, witnessLimit: u64, maturity: u64, maxFee: u64, expiration: u64, owner: u64 },
    { requiredKeys: [] },
  ),
  inputs: fc.array(fc.oneof(coin, contract), { maxLength: 4 }),
  outputs: fc.array(output, { maxLength: 4 }),
  witnesses: fc.array(code, { maxLength: 3 }),
};
const transaction: fc.Arbitrary<ChargeableTransaction> = fc.oneof(
  fc.record({
    kind: fc.constant("script" as const),
    scriptGasLimit: fc.oneof(fc.constantFrom(0n, 1000n, 100_000n), u64),
    ...{ receiptsRoot: b256, script: code, scriptData: code, ...common },
  }),
  fc.record({
    kind: fc.constant("create" as const),
    ...{ bytecodeWitnessIndex: index, salt: b256, ...common },
    storageSlots: fc.array(fc.record({ key: b256, value: b256 }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("blob" as const), blobId: b256, witnessIndex: index, ...common }),
);

/** Bytes of it as they should be, signed, or with some of them changed. */
const bytes = fc
  .tuple(transaction, fc.boolean(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }))
  .map(([made, isSigned, changes]) => {
    const encoded = isSigned ? sign(made, alice, 9889) : encodeTransaction(made);
    for (const [at, value] of changes) encoded[at % encoded.length] = value;
    return toHex(encoded);
  });

const documents = {
  dryRun: "query ($tx: HexString!) { dryRun(txs: [$tx]) { id status { __typename } receipts { receiptType } } }",
  rough: "query ($tx: HexString!) { dryRun(txs: [$tx], utxoValidation: false, gasPrice: 0) { id receipts { data } } }",
  estimate: "query ($tx: HexString!) { estimatePredicates(tx: $tx) { id rawPayload } }",
  submit: "mutation ($tx: HexString!) { submit(tx: $tx) { id } }",
  assemble: `query ($tx: HexString!, $a: Address!) {
    assembleTx(tx: $tx, blockHorizon: "1", feeAddressIndex: "0", requiredBalances: [
      { assetId: "${baseAssetId}", amount: "5", account: { address: $a }, changePolicy: { change: $a } }
    ]) { transaction { rawPayload inputs { __typename } outputs { __typename } } status { __typename } }
  }`,
};

describe("whatever is sent", () => {
  it("as a transaction is answered, by every field that takes one", async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...Object.values(documents)), async (tx, query) => {
        expectAnswer(await post(server.rpc, { query, variables: { tx, a: alice.address } }));
      }),
      { numRuns: 400 },
    );
    expectAnswer(await post(server.rpc, { query: "{ chain { latestBlock { height } } }" }));
  }, 120_000);

  it("as arguments of any field is answered", async () => {
    const schema = createSchema();
    const values = fc.oneof(
      fc.constantFrom(
        "0",
        "1",
        "-1",
        "999999999999",
        '"0"',
        '"7"',
        '"x"',
        '""',
        "null",
        "true",
        "{}",
        "[]",
        `"${zero32}"`,
      ),
      fc.constantFrom(`"${zero32}0001"`, `{owner: "${zero32}"}`, `{contract: "${zero32}"}`, `["${zero32}"]`),
    );
    const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...fields),
        fc.array(values, { minLength: 8, maxLength: 8 }),
        async (field, some) => {
          const given = field.args.map(({ name }, i) => `${name}: ${some[i]}`);
          const selection = /Boolean|\[HexString/.test(String(field.type)) ? "" : "{ __typename }";
          const args = given.length === 0 ? "" : `(${given.join(", ")})`;
          expectAnswer(await post(server.rpc, { query: `{ ${field.name}${args} ${selection} }` }));
        },
      ),
      { numRuns: 400 },
    );
  });

  it("a stream that nobody reads to its end leaves nothing behind", async () => {
    const query = `subscription { statusChange(id: "${zero32}") { __typename } }`;
    const leaving = new AbortController();
    const open = await Promise.all(
      Array.from({ length: 20 }, () =>
        fetch(server.ws, { method: "POST", body: JSON.stringify({ query }), signal: leaving.signal }),
      ),
    );
    expect([open.length, server.stats().sockets]).toEqual([20, 20]);
    leaving.abort();
    await vi.waitFor(() => expect(server.stats().sockets).toBe(0));
  });
});
