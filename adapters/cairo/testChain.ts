/** A Cairo tenant for tests: funded accounts, and transactions signed with starknet.js. */
import { createHash } from "node:crypto";
import { transaction as calls, ec, hash, type ResourceBoundsBN } from "starknet";
import { usualBudgets } from "../../protocol/budget.ts";
import { type Hex, utf8 } from "../../protocol/bytes.ts";
import { asDomain } from "../../protocol/ids.ts";
import { contract } from "./contracts/classes.ts";
import { contractAddress } from "./contracts/classHash.ts";
import { feltOf } from "./felt.ts";
import { type CairoConfig, chainIdOf } from "./genesis.ts";
import type { SierraClass } from "./sierraClass.ts";
import { type CairoTransaction, encodeTransaction } from "./transaction.ts";

export const domain = asDomain(9004);
export const budget = usualBudgets.cairo;
export const chainId = chainIdOf(domain);

export type TestAccount = { privateKey: Hex; publicKey: Hex; address: Hex };

export const accountOf = (name: string): TestAccount => {
  const seed = createHash("sha256").update(`test account ${name}`).digest("hex");
  const privateKey: Hex = `0x${ec.starkCurve.grindKey(seed)}`;
  const publicKey = feltOf(BigInt(ec.starkCurve.getStarkKey(privateKey)));
  const { classHash } = contract("account");
  return { privateKey, publicKey, address: contractAddress({ classHash, salt: publicKey, calldata: [publicKey] }) };
};

export const alice = accountOf("alice");
export const bob = accountOf("bob");
export const carol = accountOf("carol");
export const dave = accountOf("dave");
/** Has neither funds nor an account. */
export const erin = accountOf("erin");

export const feeRecipient: Hex = "0xfee";
export const strk = 10n ** 18n;

export const config: CairoConfig = {
  timestamp: 1_700_000_000,
  feeRecipient,
  classes: {
    account: contract("account").class,
    token: contract("erc20").class,
    deployer: contract("deployer").class,
  },
  accounts: Object.fromEntries(
    [alice, bob, carol, dave].map(({ address, publicKey }) => [address, { publicKey, balance: String(1000n * strk) }]),
  ),
};

export const encodeConfig = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

/** What a transaction may use, unless it says otherwise. */
export const bounds = (l2Gas = 20_000_000n, price = 2_000_000_000n): ResourceBoundsBN => ({
  l1_gas: { max_amount: 0n, max_price_per_unit: price },
  l1_data_gas: { max_amount: 2000n, max_price_per_unit: price },
  l2_gas: { max_amount: l2Gas, max_price_per_unit: price },
});

export type Draft = { nonce: number; bounds?: ResourceBoundsBN; tip?: bigint; chain?: Hex; key?: Hex };

const sharedOf = ({ nonce, bounds: own = bounds(), tip = 0n }: Draft) => {
  const of = ({ max_amount, max_price_per_unit }: ResourceBoundsBN["l2_gas"]) => ({
    max_amount: feltOf(max_amount),
    max_price_per_unit: feltOf(max_price_per_unit),
  });
  return {
    nonce: feltOf(nonce),
    resource_bounds: { l1_gas: of(own.l1_gas), l1_data_gas: of(own.l1_data_gas), l2_gas: of(own.l2_gas) },
    tip: feltOf(tip),
  };
};

const hashedOf = ({ nonce, bounds: own = bounds(), tip = 0n, chain = chainId }: Draft) => ({
  ...{ version: "0x3", chainId: chain, nonce, accountDeploymentData: [], paymasterData: [] },
  ...{ nonceDataAvailabilityMode: 0, feeDataAvailabilityMode: 0, resourceBounds: own, tip },
});

const signatureOf = (message: string, key: Hex): Hex[] => {
  const { r, s } = ec.starkCurve.sign(message, key);
  return [feltOf(r), feltOf(s)];
};

/** The bytes of a transaction, and its hash as starknet.js computes it. */
export type Signed = { bytes: Uint8Array; hash: Hex; transaction: CairoTransaction };

const signed = (transaction: CairoTransaction, message: string): Signed => ({
  bytes: encodeTransaction(transaction),
  hash: `0x${BigInt(message).toString(16).padStart(64, "0")}`,
  transaction,
});

export type Call = { to: Hex; entrypoint: string; calldata: readonly (Hex | bigint | number)[] };

export const invoke = (sender: TestAccount, draft: Draft, ...list: readonly Call[]): Signed => {
  const calldata = calls
    .getExecuteCalldata(
      list.map(({ to, entrypoint, calldata }) => ({
        contractAddress: to,
        entrypoint,
        calldata: calldata.map((each) => BigInt(each).toString()),
      })),
      "1",
    )
    .map((each) => feltOf(BigInt(each)));
  const message = hash.calculateInvokeTransactionHash({
    ...hashedOf(draft),
    senderAddress: sender.address,
    compiledCalldata: calldata,
  } as never);
  const signature = signatureOf(message, draft.key ?? sender.privateKey);
  return signed({ type: "INVOKE", sender_address: sender.address, calldata, signature, ...sharedOf(draft) }, message);
};

export const deployAccount = (account: TestAccount, draft: Draft): Signed => {
  const { classHash } = contract("account");
  const shared = { contract_address_salt: account.publicKey, constructor_calldata: [account.publicKey] };
  const message = hash.calculateDeployAccountTransactionHash({
    ...hashedOf(draft),
    contractAddress: account.address,
    classHash,
    compiledConstructorCalldata: [account.publicKey],
    salt: account.publicKey,
  } as never);
  const signature = signatureOf(message, draft.key ?? account.privateKey);
  return signed({ type: "DEPLOY_ACCOUNT", class_hash: classHash, ...shared, signature, ...sharedOf(draft) }, message);
};

export const declare = (
  sender: TestAccount,
  draft: Draft,
  sierra: { class: SierraClass; classHash: Hex; compiledClassHash: Hex },
): Signed => {
  const message = hash.calculateDeclareTransactionHash({
    ...hashedOf(draft),
    senderAddress: sender.address,
    classHash: sierra.classHash,
    compiledClassHash: sierra.compiledClassHash,
  } as never);
  const signature = signatureOf(message, draft.key ?? sender.privateKey);
  return signed(
    {
      ...{ type: "DECLARE", sender_address: sender.address, signature, ...sharedOf(draft) },
      ...{ compiled_class_hash: sierra.compiledClassHash, contract_class: sierra.class },
    },
    message,
  );
};

/** The engine, built if need be; throws with what is missing when it can't be built. */
export const buildEngine = async (): Promise<void> => {
  const script = new URL("../../scripts/engines.mjs", import.meta.url).href;
  const { ensureEngine } = (await import(script)) as { ensureEngine(name: string): Promise<string> };
  await ensureEngine("cairo");
};
