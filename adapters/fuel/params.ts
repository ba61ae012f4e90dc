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

type Text<T> = T extends bigint ? string : T extends object ? { [Name in keyof T]: Text<T[Name]> } : T;

type EngineCost =
  | number
  | { LightOperation: { base: number; units_per_gas: number } }
  | { HeavyOperation: { base: number; gas_per_unit: number } };

const costOf = (cost: EngineCost): bigint | DependentCost => {
  if (typeof cost === "number") return BigInt(cost);
  if ("LightOperation" in cost) {
    const { base, units_per_gas } = cost.LightOperation;
    return { kind: "light", base: BigInt(base), unitsPerGas: BigInt(units_per_gas) };
  }
  const { base, gas_per_unit } = cost.HeavyOperation;
  return { kind: "heavy", base: BigInt(base), gasPerUnit: BigInt(gas_per_unit) };
};

const bigints = <T extends Record<string, unknown>>(texts: Text<T>): T =>
  Object.fromEntries(
    Object.entries(texts as object).map(([name, value]) => [name, typeof value === "string" ? BigInt(value) : value]),
  ) as T;

/** The parameters as the engine writes them. */
export const readParameters = (json: string): FuelParameters => {
  const { gasCosts, ...rest } = JSON.parse(json) as Text<Omit<FuelParameters, "gasCosts" | "gasCostsVersion">> & {
    gasCosts: Record<string, Record<string, EngineCost>>;
  };
  const [[version, costs] = ["V0", {}]] = Object.entries(gasCosts);
  return {
    chainId: BigInt(rest.chainId),
    baseAssetId: rest.baseAssetId as Hex,
    gasPrice: BigInt(rest.gasPrice),
    blockGasLimit: BigInt(rest.blockGasLimit),
    blockTransactionSizeLimit: BigInt(rest.blockTransactionSizeLimit),
    privilegedAddress: rest.privilegedAddress as Hex,
    txParams: bigints<FuelParameters["txParams"]>(rest.txParams),
    predicateParams: bigints<FuelParameters["predicateParams"]>(rest.predicateParams),
    scriptParams: bigints<FuelParameters["scriptParams"]>(rest.scriptParams),
    contractParams: bigints<FuelParameters["contractParams"]>(rest.contractParams),
    feeParams: bigints<FuelParameters["feeParams"]>(rest.feeParams),
    gasCostsVersion: Number(version.slice(1)),
    gasCosts: Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, costOf(cost)])),
  };
};
