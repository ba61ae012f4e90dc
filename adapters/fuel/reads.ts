/**
 * What the RPC asks of the executor, and what it gets. Requests and answers are structured-clonable; `number` is a sealed
 * block within the last 256. Identifiers are 32 bytes in hexadecimal, lower case.
 */
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import type { Failure, Result } from "../../protocol/errors.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import { executorLimits } from "./limits.ts";
import type { FuelParameters } from "./params.ts";
import type { FuelProof } from "./proof.ts";
import type { FuelReceipt } from "./receipt.ts";
import type { TxPointer, UtxoId } from "./transaction.ts";

const hex32 = z.templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)]);
const utxoId = z.strictObject({ txId: hex32, index: z.int().min(0).max(0xffff) });
const number = z.int().min(0).max(0xffffffff);
const u64 = z
  .bigint()
  .min(0n)
  .max(2n ** 64n - 1n);
const limit = z.int().min(1).max(executorLimits.pageItems);
const transaction = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array, "not bytes")
  .refine(({ length }) => length <= transactionLimits.fuel, "too long");

export const FuelRead = z.discriminatedUnion("kind", [
  /** Consensus parameters, which stay the same for the life of a tenant. */
  z.strictObject({ kind: z.literal("parameters") }),
  z.strictObject({ kind: z.literal("coin"), number, utxoId }),
  /** Coins of an owner, of one asset or all, in order of asset and utxo id, behind `after`. */
  z.strictObject({
    kind: z.literal("coins"),
    number,
    owner: hex32,
    assetId: hex32.optional(),
    after: z.strictObject({ assetId: hex32, utxoId }).optional(),
    limit,
  }),
  z.strictObject({ kind: z.literal("balance"), number, owner: hex32, assetId: hex32 }),
  /** In order of asset, behind `after`. */
  z.strictObject({ kind: z.literal("balances"), number, owner: hex32, after: hex32.optional(), limit }),
  /**
   * Coins of the newest sealed state that are worth at least `amount` of each asset, largest first and at most `max` of
   * them; refused as `insufficient_coins`.
   */
  z.strictObject({
    kind: z.literal("coinsToSpend"),
    owner: hex32,
    assets: z
      .array(
        z.strictObject({
          assetId: hex32,
          amount: z
            .bigint()
            .min(0n)
            .max(2n ** 128n - 1n),
          max: limit,
        }),
      )
      .max(executorLimits.spentAssets),
    excluded: z.array(utxoId).max(executorLimits.excludedCoins),
  }),
  /** A contract's code. */
  z.strictObject({ kind: z.literal("contract"), number, contractId: hex32 }),
  z.strictObject({ kind: z.literal("contractBalance"), number, contractId: hex32, assetId: hex32 }),
  z.strictObject({ kind: z.literal("contractBalances"), number, contractId: hex32, after: hex32.optional(), limit }),
  z.strictObject({
    kind: z.literal("contractSlots"),
    number,
    contractId: hex32,
    slots: z.array(hex32).max(executorLimits.pageItems),
  }),
  z.strictObject({ kind: z.literal("blob"), number, blobId: hex32 }),
  /**
   * Executes transactions one after the other on the newest sealed state, as in the block after it, and leaves no trace.
   * Without `utxoValidation` neither coins nor signatures nor predicates are checked, and contracts that are missing among
   * the inputs are named in receipts of panics. `gasPrice` is the tenant's where it is left out.
   */
  z.strictObject({
    kind: z.literal("dryRun"),
    transactions: z.array(transaction).min(1).max(executorLimits.dryRuns),
    utxoValidation: z.boolean(),
    gasPrice: u64.optional(),
  }),
  /** Fills in the gas that each predicate of a transaction uses. */
  z.strictObject({ kind: z.literal("estimatePredicates"), transaction }),
  z.strictObject({ kind: z.literal("proveCoin"), number, utxoId }),
  z.strictObject({ kind: z.literal("proveSlot"), number, contractId: hex32, slot: hex32 }),
]);
export type FuelRead = z.infer<typeof FuelRead>;

export type FuelCoin = {
  utxoId: UtxoId;
  owner: Hex;
  assetId: Hex;
  amount: bigint;
  /** Block that it was put out in, and the transaction's place there. */
  txPointer: TxPointer;
};

export type FuelBalance = { assetId: Hex; amount: bigint };

/** `receipt` has everything that execution found; `id` and `transaction` the bytes with malleable fields filled in. */
export type DryRun = { id: Hex; transaction: Uint8Array; receipt: FuelReceipt };

export type FuelAnswers = {
  parameters: FuelParameters;
  coin: FuelCoin | undefined;
  coins: { coins: FuelCoin[]; more: boolean };
  balance: bigint;
  balances: { balances: FuelBalance[]; more: boolean };
  /** In order of the assets asked for. */
  coinsToSpend: FuelCoin[][];
  contract: Uint8Array | undefined;
  contractBalance: bigint;
  contractBalances: { balances: FuelBalance[]; more: boolean };
  /** In order; `undefined` where nothing is stored. Values have any length. */
  contractSlots: (Uint8Array | undefined)[];
  blob: Uint8Array | undefined;
  dryRun: DryRun[];
  estimatePredicates: Uint8Array;
  proveCoin: FuelProof;
  proveSlot: FuelProof;
};

/**
 * `height_unavailable`, `bad_input` (not a read), `insufficient_coins` (the owner has not that much), `too_many_coins` (it has,
 * but in more than `max` coins). The others say why a transaction of a dry run or estimate can't be executed at all.
 */
export const readRefusals = [
  "height_unavailable",
  "bad_input",
  "insufficient_coins",
  "too_many_coins",
  "undecodable",
  "oversized",
  "unsupported",
  "bad_signature",
  "gas_limit",
  "insufficient_funds",
  "fee_too_low",
  "invalid",
] as const;
export type FuelReadRefusal = (typeof readRefusals)[number];

/**
 * Asks an executor, with the answer's type.
 *
 * @throws LockstepError `executor_died`, `executor_busy`, `executor_failed`
 */
export const readFuel = async <Read extends FuelRead>(
  read: (request: unknown) => Promise<unknown>,
  request: Read,
): Promise<Result<FuelAnswers[Read["kind"]], FuelReadRefusal>> =>
  (await read(request)) as
    | { readonly ok: true; readonly value: FuelAnswers[Read["kind"]] }
    | { readonly ok: false; readonly error: Failure<FuelReadRefusal> };
