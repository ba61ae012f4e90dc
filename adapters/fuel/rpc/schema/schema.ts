/**
 * The GraphQL schema: what fuels and other clients of fuel-core ask for, by fuel-core's names of types and fields,
 * and some fields of ours.
 */
import { buildSchema, type GraphQLSchema } from "graphql";
import { chainTypes } from "./chain.ts";
import { holdingTypes } from "./coins.ts";
import { gasCostsType } from "./gasCosts.ts";
import { operationTypes } from "./operations.ts";
import { equipScalars } from "./scalars.ts";
import { transactionTypes } from "./transactions.ts";

export const createSchema = (): GraphQLSchema => {
  const types = [operationTypes, chainTypes, gasCostsType, holdingTypes, transactionTypes];
  const schema = buildSchema(types.join("\n"));
  equipScalars(schema);
  return schema;
};
