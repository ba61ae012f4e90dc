/** What a development network and its tenants start from: equal validators, and funded accounts in every VM. */
import { contract } from "../adapters/cairo/contracts/classes.ts";
import type { CairoConfig } from "../adapters/cairo/genesis.ts";
import type { EvmConfig } from "../adapters/evm/genesis.ts";
import type { FuelConfig } from "../adapters/fuel/genesis.ts";
import { baseAssetId } from "../adapters/fuel/params.ts";
import { fromBase58 } from "../adapters/svm/base58.ts";
import type { SvmConfig } from "../adapters/svm/genesis.ts";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { usualBudgets } from "../protocol/budget.ts";
import { compareBytes, utf8 } from "../protocol/bytes.ts";
import { type Genesis, type GenesisDeposit, vms } from "../protocol/genesis.ts";
import { asSponsor, type PublicKey, type Root } from "../protocol/ids.ts";
import type { Registration } from "../protocol/tenant.ts";
import {
  cairoAccounts,
  cairoBalance,
  evmAccounts,
  evmBalance,
  fuelAccounts,
  fuelBalance,
  fuelCoins,
  svmAccounts,
  svmBalance,
  svmFaucet,
  svmFaucetBalance,
} from "./accounts.ts";
import { type TenantName, type TenantPlan, tenantPlans } from "./tenants.ts";

export type GenesisPlan = {
  salt: Root;
  timestampMs: number;
  epochLength: number;
  signers: readonly BlsSigner[];
  /** Those that are there from the start. */
  tenants: readonly TenantPlan[];
  /** Who may pause, resume and retire the tenants. */
  owner: PublicKey;
};

const evmConfig = (chainId: number, timestampMs: number): Omit<EvmConfig, "gas"> => ({
  chainId,
  feeRecipient: "0x000000000000000000000000000000000000fee5",
  timestamp: Math.floor(timestampMs / 1000),
  alloc: Object.fromEntries(evmAccounts().map(({ address }) => [address, { balance: evmBalance.toString() }])),
});

/** Gets the fees of the SVM tenant; nobody has its key. */
const svmFeeRecipient = "LockstepFees1111111111111111111111111111111";

const svmConfig = (timestampMs: number): SvmConfig => {
  const { address, seed } = svmFaucet();
  return {
    feeRecipient: svmFeeRecipient,
    timestamp: Math.floor(timestampMs / 1000),
    accounts: {
      ...Object.fromEntries(svmAccounts().map((account) => [account.address, svmBalance.toString()])),
      [address]: svmFaucetBalance.toString(),
    },
    faucet: seed,
  };
};

/** Gets the fees of the Cairo tenant; nobody has a key to it. */
const cairoFeeRecipient = "0x4c4f434b535445505f46454553";

const cairoConfig = (timestampMs: number): CairoConfig => ({
  timestamp: Math.floor(timestampMs / 1000),
  feeRecipient: cairoFeeRecipient,
  classes: {
    account: contract("account").class,
    token: contract("erc20").class,
    deployer: contract("deployer").class,
  },
  accounts: Object.fromEntries(
    cairoAccounts().map(({ address, publicKey }) => [address, { publicKey, balance: cairoBalance.toString() }]),
  ),
});

/** Contract that gets the fees of the Fuel tenant; its code gives nothing back. */
const fuelFeeRecipient: FuelConfig["feeRecipient"] = `0x${"fee5".padStart(64, "0")}`;

const fuelConfig = (timestampMs: number): Omit<FuelConfig, "gasPrice"> => ({
  feeRecipient: fuelFeeRecipient,
  timestamp: Math.floor(timestampMs / 1000),
  coins: fuelAccounts().flatMap(({ address: owner }) =>
    Array.from({ length: fuelCoins }, () => ({
      owner,
      amount: String(fuelBalance / BigInt(fuelCoins)),
      assetId: baseAssetId,
    })),
  ),
});

const configOf = ({ name, domain }: TenantPlan, timestampMs: number): unknown => {
  switch (name) {
    case "evm":
      return evmConfig(domain, timestampMs);
    case "svm":
      return svmConfig(timestampMs);
    case "cairo":
      return cairoConfig(timestampMs);
    case "fuel":
      return fuelConfig(timestampMs);
    case "data":
      return {};
  }
};

/** @param owner who may pause, resume and retire the tenant */
export const createRegistration = (plan: TenantPlan, owner: PublicKey, timestampMs: number): Registration => ({
  domain: plan.domain,
  vm: vms[plan.name],
  name: utf8(plan.name),
  owner,
  writers: [],
  budget: usualBudgets[plan.name],
  port: plan.port ?? 0,
  config: utf8(JSON.stringify(configOf(plan, timestampMs))),
});

/** What a sponsor of bundles has at the start, in the smallest unit of each VM's currency. */
const sponsorBalances: Readonly<Partial<Record<TenantName, bigint>>> = {
  svm: 100n * 10n ** 9n,
  cairo: 100n * 10n ** 18n,
  fuel: 10n ** 17n,
  evm: 100n * 10n ** 18n,
};

/** Each of the funded SVM accounts sponsors bundles. */
const sponsorDeposits = (): GenesisDeposit[] =>
  svmAccounts()
    .map(({ address }) => asSponsor(fromBase58(address, 32) ?? new Uint8Array()))
    .sort(compareBytes)
    .flatMap((sponsor) =>
      tenantPlans.flatMap(({ name, domain }) => {
        const amount = sponsorBalances[name];
        return amount === undefined ? [] : [{ sponsor, domain, amount }];
      }),
    );

export const createGenesis = ({ salt, timestampMs, epochLength, signers, tenants, owner }: GenesisPlan): Genesis => ({
  salt,
  timestampMs,
  epochLength,
  validators: signers.map((signer) => ({
    publicKey: signer.publicKey,
    weight: 1,
    possession: signer.provePossession(),
  })),
  tenants: tenants.map((plan) => createRegistration(plan, owner, timestampMs)),
  deposits: sponsorDeposits(),
});
