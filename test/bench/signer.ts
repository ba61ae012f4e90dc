/** A process that signs EVM transfers, before anything is measured. */
import { privateKeyToAccount } from "viem/accounts";
import type { Account } from "../../devnet/accounts.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { serve } from "./worker.ts";

/** Of each account `count` transfers with nonces from 0, the first to whom it `funds`. */
export type Signing = { accounts: readonly (Account & { funds?: Hex })[]; count: number; chainId: number };

/** Accounts that get the transfers, in turn. */
const recipients = 500;
const recipientAt = (index: number): Hex => `0x${(0x51f7_0000 + (index % recipients)).toString(16).padStart(40, "0")}`;

const gwei = 10n ** 9n;
const fund = 10n ** 21n;

const signTransfers = async (
  { privateKey, funds }: Signing["accounts"][0],
  count: number,
  chainId: number,
): Promise<Hex[]> => {
  const account = privateKeyToAccount(privateKey);
  const signed: Hex[] = [];
  for (let nonce = 0; nonce < count; nonce++) {
    signed.push(
      await account.signTransaction({
        type: "eip1559",
        chainId,
        nonce,
        ...(nonce === 0 && funds !== undefined ? { to: funds, value: fund } : { to: recipientAt(nonce), value: 1n }),
        gas: 21_000n,
        maxFeePerGas: 1000n * gwei,
        maxPriorityFeePerGas: gwei,
      }),
    );
  }
  return signed;
};

serve(async ({ accounts, count, chainId }: Signing): Promise<Hex[][]> => {
  const signed: Hex[][] = [];
  for (const account of accounts) signed.push(await signTransfers(account, count, chainId));
  return signed;
});
