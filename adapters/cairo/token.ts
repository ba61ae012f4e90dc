/** Where the fee token keeps balances. */
import { keccak, pedersen } from "@scure/starknet";
import { type Hex, utf8 } from "../../protocol/bytes.ts";
import { addressBound, feltOf } from "./felt.ts";

/** The slots of an account's balance in an ERC-20 of ours: the low 128 bits, and the high ones. */
export const balanceSlots = (address: Hex): [Hex, Hex] => {
  const slot = BigInt(pedersen(keccak(utf8("ERC20_balances")), BigInt(address))) % addressBound;
  return [feltOf(slot), feltOf(slot + 1n)];
};

/** A `u256` of two slots. */
export const balanceOf = ([low = "0x0", high = "0x0"]: readonly Hex[]): bigint => BigInt(low) + (BigInt(high) << 128n);
