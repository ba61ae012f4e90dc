/**
 * Fuel's transactions as data. Identifiers and byte strings are hexadecimal in lower case, u64 are bigints. The canonical
 * bytes are read and written by `codec.ts`.
 *
 * Some fields are "malleable": neither signed nor part of the id, filled in by who executes. In the bytes as ordered they
 * hold what the sender put there; `withOutcome` of `receipt.ts` gives a transaction with what execution found.
 */
import type { Hex } from "../../protocol/bytes.ts";

export type UtxoId = { readonly txId: Hex; readonly index: number };

/** Where a coin or contract was last put out: block, and position in it. */
export type TxPointer = { readonly height: number; readonly index: number };

export type CoinInput = {
  readonly kind: "coin";
  readonly utxoId: UtxoId;
  readonly owner: Hex;
  readonly amount: bigint;
  readonly assetId: Hex;
  /** Malleable. */
  readonly txPointer: TxPointer;
  readonly witnessIndex: number;
  /** Malleable. */
  readonly predicateGasUsed: bigint;
  /** `0x` where a signature spends it. */
  readonly predicate: Hex;
  readonly predicateData: Hex;
};

/** All but the contract is malleable. */
export type ContractInput = {
  readonly kind: "contract";
  readonly utxoId: UtxoId;
  readonly balanceRoot: Hex;
  readonly stateRoot: Hex;
  readonly txPointer: TxPointer;
  readonly contractId: Hex;
};

/** Transactions with message inputs are refused: there is no L1 that messages could come from. */
export type MessageInput = {
  readonly kind: "message";
  readonly sender: Hex;
  readonly recipient: Hex;
  readonly amount: bigint;
  readonly nonce: Hex;
  readonly witnessIndex: number;
  /** Malleable. */
  readonly predicateGasUsed: bigint;
  readonly data: Hex;
  readonly predicate: Hex;
  readonly predicateData: Hex;
};

export type FuelInput = CoinInput | ContractInput | MessageInput;

export type FuelOutput =
  | { readonly kind: "coin"; readonly to: Hex; readonly amount: bigint; readonly assetId: Hex }
  /** Its roots are malleable. */
  | { readonly kind: "contract"; readonly inputIndex: number; readonly balanceRoot: Hex; readonly stateRoot: Hex }
  /** The amount is malleable. */
  | { readonly kind: "change"; readonly to: Hex; readonly amount: bigint; readonly assetId: Hex }
  /** All of it is malleable. */
  | { readonly kind: "variable"; readonly to: Hex; readonly amount: bigint; readonly assetId: Hex }
  | { readonly kind: "contractCreated"; readonly contractId: Hex; readonly stateRoot: Hex };

export type Policies = {
  readonly tip?: bigint;
  readonly witnessLimit?: bigint;
  readonly maturity?: bigint;
  readonly maxFee?: bigint;
  readonly expiration?: bigint;
  /** Index of the input whose owner stands for the transaction. */
  readonly owner?: bigint;
};

/** What transactions have in common that pay for themselves. */
type Common = {
  readonly policies: Policies;
  readonly inputs: readonly FuelInput[];
  readonly outputs: readonly FuelOutput[];
  readonly witnesses: readonly Hex[];
};

export type ScriptTransaction = Common & {
  readonly kind: "script";
  readonly scriptGasLimit: bigint;
  /** Malleable. */
  readonly receiptsRoot: Hex;
  readonly script: Hex;
  readonly scriptData: Hex;
};

export type CreateTransaction = Common & {
  readonly kind: "create";
  readonly bytecodeWitnessIndex: number;
  readonly salt: Hex;
  /** 32 bytes each. */
  readonly storageSlots: readonly { readonly key: Hex; readonly value: Hex }[];
};

export type BlobTransaction = Common & { readonly kind: "blob"; readonly blobId: Hex; readonly witnessIndex: number };

/** Ends every block: gives the fees to the tenant's recipient. Only the executor makes one. */
export type MintTransaction = {
  readonly kind: "mint";
  readonly txPointer: TxPointer;
  readonly inputContract: Omit<ContractInput, "kind">;
  readonly outputContract: { readonly inputIndex: number; readonly balanceRoot: Hex; readonly stateRoot: Hex };
  readonly mintAmount: bigint;
  readonly mintAssetId: Hex;
  readonly gasPrice: bigint;
};

/** Upgrades and uploads are refused: nothing of a tenant's rules can be changed from inside. */
export type ChargeableTransaction = ScriptTransaction | CreateTransaction | BlobTransaction;
export type FuelTransaction = ChargeableTransaction | MintTransaction;
