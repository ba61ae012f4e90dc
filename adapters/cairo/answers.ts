/** Answers the reads of `reads.ts` from an engine. */
import type { Hex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { packBytes } from "../byteLists.ts";
import { createReader } from "./binary.ts";
import { bufferOf, type CairoEngine, type EngineInspected, engineCall } from "./engine.ts";
import { gasPrices } from "./fees.ts";
import { feltBytes, feltFromBytes } from "./felt.ts";
import { executorLimits } from "./limits.ts";
import { type CairoAnswers, CairoRead, type CairoReadRefusal, readRefusals, type Simulation } from "./reads.ts";
import { readClass } from "./sierraClass.ts";

export type CairoAnswer = Result<CairoAnswers[CairoRead["kind"]], CairoReadRefusal>;

const feltBuffer = (felt: Hex): Buffer => bufferOf(feltBytes(felt));

export type EngineContract = { nonce: Hex; classHash: Hex };

/** A contract after block `number`. */
export const contractAt = (engine: CairoEngine, number: number, address: Hex): EngineContract | null => {
  const contract = JSON.parse(engine.contract(number, feltBuffer(address))) as EngineContract | null;
  // Contract 0x1, where block hashes are stored, has no class.
  return contract?.classHash === "0x0" ? null : contract;
};

const simulationOf = (json: string): Simulation => {
  const simulation = JSON.parse(json) as Simulation;
  if (simulation.kind === "refused") return simulation;
  return {
    ...simulation,
    transactions: simulation.transactions.map((transaction) => ({ ...transaction, prices: gasPrices })),
  };
};

const stateDiffAt = (engine: CairoEngine, number: number): CairoAnswers["stateDiff"] => {
  const { block_hash, new_root } = JSON.parse(engine.header(number)) as { block_hash: Hex; new_root: Hex };
  const before = number === 0 ? "0x0" : (JSON.parse(engine.header(number - 1)) as { new_root: Hex }).new_root;
  return { ...JSON.parse(engine.stateDiff(number)), block_hash, new_root, old_root: before };
};

const answer = (engine: CairoEngine, read: CairoRead): CairoAnswers[CairoRead["kind"]] => {
  switch (read.kind) {
    case "nonce":
      return contractAt(engine, read.number, read.address)?.nonce ?? null;
    case "classHashAt":
      return contractAt(engine, read.number, read.address)?.classHash ?? null;
    case "storage": {
      const exists = (JSON.parse(engine.contract(read.number, feltBuffer(read.address))) as unknown) !== null;
      return exists ? feltFromBytes(engine.storage(read.number, feltBuffer(read.address), feltBuffer(read.key))) : null;
    }
    case "class": {
      const encoded = engine.class(read.number, feltBuffer(read.classHash));
      return encoded === null ? null : readClass(createReader(encoded, 0));
    }
    case "casm":
      return JSON.parse(engine.casm(read.number, feltBuffer(read.classHash)));
    case "call": {
      const request = JSON.stringify([read.address, read.selector, read.calldata]);
      return JSON.parse(engine.call(read.number, request, executorLimits.callGas));
    }
    case "message": {
      const { number, from, to, selector, payload } = read;
      return JSON.parse(engine.message(number, JSON.stringify([from, to, selector, payload])));
    }
    case "simulate": {
      const { skipValidate, skipFeeCharge, transactions } = read;
      const flags = JSON.stringify({ skipValidate, skipFeeCharge, gas: executorLimits.simulatedGas });
      const packed = packBytes(transactions.map(({ bytes }) => bytes));
      return simulationOf(
        engine.simulate(
          read.number,
          packed,
          transactions.map(({ query }) => query),
          flags,
        ),
      );
    }
    case "trace":
      return simulationOf(engine.trace(read.number, packBytes(read.transactions)));
    case "prove": {
      const slots = read.slots.map(({ address, keys }) => [address, keys]);
      return JSON.parse(engine.prove(read.number, JSON.stringify([read.classHashes, read.addresses, slots])));
    }
    case "stateDiff":
      return stateDiffAt(engine, read.number);
    case "facts": {
      const [inspected] = JSON.parse(engine.inspect(packBytes([read.transaction]), false)) as EngineInspected[];
      if (inspected === undefined || "Err" in inspected) return null;
      const { hash, sender, classHash } = inspected.Ok;
      return { hash, sender, ...(classHash === undefined ? {} : { classHash }) };
    }
    case "prices":
      return gasPrices;
  }
};

/** @throws LockstepError `executor_failed` when the engine is broken */
export const answerRead = (engine: CairoEngine, request: unknown): CairoAnswer => {
  const read = CairoRead.safeParse(request);
  if (!read.success) {
    const [issue] = read.error.issues;
    return failure("bad_input", `not a read of a Cairo tenant: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  try {
    return success(engineCall(() => answer(engine, read.data)));
  } catch (error) {
    const refusal = readRefusals.find((code) => error instanceof LockstepError && error.code === code);
    if (refusal === undefined) throw error;
    return failure(refusal, (error as LockstepError).message);
  }
};
