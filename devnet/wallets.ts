/** The funded accounts as wallets of each VM's usual library, at the RPCs of some network's tenants. */
import { Connection, Keypair } from "@solana/web3.js";
import { Provider, Wallet, type WalletUnlocked } from "fuels";
import { Account as CairoAccount, RpcProvider } from "starknet";
import {
  type Account,
  type Chain,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type Transport,
  type WalletClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { fromBase58 } from "../adapters/svm/base58.ts";
import { cairoAccounts, evmAccounts, fuelAccounts, svmAccounts } from "./accounts.ts";

export type Wallets = {
  evm: WalletClient<Transport, Chain, Account>;
  svm: { connection: Connection; keypair: Keypair };
  cairo: CairoAccount;
  fuel: WalletUnlocked;
};

/** Numbers of the tenants that every devnet starts with; the EVM's is its chain id, too. */
export const domains = { svm: 501, cairo: 9004, fuel: 9889, evm: 31337 } as const;

export type VmRpcs = Record<keyof Wallets, string>;

export const evmChain = (rpc: string, id: number): Chain =>
  defineChain({
    ...{ id, name: "lockstep", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 } },
    rpcUrls: { default: { http: [rpc] } },
  });

export const evmWallet = (rpc: string, privateKey: Hex, chainId: number): Wallets["evm"] =>
  createWalletClient({
    account: privateKeyToAccount(privateKey),
    chain: evmChain(rpc, chainId),
    transport: http(rpc),
  });

/** @param secretKey seed and public key in base58 */
export const svmWallet = (rpc: string, secretKey: string): Wallets["svm"] => ({
  connection: new Connection(rpc, "confirmed"),
  keypair: Keypair.fromSecretKey(fromBase58(secretKey, 64) ?? new Uint8Array()),
});

export const cairoWallet = (rpc: string, address: Hex, privateKey: Hex): Wallets["cairo"] =>
  new CairoAccount({ provider: new RpcProvider({ nodeUrl: rpc }), address, signer: privateKey });

export const fuelWallet = (rpc: string, privateKey: Hex): Wallets["fuel"] =>
  Wallet.fromPrivateKey(privateKey, new Provider(rpc));

/** Those of the account at an index, from 0 to 9. */
export const devWallets = (rpcs: VmRpcs, index: number): Wallets => {
  const at = <T>(accounts: readonly T[]): T => {
    const account = accounts[index];
    if (account === undefined) throw new RangeError(`there are ${accounts.length} accounts, and no ${index}`);
    return account;
  };
  const cairo = at(cairoAccounts());
  return {
    evm: evmWallet(rpcs.evm, at(evmAccounts()).privateKey, domains.evm),
    svm: svmWallet(rpcs.svm, at(svmAccounts()).secretKey),
    cairo: cairoWallet(rpcs.cairo, cairo.address, cairo.privateKey),
    fuel: fuelWallet(rpcs.fuel, at(fuelAccounts()).privateKey),
  };
};
