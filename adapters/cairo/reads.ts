/**
 * What the RPC asks of the executor, and what it gets. Requests and answers are structured-clonable; `number` is a
 * sealed block within the last 256. Answers that Starknet's RPC has a schema for are in that schema.
 */
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import type { Failure, Result } from "../../protocol/errors.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import { addressSchema, feltSchema } from "./felt.ts";
import { executorLimits } from "./limits.ts";
import type { StorageProof } from "./proof.ts";
import type { CairoReceipt } from "./receipt.ts";
import type { SierraClass } from "./sierraClass.ts";

const number = z.int().nonnegative();
const transaction = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array, "not bytes")
  .refine(({ length }) => length <= transactionLimits.cairo, "too long");
const transactions = z.array(transaction).max(executorLimits.simulated);
const felts = z.array(feltSchema).max(65_536);
const proven = z.array(feltSchema).max(executorLimits.proven);

export const CairoRead = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("nonce"), number, address: addressSchema }),
  z.strictObject({ kind: z.literal("classHashAt"), number, address: addressSchema }),
  z.strictObject({ kind: z.literal("storage"), number, address: addressSchema, key: feltSchema }),
  /** A declared class. */
  z.strictObject({ kind: z.literal("class"), number, classHash: feltSchema }),
  /** What its Sierra was compiled to. */
  z.strictObject({ kind: z.literal("casm"), number, classHash: feltSchema }),
  z.strictObject({ kind: z.literal("call"), number, address: addressSchema, selector: feltSchema, calldata: felts }),
  /** What an L1 handler would do with a message. */
  z.strictObject({
    ...{ kind: z.literal("message"), number, from: feltSchema, to: addressSchema, selector: feltSchema },
    payload: felts,
  }),
  /**
   * Executes transactions one after the other on the state after block `number`, in the environment of that block.
   * With `query` their hashes are those of the query version. Bounds of zero stand for as much as a block takes.
   */
  z.strictObject({
    kind: z.literal("simulate"),
    number,
    transactions: z.array(z.strictObject({ bytes: transaction, query: z.boolean() })).max(executorLimits.simulated),
    skipValidate: z.boolean(),
    skipFeeCharge: z.boolean(),
  }),
  /** What the transactions of block `number` did, from the first on: on the state of the block before. */
  z.strictObject({ kind: z.literal("trace"), number, transactions }),
  z.strictObject({
    kind: z.literal("prove"),
    number,
    classHashes: proven,
    addresses: proven,
    slots: z.array(z.strictObject({ address: addressSchema, keys: proven })).max(executorLimits.proven),
  }),
  /** What block `number` changed. */
  z.strictObject({ kind: z.literal("stateDiff"), number }),
  /** What follows from a transaction that isn't executed yet. */
  z.strictObject({ kind: z.literal("facts"), transaction }),
  /** Prices of a unit of gas in the block after the newest. */
  z.strictObject({ kind: z.literal("prices") }),
]);
export type CairoRead = z.infer<typeof CairoRead>;

/** Prices in fri. */
export type GasPrices = { l1_gas: Hex; l1_data_gas: Hex; l2_gas: Hex };

export type StateDiff = {
  storage_diffs: { address: Hex; storage_entries: { key: Hex; value: Hex }[] }[];
  declared_classes: { class_hash: Hex; compiled_class_hash: Hex }[];
  deprecated_declared_classes: Hex[];
  deployed_contracts: { address: Hex; class_hash: Hex }[];
  replaced_classes: { contract_address: Hex; class_hash: Hex }[];
  nonces: { contract_address: Hex; nonce: Hex }[];
};

/** `TRANSACTION_TRACE` of Starknet's RPC. */
export type TransactionTrace = { type: CairoReceipt["type"]; [part: string]: unknown };

/** One that can't be executed at all ends the simulation: `refused`, with its place. */
export type Simulation =
  | { kind: "simulated"; transactions: { receipt: CairoReceipt; trace: TransactionTrace; prices: GasPrices }[] }
  | { kind: "refused"; index: number; code: string; reason: string };

/** `failed`: the contract reverted; `error` is its reason, `data` the felts that it panicked with. */
export type CallOutcome = { kind: "returned"; result: Hex[] } | { kind: "failed"; error: string; data: Hex[] };

/** `failed`: the handler reverted, or there is none. */
export type MessageOutcome =
  | { kind: "handled"; resources: CairoReceipt["execution_resources"] }
  | { kind: "failed"; error: string };

export type CairoAnswers = {
  /** `null`: no contract is there. */
  nonce: Hex | null;
  classHashAt: Hex | null;
  storage: Hex | null;
  /** `null`: no such class. */
  class: SierraClass | null;
  casm: Record<string, unknown> | null;
  /** `null`: no contract is there. */
  call: CallOutcome | null;
  message: MessageOutcome | null;
  simulate: Simulation;
  trace: Simulation;
  prove: StorageProof;
  stateDiff: StateDiff & { old_root: Hex; new_root: Hex; block_hash: Hex };
  /** `null`: it can't be decoded. `classHash` of the class that a DECLARE declares. */
  facts: { hash: Hex; sender: Hex; classHash?: Hex } | null;
  prices: GasPrices;
};

/** `bad_input`: not a read, or a transaction in it that can't be decoded. */
export const readRefusals = ["height_unavailable", "bad_input"] as const;
export type CairoReadRefusal = (typeof readRefusals)[number];

/**
 * `read` of an executor (or of `TenantServices`) with the types of Cairo reads.
 *
 * @throws LockstepError `executor_died`, `executor_busy`, `executor_failed`
 */
export const readCairo = async <Read extends CairoRead>(
  read: (request: unknown) => Promise<unknown>,
  request: Read,
): Promise<Result<CairoAnswers[Read["kind"]], CairoReadRefusal>> =>
  (await read(request)) as
    | { ok: true; value: CairoAnswers[Read["kind"]] }
    | { ok: false; error: Failure<CairoReadRefusal> };
