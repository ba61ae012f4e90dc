/** A transaction that this node has taken in and that has not come to its end yet. */
import type { TransactionFacts } from "../../adapters/adapter.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { Domain, Root } from "../../protocol/ids.ts";
import type { BundleFacts } from "../bundle/admission.ts";

/** What an entry asks for; a bundle for each of its legs. */
export type EntryFacts = TransactionFacts & Partial<Pick<BundleFacts, "legs" | "notAfter">>;

export type PoolEntry = {
  id: Root;
  /** The id as map key. */
  key: Hex;
  domain: Domain;
  bytes: Uint8Array;
  facts: EntryFacts;
  /** Waiting here; in a batch of this node's; or in a finalized block that is not executed yet. */
  phase: "queued" | "batched" | "ordered";
  /** Whether it stands in the journals by itself, not in a batch. */
  journaled: boolean;
  /** How often the executor has returned it. */
  returned: number;
  /** When it came in, by this node's clock. */
  since: number;
};
