/** A Fuel tenant's consensus parameters, as the engine has them: what the RPC shows is what is executed. */
import type { Hex } from "../../protocol/bytes.ts";

/** Asset that fees are paid in: that of Fuel's main network, which SDKs know. */
export const baseAssetId: Hex = "0xf8f8b6283d7fa5b672b530cbb84fcccb4ff8dc40f8176ef4544ddb1f1952ad07";

/** A cost that depends on a size: `base`, and one gas for so many units or so much gas for a unit. */
export type DependentCost =
  | { kind: "light"; base: bigint; unitsPerGas: bigint }
  | { kind: "heavy"; base: bigint; gasPerUnit: bigint };

export type FuelParameters = {
  chainId: bigint;
  baseAssetId: Hex;
  /** Constant. */
  gasPrice: bigint;
  blockGasLimit: bigint;
  blockTransactionSizeLimit: bigint;
  privilegedAddress: Hex;
  txParams: {
    maxInputs: number;
    maxOutputs: number;
    maxWitnesses: number;
    maxGasPerTx: bigint;
    maxSize: bigint;
    maxBytecodeSubsections: number;
  };
  predicateParams: {
    maxPredicateLength: bigint;
    maxPredicateDataLength: bigint;
    maxMessageDataLength: bigint;
    maxGasPerPredicate: bigint;
  };
  scriptParams: { maxScriptLength: bigint; maxScriptDataLength: bigint };
  contractParams: { contractMaxSize: bigint; maxStorageSlots: bigint };
  feeParams: { gasPriceFactor: bigint; gasPerByte: bigint };
  /** Version of the table of gas costs, 1 to 7. */
  gasCostsVersion: number;
  /** By the name of the operation in snake case, as fuel-tx names them: `add`, `contract_root`, `vm_initialization`, … */
  gasCosts: Record<string, bigint | DependentCost>;
};

/** Versions that block headers name. */
export const consensusParametersVersion = 0;
export const stateTransitionVersion = 34;
