/** What a transaction asks for and pays, as Agave counts it: compute units, fees, and transfers that can be foreseen. */
import { equalBytes } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { programs } from "./addresses.ts";
import type { Instruction, SvmTransaction } from "./transaction.ts";

export type Fees = {
  /** Compute units that it may use. */
  limit: number;
  /** Micro-lamports that it offers for a unit. */
  price: bigint;
  /** Lamports: for its signatures, and the priority fee for all units that it may use. */
  fee: bigint;
};

const lamportsPerSignature = 5000n;
const mostUnits = 1_400_000;
const unitsPerInstruction = 200_000;
/** SIMD-0170: what an instruction of a native program is given. */
const unitsPerNativeInstruction = 3_000;
const microLamports = 1_000_000n;
const mostLamports = 2n ** 64n - 1n;
const heap = { least: 32 * 1024, most: 256 * 1024, step: 1024 } as const;

const natives = [
  programs.system,
  programs.computeBudget,
  programs.loaderV1,
  programs.loaderV2,
  programs.loaderV3,
  programs.ed25519,
  programs.secp256k1,
];
/** Programs whose instructions start with the number of signatures that they check. */
const precompiles = [programs.ed25519, programs.secp256k1, programs.secp256r1];

const isOneOf = (key: Uint8Array, list: readonly Uint8Array[]): boolean => list.some((each) => equalBytes(each, key));

const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);

/** Settings of the compute budget program by their tags; each at most once. */
const settings = { heap: 1, limit: 2, price: 3, loadedBytes: 4 } as const;

const readSettings = (data: readonly Uint8Array[]): Map<number, bigint> | undefined => {
  const found = new Map<number, bigint>();
  for (const bytes of data) {
    const tag = bytes[0] ?? 0;
    const size = tag === settings.price ? 8 : 4;
    if (tag < settings.heap || tag > settings.loadedBytes || bytes.length < 1 + size || found.has(tag))
      return undefined;
    const view = viewOf(bytes);
    found.set(tag, size === 8 ? view.getBigUint64(1, true) : BigInt(view.getUint32(1, true)));
  }
  const asked = Number(found.get(settings.heap) ?? heap.least);
  if (asked < heap.least || asked > heap.most || asked % heap.step !== 0) return undefined;
  return found.get(settings.loadedBytes) === 0n ? undefined : found;
};

/** Refuses with `invalid` what sets its compute budget wrongly: no state makes that valid. */
export const feesOf = ({ keys, instructions, signatures }: SvmTransaction): Result<Fees, "invalid"> => {
  const programOf = ({ program }: Instruction): Uint8Array => keys[program] ?? programs.system;
  const budget = instructions.filter((each) => equalBytes(programOf(each), programs.computeBudget));
  const found = readSettings(budget.map(({ data }) => data));
  if (found === undefined) return failure("invalid", "its compute budget instructions are malformed, or repeated");
  const usual = instructions.reduce(
    (sum, each) => sum + (isOneOf(programOf(each), natives) ? unitsPerNativeInstruction : unitsPerInstruction),
    0,
  );
  const limit = Math.min(Number(found.get(settings.limit) ?? usual), mostUnits);
  const price = found.get(settings.price) ?? 0n;
  const checked = instructions.filter((each) => isOneOf(programOf(each), precompiles));
  const count = checked.reduce((sum, { data }) => sum + (data[0] ?? 0), signatures.length);
  const priority = (BigInt(limit) * price + microLamports - 1n) / microLamports;
  return success({
    limit,
    price,
    fee: lamportsPerSignature * BigInt(count) + (priority < mostLamports ? priority : mostLamports),
  });
};

/** Tags of the system program's instructions. */
const systemTags = { createAccount: 0, transfer: 2, createAccountWithSeed: 3, advanceNonce: 4 } as const;

const systemTag = ({ data }: Instruction): number | undefined =>
  data.length < 4 ? undefined : viewOf(data).getUint32(0, true);

const isSystem = ({ keys }: SvmTransaction, { program }: Instruction): boolean =>
  equalBytes(keys[program] ?? programs.native, programs.system);

/** Whether it would use a durable nonce in place of a recent blockhash. */
export const usesDurableNonce = (transaction: SvmTransaction): boolean => {
  const [first] = transaction.instructions;
  return first !== undefined && isSystem(transaction, first) && systemTag(first) === systemTags.advanceNonce;
};

/** Where the lamports of a system instruction stand; `undefined` where it moves none of its first account. */
const lamportsAt = (instruction: Instruction): number | undefined => {
  const { data } = instruction;
  switch (systemTag(instruction)) {
    case systemTags.createAccount:
    case systemTags.transfer:
      return 4;
    case systemTags.createAccountWithSeed:
      return data.length < 44 ? undefined : 44 + viewOf(data).getUint32(36, true);
    default:
      return undefined;
  }
};

/** Lamports that its own system instructions take from the payer. */
export const foreseenTransfers = (transaction: SvmTransaction): bigint =>
  transaction.instructions.reduce((sum, instruction) => {
    if (!isSystem(transaction, instruction) || instruction.accounts[0] !== 0) return sum;
    const at = lamportsAt(instruction);
    if (at === undefined || at + 8 > instruction.data.length) return sum;
    return sum + viewOf(instruction.data).getBigUint64(at, true);
  }, 0n);
