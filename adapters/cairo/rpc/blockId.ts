/** Which block a parameter names. */

import type { Hex } from "../../../protocol/bytes.ts";
import { expected, member, object, type Reader } from "../../jsonRpc/params.ts";
import { felt, integer } from "./params.ts";

/** `latest` is the newest executed block, `pre_confirmed` the one after it, `l1_accepted` the newest certified one. */
const tags = ["latest", "pre_confirmed", "l1_accepted"] as const;
export type BlockTag = (typeof tags)[number];

export type BlockId = BlockTag | { number: number } | { hash: Hex };

export const blockId: Reader<BlockId> = (value, name) => {
  const tag = tags.find((candidate) => candidate === value);
  if (tag !== undefined) return tag;
  const what = `${tags.join(", ")}, or an object with either block_hash or block_number`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw expected(name, what, value);
  const holder = object(value, name);
  const number = member(holder, "block_number", integer, name);
  const hash = member(holder, "block_hash", felt, name);
  if (number !== undefined && hash === undefined) return { number };
  if (hash !== undefined && number === undefined) return { hash };
  throw expected(name, what, value);
};
