/** Errors of reads and submissions, in fuel-core's words where clients look for them. */
import type { GraphQLError } from "graphql";
import type { Failure } from "../../../protocol/errors.ts";
import { apiError } from "./context.ts";

export const readError = ({ code, message }: Failure): GraphQLError => apiError(code, message);

/** fuels looks for both sentences. */
export const insufficientCoins = (assetId: string, collected: bigint): GraphQLError =>
  apiError(
    "insufficient_coins",
    `the target cannot be met due to insufficient coins available for ${assetId.slice(2)}. Collected: ${collected}`,
  );

export const tooManyCoins = (assetId: string, max: number, collected: bigint): GraphQLError =>
  apiError(
    "too_many_coins",
    `the target for ${assetId.slice(2)} cannot be met due to exceeding the ${max} coin limit. Collected: ${collected}.`,
  );

/** The answer to a transaction that was not taken in. */
export const submissionError = ({ code, message }: Failure): GraphQLError =>
  apiError(code, `the transaction was not taken in: ${message}`);
