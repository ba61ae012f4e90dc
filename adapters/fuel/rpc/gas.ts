/** Gas and fees of a transaction before it is executed, by the rules of fuel-tx. */
import type { Hex } from "../../../protocol/bytes.ts";
import { encodeTransaction } from "../codec.ts";
import type { FuelParameters } from "../params.ts";
import type { ChargeableTransaction } from "../transaction.ts";

const sizeOf = (hex: Hex): number => (hex.length - 2) / 2;

/** Of what a contract's id is hashed from: a seed, its salt, the roots of code and storage. */
const contractIdBytes = 4 + 3 * 32;

type Costs = { fixed(name: string): bigint; dependent(name: string, units: number): bigint };

const costsOf = ({ gasCosts }: FuelParameters): Costs => ({
  fixed: (name) => {
    const cost = gasCosts[name];
    return typeof cost === "bigint" ? cost : 0n;
  },
  dependent: (name, units) => {
    const cost = gasCosts[name];
    if (cost === undefined || typeof cost === "bigint") return cost ?? 0n;
    const size = BigInt(units);
    return cost.base + (cost.kind === "light" ? size / cost.unitsPerGas : size * cost.gasPerUnit);
  },
});

/** Signatures are checked once each, predicates are loaded and run. */
const gasOfInputs = ({ inputs }: ChargeableTransaction, bytes: number, costs: Costs): bigint => {
  const signatures = new Set<number>();
  let gas = 0n;
  for (const input of inputs) {
    if (input.kind === "contract") continue;
    if (input.predicate === "0x") {
      if (!signatures.has(input.witnessIndex)) gas += costs.fixed("eck1");
      signatures.add(input.witnessIndex);
    } else {
      gas += costs.dependent("contract_root", sizeOf(input.predicate)) + input.predicateGasUsed;
      gas += costs.dependent("vm_initialization", bytes);
    }
  }
  return gas;
};

/** Ids and roots that are computed from it. */
const gasOfMetadata = (transaction: ChargeableTransaction, bytes: number, costs: Costs): bigint => {
  const id = costs.dependent("s256", bytes);
  if (transaction.kind === "script") return id;
  const index = transaction.kind === "blob" ? transaction.witnessIndex : transaction.bytecodeWitnessIndex;
  const code = sizeOf(transaction.witnesses[index] ?? "0x");
  if (transaction.kind === "blob") return id + costs.dependent("s256", code);
  return (
    id +
    costs.dependent("contract_root", code) +
    costs.dependent("state_root", transaction.storageSlots.length) +
    costs.dependent("s256", contractIdBytes)
  );
};

/** Gas that a transaction takes before its script runs. */
export const minGasOf = (parameters: FuelParameters, transaction: ChargeableTransaction): bigint => {
  const bytes = encodeTransaction(transaction).length;
  const costs = costsOf(parameters);
  return (
    gasOfInputs(transaction, bytes, costs) +
    gasOfMetadata(transaction, bytes, costs) +
    parameters.feeParams.gasPerByte * BigInt(bytes) +
    costs.dependent("vm_initialization", bytes)
  );
};

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Bytes that witnesses take in the encoding, as the policy that limits them counts. */
export const witnessBytesOf = ({ witnesses }: ChargeableTransaction): bigint =>
  BigInt(witnesses.reduce((sum, witness) => sum + 8 + padded(sizeOf(witness)), 0));

/** Most gas that it can take: with its whole script limit, and all the witnesses that its policy lets it have. */
export const maxGasOf = (parameters: FuelParameters, transaction: ChargeableTransaction): bigint => {
  const present = witnessBytesOf(transaction);
  const allowed = transaction.policies.witnessLimit ?? present;
  const more = allowed > present ? (allowed - present) * parameters.feeParams.gasPerByte : 0n;
  const script = transaction.kind === "script" ? transaction.scriptGasLimit : 0n;
  return minGasOf(parameters, transaction) + more + script;
};

export const feeOf = ({ feeParams }: FuelParameters, gas: bigint, gasPrice: bigint): bigint =>
  (gas * gasPrice + feeParams.gasPriceFactor - 1n) / feeParams.gasPriceFactor;
