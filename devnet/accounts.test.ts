import { Keypair } from "@solana/web3.js";
import { Wallet } from "fuels";
import { ec, hash } from "starknet";
import { mnemonicToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { contract } from "../adapters/cairo/contracts/classes.ts";
import { fromBase58 } from "../adapters/svm/base58.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import {
  cairoAccounts,
  deriveEd25519,
  evmAccounts,
  fuelAccounts,
  mnemonic,
  svmAccounts,
  svmFaucet,
} from "./accounts.ts";

test("the first account is the one that every EVM tool knows", () => {
  expect(evmAccounts(1)).toEqual([
    {
      address: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
      privateKey: "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    },
  ]);
});

test("account i is m/44'/60'/0'/0/i", () => {
  expect(evmAccounts()[9]?.address).toBe(mnemonicToAccount(mnemonic, { addressIndex: 9 }).address);
  expect(evmAccounts()).toHaveLength(10);
});

test("ed25519 keys derive as in test vector 1 of SLIP-10", () => {
  const seed = fromHex("0x000102030405060708090a0b0c0d0e0f") ?? new Uint8Array();
  expect(toHex(deriveEd25519(seed, [0, 1]))).toBe("0xb1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2");
});

test("SVM accounts are what Solana's libraries take, and the faucet is the one after them", () => {
  const accounts = svmAccounts();
  // What Solana's wallets show first for this mnemonic.
  expect(accounts[0]?.address).toBe("oeYf6KAJkLYhBuR8CiGc6L4D4Xtfepr85fuDgA9kq96");
  expect(new Set(accounts.map(({ address }) => address)).size).toBe(10);
  for (const { address, secretKey } of accounts) {
    const keypair = Keypair.fromSecretKey(fromBase58(secretKey, 64) ?? new Uint8Array());
    expect(keypair.publicKey.toBase58()).toBe(address);
  }
  expect(svmFaucet().address).toBe(svmAccounts(11)[10]?.address);
});

test("Cairo accounts have the addresses that starknet.js computes from their keys", () => {
  const accounts = cairoAccounts();
  expect(new Set(accounts.map(({ address }) => address)).size).toBe(10);
  for (const { address, privateKey, publicKey } of accounts) {
    expect(BigInt(ec.starkCurve.getStarkKey(privateKey))).toBe(BigInt(publicKey));
    const { classHash } = contract("account");
    const expected = hash.calculateContractAddressFromHash(publicKey, classHash, [publicKey], 0);
    expect(BigInt(address)).toBe(BigInt(expected));
  }
});

test("Fuel accounts are what Fuel's SDK derives", () => {
  const accounts = fuelAccounts();
  for (const [i, { address, privateKey }] of accounts.entries()) {
    const wallet = Wallet.fromMnemonic(mnemonic, `m/44'/1179993420'/${i}'/0/0`);
    expect([address, privateKey]).toEqual([wallet.address.toB256(), wallet.privateKey]);
  }
});
