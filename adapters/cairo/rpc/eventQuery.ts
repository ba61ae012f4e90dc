/** What events are asked for: by contract, and by their keys. */
import type { Hex } from "../../../protocol/bytes.ts";
import { list, type Reader } from "../../jsonRpc/params.ts";
import type { CairoEvent } from "../receipt.ts";
import { starknetError } from "./errors.ts";
import { rpcLimits } from "./limits.ts";
import { address, felt, oneOrMore } from "./params.ts";

export type EventQuery = {
  /** Anybody's where empty. */
  addresses: ReadonlySet<Hex>;
  /** Choices for the key at each place; any where empty. */
  keys: readonly ReadonlySet<Hex>[];
};

export const eventKeys: Reader<ReadonlySet<Hex>[]> = (value, name) => {
  const keys = list(list(felt, rpcLimits.eventKeyChoices), Number.MAX_SAFE_INTEGER)(value, name);
  const choices = keys.reduce((sum, each) => sum + each.length, 0);
  if (keys.length > rpcLimits.eventKeys || choices > rpcLimits.eventKeyChoices) {
    throw starknetError("TOO_MANY_KEYS_IN_FILTER");
  }
  return keys.map((each) => new Set(each));
};

export const eventAddresses: Reader<ReadonlySet<Hex>> = (value, name) =>
  new Set(oneOrMore(address, rpcLimits.eventAddresses)(value, name));

export const matches = ({ addresses, keys }: EventQuery, event: CairoEvent): boolean =>
  (addresses.size === 0 || addresses.has(event.from_address)) &&
  keys.every((choices, place) => choices.size === 0 || choices.has(event.keys[place] ?? "0x"));
