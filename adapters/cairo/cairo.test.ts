import { expect } from "vitest";
import { createRuntime } from "../../consensus/runtime/runtime.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Executor, SealedHead } from "../adapter.ts";
import { describeAdapterCompliance, type Expected } from "../compliance.ts";
import { cairoAdapter } from "./adapter.ts";
import { contract } from "./contracts/classes.ts";
import { selectorOf } from "./contracts/classHash.ts";
import { deployerAddress, strkAddress } from "./genesis.ts";
import { verifyContract } from "./proof.ts";
import { type CairoRead, readCairo } from "./reads.ts";
import {
  accountOf,
  alice,
  bob,
  bounds,
  budget,
  buildEngine,
  carol,
  config,
  dave,
  deployAccount,
  domain,
  encodeConfig,
  erin,
  invoke,
  strk,
} from "./testChain.ts";
import { encodeTransaction } from "./transaction.ts";

const applied = (index: number, succeeded = true): Expected => ({ kind: "applied", index, succeeded });

const pay = (to: `0x${string}`, amount: bigint) => ({
  to: strkAddress,
  entrypoint: "transfer",
  calldata: [to, amount, 0n],
});

/** Alice sends backwards, and funds an account that deploys itself and pays at once; Dave fails; the rest is invalid. */
const buildSlice = (number: number): { entries: Uint8Array[]; outcome: Expected[] } => {
  const nonce = number - 1;
  const first = 2 * nonce;
  const fresh = accountOf(`fresh ${number}`);
  const entries = [
    invoke(alice, { nonce: first + 1 }, pay(bob.address, 5n)),
    invoke(bob, { nonce }, pay(carol.address, 7n), pay(dave.address, 8n)),
    invoke(alice, { nonce: first }, pay(fresh.address, strk)),
    invoke(fresh, { nonce: 1 }, pay(alice.address, 9n)),
    deployAccount(fresh, { nonce: 0 }),
    invoke(dave, { nonce }, pay(bob.address, 5000n * strk)),
  ].map(({ bytes }) => bytes);
  entries.push(
    entries[1] ?? new Uint8Array(0),
    invoke(erin, { nonce: 1 }, pay(bob.address, 1n)).bytes,
    invoke(bob, { nonce: nonce + 1000 }, pay(bob.address, 1n)).bytes,
    Uint8Array.of(0xc0),
    invoke(dave, { nonce: nonce + 1, bounds: bounds(1_200_000_001n) }, pay(bob.address, 1n)).bytes,
  );
  const outcome: Expected[] = [
    applied(2),
    applied(1),
    applied(0),
    applied(4),
    applied(3),
    applied(5, false),
    { kind: "omitted", index: 6, reason: "duplicate" },
    { kind: "returned", index: 7, reason: "nonce_too_high" },
    { kind: "returned", index: 8, reason: "nonce_too_high" },
    { kind: "omitted", index: 9, reason: "unsupported" },
    { kind: "omitted", index: 10, reason: "gas_limit" },
  ];
  return { entries, outcome };
};

const slices = new Map<number, ReturnType<typeof buildSlice>>();
const slice = async (number: number): Promise<ReturnType<typeof buildSlice>> => {
  const built = slices.get(number) ?? buildSlice(number);
  slices.set(number, built);
  return built;
};

const nothing: `0x${string}` = "0x123";
const slots = [selectorOf("Account_public_key"), selectorOf("ERC20_name"), nothing];

const checkProofs = async (executor: Executor, { number, stateRoot }: SealedHead): Promise<void> => {
  for (const address of [alice.address, erin.address, strkAddress, deployerAddress]) {
    const request = { classHashes: [], addresses: [address], slots: [{ address, keys: slots }] };
    const answer = await readCairo(executor.read, { kind: "prove", number, ...request });
    if (!answer.ok) throw new Error(answer.error.message);
    const verified = verifyContract(stateRoot, answer.value, address, slots);
    if (!verified.ok) throw new Error(verified.error.message);
    const owner = address === alice.address ? alice.publicKey : "0x0";
    expect(verified.value).toMatchObject({
      exists: address !== erin.address,
      slots: [owner, expect.anything(), "0x0"],
    });
  }
};

const { classHash } = contract("account");
const hexBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

describeAdapterCompliance("cairo", {
  adapter: cairoAdapter,
  domain,
  runtime: createRuntime(),
  config: encodeConfig(config),
  budget,
  prepare: buildEngine,
  badConfigs: [
    { what: "not JSON", config: utf8("accounts: 1") },
    { what: "unknown fields", config: encodeConfig({ ...config, chainId: "SN_MAIN" }) },
    { what: "no accounts", config: encodeConfig({ ...config, accounts: undefined }) },
    { what: "no address", config: encodeConfig({ ...config, feeRecipient: `0x${"ff".repeat(32)}` }) },
    {
      what: "an account where the token is",
      config: encodeConfig({ ...config, accounts: { [strkAddress]: { publicKey: "0x1", balance: "1" } } }),
    },
    {
      what: "a class that doesn't compile",
      config: encodeConfig({
        ...config,
        classes: { ...config.classes, token: { ...config.classes.token, sierra_program: ["0x1"] } },
      }),
    },
  ],
  slice,
  admitted: async () => {
    const { bytes, hash } = invoke(alice, { nonce: 5, tip: 3n }, pay(bob.address, 7n));
    const facts = {
      nativeId: hash,
      sender: alice.address,
      nonce: 5,
      gas: 20_000_000,
      cost: 20_000_000n * 2_000_000_003n + 2000n * 2_000_000_000n,
      price: { max: 2_000_000_000n, tip: 3n },
      floor: 1_000_000_000n,
      account: { nonce: 0, balance: 1000n * strk },
    };
    return [{ bytes, facts }];
  },
  refused: async () => {
    const valid = invoke(alice, { nonce: 0 }, pay(bob.address, 1n));
    const { bytes, transaction } = valid;
    if (transaction.type !== "INVOKE") throw new Error("not an INVOKE");
    const huge = encodeTransaction({ ...transaction, calldata: new Array(2 ** 21).fill("0x1") });
    const long = encodeTransaction({ ...transaction, signature: new Array(4001).fill("0x1") });
    return [
      { what: "nothing", bytes: new Uint8Array(0), reason: "undecodable" },
      { what: "a cut off transaction", bytes: bytes.subarray(0, -1), reason: "undecodable" },
      { what: "a byte too many", bytes: Uint8Array.of(...bytes, 0), reason: "undecodable" },
      { what: "another kind", bytes: Uint8Array.of(3, 3, ...bytes.subarray(2)), reason: "undecodable" },
      { what: "another version", bytes: Uint8Array.of(1, ...bytes.subarray(1)), reason: "unsupported" },
      { what: "a needless zero", bytes: hexBytes(`03000200${"01"}`), reason: "undecodable" },
      { what: "too many bytes", bytes: huge, reason: "oversized" },
      { what: "too long a signature", bytes: long, reason: "oversized" },
      {
        what: "another chain",
        bytes: invoke(alice, { nonce: 0, chain: "0x534e5f4d41494e" }, pay(bob.address, 1n)).bytes,
        reason: "bad_signature",
      },
      {
        what: "another key",
        bytes: invoke(alice, { nonce: 0, key: bob.privateKey }, pay(bob.address, 1n)).bytes,
        reason: "bad_signature",
      },
      {
        what: "no signature",
        bytes: encodeTransaction({ ...transaction, signature: [] }),
        reason: "bad_signature",
      },
      {
        what: "too much gas",
        bytes: invoke(alice, { nonce: 0, bounds: bounds(1_200_000_001n) }, pay(bob.address, 1n)).bytes,
        reason: "gas_limit",
      },
      {
        what: "too little gas",
        bytes: invoke(alice, { nonce: 0, bounds: bounds(1000n) }, pay(bob.address, 1n)).bytes,
        reason: "intrinsic_gas",
      },
      {
        what: "too low a price",
        bytes: invoke(alice, { nonce: 0, bounds: bounds(20_000_000n, 999_999_999n) }, pay(bob.address, 1n)).bytes,
        reason: "fee_too_low",
      },
    ];
  },
  /** The newest header, and hashes of blocks in contract 0x1. */
  isBookkeeping: (key) => [`0x6d`, `0x73${"1".padStart(64, "0")}`].some((prefix) => toHex(key).startsWith(prefix)),
  reads: (number): CairoRead[] => [
    { kind: "nonce", number, address: alice.address },
    { kind: "nonce", number, address: erin.address },
    { kind: "classHashAt", number, address: alice.address },
    { kind: "storage", number, address: alice.address, key: selectorOf("Account_public_key") },
    { kind: "class", number, classHash },
    { kind: "class", number, classHash: "0x1" },
    {
      ...{ kind: "call", number, address: strkAddress, selector: selectorOf("balance_of") },
      calldata: [alice.address],
    },
    { kind: "call", number, address: strkAddress, selector: selectorOf("nothing"), calldata: [] },
    { kind: "prove", number, classHashes: [classHash], addresses: [alice.address], slots: [] },
    { kind: "stateDiff", number },
    {
      ...{ kind: "simulate", number, skipValidate: true, skipFeeCharge: true },
      transactions: [{ bytes: invoke(carol, { nonce: 0 }, pay(bob.address, 1n)).bytes, query: false }],
    },
    { kind: "nonce", number: number + 1000, address: alice.address },
  ],
  checkProofs,
  isUnavailable: async (executor, number) => {
    const answer = await readCairo(executor.read, { kind: "nonce", number, address: alice.address });
    return !answer.ok && answer.error.code === "height_unavailable";
  },
});
