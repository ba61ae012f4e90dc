/** Types of the chain, its parameters and its blocks. */
export const chainTypes = /* GraphQL */ `
type ChainInfo {
  name: String!
  latestBlock: Block!
  daHeight: U64!
  consensusParameters: ConsensusParameters!
  gasCosts: GasCosts!
}

type NodeInfo {
  utxoValidation: Boolean!
  vmBacktrace: Boolean!
  maxTx: U64!
  maxGas: U64!
  maxSize: U64!
  maxDepth: U64!
  nodeVersion: String!
  indexation: IndexationFlags!
}

type IndexationFlags {
  balances: Boolean!
  coinsToSpend: Boolean!
  assetMetadata: Boolean!
}

enum ConsensusParametersVersion { V1 V2 }
enum TxParametersVersion { V1 }
enum PredicateParametersVersion { V1 }
enum ScriptParametersVersion { V1 V2 }
enum ContractParametersVersion { V1 }
enum FeeParametersVersion { V1 }

type ConsensusParameters {
  version: ConsensusParametersVersion!
  txParams: TxParameters!
  predicateParams: PredicateParameters!
  scriptParams: ScriptParameters!
  contractParams: ContractParameters!
  feeParams: FeeParameters!
  baseAssetId: AssetId!
  blockGasLimit: U64!
  blockTransactionSizeLimit: U64!
  chainId: U64!
  gasCosts: GasCosts!
  privilegedAddress: Address!
}

type TxParameters {
  version: TxParametersVersion!
  maxInputs: U16!
  maxOutputs: U16!
  maxWitnesses: U32!
  maxGasPerTx: U64!
  maxSize: U64!
  maxBytecodeSubsections: U16!
}

type PredicateParameters {
  version: PredicateParametersVersion!
  maxPredicateLength: U64!
  maxPredicateDataLength: U64!
  maxGasPerPredicate: U64!
  maxMessageDataLength: U64!
}

type ScriptParameters {
  version: ScriptParametersVersion!
  maxScriptLength: U64!
  maxScriptDataLength: U64!
}

type ContractParameters {
  version: ContractParametersVersion!
  contractMaxSize: U64!
  maxStorageSlots: U64!
}

type FeeParameters {
  version: FeeParametersVersion!
  gasPriceFactor: U64!
  gasPerByte: U64!
}

union DependentCost = LightOperation | HeavyOperation

type LightOperation {
  base: U64!
  unitsPerGas: U64!
}

type HeavyOperation {
  base: U64!
  gasPerUnit: U64!
}

type Block {
  id: BlockId!
  height: U32!
  header: Header!
  transactionIds: [TransactionId!]!
  transactions: [Transaction!]!
  "Whether a final execution certificate covers the block. Not in fuel-core."
  certified: Boolean!
}

type Header {
  id: BlockId!
  daHeight: U64!
  consensusParametersVersion: U32!
  stateTransitionBytecodeVersion: U32!
  transactionsCount: U16!
  messageReceiptCount: U32!
  transactionsRoot: Bytes32!
  messageOutboxRoot: Bytes32!
  eventInboxRoot: Bytes32!
  height: U32!
  prevRoot: Bytes32!
  time: Tai64Timestamp!
  applicationHash: Bytes32!
  "Root of the shared header that ordered the block. Not in fuel-core."
  sharedHeader: Bytes32!
  "Root of the tenant's state after the block: what state proofs lead to. Not in fuel-core."
  stateRoot: Bytes32!
}

type BlockEdge {
  node: Block!
  cursor: String!
}

type BlockConnection {
  pageInfo: PageInfo!
  edges: [BlockEdge!]!
  nodes: [Block!]!
}

type PageInfo {
  hasPreviousPage: Boolean!
  hasNextPage: Boolean!
  startCursor: String
  endCursor: String
}

type LatestGasPrice {
  gasPrice: U64!
  blockHeight: U32!
}

type EstimateGasPrice {
  gasPrice: U64!
}
`;
