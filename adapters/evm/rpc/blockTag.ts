/** Which block a parameter names: number, tag, or an object as in EIP-1898. */
import type { Hex } from "../../../protocol/bytes.ts";
import { expected, member, object, type Reader } from "../../jsonRpc/params.ts";
import { hash, integer } from "./params.ts";

const tags = ["latest", "pending", "safe", "finalized", "earliest"] as const;
export type BlockTag = (typeof tags)[number];

/** A block in the chain by its place. */
export type BlockPlace = BlockTag | number;
export type BlockReference = BlockPlace | { hash: Hex };

export const blockPlace: Reader<BlockPlace> = (value, name) => {
  const tag = tags.find((candidate) => candidate === value);
  if (tag !== undefined) return tag;
  if (typeof value === "string" && value.startsWith("0x")) return integer(value, name);
  throw expected(name, `a block number in hex or one of ${tags.join(", ")}`, value);
};

const hashLength = 66;

/**
 * A block as in https://eips.ethereum.org/EIPS/eip-1898, or a bare hash, which geth takes as well. There is one
 * canonical chain, so `requireCanonical` always holds.
 */
export const blockReference: Reader<BlockReference> = (value, name) => {
  if (typeof value === "string" && value.length === hashLength) return { hash: hash(value, name) };
  if (typeof value !== "object") return blockPlace(value, name);
  const holder = object(value, name);
  const byHash = member(holder, "blockHash", hash, name);
  const byNumber = member(holder, "blockNumber", blockPlace, name);
  if (byHash !== undefined && byNumber === undefined) return { hash: byHash };
  if (byNumber !== undefined && byHash === undefined) return byNumber;
  throw expected(name, "an object with either blockHash or blockNumber", value);
};
