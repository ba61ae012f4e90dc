/** What a height came to, from its header and every tenant's record. */
import type { KnownHeader } from "../../consensus/application.ts";
import { asRoot, type Domain, type Revision, type Root, zeroRoot } from "../../protocol/ids.ts";
import type { BundleOutcome, Summary, TenantStatus, TenantSummary } from "../../protocol/summary.ts";
import { bundleEndings, type LedgerRecord } from "../bundle/record.ts";
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

export type Executed = {
  revision: Revision;
  /** Root of the summary before. */
  previous: Root;
  accountsRoot: Root;
  due: readonly Due[];
  /** Of all tenants that are due. */
  records: ReadonlyMap<Domain, TenantRecord>;
  /** Of a height with bundles. */
  bundles?: LedgerRecord | undefined;
};

/** Bundles that were executed, in block order. */
const outcomesOf = ({ bundles }: LedgerRecord): BundleOutcome[] =>
  bundles.flatMap(({ id, ending }) => {
    const { committed, skipped } = bundleEndings;
    return ending === skipped ? [] : [{ id: asRoot(id), committed: ending === committed }];
  });

export const summaryOf = (
  { header, root }: KnownHeader,
  { revision, previous, accountsRoot, due, records, bundles }: Executed,
): Summary => ({
  epoch: header.epoch,
  height: header.height,
  revision,
  header: root,
  previous,
  timestampMs: header.timestampMs,
  accountsRoot,
  tenants: due.flatMap(({ domain, status }) => {
    const record = records.get(domain);
    return record === undefined ? [] : [tenantSummary(domain, record, status)];
  }),
  bundles: bundles === undefined ? [] : outcomesOf(bundles),
  hopeless: addUp(
    [...records.values(), ...(bundles === undefined ? [] : [bundles])].flatMap(({ hopeless }) => hopeless),
  ),
});
