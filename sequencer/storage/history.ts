/** Reads of what the chain and its execution left in the store. */
import type { BlockContext, TenantBlock } from "../../adapters/adapter.ts";
import type { FinalizedBlock } from "../../consensus/application.ts";
import { equalBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asRoot, type Domain, type Height, type Root } from "../../protocol/ids.ts";
import type { Input } from "../../protocol/inputs.ts";
import type { Disk } from "../../protocol/ports.ts";
import { Summary } from "../../protocol/summary.ts";
import type { BatchStore } from "../batch/store.ts";
import { type Order, orderOf, type SliceEntry, type TenantOrder, tenantOrder } from "../block/payload.ts";
import { inputsOf } from "../pipeline/execute.ts";
import { below, decodeHeight, keys, prefixes } from "./keys.ts";
import { OutcomeRecord, outcomeKinds, TenantRecord } from "./records.ts";

export type History = {
  summary(height: Height): Promise<Summary | undefined>;
  /** What was ordered at a height; throws when a batch of a stored block is gone. */
  order(block: FinalizedBlock): Promise<Order>;
  record(domain: Domain, number: number): Promise<TenantRecord | undefined>;
  tenantBlock(domain: Domain, number: number): Promise<TenantBlock | undefined>;
  numberOf(domain: Domain, blockHash: Root): Promise<number | undefined>;
  /** A tenant's executed block as it was ordered. */
  ordered(domain: Domain, number: number): Promise<TenantOrder & { context: BlockContext }>;
  inputs(domain: Domain, number: number): Promise<Input[] | undefined>;
  outcome(domain: Domain, id: Root): Promise<OutcomeRecord | undefined>;
  /** What became of it at any tenant: applied rather than left out, of several the one of the lowest domain. */
  anyOutcome(id: Root): Promise<OutcomeRecord | undefined>;
  /** Which of these ids some executed block of the tenant has applied. */
  appliedAmong(domain: Domain, ids: readonly Root[]): Promise<ReadonlySet<Hex>>;
  idOf(domain: Domain, nativeId: Hex): Promise<Root | undefined>;
};

const contextOf = (record: TenantRecord): BlockContext => {
  const { height, number, timestampMs, header, parent, parentHash, certified } = record;
  return { height, number, timestampMs, header, parent, parentHash, certified };
};

/** `slice` is what was ordered for the tenant at the record's height. */
export const tenantBlockOf = (domain: Domain, record: TenantRecord, slice: readonly SliceEntry[]): TenantBlock => {
  const { number, blockHash, stateRoot, auxRoot, receiptsRoot, gasUsed, block } = record;
  return {
    domain,
    context: contextOf(record),
    seal: { number, blockHash, stateRoot, auxRoot, receiptsRoot, gasUsed, block },
    writes: record.writes.map(({ bytes }) => bytes),
    transactions: record.executions
      .filter(({ kind }) => kind === outcomeKinds.applied)
      .map(({ index, nativeId, receipt, succeeded }) => {
        const bytes = slice[index]?.bytes ?? new Uint8Array();
        return { bytes, nativeId: toHex(nativeId), receipt, succeeded };
      }),
  };
};

export const createHistory = (
  disk: Disk,
  batches: Pick<BatchStore, "get">,
  finalizedBlock: (height: Height) => Promise<FinalizedBlock | undefined>,
): History => {
  const order = async ({ header }: FinalizedBlock): Promise<Order> =>
    orderOf(
      await Promise.all(
        header.batches.map(async (digest) => {
          const batch = await batches.get(digest);
          if (batch !== undefined) return batch;
          throw new LockstepError("store_corrupt", `batch ${toHex(digest)} of height ${header.height} is not stored`);
        }),
      ),
    );

  const record = async (domain: Domain, number: number): Promise<TenantRecord | undefined> => {
    const stored = await disk.get(keys.tenantBlock(domain, number));
    return stored === undefined ? undefined : TenantRecord.decode(stored);
  };

  const orderAt = async (domain: Domain, { height, executions }: TenantRecord): Promise<TenantOrder> => {
    if (executions.length === 0) return { slice: [], hasLegs: false };
    const block = await finalizedBlock(height);
    if (block === undefined) throw new LockstepError("store_corrupt", `executed height ${height} is not stored`);
    return tenantOrder(await order(block), domain);
  };

  const outcome = async (domain: Domain, id: Root): Promise<OutcomeRecord | undefined> => {
    const stored = await disk.get(keys.outcome(domain, id));
    return stored === undefined ? undefined : OutcomeRecord.decode(stored);
  };

  return {
    summary: async (height) => {
      const stored = await disk.get(keys.summary(height));
      return stored === undefined ? undefined : Summary.decode(stored);
    },
    order,
    record,
    tenantBlock: async (domain, number) => {
      const found = await record(domain, number);
      return found === undefined ? undefined : tenantBlockOf(domain, found, (await orderAt(domain, found)).slice);
    },
    numberOf: async (domain, blockHash) => {
      const stored = await disk.get(keys.tenantHash(domain, blockHash));
      return stored === undefined ? undefined : decodeHeight(stored);
    },
    ordered: async (domain, number) => {
      const found = await record(domain, number);
      if (found === undefined) throw new LockstepError("store_corrupt", `block ${number} of ${domain} is not stored`);
      return { context: contextOf(found), ...(await orderAt(domain, found)) };
    },
    inputs: async (domain, number) => {
      const found = await record(domain, number);
      if (found === undefined) return undefined;
      return inputsOf(found.writes, found.executions, (await orderAt(domain, found)).slice);
    },
    outcome,
    anyOutcome: async (id) => {
      let first: OutcomeRecord | undefined;
      for await (const [, stored] of disk.range(below(prefixes.outcomes(id)))) {
        const found = OutcomeRecord.decode(stored);
        if (found.kind === outcomeKinds.applied) return found;
        first ??= found;
      }
      return first;
    },
    appliedAmong: async (domain, ids) => {
      const outcomes = await Promise.all(ids.map((id) => outcome(domain, id)));
      return new Set(ids.filter((_, i) => outcomes[i]?.kind === outcomeKinds.applied).map(toHex));
    },
    idOf: async (domain, nativeId) => {
      const bytes = fromHex(nativeId);
      if (bytes === undefined) return undefined;
      const stored = await disk.get(keys.native(domain, bytes));
      if (stored !== undefined) return asRoot(stored);
      // Not indexed where the VM knows a transaction by its Lockstep id.
      if (bytes.length !== 32) return undefined;
      const id = asRoot(bytes);
      const ended = await outcome(domain, id);
      return ended !== undefined && equalBytes(ended.nativeId, id) ? id : undefined;
    },
  };
};
