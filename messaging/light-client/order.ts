/**
 * The order as one tenant sees it: which transactions, at which heights and times. It is proven by consensus
 * certificates alone, so it needs nobody's execution.
 */
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { failure, success } from "../../protocol/errors.ts";
import { Genesis } from "../../protocol/genesis.ts";
import type { Header } from "../../protocol/header.ts";
import { asHeight, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import { type BlockWire, SliceWire } from "../../protocol/wire.ts";
import { refuteChild } from "./block.ts";
import { refuteEntries } from "./execution.ts";
import type { Finality } from "./finality.ts";
import { lightClientLimits as limits } from "./limits.ts";
import { type Proof, type Refusal, refusal, refused } from "./refusal.ts";
import type { TrustedSets } from "./sets.ts";
import { ask, type Transport } from "./transport.ts";

/** The last height that a reader has; with the network and that height's header root where it knows them. */
export type OrderCursor = { height: Height; genesis?: Root; header?: Root };

/** All that was ordered for a tenant at a height, as bytes in their order; empty where nothing was. */
export type OrderedHeight = { header: Header; cursor: Required<OrderCursor>; entries: Uint8Array[] };

export type OrderedRun = {
  /** Consecutive, from the one above the cursor on; empty when the API shows none yet. */
  heights: OrderedHeight[];
  /** Heights up to this one are certified in execution too, as the newest final header says. */
  certified: Height;
};

/** A slice that holds all that its block names for the tenant, and no more; the block is not proven yet. */
export const shownSlice = async (api: Transport, height: Height, domain: Domain): Promise<Proof<SliceWire>> => {
  const slice = await ask(api, `/v1/blocks/${height}/tenants/${domain}`, SliceWire);
  if (!slice.ok) return slice;
  const { block } = slice.value;
  if (block.header.height !== height) {
    return failure(
      "wrong_height",
      `asked for a slice of height ${height}, the answer is of height ${block.header.height}`,
    );
  }
  const refuted = refuteEntries(block, domain, slice.value);
  return refuted ? refused(refuted) : slice;
};

const isMissing = ({ code, answer }: Refusal): boolean => code === "not_available" && answer === "not_found";

const refuteFirst = ({ header }: BlockWire, after: OrderCursor): Refusal | undefined =>
  after.header === undefined || equalBytes(header.parent, after.header)
    ? undefined
    : refusal(
        "wrong_parent",
        `height ${header.height} doesn't follow the height ${after.height} that was read before, ${toHex(after.header)}`,
      );

export const createOrder = (api: Transport, sets: TrustedSets, finality: Finality) => {
  const networkOf = async (after: OrderCursor): Promise<Proof<Root>> => {
    const genesis = await sets.genesis();
    if (!genesis.ok) return genesis;
    const root = Genesis.root(genesis.value);
    if (after.genesis === undefined || equalBytes(root, after.genesis)) return success(root);
    const [read, trusted] = [toHex(after.genesis), toHex(root)];
    return failure("wrong_genesis", `height ${after.height} was read from network ${read}, the trust is in ${trusted}`);
  };

  /** Slices that an API must have: it showed a final block at their height or above. */
  const slicesOf = async (domain: Domain, from: Height, to: Height): Promise<Proof<SliceWire[]>> => {
    const heights = Array.from({ length: to - from + 1 }, (_, i) => asHeight(from + i));
    const slices: SliceWire[] = [];
    for (const [i, slice] of (await Promise.all(heights.map((at) => shownSlice(api, at, domain)))).entries()) {
      if (slice.ok) slices.push(slice.value);
      else if (!isMissing(slice.error)) return slice;
      else {
        const message = `height ${from + i} is final, but what it holds for domain ${domain} is not shown; ${slice.error.message}`;
        return failure("withheld", message);
      }
    }
    return success(slices);
  };

  /** Proves the next heights above `after`, at most as many as `limits.runHeights`. */
  return async (domain: Domain, after: OrderCursor): Promise<Proof<OrderedRun>> => {
    const genesis = await networkOf(after);
    if (!genesis.ok) return genesis;
    const tip = await finality.shown("latest");
    if (!tip.ok && !isMissing(tip.error)) return tip;
    if (!tip.ok || tip.value.header.height <= after.height) return success({ heights: [], certified: asHeight(0) });
    const newest = await finality.prove(tip.value);
    if (!newest.ok) return newest;

    const to = asHeight(Math.min(newest.value.header.height, after.height + limits.runHeights));
    const slices = await slicesOf(domain, asHeight(after.height + 1), to);
    if (!slices.ok) return slices;
    const blocks = slices.value.map(({ block }) => block);
    for (const [i, block] of blocks.entries()) {
      const before = blocks[i - 1];
      const refuted = before ? refuteChild(before, block) : refuteFirst(block, after);
      if (refuted) return refused(refuted);
    }
    // The ancestors of a final block are final: one certificate proves the run.
    const last = blocks.at(-1);
    if (last !== undefined && !equalBytes(last.root, newest.value.root)) {
      const final = await finality.prove(last);
      if (!final.ok) return final;
    }
    const heights = slices.value.map(({ block: { header, root }, entries }) => ({
      header,
      cursor: { genesis: genesis.value, height: header.height, header: root },
      entries,
    }));
    return success({ heights, certified: newest.value.header.certified.height });
  };
};
