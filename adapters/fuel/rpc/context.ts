/** What the fields of one operation have in common. */
import { GraphQLError } from "graphql";
import { rpcLimits } from "./limits.ts";

export type Context = {
  /**
   * Counts bytes of the answer before they are made.
   *
   * @throws GraphQLError when the answer gets too long
   */
  spend(bytes: number): void;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
};

export const createContext = (signal: AbortSignal): Context => {
  let left = rpcLimits.answerBytes;
  return {
    signal,
    spend: (bytes) => {
      left -= bytes;
      if (left < 0) throw apiError("too_long", "the answer is too long: ask for less at once");
    },
  };
};

/** An error that the caller may read. */
export const apiError = (code: string, message: string, fields: Readonly<Record<string, unknown>> = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { ...fields, code } });
