/** The accounts that every development network funds. Their keys are public: never use them elsewhere. */
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { type Hex, toHex } from "../protocol/bytes.ts";

export const mnemonic = "test test test test test test test test test test test junk";

export type Account = { address: Hex; privateKey: Hex };

/** Wei that each EVM account starts with: 10,000 ETH. */
export const evmBalance = 10_000n * 10n ** 18n;

/** Accounts m/44'/60'/0'/0/i of the mnemonic, as every EVM development tool derives them. */
export const evmAccounts = (count = 10): Account[] => {
  const parent = mnemonicToAccount(mnemonic, { path: "m/44'/60'/0'/0" }).getHdKey();
  return Array.from({ length: count }, (_, i) => {
    const { privateKey } = parent.deriveChild(i);
    if (privateKey === null) throw new Error("the mnemonic yields private keys");
    const secret = toHex(privateKey);
    return { address: privateKeyToAccount(secret).address, privateKey: secret };
  });
};

/** The funded accounts of each VM that has some. */
export type Accounts = { evm?: Account[] };

export const accountsOf = (vms: readonly string[]): Accounts => (vms.includes("evm") ? { evm: evmAccounts() } : {});
