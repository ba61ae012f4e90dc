/** The chain that scenarios play on: its accounts and contracts, and signed transactions with the right nonces. */
import {
  type AccessList,
  type Authorization,
  concatHex,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  keccak256,
  numberToHex,
  toHex,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { usualBudgets } from "../../protocol/budget.ts";
import { fromHex, utf8 } from "../../protocol/bytes.ts";
import { asDomain } from "../../protocol/ids.ts";
import { compileContract } from "../fixtures/solidity.ts";
import { type PrecompileCall, precompileCalls } from "./precompiles.ts";
import { programs } from "./programs.ts";
import { createRandom, type Random } from "./random.ts";
import { createRecorder, type Recorded, type Recorder } from "./recorder.ts";

export const chainId = 31337;
export const domain = asDomain(chainId);
const startSeconds = 1_800_000_000;

/** Small enough that blocks get full and the base fee moves, large enough for the largest code. */
export const budget = { ...usualBudgets.evm, gas: { rate: 12_000_000, burst: 12_000_000, largest: 8_000_000 } };

const accountOf = (name: string): PrivateKeyAccount => privateKeyToAccount(keccak256(toHex(name)));
const many = (count: number, name: string) => Array.from({ length: count }, (_, i) => accountOf(`${name} ${i}`));

const senders = many(6, "sender");
/** Delegate their code, and send transactions too. */
const delegators = many(4, "delegator");
/** Authorities that hold nothing before their first delegation. */
const strangers = many(12, "stranger");
/** Can pay for a little gas, no more. */
const poor = accountOf("poor");

const at = (index: number): Hex => numberToHex(0xc0de00 + index, { size: 20 });
/** Raw contracts of block 0. */
export const contracts = {
  burner: at(1),
  looper: at(2),
  reverter: at(3),
  destroyer: at(4),
  clearer: at(5),
  /** An account whose code is delegated already. */
  delegated: at(6),
} as const;
const feeRecipient = at(0xfe);

const workbench = compileContract("Workbench");

const word = (value: number): Hex => numberToHex(value, { size: 32 });
const slots = Array.from({ length: 40 }, (_, i) => i);
const clearedSlots = Object.fromEntries(slots.map((i) => [word(i), word(i + 1)]));
const clearing = concatHex(slots.map((i) => concatHex(["0x5f60", numberToHex(i, { size: 1 }), "0x55"])));
const rich = { balance: String(10n ** 24n) };

export const config = utf8(
  JSON.stringify({
    chainId,
    feeRecipient,
    timestamp: startSeconds,
    alloc: {
      ...Object.fromEntries([...senders, ...delegators].map(({ address }) => [address, rich])),
      [poor.address]: { balance: String(3n * 10n ** 15n) },
      [contracts.burner]: { code: programs.invalid, balance: "5" },
      [contracts.looper]: { code: programs.loops },
      [contracts.reverter]: { code: programs.reverts, nonce: 7 },
      [contracts.destroyer]: { code: programs.destroysItself, balance: "1000" },
      [contracts.clearer]: { code: clearing, storage: clearedSlots },
      [contracts.delegated]: { code: `0xef0100${contracts.reverter.slice(2)}`, nonce: 1 },
    },
  }),
);

export type Draft = {
  from?: PrivateKeyAccount;
  to?: Hex | null;
  data?: Hex;
  value?: bigint;
  gas?: number;
  type?: "legacy" | "eip2930" | "eip1559" | "eip7702";
  accessList?: AccessList;
  authorizationList?: readonly Authorization<number, true>[];
  /** Added to the right one. */
  nonceShift?: number;
  tip?: bigint;
  maxFee?: bigint;
};

/** The first transaction of the first sender: deploys the Workbench. */
const deployment: Draft = {
  from: senders[0] as PrivateKeyAccount,
  data: workbench.bytecode,
  gas: 6_000_000,
  type: "eip1559",
};

export type World = {
  random: Random;
  recorder: Recorder;
  senders: readonly PrivateKeyAccount[];
  delegators: readonly PrivateKeyAccount[];
  strangers: readonly PrivateKeyAccount[];
  poor: PrivateKeyAccount;
  deployment: Draft;
  workbench: Hex;
  feeRecipient: Hex;
  precompiles: readonly PrecompileCall[];
  /** One of them after the other. */
  nextPrecompile(): PrecompileCall;
  /** Contracts that transactions of this chain deployed. */
  deployed: Hex[];
  /** Calldata for a function of the Workbench. */
  call(functionName: string, ...args: unknown[]): Hex;
  /** The next nonce of an account. */
  nextNonce(address: Hex): number;
  sign(draft: Draft): Promise<Uint8Array>;
  record(entries: readonly Uint8Array[], afterMs: number): Promise<Recorded>;
};

const defaultMaxFee = 10n ** 13n;

export const createWorld = async (seed: number): Promise<World> => {
  const random = createRandom(seed);
  const recorder = await createRecorder({ domain, config, budget }, 1000 * startSeconds);
  const precompiles = await precompileCalls();
  let precompile = 0;
  const nonces = new Map<Hex, number>();
  const accounts = [...senders, ...delegators, ...strangers, poor];

  const nextNonce = (address: Hex): number => nonces.get(address) ?? 0;
  const takeNonce = (address: Hex): number => {
    const nonce = nextNonce(address);
    nonces.set(address, nonce + 1);
    return nonce;
  };

  const sign = async (draft: Draft): Promise<Uint8Array> => {
    const { from = random.pick(senders), to, data = "0x", value = 0n, nonceShift = 0, authorizationList } = draft;
    const type = draft.type ?? (authorizationList ? "eip7702" : random.pick(["legacy", "eip2930", "eip1559"] as const));
    const { tip = BigInt(random.int(3)) * 10n ** 9n, maxFee = defaultMaxFee, accessList = [] } = draft;
    const nonce = takeNonce(from.address) + nonceShift;
    const common = { chainId, nonce, to: to ?? null, data, value, gas: BigInt(draft.gas ?? 1_000_000) };
    const market = { maxFeePerGas: maxFee, maxPriorityFeePerGas: tip < maxFee ? tip : maxFee };
    const signed = await (() => {
      switch (type) {
        case "legacy":
          return from.signTransaction({ ...common, type, gasPrice: maxFee });
        case "eip2930":
          return from.signTransaction({ ...common, type, gasPrice: maxFee, accessList });
        case "eip1559":
          return from.signTransaction({ ...common, ...market, type, accessList });
        case "eip7702":
          return from.signTransaction({
            ...common,
            ...market,
            type,
            accessList,
            authorizationList: [...(authorizationList ?? [])],
          });
      }
    })();
    return fromHex(signed) ?? new Uint8Array();
  };

  /** Nonces as the state has them: transactions fail to apply, and authorizations count too. */
  const recount = async (): Promise<void> => {
    for (const { address } of accounts) nonces.set(address, await recorder.nonceOf(address));
  };

  const record: World["record"] = async (entries, afterMs) => {
    const recorded = await recorder.record(entries, afterMs);
    await recount();
    return recorded;
  };

  return {
    random,
    recorder,
    senders,
    delegators,
    strangers,
    poor,
    deployment,
    workbench: getContractAddress({ from: senders[0]?.address ?? "0x", nonce: 0n }),
    feeRecipient,
    precompiles,
    nextPrecompile: () => precompiles[precompile++ % precompiles.length] as PrecompileCall,
    deployed: [],
    call: (functionName, ...args) => encodeFunctionData({ abi: workbench.abi, functionName, args }),
    nextNonce,
    sign,
    record,
  };
};
