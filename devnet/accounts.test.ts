import { mnemonicToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { evmAccounts, mnemonic } from "./accounts.ts";

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
