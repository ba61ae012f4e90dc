import { keccak256, zeroHash } from "viem";
import { expect } from "vitest";
import { createRuntime } from "../../consensus/runtime/runtime.ts";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { Executor, SealedHead } from "../adapter.ts";
import { describeAdapterCompliance, type Expected } from "../compliance.ts";
import { evmAdapter } from "./adapter.ts";
import { verifyProof } from "./proof.ts";
import { type EvmRead, readEvm } from "./reads.ts";
import { beaconRoots, blockHashHistory } from "./systemContracts.ts";
import {
  alice,
  bob,
  budget,
  buildEngine,
  carol,
  chainId,
  config,
  counter,
  dave,
  domain,
  encodeConfig,
  erin,
  reverter,
  sign,
} from "./testChain.ts";

const to = counter;
const applied = (index: number, succeeded = true): Expected => ({ kind: "applied", index, succeeded });

/** Alice sends three types backwards; Bob delegates Carol to the counter; Dave fails; the rest is invalid. */
const buildSlice = async (number: number): Promise<{ entries: Uint8Array[]; outcome: Expected[] }> => {
  const nonce = number - 1;
  const first = 3 * nonce;
  const accessList = [{ address: counter, storageKeys: [zeroHash] }];
  const authorization = await carol.signAuthorization?.({ address: counter, chainId, nonce });
  const authorizationList = authorization === undefined ? [] : [authorization];
  const entries = [
    await sign(alice, { type: "eip1559", nonce: first + 2, to }),
    await sign(alice, { type: "eip2930", nonce: first + 1, to, accessList }),
    await sign(bob, { type: "eip7702", nonce, to: carol.address, authorizationList, gas: 200_000n }),
    await sign(alice, { type: "legacy", nonce: first, to }),
    await sign(dave, { nonce, to: reverter }),
  ];
  entries.push(
    entries[2] ?? new Uint8Array(0),
    await sign(erin, { nonce: 0, to, value: 1n }),
    await sign(bob, { nonce: nonce + 1000, to }),
    Uint8Array.of(0xc0),
    await sign(dave, { nonce: nonce + 1, to, gas: 30_000_001n }),
    await sign(dave, { nonce: nonce + 1, to, maxFeePerGas: 1000n, maxPriorityFeePerGas: 0n }),
  );
  const outcome: Expected[] = [
    applied(3),
    applied(1),
    applied(2),
    applied(0),
    applied(4, false),
    { kind: "omitted", index: 5, reason: "duplicate" },
    { kind: "omitted", index: 6, reason: "insufficient_funds" },
    { kind: "returned", index: 7, reason: "nonce_too_high" },
    { kind: "omitted", index: 8, reason: "undecodable" },
    { kind: "omitted", index: 9, reason: "gas_limit" },
    { kind: "omitted", index: 10, reason: "fee_too_low" },
  ];
  return { entries, outcome };
};

const slices = new Map<number, ReturnType<typeof buildSlice>>();
const slice = (number: number): ReturnType<typeof buildSlice> => {
  const built = slices.get(number) ?? buildSlice(number);
  slices.set(number, built);
  return built;
};

const slots = [zeroHash, `0x${"00".repeat(31)}05`, `0x${"00".repeat(31)}09`] as const;

const checkProofs = async (executor: Executor, { number, stateRoot }: SealedHead): Promise<void> => {
  for (const address of [alice.address, carol.address, counter, erin.address, reverter]) {
    const answer = await readEvm(executor.read, { kind: "prove", number, address, slots: [...slots] });
    if (!answer.ok) throw new Error(answer.error.message);
    const verified = verifyProof(stateRoot, answer.value);
    expect(verified).toMatchObject({ ok: true, value: { exists: address !== erin.address } });
  }
};

/** Header, fee state, and what the sequencer itself writes. */
const bookkeeping = [
  "0x6d",
  "0x78",
  ...[blockHashHistory, beaconRoots].map(({ address }) => `0x73${address.slice(2)}`),
];

const truncate = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, -1);

describeAdapterCompliance("evm", {
  adapter: evmAdapter,
  domain,
  runtime: createRuntime(),
  config: encodeConfig(config),
  budget,
  prepare: buildEngine,
  badConfigs: [
    { what: "not JSON", config: utf8("chainId: 1") },
    { what: "another chain id", config: encodeConfig({ ...config, chainId: 1 }) },
    { what: "unknown fields", config: encodeConfig({ ...config, coinbase: counter }) },
    { what: "no accounts", config: encodeConfig({ ...config, alloc: undefined }) },
    {
      what: "an address twice",
      config: encodeConfig({ ...config, alloc: { [counter]: {}, [counter.toUpperCase().replace("X", "x")]: {} } }),
    },
    {
      what: "code at a system contract",
      config: encodeConfig({ ...config, alloc: { "0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02": { code: "0x00" } } }),
    },
  ],
  slice,
  admitted: async () => {
    const bytes = await sign(alice, { nonce: 5, to, value: 7n, gas: 50_000n });
    const facts = {
      nativeId: keccak256(bytes),
      sender: alice.address.toLowerCase(),
      nonce: 5,
      gas: 50_000,
      cost: 50_000n * 3_000_000_000n + 7n,
      price: { max: 3_000_000_000n, tip: 1_000_000_000n },
      floor: 1_000_000_000n,
      account: { nonce: 0, balance: 10_000n * 10n ** 18n },
    };
    return [{ bytes, facts }];
  },
  refused: async () => {
    const valid = await sign(alice, { nonce: 0, to });
    const signed = await sign(alice, { type: "legacy", nonce: 0, to });
    const blob = {
      type: "eip4844",
      nonce: 0,
      to,
      maxFeePerBlobGas: 1n,
      blobVersionedHashes: [`0x01${"00".repeat(31)}`],
    } as const;
    return [
      { what: "nothing", bytes: new Uint8Array(0), reason: "undecodable" },
      { what: "a cut off transaction", bytes: truncate(valid), reason: "undecodable" },
      { what: "a cut off legacy transaction", bytes: truncate(signed), reason: "undecodable" },
      { what: "a byte too many", bytes: Uint8Array.of(...valid, 0), reason: "undecodable" },
      { what: "another chain", bytes: await sign(alice, { chainId: 1, nonce: 0, to }), reason: "wrong_chain" },
      { what: "a blob transaction", bytes: await sign(alice, blob), reason: "unsupported" },
      { what: "an unknown type", bytes: Uint8Array.of(0x05, ...valid.subarray(1)), reason: "unsupported" },
      {
        what: "no replay protection",
        bytes: await sign(alice, { type: "legacy", chainId: undefined, nonce: 0, to }),
        reason: "unsupported",
      },
      { what: "too much gas", bytes: await sign(alice, { nonce: 0, to, gas: 30_000_001n }), reason: "gas_limit" },
      { what: "too little gas", bytes: await sign(alice, { nonce: 0, to, gas: 20_000n }), reason: "intrinsic_gas" },
      {
        what: "too many bytes",
        bytes: await sign(alice, { nonce: 0, to, data: toHex(new Uint8Array(131_072)) }),
        reason: "oversized",
      },
    ];
  },
  isBookkeeping: (key) => bookkeeping.some((prefix) => toHex(key).startsWith(prefix)),
  reads: (number): EvmRead[] => [
    { kind: "account", number, address: alice.address },
    { kind: "account", number, address: erin.address },
    { kind: "code", number, address: counter },
    { kind: "storage", number, address: counter, slot: zeroHash },
    { kind: "prove", number, address: counter, slots: [...slots] },
    { kind: "call", number, request: { from: alice.address, to: reverter } },
    { kind: "call", number, request: { to: counter, gas: "0x186a0" } },
    { kind: "estimate", number, request: { from: alice.address, to: counter } },
    { kind: "estimate", number, request: { from: alice.address, to: reverter } },
    { kind: "call", number: number + 1000, request: { to: counter } },
  ],
  checkProofs,
  isUnavailable: async (executor, number) => {
    const answer = await readEvm(executor.read, { kind: "account", number, address: alice.address });
    return !answer.ok && answer.error.code === "height_unavailable";
  },
});
