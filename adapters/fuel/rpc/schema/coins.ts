/** Types of what addresses and contracts hold. */
export const holdingTypes = /* GraphQL */ `
type Coin {
  utxoId: UtxoId!
  owner: Address!
  amount: U64!
  assetId: AssetId!
  blockCreated: U32!
  txCreatedIdx: U16!
}

type MessageCoin {
  sender: Address!
  recipient: Address!
  nonce: Nonce!
  amount: U64!
  assetId: AssetId!
  daHeight: U64!
}

union CoinType = Coin | MessageCoin

type CoinEdge {
  node: Coin!
  cursor: String!
}

type CoinConnection {
  pageInfo: PageInfo!
  edges: [CoinEdge!]!
  nodes: [Coin!]!
}

input CoinFilterInput {
  owner: Address!
  assetId: AssetId
}

input SpendQueryElementInput {
  assetId: AssetId!
  amount: U128!
  max: U16
}

input ExcludeInput {
  utxos: [UtxoId!]!
  messages: [Nonce!]!
}

type Balance {
  owner: Address!
  "At most what fits into 64 bits."
  amount: U64!
  amountU128: U128!
  assetId: AssetId!
}

type BalanceEdge {
  node: Balance!
  cursor: String!
}

type BalanceConnection {
  pageInfo: PageInfo!
  edges: [BalanceEdge!]!
  nodes: [Balance!]!
}

input BalanceFilterInput {
  owner: Address!
}

type Contract {
  id: ContractId!
  bytecode: HexString!
}

type ContractBalance {
  contract: ContractId!
  amount: U64!
  assetId: AssetId!
}

type ContractBalanceEdge {
  node: ContractBalance!
  cursor: String!
}

type ContractBalanceConnection {
  pageInfo: PageInfo!
  edges: [ContractBalanceEdge!]!
  nodes: [ContractBalance!]!
}

input ContractBalanceFilterInput {
  contract: ContractId!
}

type Blob {
  id: BlobId!
  bytecode: HexString!
}

"Proves what the state holds under a key, or that it holds nothing. Not in fuel-core."
type StateProof {
  blockHeight: U32!
  "Root that it leads to: that of the block's header."
  stateRoot: Bytes32!
  "Whether a final execution certificate covers the block."
  certified: Boolean!
  "As stored; null where there is nothing."
  value: HexString
  "From the leaf up."
  siblings: [Bytes32!]!
  "Where there is nothing: the leaf that stands for the subtree it would be in."
  other: StateLeaf
}

type StateLeaf {
  path: Bytes32!
  value: Bytes32!
}

type Message {
  amount: U64!
  sender: Address!
  recipient: Address!
  nonce: Nonce!
  data: HexString!
  daHeight: U64!
}

type MessageEdge {
  node: Message!
  cursor: String!
}

type MessageConnection {
  pageInfo: PageInfo!
  edges: [MessageEdge!]!
  nodes: [Message!]!
}

enum MessageState { UNSPENT SPENT NOT_FOUND }

type MessageStatus {
  state: MessageState!
}

type MerkleProof {
  proofSet: [Bytes32!]!
  proofIndex: U64!
}

type MessageProof {
  messageProof: MerkleProof!
  blockProof: MerkleProof!
  messageBlockHeader: Header!
  commitBlockHeader: Header!
  sender: Address!
  recipient: Address!
  nonce: Nonce!
  amount: U64!
  data: HexString!
}

type RelayedTransactionFailed {
  blockHeight: U32!
  failure: String!
}

union RelayedTransactionStatus = RelayedTransactionFailed
`;
