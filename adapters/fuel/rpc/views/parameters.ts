/** The chain's parameters and the node in the shape of the schema. */

import type { FuelParameters } from "../../params.ts";
import { dependentCosts, fixedCosts, optionalDependentCosts, optionalFixedCosts } from "../schema/gasCosts.ts";

/** Fields whose names are not those of the engine's table in camel case. */
const otherNames: Readonly<Record<string, string>> = {
  modOp: "mod",
  moveOp: "move",
  ret: "ret_contract",
  retd: "retd_contract",
  rvrt: "rvrt_contract",
  alocDependentCost: "aloc",
  cfeiDependentCost: "cfei",
  ed19DependentCost: "ed19",
};

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

type Costs = FuelParameters["gasCosts"];

const costOf = (costs: Costs, field: string) => costs[otherNames[field] ?? snakeCase(field)];

const fixedView = (costs: Costs, field: string): bigint | undefined => {
  const cost = costOf(costs, field);
  return typeof cost === "object" ? cost.base : cost;
};

const dependentView = (costs: Costs, field: string) => {
  const cost = costOf(costs, field);
  if (cost === undefined) return undefined;
  if (typeof cost === "bigint") return { __typename: "HeavyOperation", base: cost, gasPerUnit: 0n };
  const { kind, ...rest } = cost;
  return { __typename: kind === "light" ? "LightOperation" : "HeavyOperation", ...rest };
};

const gasCostsView = ({ gasCosts }: FuelParameters) => ({
  ...Object.fromEntries(
    [...fixedCosts, ...optionalFixedCosts].map((field) => [field, () => fixedView(gasCosts, field)]),
  ),
  ...Object.fromEntries(
    [...dependentCosts, ...optionalDependentCosts].map((field) => [field, () => dependentView(gasCosts, field)]),
  ),
});

export const parametersView = (parameters: FuelParameters) => ({
  ...parameters,
  version: "V1",
  txParams: { version: "V1", ...parameters.txParams },
  predicateParams: { version: "V1", ...parameters.predicateParams },
  scriptParams: { version: "V1", ...parameters.scriptParams },
  contractParams: { version: "V1", ...parameters.contractParams },
  feeParams: { version: "V1", ...parameters.feeParams },
  gasCosts: gasCostsView(parameters),
});
