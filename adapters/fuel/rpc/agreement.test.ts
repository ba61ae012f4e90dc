import fc from "fast-check";
import {
  BlobTransactionRequest,
  bn,
  CreateTransactionRequest,
  deserializeReceipt,
  getContractId,
  getContractStorageRoot,
  getPredicateRoot,
  hash,
  ScriptTransactionRequest,
  TransactionCoder,
} from "fuels";
import { execute, parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Hex, toHex } from "../../../protocol/bytes.ts";
import { createFuelChain, type FuelChain } from "../../../test/fixtures/fuelChain.ts";
import { decodeTransaction, encodeTransaction, transactionId, zero32 } from "../codec.ts";
import { baseAssetId, type FuelParameters } from "../params.ts";
import { type FuelAnswers, type FuelRead, readFuel } from "../reads.ts";
import type { VmReceipt } from "../receipt.ts";
import { buildEngine } from "../testChain.ts";
import type { ChargeableTransaction } from "../transaction.ts";
import { minGasOf } from "./gas.ts";
import { panicName } from "./panics.ts";
import { createSchema } from "./schema/schema.ts";
import { receiptView } from "./views/receipts.ts";

const chainId = 9889;
const bytes = (options: fc.IntArrayConstraints) => fc.uint8Array(options).map((value) => toHex(value));
const b256 = bytes({ minLength: 32, maxLength: 32 });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const small = fc.bigInt({ min: 1n, max: 2n ** 40n });

const coin = fc.record({ id: bytes({ minLength: 34, maxLength: 34 }), owner: b256, amount: small, assetId: b256 });
const common = fc.record({
  coins: fc.array(coin, { maxLength: 4 }),
  predicates: fc.array(fc.record({ coin, predicate: bytes({ minLength: 1, maxLength: 40 }) }), { maxLength: 2 }),
  outputs: fc.array(fc.record({ to: b256, amount: small, assetId: b256 }), { maxLength: 3 }),
  witnesses: fc.array(bytes({ maxLength: 70 }), { maxLength: 3 }),
  policies: fc.record(
    { tip: small, maxFee: small, witnessLimit: fc.nat(1000), maturity: fc.nat(1000), expiration: fc.nat(1000) },
    { requiredKeys: [] },
  ),
});
type CommonParts = typeof common extends fc.Arbitrary<infer T> ? T : never;
type Request = ScriptTransactionRequest | CreateTransactionRequest | BlobTransactionRequest;

/** fuels' own request of these parts, as it encodes and names it. */
const fill = (request: Request, { coins, predicates, outputs, witnesses, policies }: CommonParts) => {
  for (const [name, value] of Object.entries(policies)) {
    const isPlain = name === "maturity" || name === "expiration";
    Object.assign(request, { [name]: isPlain ? value : bn(String(value)) });
  }
  request.witnesses.push(...witnesses);
  const resources = [...coins, ...predicates.map(({ coin: each, predicate }) => ({ ...each, predicate }))];
  for (const resource of resources) {
    request.inputs.push({
      ...{ type: 0, txPointer: "0x00000000000000000000000000000000", witnessIndex: 0 },
      ...{ ...resource, amount: bn(String(resource.amount)) },
    } as never);
  }
  for (const { to, amount, assetId } of outputs) {
    request.outputs.push({ type: 0, to, amount: bn(String(amount)), assetId } as never);
  }
  return request;
};

const script = fc
  .record({ common, script: bytes({ maxLength: 60 }), scriptData: bytes({ maxLength: 60 }), gasLimit: fc.nat(10 ** 7) })
  .map(({ common: parts, ...rest }) => fill(new ScriptTransactionRequest(rest), parts));
const create = fc
  .record({
    common,
    code: bytes({ minLength: 1, maxLength: 200 }),
    salt: b256,
    slots: fc.uniqueArray(fc.record({ key: b256, value: b256 }), { maxLength: 3, selector: ({ key }) => key }),
  })
  .map(({ common: parts, code, salt, slots }) => {
    const storageSlots = slots.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const request = new CreateTransactionRequest({ bytecodeWitnessIndex: 0, salt, storageSlots, witnesses: [code] });
    const stateRoot = getContractStorageRoot(storageSlots);
    request.outputs.push({ type: 4, contractId: getContractId(code, salt, stateRoot), stateRoot } as never);
    return fill(request, parts);
  });
const blob = fc
  .record({ common, code: bytes({ minLength: 1, maxLength: 200 }) })
  .map(({ common: parts, code }) =>
    fill(new BlobTransactionRequest({ blobId: hash(code), witnessIndex: 0, witnesses: [code] }), parts),
  );

const decoded = (encoded: Uint8Array): ChargeableTransaction => {
  const transaction = decodeTransaction(encoded);
  if (!transaction.ok) throw new Error(transaction.error.message);
  if (transaction.value.kind === "mint") throw new Error("not a transaction of a sender");
  return transaction.value;
};

describe("transactions of fuels", () => {
  it("have the same bytes and the same id here", () => {
    fc.assert(
      fc.property(fc.oneof(script, create, blob), (request) => {
        const encoded = request.toTransactionBytes();
        const transaction = decoded(encoded);
        expect(toHex(encodeTransaction(transaction))).toBe(toHex(encoded));
        expect(transactionId(chainId, transaction)).toBe(request.getTransactionId(chainId));
        const [again] = new TransactionCoder().decode(encodeTransaction(transaction), 0);
        expect(toHex(new TransactionCoder().encode(again))).toBe(toHex(encoded));
      }),
    );
  });
});

/** A predicate that holds, whatever stands behind it. */
const holding = (rest: Uint8Array): Uint8Array => Uint8Array.from([0x24, 0x04, 0x00, 0x00, ...rest]);
const predicates = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 20, seed: 1 }).map(holding);

describe("the engine", () => {
  let chain: FuelChain;
  let parameters: FuelParameters;
  const ask = async <Read extends FuelRead>(request: Read): Promise<FuelAnswers[Read["kind"]] | string> => {
    const answer = await readFuel((read) => chain.services.read(read), request);
    return answer.ok ? answer.value : answer.error.code;
  };
  beforeAll(async () => {
    await buildEngine();
    chain = await createFuelChain(
      predicates.map((code) => ({ owner: getPredicateRoot(code) as Hex, amount: "1000000000" })),
    );
    parameters = (await ask({ kind: "parameters" })) as FuelParameters;
  }, 900_000);
  afterAll(() => chain.close());

  const payingCoin = { type: 0, id: `0x${"ab".repeat(34)}`, owner: `0x${"cd".repeat(32)}`, assetId: baseAssetId };
  const paid = <T extends Request>(request: T): T => {
    request.inputs.push({
      ...payingCoin,
      amount: bn(10 ** 9),
      txPointer: `0x${"00".repeat(16)}`,
      witnessIndex: 0,
    } as never);
    if (request.witnesses.length === 0) request.witnesses.push("0x");
    request.maxFee = bn(10 ** 8);
    return request;
  };
  const run = (transaction: ChargeableTransaction) =>
    ask({ kind: "dryRun", transactions: [encodeTransaction(transaction)], utxoValidation: false });

  const deployments = fc.record({
    code: fc.uint8Array({ minLength: 1, maxLength: 2000 }),
    salt: b256,
    slots: fc.uniqueArray(fc.record({ key: b256, value: b256 }), { maxLength: 8, selector: ({ key }) => key }),
  });
  type Deployment = typeof deployments extends fc.Arbitrary<infer T> ? T : never;
  const deployment = ({ code, salt, slots }: Deployment) => {
    const storageSlots = slots.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const request = new CreateTransactionRequest({ bytecodeWitnessIndex: 0, salt, storageSlots, witnesses: [code] });
    const stateRoot = getContractStorageRoot(storageSlots);
    request.outputs.push({ type: 4, contractId: getContractId(code, salt, stateRoot), stateRoot } as never);
    return decoded(paid(request).toTransactionBytes());
  };

  it("comes to the contract ids and storage roots of fuels", async () => {
    await fc.assert(
      fc.asyncProperty(deployments, async (parts) => {
        const transaction = deployment(parts);
        expect(await run(transaction)).toMatchObject([{ receipt: { succeeded: true } }]);
        const outputs = transaction.outputs.map((output) =>
          output.kind === "contractCreated" ? { ...output, contractId: zero32 } : output,
        );
        expect(await run({ ...transaction, outputs })).toBe("invalid");
      }),
      { numRuns: 30 },
    );
  });

  it("lets coins be spent by the predicates that fuels computes their owners from", async () => {
    for (const [index, code] of predicates.entries()) {
      const request = new ScriptTransactionRequest({ gasLimit: 10_000, maxFee: 100_000 });
      request.inputs.push({
        ...{ type: 0, id: `0x${index.toString(16).padStart(64, "0")}0000`, owner: getPredicateRoot(code) },
        ...{ amount: bn(10 ** 9), assetId: baseAssetId, txPointer: `0x${"00".repeat(16)}`, witnessIndex: 0 },
        predicate: toHex(code),
      } as never);
      const encoded = request.toTransactionBytes();
      const estimated = (await ask({ kind: "estimatePredicates", transaction: encoded })) as Uint8Array;
      const check = { kind: "dryRun", transactions: [estimated], utxoValidation: true } as const;
      expect(await ask({ ...check, transactions: [estimated] })).toMatchObject([{ receipt: { succeeded: true } }]);
    }
  });

  it("takes as much gas before a script as is paid for", async () => {
    const scripts = fc
      .record({ script: bytes({ maxLength: 4 }), scriptData: bytes({ maxLength: 5000 }) })
      .map(({ scriptData }) => {
        const request = paid(new ScriptTransactionRequest({ gasLimit: 1000, script: "0x24000000", scriptData }));
        return decoded(request.toTransactionBytes());
      });
    const blobs = fc.uint8Array({ minLength: 1, maxLength: 5000 }).map((code) => {
      const request = new BlobTransactionRequest({ blobId: hash(code), witnessIndex: 0, witnesses: [code] });
      return decoded(paid(request).toTransactionBytes());
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(scripts, deployments.map(deployment), blobs), async (transaction) => {
        const runs = await run(transaction);
        if (typeof runs === "string") throw new Error(runs);
        const { totalGas, receipts } = (runs as FuelAnswers["dryRun"])[0]?.receipt ?? { totalGas: 0n, receipts: [] };
        const used = receipts.map((receipt) => (receipt.kind === "scriptResult" ? receipt.gasUsed : 0n));
        expect(minGasOf(parameters, transaction)).toBe(totalGas - (used.at(-1) ?? 0n));
      }),
      { numRuns: 60 },
    );
  });
});

describe("receipts", () => {
  const place = { id: b256, pc: u64, is: u64 };
  const data = { ptr: u64, len: fc.nat(1000).map(BigInt), digest: b256, data: bytes({ minLength: 1, maxLength: 50 }) };
  const moved = { to: b256, amount: u64, assetId: b256 };
  const kinds: fc.Arbitrary<VmReceipt>[] = [
    fc.record({ kind: fc.constant("call" as const), ...place, ...moved, gas: u64, param1: u64, param2: u64 }),
    fc.record({ kind: fc.constant("return" as const), ...place, val: u64 }),
    fc.record({ kind: fc.constant("returnData" as const), ...place, ...data }),
    fc.record({ kind: fc.constant("panic" as const), ...place, reason: u64, contractId: b256 }),
    fc.record({ kind: fc.constant("revert" as const), ...place, ra: u64 }),
    fc.record({ kind: fc.constant("log" as const), ...place, ra: u64, rb: u64, rc: u64, rd: u64 }),
    fc.record({ kind: fc.constant("logData" as const), ...place, ...data, ra: u64, rb: u64 }),
    fc.record({ kind: fc.constant("transfer" as const), ...place, ...moved }),
    fc.record({ kind: fc.constant("transferOut" as const), ...place, ...moved }),
    fc.record({ kind: fc.constant("scriptResult" as const), result: fc.nat(2).map(BigInt), gasUsed: u64 }),
    fc.record({ kind: fc.constant("mint" as const), ...place, subId: b256, val: u64 }),
    fc.record({ kind: fc.constant("burn" as const), ...place, subId: b256, val: u64 }),
  ];
  const schema = createSchema();
  const query = parse(`{ dryRun(txs: []) { receipts {
    id pc is to toAddress amount assetId gas param1 param2 val ptr digest reason ra rb rc rd len receiptType result gasUsed
    data sender recipient nonce contractId subId } } }`);

  /** What fuels makes of a receipt that came over the wire; its names differ for some fields. */
  const throughFuels = async (receipt: VmReceipt): Promise<Record<string, unknown>> => {
    const rootValue = { dryRun: () => [{ receipts: [receiptView(receipt)] }] };
    const { data: answer, errors } = await execute({ schema, document: query, rootValue });
    if (errors !== undefined) throw errors[0];
    const [shown] = (answer as { dryRun: [{ receipts: Parameters<typeof deserializeReceipt> }] }).dryRun[0].receipts;
    const { id, contractId, ...fields } = deserializeReceipt(shown) as unknown as Record<string, unknown>;
    return { id: id ?? contractId, ...fields, contractId };
  };

  it.each(kinds)("of each kind read the same with fuels %#", async (kind) => {
    await fc.assert(
      fc.asyncProperty(kind, async (receipt) => {
        const read = await throughFuels(receipt);
        const { kind: _, ...fields } = receipt;
        for (const [name, value] of Object.entries(fields)) {
          const other = receipt.kind === "revert" && name === "ra" ? read.val : read[name];
          expect([name, String(typeof value === "bigint" ? bn(String(value)) : value)]).toEqual([name, String(other)]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("name panics as the VM does", () => {
    expect(panicName(0x02_00000000_000000n)).toBe("OutOfGas");
    expect(panicName(0x17_00000000_000000n)).toBe("ContractNotInInputs");
    expect(panicName(0x42_00000000_000000n)).toBe("StorageOutOfBounds");
    expect(panicName(0xff_00000000_000000n)).toBe("UnknownPanicReason");
  });
});
