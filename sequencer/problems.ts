/** What keeps a tenant from being executed, told to the node's operator. */
import type { Domain } from "../protocol/ids.ts";
import type { Quarantine } from "./pipeline/quarantine.ts";
import type { Tenants } from "./pipeline/tenants.ts";

export const quarantineProblems = (tenants: Tenants, quarantines: ReadonlyMap<Domain, Quarantine>): string[] =>
  [...quarantines].map(([domain, { height, reason }]) => {
    const name = tenants.get(domain)?.name ?? "";
    return (
      `tenant ${domain} (${name}) is quarantined at height ${height}: ${reason}. Its transactions are still ordered, and ` +
      "everything else goes on. It is tried again every few minutes and at the node's next start; the log says what " +
      "the executor printed. If other validators report the same height, the engine has a defect: report it. If only " +
      "this one does, look at its memory and its build."
    );
  });
