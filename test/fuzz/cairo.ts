/** Transactions of every type, wrong in bits or in what they ask for, and calls of Starknet's JSON-RPC. */
import { contract } from "../../adapters/cairo/contracts/classes.ts";
import { classHashOf } from "../../adapters/cairo/contracts/classHash.ts";
import { addressBound, feltOf, prime } from "../../adapters/cairo/felt.ts";
import { deployerAddress, strkAddress } from "../../adapters/cairo/genesis.ts";
import { type Draft, declare, deployAccount, domain, invoke, type Signed } from "../../adapters/cairo/testChain.ts";
import { decodeTransaction } from "../../adapters/cairo/transaction.ts";
import { queryVersion, transactionToJson } from "../../adapters/cairo/transactionJson.ts";
import type { CairoAccount } from "../../devnet/accounts.ts";
import { type Hex, utf8 } from "../../protocol/bytes.ts";
import { readClass } from "../fixtures/cairoClass.ts";
import type { Random } from "../replay/random.ts";
import type { Call, VmGenerator } from "./generator.ts";
import { mutateBytes } from "./mutate.ts";

const felt = (random: Random): Hex => feltOf(random.word() % prime);
const address = (random: Random): Hex =>
  random.pick([
    () => strkAddress,
    () => deployerAddress,
    () => feltOf(BigInt(random.int(4))),
    () => feltOf(random.word() % addressBound),
  ])();
const felts = (random: Random, most: number): Hex[] => Array.from({ length: random.int(most) }, () => felt(random));

const entrypoints = [
  "transfer",
  "approve",
  "transfer_from",
  "deploy_contract",
  "__execute__",
  "constructor",
  "nothing",
];
const call = (random: Random) => ({
  to: address(random),
  entrypoint: random.pick(entrypoints),
  calldata: random.chance(0.5) ? [address(random), feltOf(BigInt(random.int(1000))), "0x0" as const] : felts(random, 6),
});

const draft = (random: Random): Draft => {
  const amount = random.pick([0n, 1_000n, 5_000_000n, 20_000_000n, 1_200_000_000n, random.word() % 2n ** 64n]);
  const price = random.pick([0n, 1n, 10n ** 9n, 10n ** 10n, random.word() % 2n ** 128n]);
  const bound = { max_amount: amount, max_price_per_unit: price };
  return {
    nonce: random.chance(0.9) ? random.int(64) : 2 ** 30 + random.int(1000),
    tip: random.chance(0.8) ? 0n : random.word() % 2n ** 64n,
    bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: { ...bound, max_amount: amount % 10_000n } },
  };
};

const inbox = readClass("inbox");

/** Mostly no program at all: what compiles has been declared before. */
const sierraOf = (random: Random): typeof inbox => {
  const program = [...inbox.sierra_program];
  for (let changes = random.int(4); changes > 0; changes--) program[random.int(program.length)] = felt(random);
  return { ...inbox, sierra_program: random.chance(0.3) ? program.slice(0, random.int(program.length)) : program };
};

type Sign = (random: Random, signer: CairoAccount) => Signed;
const signInvoke: Sign = (random, signer) =>
  invoke(signer, draft(random), ...Array.from({ length: random.int(3) }, () => call(random)));
const signDeployAccount: Sign = (random, signer) =>
  deployAccount({ ...signer, publicKey: felt(random) }, { ...draft(random), nonce: random.int(2) });
const signDeclare: Sign = (random, signer) => {
  const sierra = sierraOf(random);
  const named = { class: sierra, classHash: classHashOf(sierra), compiledClassHash: felt(random) };
  return declare(signer, draft(random), named);
};
const transactions = [signInvoke, signInvoke, signInvoke, signInvoke, signDeployAccount, signDeclare];

const transaction = (random: Random, signer: CairoAccount): Uint8Array => {
  const { bytes } = random.pick(transactions)(random, signer);
  return random.chance(0.25) ? mutateBytes(random, bytes) : bytes;
};

/** The JSON of what can be decoded, now and then as a query; else something that is none. */
const jsonOf = (bytes: Uint8Array): Record<string, unknown> => {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return { type: "INVOKE", version: queryVersion, sender_address: strkAddress };
  const { value } = decoded;
  return { ...transactionToJson(value), ...(value.type === "DECLARE" ? { contract_class: value.contract_class } : {}) };
};

const submissions: Readonly<Record<string, readonly [method: string, parameter: string]>> = {
  INVOKE: ["starknet_addInvokeTransaction", "invoke_transaction"],
  DECLARE: ["starknet_addDeclareTransaction", "declare_transaction"],
  DEPLOY_ACCOUNT: ["starknet_addDeployAccountTransaction", "deploy_account_transaction"],
};

const block = (random: Random): unknown =>
  random.pick([
    () => "latest",
    () => "pre_confirmed",
    () => "l1_accepted",
    () => ({ block_number: random.int(8) }),
    () => ({ block_hash: felt(random) }),
  ])();
const functionCall = (random: Random) => ({
  contract_address: address(random),
  entry_point_selector: felt(random),
  calldata: felts(random, 5),
});
const simulated = (random: Random, signer: CairoAccount): unknown[] =>
  Array.from({ length: random.int(3) }, () => ({ ...jsonOf(transaction(random, signer)), version: queryVersion }));

type MakeCall = (random: Random, signer: CairoAccount) => Call;
const byBlock = (name: string, params: (random: Random) => object = () => ({})): MakeCall => {
  return (random) => ({ method: `starknet_${name}`, params: { block_id: block(random), ...params(random) } });
};
const alone = (name: string, params: (random: Random) => unknown = () => []): MakeCall => {
  return (random) => ({ method: `starknet_${name}`, params: params(random) });
};

const calls: readonly MakeCall[] = [
  alone("chainId"),
  alone("blockNumber"),
  alone("blockHashAndNumber"),
  alone("syncing"),
  byBlock("getBlockWithTxHashes"),
  byBlock("getBlockWithTxs"),
  byBlock("getBlockWithReceipts"),
  byBlock("getBlockTransactionCount"),
  byBlock("getStateUpdate"),
  byBlock("traceBlockTransactions"),
  byBlock("getTransactionByBlockIdAndIndex", (r) => ({ index: r.int(3) })),
  byBlock("getNonce", (r) => ({ contract_address: address(r) })),
  byBlock("getClassHashAt", (r) => ({ contract_address: address(r) })),
  byBlock("getClassAt", (r) => ({ contract_address: address(r) })),
  byBlock("getClass", (r) => ({ class_hash: r.chance(0.5) ? contract("erc20").classHash : felt(r) })),
  byBlock("getStorageAt", (r) => ({ contract_address: address(r), key: felt(r) })),
  byBlock("call", (r) => ({ request: functionCall(r) })),
  byBlock("estimateMessageFee", (r) => {
    const { calldata: payload, contract_address: to_address, ...rest } = functionCall(r);
    return { message: { from_address: felt(r), to_address, payload, ...rest } };
  }),
  byBlock("getStorageProof", (r) => ({
    class_hashes: felts(r, 3),
    contract_addresses: [address(r)],
    contracts_storage_keys: [{ contract_address: address(r), storage_keys: felts(r, 3) }],
  })),
  alone("getCompiledCasm", (r) => ({ class_hash: r.chance(0.5) ? contract("account").classHash : felt(r) })),
  alone("getTransactionByHash", (r) => [felt(r)]),
  alone("getTransactionReceipt", (r) => [felt(r)]),
  alone("getTransactionStatus", (r) => [felt(r)]),
  alone("traceTransaction", (r) => [felt(r)]),
  alone("getEvents", (r) => ({
    filter: {
      from_block: block(r),
      to_block: block(r),
      address: address(r),
      keys: [felts(r, 3)],
      chunk_size: r.int(2000),
    },
  })),
  alone("subscribeNewHeads", () => ({})),
  (r, signer) => ({
    method: "starknet_estimateFee",
    params: {
      request: simulated(r, signer),
      simulation_flags: r.chance(0.5) ? ["SKIP_VALIDATE"] : [],
      block_id: block(r),
    },
  }),
  (r, signer) => ({
    method: "starknet_simulateTransactions",
    params: { block_id: block(r), transactions: simulated(r, signer), simulation_flags: ["SKIP_FEE_CHARGE"] },
  }),
];

export const cairoGenerator = (signer: CairoAccount): VmGenerator => ({
  domain,
  transaction: async (random) => transaction(random, signer),
  rpc: {
    call: (random) => {
      const made = random.pick(calls)(random, signer);
      if (random.chance(0.95)) return made;
      return { ...made, method: new TextDecoder().decode(mutateBytes(random, utf8(made.method))) };
    },
    submit: (bytes) => {
      const json = jsonOf(bytes);
      const [method, parameter] = submissions[String(json.type)] ?? ["", ""];
      return { method, params: { [parameter]: json } };
    },
  },
});
