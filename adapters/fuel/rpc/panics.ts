/** Names of the FuelVM's panics, by their number: the instruction set's, which SDKs know them by. */
const names = [
  ..."UnknownPanicReason Revert OutOfGas TransactionValidity MemoryOverflow ArithmeticOverflow".split(" "),
  ..."ContractNotFound MemoryOwnership NotEnoughBalance ExpectedInternalContext AssetIdNotFound".split(" "),
  ..."InputNotFound OutputNotFound WitnessNotFound TransactionMaturity InvalidMetadataIdentifier".split(" "),
  ..."MalformedCallStructure ReservedRegisterNotWritable InvalidFlags InvalidImmediateValue".split(" "),
  ..."ExpectedCoinInput EcalError MemoryWriteOverlap ContractNotInInputs InternalBalanceOverflow".split(" "),
  ..."ContractMaxSize ExpectedUnallocatedStack MaxStaticContractsReached TransferAmountCannotBeZero".split(" "),
  ..."ExpectedOutputVariable ExpectedParentInternalContext PredicateReturnedNonOne".split(" "),
  ..."ContractIdAlreadyDeployed ContractMismatch MessageDataTooLong ArithmeticError".split(" "),
  ..."ContractInstructionNotAllowed TransferZeroCoins InvalidInstruction MemoryNotExecutable".split(" "),
  ..."PolicyIsNotSet PolicyNotFound TooManyReceipts BalanceOverflow InvalidBlockHeight TooManySlots".split(" "),
  ..."ExpectedNestedCaller MemoryGrowthOverlap UninitalizedMemoryAccess OverridingConsensusParameters".split(" "),
  ..."UnknownStateTransactionBytecodeRoot OverridingStateTransactionBytecode BytecodeAlreadyUploaded".split(" "),
  ..."ThePartIsNotSequentiallyConnected BlobNotFound BlobIdAlreadyUploaded GasCostNotDefined".split(" "),
  ..."UnsupportedCurveId UnsupportedOperationType InvalidEllipticCurvePoint".split(" "),
  ..."InputContractDoesNotExist StorageSlotsNotFound ProofInUploadNotFound".split(" "),
  ..."InvalidUpgradePurposeType CanNotGetGasPriceInPredicate OwnerIsUnknown StorageOutOfBounds".split(" "),
];

/** The panic that a receipt's `reason` stands for; it has the instruction behind its highest byte. */
export const panicName = (reason: bigint): string => names[Number(reason >> 56n)] ?? "UnknownPanicReason";

export const panicNumber = (name: string): number => names.indexOf(name);
