/** Accounts of the SPL token programs, as far as balances need them (layouts of spl-token and spl-token-2022). */
import { equalBytes } from "../../protocol/bytes.ts";
import type { SvmAccount } from "./account.ts";
import { programs } from "./addresses.ts";

export const tokenAccountBytes = 165;
const mintBytes = 82;
/** Where Token-2022 says what an account is, when it has extensions. */
const kindAt = tokenAccountBytes;
const kinds = { mint: 1, account: 2 } as const;

/** Places of fields. */
export const tokenFields = { mint: 0, owner: 32, amount: 64, delegateOption: 72, delegate: 76, state: 108 } as const;

export type TokenAccount = { mint: Uint8Array; owner: Uint8Array; amount: bigint };
export type Mint = { supply: bigint; decimals: number };

export const tokenPrograms = [programs.token, programs.token2022] as const;

const isToken = (account: SvmAccount): boolean => tokenPrograms.some((program) => equalBytes(program, account.owner));

const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);

export const tokenAccountOf = (account: SvmAccount | undefined): TokenAccount | undefined => {
  if (account === undefined || !isToken(account)) return undefined;
  const { data } = account;
  const isLong = data.length > tokenAccountBytes;
  if (data.length < tokenAccountBytes || data[tokenFields.state] === 0) return undefined;
  if (isLong && data[kindAt] !== kinds.account) return undefined;
  return {
    mint: data.slice(tokenFields.mint, tokenFields.mint + 32),
    owner: data.slice(tokenFields.owner, tokenFields.owner + 32),
    amount: viewOf(data).getBigUint64(tokenFields.amount, true),
  };
};

export const mintOf = (account: SvmAccount | undefined): Mint | undefined => {
  if (account === undefined || !isToken(account)) return undefined;
  const { data } = account;
  const isMint = data.length === mintBytes || (data.length > tokenAccountBytes && data[kindAt] === kinds.mint);
  // Byte 45 says whether it was initialized.
  if (!isMint || data[45] !== 1) return undefined;
  return { supply: viewOf(data).getBigUint64(36, true), decimals: data[44] as number };
};
