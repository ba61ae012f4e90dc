/** What a Cairo tenant can't take, or may end as it likes: Starknet's own error or receipt, and nobody is the worse for it. */
import { Account, logger, RpcError, RpcProvider } from "starknet";
import { beforeAll, describe, expect, test } from "vitest";
import { contract } from "../../adapters/cairo/contracts/classes.ts";
import { classHashOf, contractAddress } from "../../adapters/cairo/contracts/classHash.ts";
import { deployerAddress, strkAddress } from "../../adapters/cairo/genesis.ts";
import type { SierraClass } from "../../adapters/cairo/sierraClass.ts";
import {
  accountOf,
  bounds,
  type Call,
  type Draft,
  declare,
  deployAccount,
  invoke,
  type Signed,
} from "../../adapters/cairo/testChain.ts";
import { type CairoTransaction, encodeTransaction } from "../../adapters/cairo/transaction.ts";
import { transactionToJson } from "../../adapters/cairo/transactionJson.ts";
import { type CairoAccount, cairoAccounts } from "../../devnet/accounts.ts";
import { concatBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import { readClass } from "../fixtures/cairoClass.ts";
import { expectExecuted } from "./agreement.ts";
import { rpc, submit } from "./api.ts";
import { agreed, cairoDomain, cairoEndpoints, devnet, eventually } from "./network.ts";
import { expectUnharmed } from "./transfers.ts";

logger.setLogLevel("OFF");

expectUnharmed(devnet);

/** Nobody else sends from it. */
const senderIndex = 9;
const sender = cairoAccounts()[senderIndex] as CairoAccount;
const apis = devnet.validators.map(({ api }) => api);
const [url = "", elsewhere = ""] = cairoEndpoints.map((endpoint) => endpoint.rpc);
const providers = cairoEndpoints.map(
  (endpoint) => new RpcProvider({ nodeUrl: endpoint.rpc, transactionRetryIntervalFallback: 200 }),
);
const most = bounds(1_000_000_000n);

let nonce = 0;
const pay = (to: Hex, amount = 1n): Call => ({ to: strkAddress, entrypoint: "transfer", calldata: [to, amount, 0n] });
const toItself = pay(sender.address);
const signed = (draft: Partial<Draft> = {}, call = toItself): Signed => invoke(sender, { nonce, ...draft }, call);

const submissions = {
  INVOKE: "starknet_addInvokeTransaction",
  DECLARE: "starknet_addDeclareTransaction",
  DEPLOY_ACCOUNT: "starknet_addDeployAccountTransaction",
} as const;

const jsonOf = (transaction: CairoTransaction): Record<string, unknown> => ({
  ...transactionToJson(transaction),
  ...(transaction.type === "DECLARE" ? { contract_class: transaction.contract_class } : {}),
});

const send = (transaction: CairoTransaction, at = url) => rpc(at, submissions[transaction.type], jsonOf(transaction));

const refusal = async ({ transaction }: Signed) => {
  const { result, error } = await send(transaction);
  expect(result).toBeUndefined();
  expect(error?.message).toMatch(/\w+ \w+/);
  return error;
};

/** What became of a transaction, the same at all validators but for how final it is. */
const executed = async ({ transaction, hash }: Signed) => {
  const { error } = await send(transaction);
  expect(error).toBeUndefined();
  nonce++;
  return agreed(providers, (each) =>
    eventually(async () => {
      const { value } = await each.getTransactionReceipt(hash);
      return { ...(value as { execution_status: string; revert_reason?: string }), finality_status: "" };
    }),
  );
};

/** The error that starknet.js gives to its user. */
const thrown = async (promise: Promise<unknown>): Promise<RpcError> => {
  const error = await promise.catch((rejected: unknown) => rejected);
  if (!(error instanceof RpcError)) throw error;
  return error;
};

const details = (draft: Partial<Draft> = {}) =>
  ({ version: "0x3", nonce, tip: 0n, resourceBounds: bounds(), ...draft }) as never;
const throughLibrary = (key: Hex, draft: Partial<Draft> = {}) =>
  new Account({ provider: providers[0] as RpcProvider, address: sender.address, signer: key }).execute(
    { contractAddress: strkAddress, entrypoint: "transfer", calldata: [sender.address, 1, 0] },
    details(draft),
  );

describe("POST /v1/transactions refuses", () => {
  test("bytes that are no transaction, in their domain's words", async () => {
    const { bytes } = signed();
    const broken = [
      new Uint8Array(0),
      Uint8Array.of(3),
      bytes.subarray(0, -1),
      concatBytes(bytes, Uint8Array.of(0)),
      Uint8Array.of(3, 3, ...bytes.subarray(2)),
      Uint8Array.of(0x7f, ...bytes.subarray(1)),
      new Uint8Array(5000).fill(0xff),
    ];
    for (const api of apis.slice(0, 2)) {
      for (const { error } of await submit(api, cairoDomain, ...broken.map((each) => toHex(each)))) {
        expect(error?.code).toMatch(/^(undecodable|unsupported)$/);
        expect(error?.message).toMatch(/\w+ \w+/);
      }
    }
  });

  test("more call data than one may have, and as much as that without the gas for it", async () => {
    const filled = (felts: number, l2Gas: bigint): Hex => {
      const { transaction } = signed({ bounds: bounds(l2Gas) });
      if (transaction.type !== "INVOKE") throw new Error("not an INVOKE");
      return toHex(encodeTransaction({ ...transaction, calldata: new Array<Hex>(felts).fill("0x1") }));
    };
    for (const felts of [transactionLimits.cairo, transactionLimits.cairo / 4, 5001]) {
      const [answer] = await submit(apis[0] ?? "", cairoDomain, filled(felts, 10n ** 9n));
      expect(answer?.error).toMatchObject({ code: "oversized", message: expect.stringMatching(/\w+ \w+/) });
    }
    const [unpaid] = await submit(apis[0] ?? "", cairoDomain, filled(4900, 1_000_000n));
    expect(unpaid?.error).toMatchObject({ code: "intrinsic_gas", message: expect.stringMatching(/\w+ \w+/) });
  });
});

describe("Starknet's JSON-RPC refuses in Starknet's codes and words", () => {
  test("JSON that is no transaction: -32602", async () => {
    const { transaction } = signed();
    const json = jsonOf(transaction);
    for (const broken of [7, null, {}, "0x3", { ...json, nonce: "x" }, { ...json, calldata: ["0x1", -1] }]) {
      const { error } = await rpc(url, "starknet_addInvokeTransaction", broken);
      expect(error).toMatchObject({ code: -32602, message: expect.stringMatching(/\w+ \w+/) });
    }
  });

  test("one for another chain, and a signature of another key", async () => {
    const failed = { code: 55, message: "Account validation failed" };
    expect(await refusal(signed({ chain: toHex(new TextEncoder().encode("SN_MAIN")) }))).toMatchObject(failed);
    const { privateKey } = accountOf("somebody else");
    expect(await refusal(signed({ key: privateKey }))).toMatchObject(failed);
    const error = await thrown(throughLibrary(privateKey));
    expect(error.isType("VALIDATION_FAILURE")).toBe(true);
    expect(JSON.stringify(error.baseError)).toMatch(/signature/);
  });

  test("a nonce that is used, through the same validator and another, and one far above", async () => {
    const first = signed();
    expect(await executed(first)).toMatchObject({ execution_status: "SUCCEEDED" });
    await expectExecuted(apis, [{ domain: cairoDomain, nativeId: first.hash }]);
    const used = { code: 52, message: "Invalid transaction nonce" };
    expect(await refusal(first)).toMatchObject(used);
    expect((await send(signed({ nonce: 0, tip: 9n }).transaction, elsewhere)).error).toMatchObject(used);
    expect(await refusal(signed({ nonce: 100_000 }))).toMatchObject(used);
    const error = await thrown(throughLibrary(sender.privateKey, { nonce: 0 }));
    expect(error.isType("INVALID_TRANSACTION_NONCE")).toBe(true);
  });

  test("more than the account has, and too little for what every transaction costs", async () => {
    expect(await refusal(signed({ bounds: bounds(1_000_000_000n, 10n ** 30n) }))).toMatchObject({ code: 54 });
    expect(await refusal(signed({ bounds: bounds(1_000n) }))).toMatchObject({ code: 53 });
    expect(await refusal(signed({ bounds: bounds(20_000_000n, 1n) }))).toMatchObject({ code: 65 });
    const nobody = accountOf("nobody");
    expect(await refusal(invoke(nobody, { nonce: 0 }, toItself))).toMatchObject({ code: 58 });
  });

  test("an account of a class that nobody declared", async () => {
    const stranger = accountOf("an account of no class");
    const address = contractAddress({ classHash: "0x1234", salt: stranger.publicKey, calldata: [stranger.publicKey] });
    expect(await executed(signed({}, pay(address, 10n ** 18n)))).toMatchObject({ execution_status: "SUCCEEDED" });
    const { transaction, ...rest } = deployAccount(stranger, { nonce: 0 });
    if (transaction.type !== "DEPLOY_ACCOUNT") throw new Error("not a DEPLOY_ACCOUNT");
    const unknown = { ...rest, transaction: { ...transaction, class_hash: "0x1234" as const } };
    expect(await refusal(unknown)).toMatchObject({ code: 28, message: "Class hash not found" });
  });

  test("an L1 handler that a user sends", async () => {
    const handler = { type: "L1_HANDLER", version: "0x0", nonce: "0x0", contract_address: "0x1" };
    const { error } = await rpc(url, "starknet_addInvokeTransaction", handler);
    expect(error).toMatchObject({ code: 61, message: "the transaction version is not supported" });
  });
});

const trouble = readClass("trouble");
const troubleHash = classHashOf(trouble);
const troubleAddress = contractAddress({ classHash: troubleHash, salt: "0x9", calldata: [] });
const declaring = (sierra: SierraClass, compiledClassHash: Hex): Signed =>
  declare(
    sender,
    { nonce, bounds: bounds(500_000_000n) },
    {
      ...{ class: sierra, classHash: classHashOf(sierra), compiledClassHash },
    },
  );

describe("classes", () => {
  test("that don't compile: Compilation failed", async () => {
    const { sierra_program } = trouble;
    const broken: Hex[][] = [
      sierra_program.slice(0, 200),
      sierra_program.slice(0, 40),
      sierra_program.map((felt, at) => (at > 100 ? "0x1" : felt)),
      [],
    ];
    for (const [which, program] of broken.entries()) {
      const refused = await refusal(declaring({ ...trouble, sierra_program: program }, "0x1"));
      expect([which, refused]).toMatchObject([which, { code: 56, message: "Compilation failed" }]);
    }
  });

  test("under another hash than that of what they compile to; under their own they are taken once", async () => {
    const refused = await refusal(declaring(trouble, "0x1"));
    expect(refused).toMatchObject({ code: 60 });
    const [, compiledClassHash] = /compiles to (0x[0-9a-f]+)/.exec(JSON.stringify(refused)) ?? [];
    const right = compiledClassHash as Hex;
    expect(await executed(declaring(trouble, right))).toMatchObject({ execution_status: "SUCCEEDED" });
    const again = await refusal(declaring(trouble, right));
    expect(again).toMatchObject({ code: 51, message: "Class already declared" });
  });
});

describe("what a contract does to every validator's executor", () => {
  const deploy = (classHash: Hex): Call => ({
    ...{ to: deployerAddress, entrypoint: "deploy_contract", calldata: [classHash, 9, 0, 0] },
  });
  const ask = (entrypoint: string, calldata: Call["calldata"] = []): Call => ({
    to: troubleAddress,
    entrypoint,
    calldata,
  });
  const reverted = (reason: RegExp) => ({
    ...{ execution_status: "REVERTED", revert_reason: expect.stringMatching(reason) },
  });

  beforeAll(async () => {
    expect(await executed(signed({}, deploy(troubleHash)))).toMatchObject({ execution_status: "SUCCEEDED" });
  });

  test("an endless loop ends in a reverted receipt when its gas does", async () => {
    expect(await executed(signed({ bounds: most }, ask("spin")))).toMatchObject(reverted(/gas|steps/));
  });

  test("calls without end do as well", async () => {
    const dig = ask("dig", [troubleAddress, 0]);
    expect(await executed(signed({ bounds: most }, dig))).toMatchObject(reverted(/Error in the called contract/));
  });

  test("a class that nobody declared can't be deployed", async () => {
    expect(await executed(signed({}, deploy("0xabc")))).toMatchObject(reverted(/not declared/));
  });

  test("an L1 handler can't be called", async () => {
    expect(await executed(signed({}, ask("take_note", [1, 2])))).toMatchObject(reverted(/\w+/));
  });

  test("calls of the RPC that don't end, or call themselves, are answered", async () => {
    for (const call of [ask("spin"), ask("dig", [troubleAddress, 0])]) {
      const request = {
        contractAddress: troubleAddress,
        entrypoint: call.entrypoint,
        calldata: call.calldata as Hex[],
      };
      const error = await thrown((providers[1] as RpcProvider).callContract(request));
      expect(error.isType("CONTRACT_ERROR")).toBe(true);
    }
  });

  test("the account goes on", async () => {
    expect(await executed(signed({}, ask("count")))).toMatchObject({ execution_status: "SUCCEEDED" });
    const classHashes = await agreed(providers, (each) => each.getClassHashAt(sender.address));
    expect(classHashes).toBe(contract("account").classHash);
  });
});
