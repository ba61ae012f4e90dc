/** What a height came to, from its header and every tenant's record. */
import type { KnownHeader } from "../../consensus/application.ts";
import { type Domain, type Revision, type Root, zeroRoot } from "../../protocol/ids.ts";
import type { Summary, TenantStatus, TenantSummary } from "../../protocol/summary.ts";
import type { Due } from "../roster/entry.ts";
import type { TenantRecord } from "../storage/records.ts";
import { addUp } from "./hopeless.ts";

/** The tenant's line in the summary. It has no outbox yet, so that stays empty. */
const tenantSummary = (domain: Domain, record: TenantRecord, status: TenantStatus): TenantSummary => ({
  domain,
  number: record.number,
  blockHash: record.blockHash,
  stateRoot: record.stateRoot,
  auxRoot: record.auxRoot,
  receiptsRoot: record.receiptsRoot,
  inputsRoot: record.inputsRoot,
  outboxRoot: zeroRoot,
  outboxCount: 0,
  gasUsed: record.gasUsed,
  status,
});

/** @param records of all tenants that are due */
export const summaryOf = (
  { header, root }: KnownHeader,
  revision: Revision,
  previous: Root,
  due: readonly Due[],
  records: ReadonlyMap<Domain, TenantRecord>,
): Summary => ({
  epoch: header.epoch,
  height: header.height,
  revision,
  header: root,
  previous,
  timestampMs: header.timestampMs,
  accountsRoot: zeroRoot,
  tenants: due.flatMap(({ domain, status }) => {
    const record = records.get(domain);
    return record === undefined ? [] : [tenantSummary(domain, record, status)];
  }),
  bundles: [],
  hopeless: addUp([...records.values()].flatMap(({ hopeless }) => hopeless)),
});
