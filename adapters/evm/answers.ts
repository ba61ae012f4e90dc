/** Answers the reads of `reads.ts` from an engine. */
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { type EngineProof, type EvmEngine, engineCall } from "./engine.ts";
import {
  type EvmAccount,
  type EvmAnswers,
  type EvmCallOutcome,
  type EvmEstimate,
  type EvmProof,
  EvmRead,
  type EvmReadRefusal,
  readRefusals,
} from "./reads.ts";

export type EvmAnswer = Result<EvmAnswers[EvmRead["kind"]], EvmReadRefusal>;

const bufferOf = (hex: Hex): Buffer => Buffer.from(hex.slice(2), "hex");

const absentAccount: EvmAccount = {
  nonce: 0,
  balance: 0n,
  codeHash: "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
  storageRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
};

/** The sender's or any other account after block `number`. */
export const accountAt = (engine: EvmEngine, number: number, address: Hex): EvmAccount => {
  const json = engine.account(number, bufferOf(address));
  if (json === null) return absentAccount;
  const account = JSON.parse(json) as { nonce: Hex; balance: Hex; codeHash: Hex; storageRoot: Hex };
  return { ...account, nonce: Number(account.nonce), balance: BigInt(account.balance) };
};

const proofAt = (engine: EvmEngine, number: number, address: Hex, slots: readonly Hex[]): EvmProof => {
  const proof = JSON.parse(engine.prove(number, bufferOf(address), slots.map(bufferOf))) as EngineProof;
  return {
    ...proof,
    nonce: Number(proof.nonce),
    balance: BigInt(proof.balance),
    storageProof: proof.storageProof.map(({ key, value, proof }) => ({ key, value: BigInt(value), proof })),
  };
};

const callAt = (engine: EvmEngine, number: number, request: unknown): EvmCallOutcome => {
  const outcome = JSON.parse(engine.call(number, JSON.stringify(request))) as Omit<EvmCallOutcome, "gasUsed"> & {
    gasUsed: Hex;
  };
  return { ...outcome, gasUsed: Number(outcome.gasUsed) };
};

const estimateAt = (engine: EvmEngine, number: number, request: unknown): EvmEstimate => {
  const estimated = JSON.parse(engine.estimate(number, JSON.stringify(request))) as
    | { gas: Hex }
    | { failure: { output: Hex; reason: string } };
  return "gas" in estimated ? { kind: "gas", gas: Number(estimated.gas) } : { kind: "failed", ...estimated.failure };
};

const answer = (
  engine: EvmEngine,
  read: EvmRead,
  nextBaseFee: (afterMs: number) => bigint,
): EvmAnswers[EvmRead["kind"]] => {
  switch (read.kind) {
    case "account":
      return accountAt(engine, read.number, read.address);
    case "code":
      return toHex(engine.code(read.number, bufferOf(read.address)));
    case "storage":
      return toHex(engine.storage(read.number, bufferOf(read.address), bufferOf(read.slot)));
    case "prove":
      return proofAt(engine, read.number, read.address, read.slots);
    case "call":
      return callAt(engine, read.number, read.request);
    case "estimate":
      return estimateAt(engine, read.number, read.request);
    case "nextBaseFee":
      return nextBaseFee(read.afterMs);
  }
};

/** @throws LockstepError `executor_failed` when the engine is broken */
export const answerRead = (
  engine: EvmEngine,
  request: unknown,
  nextBaseFee: (afterMs: number) => bigint,
): EvmAnswer => {
  const read = EvmRead.safeParse(request);
  if (!read.success) {
    const [issue] = read.error.issues;
    return failure("bad_input", `not a read of an EVM tenant: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  try {
    return success(engineCall(() => answer(engine, read.data, nextBaseFee)));
  } catch (error) {
    const refusal = readRefusals.find((code) => error instanceof LockstepError && error.code === code);
    if (refusal === undefined) throw error;
    return failure(refusal, (error as LockstepError).message);
  }
};
