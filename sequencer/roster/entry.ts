/** A tenant as the node keeps it: what it was registered with, and how its status has changed. */
import { ContainerType, ListBasicType, ListCompositeType } from "@chainsafe/ssz";
import { asHeight, type Domain, type Height } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { sszObject, uint8, uint64 } from "../../protocol/ssz.ts";
import { type TenantStatus, tenantStatuses } from "../../protocol/summary.ts";
import { Registration } from "../../protocol/tenant.ts";

export type RosterEntry = {
  registration: Registration;
  /** Increasing by height; empty while the tenant is registered only. */
  changes: { height: Height; status: TenantStatus }[];
  /** Height of its last block, of a tenant that a recovery dropped; else none. */
  dropped: Height[];
};

export const RosterEntry = sszObject<RosterEntry>(
  "RosterEntry",
  new ContainerType({
    registration: Registration.type,
    changes: new ListCompositeType(new ContainerType({ height: uint64, status: uint8 }), limits.statusChanges + 1),
    dropped: new ListBasicType(uint64, 1),
  }),
);

/** Height of its block 0. */
export const activatedAt = ({ changes }: RosterEntry): Height | undefined => changes[0]?.height;

/** Status after a height, of a tenant that was activated by then. */
export const statusAt = ({ changes }: RosterEntry, height: Height): TenantStatus =>
  changes.findLast((change) => change.height <= height)?.status ?? tenantStatuses.registered;

/** Height of its last block; absent while it is not retired. */
export const retiredAt = ({ changes, dropped }: RosterEntry): Height | undefined =>
  dropped[0] ?? changes.find(({ status }) => status === tenantStatuses.retired)?.height;

/** What a recovery leaves of a tenant that it drops: blocks up to its base, or block 0 alone where that came later. */
export const dropAfter = ({ registration, changes }: RosterEntry, base: Height): RosterEntry => {
  const last = asHeight(Math.max(base, changes[0]?.height ?? base));
  return { registration, changes: changes.filter(({ height }) => height <= last), dropped: [last] };
};

/** Whether the tenant has a block at a height. */
export const hasBlockAt = (entry: RosterEntry, height: Height): boolean => {
  const [first, last] = [activatedAt(entry), retiredAt(entry)];
  return first !== undefined && first <= height && (last === undefined || height <= last);
};

/** A tenant's line in the summary of a height. */
export type Due = { domain: Domain; number: number; status: TenantStatus };

/** Tenants that have a block at a height, in order of domain. */
export const dueAt = (entries: ReadonlyMap<Domain, RosterEntry>, height: Height): Due[] =>
  [...entries]
    .filter(([, entry]) => hasBlockAt(entry, height))
    .sort(([a], [b]) => a - b)
    .map(([domain, entry]) => ({
      domain,
      number: height - (activatedAt(entry) ?? height),
      status: statusAt(entry, height),
    }));
