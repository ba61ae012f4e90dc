/** Wire format of the channel `sync`: one byte for the type, then SSZ. */
import { ByteListType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { concatBytes } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Height } from "../../protocol/ids.ts";
import { sszObject, uint32, uint64 } from "../../protocol/ssz.ts";
import { blockBytesLimit } from "../journal/block.ts";
import { syncLimits } from "./limits.ts";

/** Asks for finalized blocks from a height on. `id` comes back with the reply. */
export type SyncRequest = { readonly id: number; readonly from: Height; readonly count: number };

/** Consecutive blocks, encoded as on disk; empty when the peer has none at that height. */
export type SyncReply = { readonly id: number; readonly blocks: readonly Uint8Array[] };

export type SyncMessage =
  | { readonly type: "request"; readonly request: SyncRequest }
  | { readonly type: "reply"; readonly reply: SyncReply };

const WireRequest = sszObject<SyncRequest>(
  "sync request",
  new ContainerType({ id: uint64, from: uint64, count: uint32 }),
);
const WireReply = sszObject<SyncReply>(
  "sync reply",
  new ContainerType({
    id: uint64,
    blocks: new ListCompositeType(new ByteListType(blockBytesLimit), syncLimits.replyBlocks),
  }),
);

export const encodeSyncMessage = (message: SyncMessage): Uint8Array =>
  message.type === "request"
    ? concatBytes(Uint8Array.of(1), WireRequest.encode(message.request))
    : concatBytes(Uint8Array.of(2), WireReply.encode(message.reply));

/** @throws LockstepError `undecodable` */
export const decodeSyncMessage = (bytes: Uint8Array): SyncMessage => {
  const body = bytes.subarray(1);
  if (bytes.length > syncLimits.messageBytes) {
    throw new LockstepError(
      "undecodable",
      `a sync message has at most ${syncLimits.messageBytes} bytes, not ${bytes.length}`,
    );
  }
  if (bytes[0] === 1) {
    const request = WireRequest.decode(body);
    if (request.from === 0 || request.count === 0 || request.count > syncLimits.requestBlocks) {
      throw new LockstepError("undecodable", `a request names 1 to ${syncLimits.requestBlocks} blocks above genesis`);
    }
    return { type: "request", request };
  }
  if (bytes[0] === 2) return { type: "reply", reply: WireReply.decode(body) };
  throw new LockstepError("undecodable", `no sync message has type ${bytes[0] ?? "nothing"}`);
};
