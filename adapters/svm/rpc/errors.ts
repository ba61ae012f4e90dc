/** JSON-RPC errors in the words of Solana's validator, where clients depend on them, followed by ours. */
import type { Failure } from "../../../protocol/errors.ts";
import { errorCodes, RpcError } from "../../jsonRpc/error.ts";
import type { Simulation, SvmReadRefusal } from "../reads.ts";
import { errorJson, type TransactionError } from "../transactionError.ts";
import { returnDataJson } from "./format.ts";

/** https://solana.com/docs/rpc/json-structures#common-errors and Agave's `custom_error.rs`. */
export const solanaErrors = {
  preflightFailure: -32002,
  signatureVerification: -32003,
  unsupportedVersion: -32015,
} as const;

const serverError = -32000;

const readCodes: Record<SvmReadRefusal, number> = {
  height_unavailable: serverError,
  bad_input: errorCodes.invalidParams,
  too_many: errorCodes.limitExceeded,
  undecodable: errorCodes.invalidParams,
  oversized: errorCodes.invalidParams,
  unsupported: errorCodes.invalidParams,
  invalid: errorCodes.invalidParams,
};

/** The answer to a read that the executor can't do. */
export const readError = ({ code, message }: Failure<SvmReadRefusal>): RpcError =>
  new RpcError(readCodes[code], message, { code });

/** Agave's sentences for errors that users meet most. */
const sentences: Readonly<Record<string, string>> = {
  AccountNotFound: "Attempt to debit an account but found no record of a prior credit.",
  AlreadyProcessed: "This transaction has already been processed",
  BlockhashNotFound: "Blockhash not found",
  InsufficientFundsForFee: "Insufficient funds for fee",
  InvalidAccountForFee: "This account may not be used to pay transaction fees",
  InvalidProgramForExecution: "This program may not be used for executing instructions",
  ProgramAccountNotFound: "Attempt to load a program that does not exist",
  SignatureFailure: "Transaction did not pass signature verification",
  AddressLookupTableNotFound: "Transaction loads an address table account that doesn't exist",
};

/** `InvalidAccountData` as `invalid account data`. */
const inWords = (name: string): string => name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

const hex = (code: number): string => `0x${code.toString(16)}`;

export const errorText = (error: TransactionError): string => {
  const json = errorJson(error);
  if (typeof json === "string") return sentences[json] ?? inWords(json);
  if (error.kind === "instruction") {
    const inner = (json as { InstructionError: [number, unknown] }).InstructionError[1];
    const what =
      error.error.kind === "custom" ? `custom program error: ${hex(error.error.code)}` : inWords(String(inner));
    return `Error processing Instruction ${error.index}: ${what}`;
  }
  switch (error.kind) {
    case "rent":
      return `Transaction results in an account (${error.account}) with insufficient funds for rent`;
    case "duplicate_instruction":
      return `Transaction contains a duplicate instruction (${error.index}) that is not allowed`;
    default:
      return "Execution of a program that it refers to is temporarily restricted.";
  }
};

/** The answer to a transaction that its simulation shows to fail. */
export const preflightFailure = (simulation: Simulation, error: TransactionError): RpcError =>
  new RpcError(solanaErrors.preflightFailure, `Transaction simulation failed: ${errorText(error)}`, {
    accounts: null,
    err: errorJson(error),
    innerInstructions: null,
    logs: simulation.logs,
    replacementBlockhash: null,
    returnData: returnDataJson(simulation.returnData),
    unitsConsumed: simulation.unitsConsumed,
  });

/** The answer to a transaction that was not taken in, for a reason that simulation doesn't see. */
export const submissionError = ({ code, message }: Failure): RpcError => {
  if (code === "bad_signature") {
    return new RpcError(solanaErrors.signatureVerification, "Transaction signature verification failure");
  }
  const isMalformed = ["undecodable", "oversized", "unsupported"].includes(code);
  return new RpcError(isMalformed ? errorCodes.invalidParams : serverError, message, { code });
};
