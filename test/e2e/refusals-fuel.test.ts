/** What a Fuel tenant can't take, or may end as it likes: Fuel's own error or failure, and nobody is the worse for it. */
import fc from "fast-check";
import { FuelError, Provider } from "fuels";
import { beforeAll, describe, expect, test } from "vitest";
import { bytesOf, encodeTransaction, zero32 } from "../../adapters/fuel/codec.ts";
import { baseAssetId } from "../../adapters/fuel/params.ts";
import {
  change,
  contractIdOf,
  contractInput,
  contractOutput,
  create,
  idOf,
  type Owner,
  ownerOf,
  pay,
  script,
  sign,
  spend,
} from "../../adapters/fuel/testChain.ts";
import { callData, programs } from "../../adapters/fuel/testPrograms.ts";
import type { ChargeableTransaction, CoinInput } from "../../adapters/fuel/transaction.ts";
import { type Account, fuelAccounts } from "../../devnet/accounts.ts";
import { concatBytes, type Hex, toHex, utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import { expectExecuted } from "./agreement.ts";
import { submit } from "./api.ts";
import { agreed, devnet, eventually, fuelDomain, fuelEndpoints } from "./network.ts";
import { expectUnharmed } from "./transfers.ts";

expectUnharmed(devnet);

/** Nobody else sends from it. */
const senderIndex = 9;
const { address, privateKey } = fuelAccounts()[senderIndex] as Account;
const owner: Owner = { address, secret: bytesOf(privateKey) };
const apis = devnet.validators.map(({ api }) => api);
const [provider, elsewhere] = fuelEndpoints.map((url) => new Provider(url)) as [Provider, Provider];

const small = 10n ** 12n;
const smallCoins = 40;
const largeFee = 10n ** 9n;

let split: ChargeableTransaction;
let taken = 0;
/** A coin that nothing else in this file spends. */
const nextCoin = (): CoinInput => spend(owner, { txId: idOf(split), index: taken++ }, small);

const draft = (input = nextCoin(), more: Partial<Parameters<typeof script>[0]> = {}) =>
  script({ inputs: [input], outputs: [change(owner.address)], ...more });

const send = (bytes: Uint8Array, at = provider) => at.operations.submit({ encodedTransaction: toHex(bytes) });

/** The sentence that fuels gives to its user, which the API's word agrees with. */
const refusal = async (bytes: Uint8Array, code: RegExp, at = provider): Promise<string> => {
  const error = await send(bytes, at).catch((thrown: unknown) => thrown);
  if (!(error instanceof FuelError)) throw error;
  const [answer] = await submit(apis[1] ?? "", fuelDomain, toHex(bytes));
  expect(answer?.error?.code).toMatch(code);
  expect(answer?.error?.message).toMatch(/\w+ \w+/);
  return error.message;
};

type Status = { __typename: string; reason?: string };

const statusQuery = `query ($id: TransactionId!) { transaction(id: $id) { status { __typename
  ... on SuccessStatus { blockHeight totalGas }
  ... on FailureStatus { blockHeight totalGas reason } } } }`;

/** Sends a transaction; gives what became of it, the same at all validators. */
const executed = async (transaction: ChargeableTransaction, at = provider): Promise<Status> => {
  await send(sign(transaction, owner), at);
  return agreed(fuelEndpoints, (url) =>
    eventually(async () => {
      const body = JSON.stringify({ query: statusQuery, variables: { id: idOf(transaction) } });
      const { data } = (await (await fetch(url, { method: "POST", body })).json()) as {
        data: { transaction: { status: Status } | null };
      };
      const status = data.transaction?.status;
      return status?.__typename === "SubmittedStatus" ? undefined : status;
    }),
  );
};
const succeeded = { __typename: "SuccessStatus" };
const failed = (reason: RegExp) => ({ __typename: "FailureStatus", reason: expect.stringMatching(reason) });

const predicateOwner = (predicate: Hex): Hex => {
  const code = bytesOf(predicate);
  const padded = new Uint8Array(Math.ceil(code.length / 8) * 8);
  padded.set(code);
  return toHex(sha256(concatBytes(utf8("FUEL"), sha256(concatBytes(Uint8Array.of(0), padded)))));
};

beforeAll(async () => {
  const { coins } = await provider.getCoins(owner.address, baseAssetId);
  const [first] = coins;
  if (first === undefined) throw new Error("the sender has no coin");
  const utxoId = { txId: first.id.slice(0, 66) as Hex, index: Number.parseInt(first.id.slice(66), 16) };
  split = script({
    inputs: [spend(owner, utxoId, BigInt(first.amount.toString()))],
    outputs: [...Array.from({ length: smallCoins }, () => pay(owner.address, small)), change(owner.address)],
  });
  expect(await executed(split)).toMatchObject(succeeded);
});

describe("what is refused", () => {
  test("bytes that are no transaction", async () => {
    const bytes = sign(draft(), owner);
    const broken = [
      bytes.subarray(0, -1),
      concatBytes(bytes, new Uint8Array(8)),
      bytes.subarray(0, 8),
      new Uint8Array(64),
    ];
    for (const each of broken) expect(await refusal(each, /^undecodable$/)).toMatch(/\w+ \w+/);
    const [empty] = await submit(apis[0] ?? "", fuelDomain, "0x");
    expect(empty?.error?.code).toBe("undecodable");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (random) => {
        const [answer] = await submit(apis[2] ?? "", fuelDomain, toHex(random));
        expect(answer?.error).toMatchObject({ code: "undecodable", message: expect.stringMatching(/\w+ \w+/) });
      }),
      { numRuns: 50 },
    );
  });

  test("kinds that nobody may send: a mint, and what pays with a message", async () => {
    const zero = { txId: zero32, index: 0 };
    const nowhere = { height: 0, index: 0 };
    const mint = encodeTransaction({
      ...{ kind: "mint", txPointer: nowhere, mintAmount: 1n, mintAssetId: baseAssetId, gasPrice: 1n },
      inputContract: { utxoId: zero, balanceRoot: zero32, stateRoot: zero32, txPointer: nowhere, contractId: zero32 },
      outputContract: { inputIndex: 0, balanceRoot: zero32, stateRoot: zero32 },
    });
    expect(await refusal(mint, /^(unsupported|undecodable)$/)).toMatch(/\w+ \w+/);
    const message = script({
      inputs: [
        {
          ...{ kind: "message", sender: owner.address, recipient: owner.address, amount: small, nonce: zero32 },
          ...{ witnessIndex: 0, predicateGasUsed: 0n, data: "0x", predicate: "0x", predicateData: "0x" },
        },
      ],
      outputs: [change(owner.address)],
    });
    expect(await refusal(sign(message, owner), /^unsupported$/)).toMatch(/\w+ \w+/);
  });

  test("a signature for another chain, of another owner, and none", async () => {
    const transaction = draft();
    const unsigned = [
      sign(transaction, owner, 0),
      sign(transaction, ownerOf("somebody else")),
      encodeTransaction(transaction),
    ];
    for (const bytes of unsigned) expect(await refusal(bytes, /^(bad_signature|invalid)$/)).toMatch(/\w+ \w+/);
    expect(await refusal(unsigned[0] as Uint8Array, /^bad_signature$/)).toMatch(/chain/);
  });

  test("a coin that is spent, that never was, or that is another than its input says", async () => {
    const input = nextCoin();
    const first = draft(input);
    expect(await executed(first)).toMatchObject(succeeded);
    await expectExecuted(apis, [{ domain: fuelDomain, nativeId: idOf(first) }]);
    const second = sign(draft(input, { tip: 7n }), owner);
    expect(await refusal(second, /^insufficient_funds$/)).toMatch(/spent/);
    expect(await refusal(second, /^insufficient_funds$/, elsewhere)).toMatch(/spent/);
    const never = spend(owner, { txId: `0x${"5e".repeat(32)}`, index: 0 }, small);
    expect(await refusal(sign(draft(never), owner), /^insufficient_funds$/)).toMatch(/spent|put out/);
    const richer = { ...nextCoin(), amount: 2n * small };
    expect(await refusal(sign(draft(richer), owner), /^invalid$/)).toMatch(/amount/);
  });

  test("outputs above the inputs, a fee that doesn't cover its gas, and more gas than one may use", async () => {
    const generous = script({ inputs: [nextCoin()], outputs: [pay(address, 2n * small), change(address)] });
    expect(await refusal(sign(generous, owner), /^insufficient_funds$/)).toMatch(/inputs/);
    expect(await refusal(sign(draft(nextCoin(), { maxFee: 1n }), owner), /^fee_too_low$/)).toMatch(/fee/);
    const greedy = draft(nextCoin(), { gas: 2n ** 63n, maxFee: small });
    expect(await refusal(sign(greedy, owner), /^(gas_limit|invalid)$/)).toMatch(/gas/);
  });

  test("more bytes than a transaction may have", async () => {
    const data = (length: number): Hex => toHex(new Uint8Array(length).fill(0xab));
    const larger = draft(nextCoin(), { scriptData: data(transactionLimits.fuel), maxFee: largeFee });
    expect(await refusal(sign(larger, owner), /^oversized$/)).toMatch(/bytes/);
    const largest = draft(nextCoin(), { scriptData: data(transactionLimits.fuel - 1024), maxFee: largeFee });
    expect(await executed(largest)).toMatchObject(succeeded);
  });

  test("predicates that don't hold, and those that don't end", async () => {
    const [refusing, endless] = [programs.revert, programs.endless];
    const amount = 10n ** 11n;
    const funding = script({
      inputs: [nextCoin()],
      outputs: [pay(predicateOwner(refusing), amount), pay(predicateOwner(endless), amount), change(address)],
    });
    expect(await executed(funding)).toMatchObject(succeeded);
    const spending = (predicate: Hex, index: number, predicateGasUsed: bigint): Uint8Array => {
      const input = { ...spend(owner, { txId: idOf(funding), index }, amount), owner: predicateOwner(predicate) };
      return encodeTransaction(
        script({ inputs: [{ ...input, predicate, predicateGasUsed }], outputs: [change(address)], maxFee: largeFee }),
      );
    };
    for (const gas of [0n, 100n, 50_000n, 1_000_000n]) {
      expect(await refusal(spending(endless, 1, gas), /^invalid$/)).toMatch(/predicate/);
      expect(await refusal(spending(refusing, 0, gas), /^invalid$/)).toMatch(/predicate/);
    }
    expect(await refusal(spending(endless, 1, 2n ** 62n), /^(invalid|gas_limit|fee_too_low)$/)).toMatch(/gas/);
  });
});

describe("what a program does to every validator's executor", () => {
  const run = (program: Hex, gas: bigint, scriptData: Hex = "0x") =>
    executed(draft(nextCoin(), { script: program, gas, scriptData, maxFee: largeFee }));

  test("an endless loop fails when its gas ends", async () => {
    expect(await run(programs.endless, 20_000_000n)).toMatchObject(failed(/^OutOfGas$/));
  });

  test("a contract that calls itself fails as well", async () => {
    const salt: Hex = toHex(sha256(utf8("recursive")));
    const creation = create({ inputs: [nextCoin()], outputs: [change(address)], code: programs.recursive, salt });
    expect(await executed(creation)).toMatchObject(succeeded);
    const contractId = contractIdOf(programs.recursive, salt);
    const calling = script({
      inputs: [contractInput(contractId), nextCoin()],
      outputs: [contractOutput(0), change(address)],
      ...{ script: programs.caller, scriptData: callData(contractId), gas: 5_000_000n, maxFee: largeFee },
    });
    expect(await executed(calling, elsewhere)).toMatchObject(failed(/^(OutOfGas|TooManyReceipts)$/));
    // There are more receipts than one answer holds: it says so, and the others of its fields are readable.
    const query = `{ transaction(id: "${idOf(calling)}") { id status { ... on FailureStatus { receipts { data } } } } }`;
    const response = await fetch(fuelEndpoints[0] ?? "", { method: "POST", body: JSON.stringify({ query }) });
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.stringMatching(/too long/) }] });
  });

  test("memory that there isn't fails", async () => {
    expect(await run(programs.hoarder, 10_000_000n)).toMatchObject(failed(/^Memory(GrowthOverlap|Overflow)$/));
  });

  test("a script of no instructions of its VM, and one that reverts, fail", async () => {
    expect(await run("0xffffffff", 100_000n)).toMatchObject(failed(/^InvalidInstruction$/));
    expect(await run(programs.revert, 100_000n)).toMatchObject(failed(/^Revert\(\d+\)$/));
  });

  test("much data in a log is kept", async () => {
    const length = 64_000;
    const data = toHex(new Uint8Array(length).fill(0xcd));
    expect(await run(programs.logger(length), 10_000_000n, data)).toMatchObject(succeeded);
  });

  test("dry runs of all that are answered", async () => {
    for (const program of [programs.endless, programs.hoarder, programs.revert]) {
      const transaction = draft(nextCoin(), { script: program, gas: 10_000_000n, maxFee: largeFee });
      const { dryRun } = await elsewhere.operations.dryRun({ encodedTransactions: [toHex(sign(transaction, owner))] });
      expect(dryRun).toMatchObject([{ status: { type: "DryRunFailureStatus" } }]);
    }
  });

  test("the account goes on", async () => {
    expect(await run(programs.returnOne, 10_000n)).toMatchObject(succeeded);
  });
});
