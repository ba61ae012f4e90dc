/** What the store keeps of transactions that ended without being ordered. */
import { bundleLane } from "../../protocol/bundle.ts";
import { fromHex, utf8 } from "../../protocol/bytes.ts";
import { asHeight } from "../../protocol/ids.ts";
import type { DiskWrite } from "../../protocol/ports.ts";
import type { Ending } from "../mempool/pool.ts";
import { keys } from "./keys.ts";
import { OutcomeRecord, outcomeKinds } from "./records.ts";

export const endingWrites = (endings: readonly Ending[]): DiskWrite[] =>
  endings.flatMap(({ entry, status, reason }) => {
    const nativeId = fromHex(entry.facts.nativeId) ?? new Uint8Array();
    const record: OutcomeRecord = {
      domain: entry.domain,
      kind: outcomeKinds[status],
      height: asHeight(0),
      index: 0,
      succeeded: false,
      nativeId,
      reason: utf8(reason).subarray(0, 256),
    };
    const ended = { key: keys.outcome(entry.domain, entry.id), value: OutcomeRecord.encode(record) };
    // A bundle is asked for by its own id only.
    const isBundle = entry.domain === bundleLane;
    return isBundle ? [ended, { key: keys.native(entry.domain, nativeId), value: entry.id }] : [ended];
  });
