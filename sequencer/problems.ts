/** What keeps tenants from being executed, here and elsewhere, in sentences for those who run the validators. */
import type { Cannot } from "../protocol/cannot.ts";
import type { Domain, ValidatorIndex } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { isQuorum, totalWeight, type ValidatorSet } from "../protocol/validators.ts";
import type { Quarantine } from "./pipeline/quarantine.ts";
import type { Tenants } from "./pipeline/tenants.ts";

const titleOf = (tenants: Tenants, domain: Domain): string => `tenant ${domain} (${tenants.get(domain)?.name ?? "?"})`;

const byDomain = (cannot: readonly Cannot[]): [Domain, Cannot[]][] => {
  const groups = new Map<Domain, Cannot[]>();
  for (const one of cannot) groups.set(one.domain, [...(groups.get(one.domain) ?? []), one]);
  return [...groups];
};

/** Own tenants that are not executed. */
export const quarantineProblems = (tenants: Tenants, quarantines: ReadonlyMap<Domain, Quarantine>): string[] =>
  [...quarantines].map(
    ([domain, { height, reason }]) =>
      `${titleOf(tenants, domain)} is quarantined at height ${height}: ${reason}. Its transactions are still ordered ` +
      "and nothing is lost; other tenants go on. It is tried again every few minutes and at the node's next start. " +
      "The log says how the executor ended. If other validators stop at the same height, the engine has a defect: " +
      "report it; if only this one does, look at its memory and its build.",
  );

/** Tenants that so many validators can't execute that no certificate comes about. */
export const certificationProblems = (tenants: Tenants, cannot: readonly Cannot[], set: ValidatorSet): string[] =>
  byDomain(cannot).flatMap(([domain, words]) => {
    const unable = words.reduce((sum, { signer }) => sum + (set.members[signer]?.weight ?? 0), 0);
    const total = totalWeight(set);
    if (isQuorum(total - unable, total)) return [];
    const heights = words.map(({ height }) => height);
    return [
      `validators ${words.map(({ signer }) => signer).join(", ")} can't execute ${titleOf(tenants, domain)}: fewer than two ` +
        `thirds are left, so nothing from height ${Math.min(...heights)} on can be certified, and ${limits.uncertifiedHeights} ` +
        "heights later blocks stay empty. Their operators must bring the tenant back, or agree to go on without what " +
        "breaks it: see `lockstep recover --help`.",
    ];
  });

/** What other validators can't execute. */
export const cannotNotices = (tenants: Tenants, cannot: readonly Cannot[], self: ValidatorIndex): string[] =>
  byDomain(cannot.filter(({ signer }) => signer !== self)).map(([domain, words]) => {
    const who = words.map(({ signer, height }) => `validator ${signer} (from height ${height} on)`).join(", ");
    return `${titleOf(tenants, domain)} can't be executed by ${who}: this node is not affected; tell the operator.`;
  });
