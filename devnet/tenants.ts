/** The tenants that a development network can have, and where they usually live. */
import { LockstepError } from "../protocol/errors.ts";
import { asDomain, type Domain } from "../protocol/ids.ts";

export const tenantNames = ["data", "svm", "cairo", "fuel", "evm"] as const;
export type TenantName = (typeof tenantNames)[number];

export type TenantPlan = {
  name: TenantName;
  domain: Domain;
  /** Port of its own API at validator 0; absent where the VM has no API. */
  port?: number;
  /** Ports in a row that it takes, when more than one. */
  ports?: number;
  /** The native engine that its VM runs in. */
  engine?: string;
};

/** In order of domain. */
export const tenantPlans: readonly TenantPlan[] = [
  { name: "data", domain: asDomain(1) },
  // @solana/web3.js opens its WebSocket one port above that of its HTTP.
  { name: "svm", domain: asDomain(501), port: 8899, ports: 2, engine: "svm" },
  { name: "cairo", domain: asDomain(9004), port: 5050, engine: "cairo" },
  { name: "fuel", domain: asDomain(9889), port: 4000, engine: "fuel" },
  { name: "evm", domain: asDomain(31337), port: 8545, engine: "evm" },
];

export const defaultTenants: readonly TenantName[] = tenantNames;

/**
 * Reads a list such as `evm,data`; the result is in order of domain.
 *
 * @throws LockstepError `bad_flag`
 */
export const parseTenants = (text: string): TenantName[] => {
  const known: readonly TenantName[] = tenantNames;
  const asked = text.split(",").map((name) => name.trim());
  for (const name of asked) {
    if (!known.some((candidate) => candidate === name)) {
      throw new LockstepError("bad_flag", `--tenants knows ${known.join(", ")}, not ${JSON.stringify(name)}.`, {
        flag: "--tenants",
      });
    }
  }
  return known.filter((name) => asked.includes(name));
};

export const plansOf = (names: readonly TenantName[]): TenantPlan[] =>
  tenantPlans.filter(({ name }) => names.includes(name));
