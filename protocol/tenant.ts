/** What a tenant is registered with: everything that its owner decides. Its root stands in the ordering state. */
import { ByteListType, ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { budgetType, type TenantBudget } from "./budget.ts";
import type { Domain, PublicKey } from "./ids.ts";
import { asPublicKey } from "./ids.ts";
import { limits } from "./limits.ts";
import { bytes48, sszObject, uint8, uint32 } from "./ssz.ts";

export type Registration = {
  domain: Domain;
  /** Wire number from `vms`. */
  vm: number;
  /** Short name in UTF-8. */
  name: Uint8Array;
  /** Whose signature pauses, resumes and retires the tenant; `nobody` where only the validators may. */
  owner: PublicKey;
  /** Senders, as the VM's adapter writes them, in UTF-8, that may have transactions ordered; none: anybody. */
  writers: Uint8Array[];
  budget: TenantBudget;
  /** Where validator 0 of a local network serves the tenant's own API; 0 where the VM has none. */
  port: number;
  /** The VM's own genesis, as its adapter reads it. */
  config: Uint8Array;
};

/** The owner of a tenant without one. */
export const nobody: PublicKey = asPublicKey(new Uint8Array(48));

export const Registration = sszObject<Registration>(
  "Registration",
  new ContainerType({
    domain: uint32,
    vm: uint8,
    name: new ByteListType(limits.tenantNameBytes),
    owner: bytes48,
    writers: new ListCompositeType(new ByteListType(limits.writerBytes), limits.tenantWriters),
    budget: budgetType,
    port: uint32,
    config: new ByteListType(limits.tenantConfigBytes),
  }),
);

/** The writers of a tenant in words; absent where anybody may write. */
export const writersOf = ({ writers }: Registration): string[] | undefined =>
  writers.length === 0 ? undefined : writers.map((writer) => new TextDecoder().decode(writer));
