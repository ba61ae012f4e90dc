/** The operations of the API. */
export const operationTypes = /* GraphQL */ `
scalar Address
scalar AssetId
scalar BlobId
scalar BlockId
scalar Bytes32
scalar ContractId
scalar HexString
scalar Nonce
scalar RelayedTransactionId
scalar Salt
scalar Tai64Timestamp
scalar TransactionId
scalar TxPointer
scalar U128
scalar U16
scalar U32
scalar U64
scalar UtxoId

type Query {
  health: Boolean!
  chain: ChainInfo!
  nodeInfo: NodeInfo!
  consensusParameters(version: Int!): ConsensusParameters!
  latestGasPrice: LatestGasPrice!
  estimateGasPrice(blockHorizon: U32): EstimateGasPrice!
  block(id: BlockId, height: U32): Block
  blocks(first: Int, after: String, last: Int, before: String): BlockConnection!
  transaction(id: TransactionId!): Transaction
  transactions(first: Int, after: String, last: Int, before: String): TransactionConnection!
  transactionsByOwner(owner: Address!, first: Int, after: String, last: Int, before: String): TransactionConnection!
  coin(utxoId: UtxoId!): Coin
  coins(filter: CoinFilterInput!, first: Int, after: String, last: Int, before: String): CoinConnection!
  "Coins of an owner that add up to each amount, in the order asked for."
  coinsToSpend(owner: Address!, queryPerAsset: [SpendQueryElementInput!]!, excludedIds: ExcludeInput): [[CoinType!]!]!
  balance(owner: Address!, assetId: AssetId!): Balance!
  balances(filter: BalanceFilterInput!, first: Int, after: String, last: Int, before: String): BalanceConnection!
  contract(id: ContractId!): Contract
  contractBalance(contract: ContractId!, asset: AssetId!): ContractBalance!
  contractBalances(
    filter: ContractBalanceFilterInput!, first: Int, after: String, last: Int, before: String
  ): ContractBalanceConnection!
  "What a contract stores in slots; null where there is nothing. Not in fuel-core."
  contractSlots(contract: ContractId!, slots: [Bytes32!]!): [HexString]!
  blob(id: BlobId!): Blob
  "Of the newest executed block, or of one of the last 256. Not in fuel-core."
  coinProof(utxoId: UtxoId!, blockHeight: U32): StateProof!
  contractSlotProof(contract: ContractId!, slot: Bytes32!, blockHeight: U32): StateProof!
  "No messages come from or go to another chain: there is none."
  message(nonce: Nonce!): Message
  messages(owner: Address, first: Int, after: String, last: Int, before: String): MessageConnection!
  messageStatus(nonce: Nonce!): MessageStatus!
  messageProof(
    transactionId: TransactionId!, nonce: Nonce!, commitBlockId: BlockId, commitBlockHeight: U32
  ): MessageProof
  relayedTransactionStatus(id: RelayedTransactionId!): RelayedTransactionStatus
  "Completes a transaction: coins, change, contracts, variable outputs, gas and fee."
  assembleTx(
    tx: HexString!
    blockHorizon: U32!
    requiredBalances: [RequiredBalance!]!
    feeAddressIndex: U16!
    excludeInput: ExcludeInput
    estimatePredicates: Boolean
    reserveGas: U64
  ): AssembleTransactionResult!
  estimatePredicates(tx: HexString!): Transaction!
  "Executes transactions one after the other on the newest state, and forgets what they did."
  dryRun(
    txs: [HexString!]!, utxoValidation: Boolean, gasPrice: U64, blockHeight: U32
  ): [DryRunTransactionExecutionStatus!]!
}

type Mutation {
  submit(tx: HexString!, estimatePredicates: Boolean): Transaction!
  "Refused: blocks are made by the validators of the shared sequencer."
  produceBlocks(startTimestamp: Tai64Timestamp, blocksToProduce: U32!): U32!
}

type Subscription {
  "Every status of a transaction from now on, up to the one that lasts."
  statusChange(id: TransactionId!, includePreconfirmation: Boolean): TransactionStatus!
  submitAndAwait(tx: HexString!, estimatePredicates: Boolean): TransactionStatus!
  submitAndAwaitStatus(
    tx: HexString!, estimatePredicates: Boolean, includePreconfirmation: Boolean
  ): TransactionStatus!
}
`;
