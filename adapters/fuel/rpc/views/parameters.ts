/** The chain's parameters and the node in the shape of the schema. */

import type { FuelParameters } from "../../params.ts";
import { dependentCosts, fixedCosts } from "../schema/gasCosts.ts";

/** Fields whose names are not those of the instructions in camel case. */
const otherNames: Readonly<Record<string, string>> = {
  modOp: "mod_op",
  moveOp: "move_op",
  alocDependentCost: "aloc",
  cfeiDependentCost: "cfei",
  ed19DependentCost: "ed19",
};

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

type Costs = FuelParameters["gasCosts"];

/** @throws TypeError where the engine's table has no such entry */
const costOf = (costs: Costs, field: string) => {
  const cost = costs[otherNames[field] ?? snakeCase(field)];
  if (cost === undefined) throw new TypeError(`the gas table lacks ${field}`);
  return cost;
};

const fixedView = (costs: Costs, field: string): bigint => {
  const cost = costOf(costs, field);
  return typeof cost === "bigint" ? cost : cost.base;
};

const dependentView = (costs: Costs, field: string) => {
  const cost = costOf(costs, field);
  if (typeof cost === "bigint") return { __typename: "HeavyOperation", base: cost, gasPerUnit: 0n };
  const { kind, ...rest } = cost;
  return { __typename: kind === "light" ? "LightOperation" : "HeavyOperation", ...rest };
};

const gasCostsView = ({ gasCosts }: FuelParameters) => ({
  ...Object.fromEntries(fixedCosts.map((field) => [field, () => fixedView(gasCosts, field)])),
  ...Object.fromEntries(dependentCosts.map((field) => [field, () => dependentView(gasCosts, field)])),
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
