/**
 * The receipt of an applied transaction: everything that execution added to it. The block's `receiptsRoot` is the SSZ list
 * root over the sha256 of each. Big-endian, `[]` stands for a u32 count in front:
 *
 *     version u8 = 1 ‖ failed u8 ‖ gas u64 ‖ fee u64 ‖ state u8 ‖ value u64 or digest 32 ‖ receiptsRoot 32
 *     ‖ inputs [kind u8 ‖ coin: pointer ‖ contract: utxo id ‖ balanceRoot 32 ‖ stateRoot 32 ‖ pointer]
 *     ‖ outputs [kind u8 ‖ coin, change, variable: to 32 ‖ amount u64 ‖ assetId 32
 *                ‖ contract: input u16 ‖ balanceRoot 32 ‖ stateRoot 32 ‖ created: contract 32 ‖ stateRoot 32]
 *     ‖ receipts [kind u8 ‖ its fields in the order below]
 *
 * A pointer is `height u32 ‖ index u16`, an utxo id `transaction 32 ‖ index u16`, data a byte string after its u32 length, or
 * length 0xffffffff where there is none. Kinds are numbered as in Fuel's own encoding, in which receipts lack their data and
 * panics their reason.
 */
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { createReader, type Reader } from "./binary.ts";
import type { ChargeableTransaction, FuelInput, FuelOutput, TxPointer, UtxoId } from "./transaction.ts";

type Place = { readonly id: Hex; readonly pc: bigint; readonly is: bigint };

/** The VM's own receipts. `id` is the contract, zero in a script. */
export type VmReceipt =
  | (Place & {
      readonly kind: "call";
      readonly to: Hex;
      readonly amount: bigint;
      readonly assetId: Hex;
      readonly gas: bigint;
      readonly param1: bigint;
      readonly param2: bigint;
    })
  | (Place & { readonly kind: "return"; readonly val: bigint })
  | (Place & {
      readonly kind: "returnData";
      readonly ptr: bigint;
      readonly len: bigint;
      readonly digest: Hex;
      readonly data?: Hex;
    })
  /** `reason` is the panic's number in its highest byte, then the instruction in four, as GraphQL shows it. */
  | (Place & { readonly kind: "panic"; readonly reason: bigint; readonly contractId?: Hex })
  | (Place & { readonly kind: "revert"; readonly ra: bigint })
  | (Place & {
      readonly kind: "log";
      readonly ra: bigint;
      readonly rb: bigint;
      readonly rc: bigint;
      readonly rd: bigint;
    })
  | (Place & {
      readonly kind: "logData";
      readonly ra: bigint;
      readonly rb: bigint;
      readonly ptr: bigint;
      readonly len: bigint;
      readonly digest: Hex;
      readonly data?: Hex;
    })
  | (Place & { readonly kind: "transfer"; readonly to: Hex; readonly amount: bigint; readonly assetId: Hex })
  | (Place & { readonly kind: "transferOut"; readonly to: Hex; readonly amount: bigint; readonly assetId: Hex })
  /** `result`: 0 success, 1 revert, 2 panic. */
  | { readonly kind: "scriptResult"; readonly result: bigint; readonly gasUsed: bigint }
  | {
      readonly kind: "messageOut";
      readonly sender: Hex;
      readonly recipient: Hex;
      readonly amount: bigint;
      readonly nonce: Hex;
      readonly len: bigint;
      readonly digest: Hex;
      readonly data?: Hex;
    }
  | (Place & { readonly kind: "mint" | "burn"; readonly subId: Hex; readonly val: bigint });

/** How the VM ended: what it returned, the digest of the data it returned, or what it reverted with. */
export type ProgramState =
  | { readonly kind: "return"; readonly value: bigint }
  | { readonly kind: "returnData"; readonly digest: Hex }
  | { readonly kind: "revert"; readonly value: bigint };

/** What execution found for the malleable fields of an input; messages have none. */
export type InputOutcome =
  | { readonly kind: "coin"; readonly txPointer: TxPointer }
  | {
      readonly kind: "contract";
      readonly utxoId: UtxoId;
      readonly balanceRoot: Hex;
      readonly stateRoot: Hex;
      readonly txPointer: TxPointer;
    };

export type FuelReceipt = {
  readonly succeeded: boolean;
  /** All of it: what the transaction costs as such, and what its script used. */
  readonly totalGas: bigint;
  readonly totalFee: bigint;
  readonly state: ProgramState;
  /** Of a script, as Fuel computes it over the VM's receipts; else zero. */
  readonly receiptsRoot: Hex;
  readonly inputs: readonly InputOutcome[];
  /** All outputs as they came to be. */
  readonly outputs: readonly FuelOutput[];
  readonly receipts: readonly VmReceipt[];
};

const receiptVersion = 1;
const absent = 0xffffffff;

const undecodable = (problem: string): LockstepError => new LockstepError("undecodable", problem);

const createFields = (reader: Reader) => {
  const b256 = (): Hex => reader.hex(32);
  const data = (): { data?: Hex } => {
    const length = reader.u32();
    return length === absent ? {} : { data: reader.hex(length) };
  };
  return {
    ...reader,
    b256,
    data,
    pointer: (): TxPointer => ({ height: reader.u32(), index: reader.u16() }),
    utxoId: (): UtxoId => ({ txId: b256(), index: reader.u16() }),
    place: () => ({ pc: reader.u64(), is: reader.u64() }),
    list: <T>(read: () => T): T[] => {
      const items: T[] = [];
      for (let left = reader.u32(); left > 0; left--) items.push(read());
      return items;
    },
  };
};
type Fields = ReturnType<typeof createFields>;

const readInput = (fields: Fields): InputOutcome => {
  const kind = fields.u8();
  if (kind === 0) return { kind: "coin", txPointer: fields.pointer() };
  if (kind !== 1) throw undecodable(`a receipt has an input of kind ${kind}`);
  const roots = { utxoId: fields.utxoId(), balanceRoot: fields.b256(), stateRoot: fields.b256() };
  return { kind: "contract", ...roots, txPointer: fields.pointer() };
};

const readOutput = (fields: Fields): FuelOutput => {
  const coin = () => ({ to: fields.b256(), amount: fields.u64(), assetId: fields.b256() });
  const kind = fields.u8();
  switch (kind) {
    case 0:
      return { kind: "coin", ...coin() };
    case 1:
      return { kind: "contract", inputIndex: fields.u16(), balanceRoot: fields.b256(), stateRoot: fields.b256() };
    case 2:
      return { kind: "change", ...coin() };
    case 3:
      return { kind: "variable", ...coin() };
    case 4:
      return { kind: "contractCreated", contractId: fields.b256(), stateRoot: fields.b256() };
    default:
      throw undecodable(`a receipt has an output of kind ${kind}`);
  }
};

const readState = (fields: Fields): ProgramState => {
  const kind = fields.u8();
  switch (kind) {
    case 0:
      return { kind: "return", value: fields.u64() };
    case 1:
      return { kind: "returnData", digest: fields.b256() };
    case 2:
      return { kind: "revert", value: fields.u64() };
    default:
      throw undecodable(`a receipt has a state of kind ${kind}`);
  }
};

const readVmReceipt = (fields: Fields): VmReceipt => {
  const { b256, u64, place, data } = fields;
  const kind = fields.u8();
  switch (kind) {
    case 0: {
      const head = { id: b256(), to: b256(), amount: u64(), assetId: b256() };
      return { kind: "call", ...head, gas: u64(), param1: u64(), param2: u64(), ...place() };
    }
    case 1:
      return { kind: "return", id: b256(), val: u64(), ...place() };
    case 2:
      return { kind: "returnData", id: b256(), ptr: u64(), len: u64(), digest: b256(), ...place(), ...data() };
    case 3: {
      const panic = { kind: "panic" as const, id: b256(), reason: u64(), ...place() };
      return fields.u8() === 0 ? panic : { ...panic, contractId: b256() };
    }
    case 4:
      return { kind: "revert", id: b256(), ra: u64(), ...place() };
    case 5:
      return { kind: "log", id: b256(), ra: u64(), rb: u64(), rc: u64(), rd: u64(), ...place() };
    case 6: {
      const head = { id: b256(), ra: u64(), rb: u64(), ptr: u64(), len: u64(), digest: b256() };
      return { kind: "logData", ...head, ...place(), ...data() };
    }
    case 7:
      return { kind: "transfer", id: b256(), to: b256(), amount: u64(), assetId: b256(), ...place() };
    case 8:
      return { kind: "transferOut", id: b256(), to: b256(), amount: u64(), assetId: b256(), ...place() };
    case 9:
      return { kind: "scriptResult", result: u64(), gasUsed: u64() };
    case 10: {
      const head = { sender: b256(), recipient: b256(), amount: u64(), nonce: b256() };
      return { kind: "messageOut", ...head, len: u64(), digest: b256(), ...data() };
    }
    case 11:
    case 12:
      return { kind: kind === 11 ? "mint" : "burn", subId: b256(), id: b256(), val: u64(), ...place() };
    default:
      throw undecodable(`a receipt has a VM receipt of kind ${kind}`);
  }
};

/** @throws LockstepError `undecodable` */
export const decodeReceipt = (bytes: Uint8Array): FuelReceipt => {
  const fields = createFields(createReader(bytes, "a receipt"));
  const version = fields.u8();
  if (version !== receiptVersion) throw undecodable(`receipts of version ${version} are not known`);
  const succeeded = fields.u8() === 0;
  const receipt: FuelReceipt = {
    succeeded,
    totalGas: fields.u64(),
    totalFee: fields.u64(),
    state: readState(fields),
    receiptsRoot: fields.b256(),
    inputs: fields.list(() => readInput(fields)),
    outputs: fields.list(() => readOutput(fields)),
    receipts: fields.list(() => readVmReceipt(fields)),
  };
  fields.end();
  return receipt;
};

/** A transaction with its malleable fields as execution left them, as it stands in a block of Fuel. */
export const withOutcome = (transaction: ChargeableTransaction, receipt: FuelReceipt): ChargeableTransaction => {
  const inputs = transaction.inputs.map((input, i): FuelInput => {
    const outcome = receipt.inputs[i];
    if (input.kind === "message" || outcome === undefined) return input;
    return { ...input, ...outcome } as FuelInput;
  });
  const executed = { ...transaction, inputs, outputs: receipt.outputs };
  return executed.kind === "script" ? { ...executed, receiptsRoot: receipt.receiptsRoot } : executed;
};
