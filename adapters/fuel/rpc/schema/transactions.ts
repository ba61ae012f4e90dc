/** Types of transactions and of what became of them. */
export const transactionTypes = /* GraphQL */ `
type Transaction {
  id: TransactionId!
  inputAssetIds: [AssetId!]
  inputContracts: [ContractId!]
  policies: Policies
  scriptGasLimit: U64
  maturity: U32
  txPointer: TxPointer
  isScript: Boolean!
  isCreate: Boolean!
  isMint: Boolean!
  isUpgrade: Boolean!
  isUpload: Boolean!
  isBlob: Boolean!
  inputs: [Input!]
  outputs: [Output!]!
  witnesses: [HexString!]
  receiptsRoot: Bytes32
  status: TransactionStatus
  script: HexString
  scriptData: HexString
  bytecodeWitnessIndex: U16
  blobId: BlobId
  salt: Salt
  storageSlots: [HexString!]
  "The canonical encoding, as it was executed."
  rawPayload: HexString!
}

type TransactionEdge {
  node: Transaction!
  cursor: String!
}

type TransactionConnection {
  pageInfo: PageInfo!
  edges: [TransactionEdge!]!
  nodes: [Transaction!]!
}

type Policies {
  tip: U64
  witnessLimit: U64
  maturity: U32
  maxFee: U64
  expiration: U32
  owner: U64
}

union Input = InputCoin | InputContract | InputMessage

type InputCoin {
  utxoId: UtxoId!
  owner: Address!
  amount: U64!
  assetId: AssetId!
  txPointer: TxPointer!
  witnessIndex: Int!
  predicateGasUsed: U64!
  predicate: HexString!
  predicateData: HexString!
}

type InputContract {
  utxoId: UtxoId!
  balanceRoot: Bytes32!
  stateRoot: Bytes32!
  txPointer: TxPointer!
  contractId: ContractId!
}

type InputMessage {
  sender: Address!
  recipient: Address!
  amount: U64!
  nonce: Nonce!
  witnessIndex: U16!
  predicateGasUsed: U64!
  data: HexString!
  predicate: HexString!
  predicateData: HexString!
}

union Output = CoinOutput | ContractOutput | ChangeOutput | VariableOutput | ContractCreated

type CoinOutput {
  to: Address!
  amount: U64!
  assetId: AssetId!
}

type ContractOutput {
  inputIndex: U16!
  balanceRoot: Bytes32!
  stateRoot: Bytes32!
}

type ChangeOutput {
  to: Address!
  amount: U64!
  assetId: AssetId!
}

type VariableOutput {
  to: Address!
  amount: U64!
  assetId: AssetId!
}

type ContractCreated {
  contract: ContractId!
  stateRoot: Bytes32!
}

enum ReceiptType {
  CALL RETURN RETURN_DATA PANIC REVERT LOG LOG_DATA TRANSFER TRANSFER_OUT SCRIPT_RESULT MESSAGE_OUT MINT BURN
}

type Receipt {
  id: ContractId
  pc: U64
  is: U64
  to: ContractId
  toAddress: Address
  amount: U64
  assetId: AssetId
  gas: U64
  param1: U64
  param2: U64
  val: U64
  ptr: U64
  digest: Bytes32
  reason: U64
  ra: U64
  rb: U64
  rc: U64
  rd: U64
  len: U64
  receiptType: ReceiptType!
  result: U64
  gasUsed: U64
  data: HexString
  sender: Address
  recipient: Address
  nonce: Nonce
  contractId: ContractId
  subId: Bytes32
}

enum ReturnType { RETURN RETURN_DATA REVERT }

type ProgramState {
  returnType: ReturnType!
  data: HexString!
}

union TransactionStatus =
    SubmittedStatus
  | PreconfirmationSuccessStatus
  | PreconfirmationFailureStatus
  | SuccessStatus
  | SqueezedOutStatus
  | FailureStatus

"It is in the mempool, or ordered and not executed yet."
type SubmittedStatus {
  time: Tai64Timestamp!
}

"It was executed."
type SuccessStatus {
  transactionId: TransactionId!
  blockHeight: U32!
  block: Block!
  transaction: Transaction!
  time: Tai64Timestamp!
  programState: ProgramState
  receipts: [Receipt!]!
  totalGas: U64!
  totalFee: U64!
  "Whether a final execution certificate covers its block. Not in fuel-core."
  certified: Boolean!
}

"It was executed and reverted."
type FailureStatus {
  transactionId: TransactionId!
  blockHeight: U32!
  block: Block!
  transaction: Transaction!
  time: Tai64Timestamp!
  reason: String!
  programState: ProgramState
  receipts: [Receipt!]!
  totalGas: U64!
  totalFee: U64!
  "Whether a final execution certificate covers its block. Not in fuel-core."
  certified: Boolean!
}

"It was not executed and will not be."
type SqueezedOutStatus {
  transactionId: TransactionId!
  reason: String!
}

type ResolvedOutput {
  utxoId: UtxoId!
  output: Output!
}

"It was executed; the status that says so of its block follows at once."
type PreconfirmationSuccessStatus {
  txPointer: TxPointer!
  transactionId: TransactionId!
  totalGas: U64!
  totalFee: U64!
  transaction: Transaction
  receipts: [Receipt!]
  resolvedOutputs: [ResolvedOutput!]
}

type PreconfirmationFailureStatus {
  txPointer: TxPointer!
  transactionId: TransactionId!
  totalGas: U64!
  totalFee: U64!
  transaction: Transaction
  receipts: [Receipt!]
  resolvedOutputs: [ResolvedOutput!]
  reason: String!
}

union DryRunTransactionStatus = DryRunSuccessStatus | DryRunFailureStatus

type DryRunSuccessStatus {
  programState: ProgramState
  receipts: [Receipt!]!
  totalGas: U64!
  totalFee: U64!
}

type DryRunFailureStatus {
  programState: ProgramState
  reason: String!
  receipts: [Receipt!]!
  totalGas: U64!
  totalFee: U64!
}

type DryRunTransactionExecutionStatus {
  id: TransactionId!
  status: DryRunTransactionStatus!
  receipts: [Receipt!]!
}

input ChangePolicy @oneOf {
  "Where what is left of the asset goes."
  change: Address
  "What is left of the asset is burnt."
  destroy: Destroy
}

enum Destroy { DESTROY }

input PredicateAccount {
  predicateAddress: Address!
  predicate: HexString!
  predicateData: HexString!
}

input Account @oneOf {
  address: Address
  predicate: PredicateAccount
}

input RequiredBalance {
  assetId: AssetId!
  amount: U64!
  account: Account!
  changePolicy: ChangePolicy!
}

type AssembleTransactionResult {
  transaction: Transaction!
  status: DryRunTransactionStatus!
  gasPrice: U64!
}
`;
