/** `jsonParsed` of token accounts and mints; other data is shown as bytes, as Solana shows what it can't parse. */
import { equalBytes } from "../../../protocol/bytes.ts";
import type { SvmAccount } from "../account.ts";
import { programs } from "../addresses.ts";
import { toBase58 } from "../base58.ts";
import { mintOf, tokenAccountOf, tokenFields } from "../token.ts";

/** An amount of a token with its decimals, in the three ways that clients read. */
export const tokenAmount = (amount: bigint, decimals: number) => {
  const digits = String(amount).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const uiAmountString = fraction === "" ? whole : `${whole}.${fraction}`;
  return { amount: String(amount), decimals, uiAmount: Number(uiAmountString), uiAmountString };
};

const states = ["uninitialized", "initialized", "frozen"] as const;

/** A key that stands behind a flag of four bytes. */
const optionalKey = (data: Uint8Array, flagAt: number): string | null =>
  data[flagAt] === 1 ? toBase58(data.subarray(flagAt + 4, flagAt + 36)) : null;

/** @param decimals of a token account's mint; without them it can't be parsed */
export const parsedToken = (account: SvmAccount, decimals?: number): unknown => {
  const { data, owner } = account;
  const program = equalBytes(owner, programs.token) ? "spl-token" : "spl-token-2022";
  const show = (type: string, info: unknown) => ({ program, parsed: { type, info }, space: data.length });
  const mint = mintOf(account);
  if (mint !== undefined) {
    return show("mint", {
      decimals: mint.decimals,
      freezeAuthority: optionalKey(data, 46),
      isInitialized: true,
      mintAuthority: optionalKey(data, 0),
      supply: String(mint.supply),
    });
  }
  const token = tokenAccountOf(account);
  if (token === undefined || decimals === undefined) return undefined;
  const delegate = optionalKey(data, tokenFields.delegateOption);
  return show("account", {
    isNative: data[109] === 1,
    mint: toBase58(token.mint),
    owner: toBase58(token.owner),
    state: states[data[tokenFields.state] ?? 0] ?? "uninitialized",
    tokenAmount: tokenAmount(token.amount, decimals),
    ...(delegate === null ? {} : { delegate }),
  });
};
