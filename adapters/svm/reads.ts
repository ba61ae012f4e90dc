/**
 * What the RPC asks of the executor, and what it gets. Requests and answers are structured-clonable;
 * `number` is a sealed block within the last 256.
 */
import * as z from "zod";
import type { Failure, Result } from "../../protocol/errors.ts";
import { transactionLimits } from "../../protocol/limits.ts";
import type { SvmAccount } from "./account.ts";
import type { KeyedAccount, Outcome } from "./engine.ts";
import { executorLimits } from "./limits.ts";
import type { SvmProof } from "./proof.ts";

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "not bytes");
const key = bytes.refine(({ length }) => length === 32, "a key has 32 bytes");
const keys = z.array(key).max(executorLimits.readKeys);
const number = z.int().nonnegative();

/** Data of `dataSize` bytes, or data with `bytes` at `offset`. */
const filter = z.union([
  z.strictObject({ dataSize: number }),
  z.strictObject({
    offset: number,
    bytes: bytes.refine(({ length }) => length <= executorLimits.comparedBytes, "too many bytes to compare"),
  }),
]);
export type AccountFilter = z.infer<typeof filter>;

export const SvmRead = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("accounts"), number, keys }),
  /** Accounts that a program owns and that all filters let through, in order of their keys. */
  z.strictObject({
    kind: z.literal("owned"),
    number,
    owner: key,
    filters: z.array(filter).max(executorLimits.filters),
  }),
  z.strictObject({ kind: z.literal("prove"), number, key }),
  /** Executes on the newest sealed state, as in the block after it. Shows `accounts` as they would be. */
  z.strictObject({
    kind: z.literal("simulate"),
    transaction: bytes.refine(({ length }) => length <= transactionLimits.svm, "too long"),
    /** Whether signatures have to be good. */
    verify: z.boolean(),
    /** Whether the blockhash has to be recent, and the transaction new. */
    recent: z.boolean(),
    accounts: keys,
  }),
  /** How a blockhash stands in the block after the newest. */
  z.strictObject({ kind: z.literal("blockhash"), blockhash: key }),
]);
export type SvmRead = z.infer<typeof SvmRead>;

export type Simulation = Outcome & {
  /** As asked; where it failed, as they are. */
  accounts: (SvmAccount | undefined)[];
};

export type BlockhashStanding = {
  isRecent: boolean;
  /** Block that it is of, while it is known. */
  number?: number;
};

export type SvmAnswers = {
  accounts: (SvmAccount | undefined)[];
  owned: KeyedAccount[];
  prove: SvmProof;
  simulate: Simulation;
  blockhash: BlockhashStanding;
};

/** `too_many`: more accounts or bytes than one answer has; the others of a simulation: no transaction. */
export const readRefusals = [
  "height_unavailable",
  "bad_input",
  "too_many",
  "undecodable",
  "oversized",
  "unsupported",
  "invalid",
] as const;
export type SvmReadRefusal = (typeof readRefusals)[number];

/** Asks an executor, with the answer's type. */
export const readSvm = async <Read extends SvmRead>(
  read: (request: unknown) => Promise<unknown>,
  request: Read,
): Promise<Result<SvmAnswers[Read["kind"]], SvmReadRefusal>> =>
  (await read(request)) as
    | { readonly ok: true; readonly value: SvmAnswers[Read["kind"]] }
    | { readonly ok: false; readonly error: Failure<SvmReadRefusal> };
