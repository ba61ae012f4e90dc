/** Solana's transaction errors: their numbers in receipts, and their names in JSON. */
import type { Reader, Writer } from "./binary.ts";

/** Numbers and names of Agave's `InstructionError`, in its order. */
const instructionErrors =
  "GenericError InvalidArgument InvalidInstructionData InvalidAccountData AccountDataTooSmall InsufficientFunds IncorrectProgramId MissingRequiredSignature AccountAlreadyInitialized UninitializedAccount UnbalancedInstruction ModifiedProgramId ExternalAccountLamportSpend ExternalAccountDataModified ReadonlyLamportChange ReadonlyDataModified DuplicateAccountIndex ExecutableModified RentEpochModified NotEnoughAccountKeys AccountDataSizeChanged AccountNotExecutable AccountBorrowFailed AccountBorrowOutstanding DuplicateAccountOutOfSync InvalidError ExecutableDataModified ExecutableLamportChange ExecutableAccountNotRentExempt UnsupportedProgramId CallDepth MissingAccount ReentrancyNotAllowed MaxSeedLengthExceeded InvalidSeeds InvalidRealloc ComputationalBudgetExceeded PrivilegeEscalation ProgramEnvironmentSetupFailure ProgramFailedToComplete ProgramFailedToCompile Immutable IncorrectAuthority AccountNotRentExempt InvalidAccountOwner ArithmeticOverflow UnsupportedSysvar IllegalOwner MaxAccountsDataAllocationsExceeded MaxAccountsExceeded MaxInstructionTraceLengthExceeded BuiltinProgramsMustConsumeComputeUnits BorshIoError".split(
    " ",
  );

/** Numbers and names of Agave's `TransactionError` without fields, as litesvm numbers them. */
const transactionErrors =
  "AccountInUse AccountLoadedTwice AccountNotFound ProgramAccountNotFound InsufficientFundsForFee InvalidAccountForFee AlreadyProcessed BlockhashNotFound CallChainTooDeep MissingSignatureForFee InvalidAccountIndex SignatureFailure InvalidProgramForExecution SanitizeFailure ClusterMaintenance AccountBorrowOutstanding WouldExceedMaxBlockCostLimit UnsupportedVersion InvalidWritableAccount WouldExceedMaxAccountCostLimit WouldExceedAccountDataBlockLimit TooManyAccountLocks AddressLookupTableNotFound InvalidAddressLookupTableOwner InvalidAddressLookupTableData InvalidAddressLookupTableIndex InvalidRentPayingAccount WouldExceedMaxVoteCostLimit WouldExceedAccountDataTotalLimit MaxLoadedAccountsDataSizeExceeded ResanitizationNeeded InvalidLoadedAccountsDataSizeLimit UnbalancedTransaction ProgramCacheHitMaxLimit CommitCancelled".split(
    " ",
  );

/** `code` is what the program chose, where it did. */
export type InstructionError = { kind: "named"; number: number } | { kind: "custom"; code: number };

export type TransactionError =
  | { kind: "named"; number: number }
  | { kind: "instruction"; index: number; error: InstructionError }
  | { kind: "duplicate_instruction"; index: number }
  | { kind: "rent"; account: number }
  | { kind: "restricted"; account: number };

const numberOf = (name: string): number => transactionErrors.indexOf(name);

/** What the adapter says itself, in Solana's words. */
export const blockhashNotFound: TransactionError = { kind: "named", number: numberOf("BlockhashNotFound") };
export const alreadyProcessed: TransactionError = { kind: "named", number: numberOf("AlreadyProcessed") };
export const signatureFailure: TransactionError = { kind: "named", number: numberOf("SignatureFailure") };
export const lookupFailure: TransactionError = { kind: "named", number: numberOf("AddressLookupTableNotFound") };
export const programNotFound: TransactionError = { kind: "named", number: numberOf("ProgramAccountNotFound") };

export const invalidProgram: TransactionError = { kind: "named", number: numberOf("InvalidProgramForExecution") };

const fundErrors = ["AccountNotFound", "InsufficientFundsForFee", "InvalidAccountForFee"].map(numberOf);

/** Whether the payer can't pay the fee. */
export const isLackOfFunds = (error: TransactionError): boolean =>
  error.kind === "named" && fundErrors.includes(error.number);

const tags = { named: 0, instruction: 1, duplicate_instruction: 2, rent: 3, restricted: 4 } as const;

/** `tag u8`, then what it has: numbers as u8, custom codes as u32. */
export const writeError = (writer: Writer, error: TransactionError): Writer => {
  writer.u8(tags[error.kind]);
  switch (error.kind) {
    case "named":
      return writer.u8(error.number);
    case "instruction":
      writer.u8(error.index);
      return error.error.kind === "custom" ? writer.u8(0xff).u32(error.error.code) : writer.u8(error.error.number);
    case "duplicate_instruction":
      return writer.u8(error.index);
    case "rent":
    case "restricted":
      return writer.u8(error.account);
  }
};

export const readError = (reader: Reader): TransactionError => {
  const [tag, first] = [reader.u8(), reader.u8()];
  if (tag === tags.named) return { kind: "named", number: first };
  if (tag === tags.duplicate_instruction) return { kind: "duplicate_instruction", index: first };
  if (tag === tags.rent) return { kind: "rent", account: first };
  if (tag === tags.restricted) return { kind: "restricted", account: first };
  const number = reader.u8();
  return {
    kind: "instruction",
    index: first,
    error: number === 0xff ? { kind: "custom", code: reader.u32() } : { kind: "named", number },
  };
};

/** As Solana's JSON-RPC shows it. */
export const errorJson = (error: TransactionError): unknown => {
  switch (error.kind) {
    case "named":
      return transactionErrors[error.number] ?? `Unknown${error.number}`;
    case "instruction": {
      const inner = error.error;
      const shown =
        inner.kind === "custom"
          ? { Custom: inner.code }
          : (instructionErrors[inner.number] ?? `Unknown${inner.number}`);
      return { InstructionError: [error.index, shown] };
    }
    case "duplicate_instruction":
      return { DuplicateInstruction: error.index };
    case "rent":
      return { InsufficientFundsForRent: { account_index: error.account } };
    case "restricted":
      return { ProgramExecutionTemporarilyRestricted: { account_index: error.account } };
  }
};
