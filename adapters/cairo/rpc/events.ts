/** starknet_getEvents: pages of events, each with a token to go on from. */
import { expected, member, object, type Reader } from "../../jsonRpc/params.ts";
import type { Method } from "../../jsonRpc/service.ts";
import { type BlockId, blockId } from "./blockId.ts";
import type { Chain } from "./chain.ts";
import { starknetError } from "./errors.ts";
import { type EventQuery, eventAddresses, eventKeys, matches } from "./eventQuery.ts";
import { type EmittedEvent, eventsOf } from "./format.ts";
import { rpcLimits } from "./limits.ts";
import { integer, parameters, text } from "./params.ts";

/** Where a page begins: the first event that it may hold is the one at `index` of a block. */
type Place = { number: number; index: number };

const token = ({ number, index }: Place): string => `${number}-${index}`;

const placeOf: Reader<Place> = (value, name) => {
  const [, number, index] = /^([0-9]{1,15})-([0-9]{1,9})$/.exec(text(value, name)) ?? [];
  if (number === undefined || index === undefined) throw starknetError("INVALID_CONTINUATION_TOKEN");
  return { number: Number(number), index: Number(index) };
};

const pageSize: Reader<number> = (value, name) => {
  const size = integer(value, name);
  if (size === 0) throw expected(name, "at least 1", value);
  if (size > rpcLimits.eventPage) throw starknetError("PAGE_SIZE_TOO_BIG");
  return size;
};

type Page = { events: EmittedEvent[]; continuation_token?: string };

/** Looks from `place` to block `last`, until the page is full or enough blocks were looked through. */
const search = async (chain: Chain, query: EventQuery, place: Place, last: number, size: number): Promise<Page> => {
  const events: EmittedEvent[] = [];
  const end = Math.min(last, place.number + rpcLimits.eventBlocks - 1);
  for (let number = place.number; number <= end; number++) {
    if ((number - place.number) % rpcLimits.scannedAtOnce === rpcLimits.scannedAtOnce - 1) {
      await new Promise(setImmediate);
    }
    const block = await chain.blocks.withEvents(number);
    if (block === undefined) continue;
    const start = number === place.number ? place.index : 0;
    for (const [index, event] of eventsOf(block).entries()) {
      if (index < start || !matches(query, event)) continue;
      if (events.length === size) return { events, continuation_token: token({ number, index }) };
      events.push(event);
    }
  }
  return end < last ? { events, continuation_token: token({ number: end + 1, index: 0 }) } : { events };
};

/** The number of a boundary; one beyond the newest block is as good as any. */
const boundaryOf = async (chain: Chain, id: BlockId | undefined, otherwise: number): Promise<number> => {
  if (id === undefined) return otherwise;
  return typeof id === "object" && "number" in id ? id.number : await chain.numberOf(id);
};

export const eventMethods = (chain: Chain): Record<string, Method> => ({
  starknet_getEvents: async (params) => {
    const filter = parameters(params, "filter").required("filter", object);
    const of = <T>(key: string, reader: Reader<T>): T | undefined => member(filter, key, reader, "filter");
    const query = { addresses: of("address", eventAddresses) ?? new Set(), keys: of("keys", eventKeys) ?? [] };
    const size = pageSize(filter.chunk_size, "filter.chunk_size");
    const newest = chain.head("ACCEPTED_ON_L2");
    const first = await boundaryOf(chain, of("from_block", blockId), 0);
    const last = Math.min(newest, await boundaryOf(chain, of("to_block", blockId), newest));
    const place = of("continuation_token", placeOf) ?? { number: first, index: 0 };
    if (place.number < first || place.number > Math.max(first, last)) throw starknetError("INVALID_CONTINUATION_TOKEN");
    return await chain.scan(() => search(chain, query, place, last, size));
  },
});
