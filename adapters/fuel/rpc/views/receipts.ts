/** Receipts and outcomes in the shape of the schema. */
import type { Hex } from "../../../../protocol/bytes.ts";
import { zero32 } from "../../codec.ts";
import type { FuelReceipt, ProgramState, VmReceipt } from "../../receipt.ts";
import type { Context } from "../context.ts";
import { panicName } from "../panics.ts";

const types = {
  call: "CALL",
  return: "RETURN",
  returnData: "RETURN_DATA",
  panic: "PANIC",
  revert: "REVERT",
  log: "LOG",
  logData: "LOG_DATA",
  transfer: "TRANSFER",
  transferOut: "TRANSFER_OUT",
  scriptResult: "SCRIPT_RESULT",
  messageOut: "MESSAGE_OUT",
  mint: "MINT",
  burn: "BURN",
} as const satisfies Record<VmReceipt["kind"], string>;

/** In a script there is no contract. */
const contractOf = (id: Hex): Hex | null => (id === zero32 ? null : id);

/** One type of the schema stands for all receipts: fields that one hasn't are null. */
export const receiptView = (receipt: VmReceipt): Readonly<Record<string, unknown>> => {
  const { kind, ...fields } = receipt;
  const receiptType = types[kind];
  if (receipt.kind === "scriptResult" || receipt.kind === "messageOut") return { receiptType, ...fields };
  const id = contractOf(receipt.id);
  if (receipt.kind === "transferOut") {
    const { to, ...rest } = receipt;
    return { ...rest, receiptType, id, toAddress: to };
  }
  // fuel-core names the contract of these two where it names the missing one of a panic.
  const contractId = receipt.kind === "mint" || receipt.kind === "burn" ? { contractId: receipt.id } : {};
  return { ...fields, ...contractId, receiptType, id };
};

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(16, "0")}`;

export const programStateView = (state: ProgramState) => {
  switch (state.kind) {
    case "return":
      return { returnType: "RETURN", data: word(state.value) };
    case "returnData":
      return { returnType: "RETURN_DATA", data: state.digest };
    case "revert":
      return { returnType: "REVERT", data: word(state.value) };
  }
};

/** Why a transaction failed, as clients parse it: the name of a panic, or what was reverted with. */
export const reasonOf = ({ receipts, state }: FuelReceipt): string => {
  const panic = receipts.findLast((receipt) => receipt.kind === "panic");
  if (panic !== undefined) return panicName(panic.reason);
  return state.kind === "revert" ? `Revert(${state.value})` : "Unknown";
};

/** What all statuses of executed transactions have in common. There may be 65,535 receipts: they count if asked for. */
export const outcomeView = (receipt: FuelReceipt) => ({
  totalGas: receipt.totalGas,
  totalFee: receipt.totalFee,
  programState: programStateView(receipt.state),
  receipts: (_: unknown, context: Context) => {
    context.spend(sizeOf(receipt));
    return receipt.receipts.map(receiptView);
  },
  ...(receipt.succeeded ? {} : { reason: reasonOf(receipt) }),
});

/** Bytes that its receipts take in an answer, roughly. */
const sizeOf = ({ receipts }: FuelReceipt): number =>
  receipts.reduce((sum, receipt) => sum + 512 + ("data" in receipt ? (receipt.data?.length ?? 0) : 0), 0);
