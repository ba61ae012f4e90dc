/**
 * What the RPC asks of the executor, and what it gets. Requests and answers are structured-clonable;
 * `number` is a sealed native block within the last 256.
 */
import * as z from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import type { Failure, Result } from "../../protocol/errors.ts";

const hexOf = (bytes: number) => z.templateLiteral(["0x", z.string().regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`))]);
const data = z.templateLiteral(["0x", z.string().regex(/^(?:[0-9a-fA-F]{2})*$/)]);
const quantity = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]{1,64}$/)]);
const address = hexOf(20);
const bytes32 = hexOf(32);
const number = z.int().nonnegative();

/** Fields of eth_call and eth_estimateGas as JSON-RPC has them; nonce and chain id are not looked at. */
const callRequest = z.strictObject({
  from: address.optional(),
  to: address.nullish(),
  gas: quantity.optional(),
  gasPrice: quantity.optional(),
  maxFeePerGas: quantity.optional(),
  maxPriorityFeePerGas: quantity.optional(),
  value: quantity.optional(),
  data: data.optional(),
  accessList: z.array(z.strictObject({ address, storageKeys: z.array(bytes32) })).optional(),
  authorizationList: z
    .array(
      z.strictObject({
        chainId: quantity,
        address,
        nonce: quantity,
        yParity: quantity,
        r: quantity,
        s: quantity,
      }),
    )
    .optional(),
});

export const EvmRead = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("account"), number, address }),
  z.strictObject({ kind: z.literal("code"), number, address }),
  z.strictObject({ kind: z.literal("storage"), number, address, slot: bytes32 }),
  /** EIP-1186. */
  z.strictObject({ kind: z.literal("prove"), number, address, slots: z.array(bytes32).max(1024) }),
  /** Executes on the state after block `number`, in the environment of that block. */
  z.strictObject({ kind: z.literal("call"), number, request: callRequest }),
  z.strictObject({ kind: z.literal("estimate"), number, request: callRequest }),
  /** Base fee that a block following the newest sealed one after `afterMs` has; 0 gives the highest it can be. */
  z.strictObject({ kind: z.literal("nextBaseFee"), afterMs: number }),
]);
export type EvmRead = z.infer<typeof EvmRead>;
export type EvmCallRequest = z.infer<typeof callRequest>;

/** An account without nonce, balance and code is as absent as one that never was. */
export type EvmAccount = { nonce: number; balance: bigint; codeHash: Hex; storageRoot: Hex };

/** EIP-1186, in the shape of viem's `getProof`. */
export type EvmProof = {
  address: Hex;
  balance: bigint;
  nonce: number;
  codeHash: Hex;
  storageHash: Hex;
  accountProof: Hex[];
  storageProof: { key: Hex; value: bigint; proof: Hex[] }[];
};

/** `reason` only where it failed: `revert`, or a halt such as `out_of_gas`. */
export type EvmCallOutcome = { success: boolean; output: Hex; gasUsed: number; reason?: string };

export type EvmEstimate = { kind: "gas"; gas: number } | { kind: "failed"; output: Hex; reason: string };

export type EvmAnswers = {
  account: EvmAccount;
  code: Hex;
  storage: Hex;
  prove: EvmProof;
  call: EvmCallOutcome;
  estimate: EvmEstimate;
  nextBaseFee: bigint;
};

/** `bad_input`: not a read; the last five: the call can't be executed at all. */
export const readRefusals = [
  "height_unavailable",
  "bad_input",
  "insufficient_funds",
  "fee_too_low",
  "intrinsic_gas",
  "initcode",
  "invalid",
] as const;
export type EvmReadRefusal = (typeof readRefusals)[number];

/**
 * `read` of an executor (or of `TenantServices`) with the types of EVM reads.
 *
 * @throws LockstepError `executor_died`, `executor_busy`, `executor_failed`
 */
export const readEvm = async <Read extends EvmRead>(
  read: (request: unknown) => Promise<unknown>,
  request: Read,
): Promise<Result<EvmAnswers[Read["kind"]], EvmReadRefusal>> =>
  (await read(request)) as
    | { ok: true; value: EvmAnswers[Read["kind"]] }
    | { ok: false; error: Failure<EvmReadRefusal> };
