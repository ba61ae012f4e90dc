/** Executes an EVM tenant on the engine: canonical order, base fee, protocol writes, seals. */
import type { TenantBudget } from "../../protocol/budget.ts";
import { equalBytes, fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asRoot, type Domain, type Root } from "../../protocol/ids.ts";
import type {
  Execution,
  Executor,
  Inspection,
  LegExecution,
  Mark,
  OpenedExecutor,
  OrderedEntry,
  OrderedLeg,
  Seal,
  SealedHead,
  StateSource,
} from "../adapter.ts";
import { packBytes } from "../byteLists.ts";
import { leftOutLeg } from "../legs.ts";
import { asDeclared, canonicalOrder, leftOut } from "../order.ts";
import { onlyWriters } from "../writers.ts";
import { accountAt, answerRead } from "./answers.ts";
import { auxRootOf, baseFeeOf, excessAt, type FeeState, targetOf } from "./baseFee.ts";
import { encodeBlock } from "./block.ts";
import { type EngineHead, type EngineSeal, type EvmEngine, engineCall, loadEvmEngine } from "./engine.ts";
import { type EvmConfig, engineChain, engineGenesis, parseEvmConfig, parseWriters } from "./genesis.ts";
import { explainLeg, legExecution, legOf, refuseMarked, withEvmDeposits } from "./legs.ts";
import { type EngineExecuted, readExecuted, readInspected } from "./packed.ts";
import { decodeWrite } from "./protocolWrites.ts";
import { diffWithFees, restoreEngine } from "./state.ts";
import { executionOf, inspectionOf } from "./transactions.ts";

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const rootOf = (hex: Hex): Root => {
  const bytes = fromHex(hex);
  if (bytes?.length !== 32) throw new LockstepError("executor_failed", `the EVM engine gave ${hex} for a hash`);
  return asRoot(bytes);
};

const headOf = ({ number, blockHash, stateRoot }: EngineHead): SealedHead => ({
  number,
  blockHash: rootOf(blockHash),
  stateRoot: rootOf(stateRoot),
});

const sealOf = (seal: EngineSeal, before: FeeState | undefined, after: FeeState): Seal => ({
  ...headOf(seal),
  auxRoot: auxRootOf(after),
  receiptsRoot: rootOf(seal.receiptsRoot),
  gasUsed: seal.gasUsed,
  block: encodeBlock(seal.header, seal.size),
  diff: diffWithFees(seal.diff, before, after),
});

const createExecutor = (
  domain: Domain,
  engine: EvmEngine,
  config: EvmConfig,
  writers: readonly Hex[] | undefined,
  restored: FeeState,
): Executor => {
  const checkWriter = onlyWriters(writers);
  const target = targetOf(config.gas.rate);
  let sealedFees = restored;
  /** Of the open block: what it started with, and the number of the block that its header certifies. */
  let open: (FeeState & { certified: number }) | undefined;

  const inspectAny = (transactions: readonly Uint8Array[]): Inspection[] => {
    // It only falls until the next block comes.
    const floor = baseFeeOf(sealedFees.excess, target);
    const packed = packBytes(transactions);
    return readInspected(engineCall(() => engine.inspect(packed))).map((inspected) =>
      checkWriter(inspectionOf(inspected, floor)),
    );
  };

  const inspectAll = (transactions: readonly Uint8Array[]): Inspection[] =>
    inspectAny(transactions).map((inspection, i) => refuseMarked(inspection, transactions[i] as Uint8Array));

  const executeLeg = (leg: OrderedLeg, certified: number): LegExecution => {
    const [inspected] = inspectAny([leg.bytes]);
    const inspection = legOf(asDeclared(inspected as Inspection, leg), leg);
    if (!inspection.ok) return leftOutLeg(leg, inspection.error);
    const { gas, sender, nonce = 0 } = inspection.value;
    const [executed] = readExecuted(engineCall(() => engine.execute(packBytes([leg.bytes]), [leg.index])));
    const isStale = () => nonce < engineCall(() => accountAt(engine, certified, sender as Hex)).nonce;
    return legExecution(domain, executionOf(leg.index, gas, executed as EngineExecuted, isStale));
  };

  const executeAll = (entries: readonly OrderedEntry[], certified: number): Execution[] => {
    const raw = entries.map(({ bytes }) => bytes);
    const inspections = inspectAll(raw).map((inspection, i) => asDeclared(inspection, entries[i] as OrderedEntry));
    const placed = canonicalOrder(inspections);
    const places = placed.filter(({ refusal }) => refusal === undefined).map(({ index }) => index);
    const executable = places.map((index) => raw[index] as Uint8Array);
    const executed = readExecuted(engineCall(() => engine.execute(packBytes(executable), places))).values();
    return placed.map(({ index, refusal }) => {
      const inspection = inspections[index];
      if (refusal !== undefined || !inspection?.ok) return leftOut(index, refusal ?? "invalid");
      const { gas, sender, nonce = 0 } = inspection.value;
      const isStale = () => nonce < engineCall(() => accountAt(engine, certified, sender as Hex)).nonce;
      return withEvmDeposits(domain, executionOf(index, gas, executed.next().value as EngineExecuted, isStale));
    });
  };

  return {
    inspect: async (transactions) => inspectAll(transactions),

    begin: async (context) => {
      const parent = headOf(engineCall(() => engine.head()));
      if (!equalBytes(context.parentHash, parent.blockHash)) {
        throw new LockstepError("wrong_state", `block ${context.number} does not follow block ${parent.number}`, {
          parentHash: toHex(context.parentHash),
          head: toHex(parent.blockHash),
        });
      }
      const excess = excessAt(sealedFees, target, context.timestampMs);
      const environment = JSON.stringify({
        number: context.number,
        timestamp: Math.floor(context.timestampMs / 1000),
        coinbase: config.feeRecipient,
        gasLimit: config.gas.burst,
        baseFee: `0x${baseFeeOf(excess, target).toString(16)}`,
        mixHash: toHex(context.header),
        parentBeaconBlockRoot: toHex(context.parent),
      });
      engineCall(() => engine.begin(environment));
      open = { excess, timestampMs: context.timestampMs, certified: context.certified };
    },

    write: async (write) => {
      const { to, data } = decodeWrite(write);
      const outcome = JSON.parse(engineCall(() => engine.systemCall(bufferOf(to), bufferOf(data)))) as {
        success: boolean;
        output: Hex;
      };
      if (!outcome.success) {
        throw new LockstepError("write_failed", `the protocol write to ${toHex(to)} failed`, {
          output: outcome.output,
        });
      }
    },

    execute: async (entries) => {
      if (open === undefined) throw new LockstepError("wrong_state", "no block is open: call begin first");
      return executeAll(entries, open.certified);
    },

    inspectLegs: async (transactions) => inspectAny(transactions),
    leg: async (leg) => {
      if (open === undefined) throw new LockstepError("wrong_state", "no block is open: call begin first");
      return executeLeg(leg, open.certified);
    },
    explain: async (_, executed) => explainLeg(executed),

    checkpoint: async () => engineCall(() => engine.checkpoint()),
    commit: async (id) => engineCall(() => engine.commit(id)),
    revert: async (id) => engineCall(() => engine.revert(id)),

    seal: async () => {
      if (open === undefined) throw new LockstepError("wrong_state", "no block is open: call begin first");
      const seal = engineCall(() => engine.seal());
      const before = sealedFees;
      sealedFees = { excess: open.excess + BigInt(seal.gasUsed), timestampMs: open.timestampMs };
      open = undefined;
      return sealOf(seal, before, sealedFees);
    },

    discard: async () => {
      if (open === undefined) return;
      engineCall(() => engine.discard());
      open = undefined;
    },

    read: async (request) =>
      answerRead(engine, request, (afterMs) =>
        baseFeeOf(excessAt(sealedFees, target, sealedFees.timestampMs + afterMs), target),
      ),

    close: async () => {
      open = undefined;
    },
  };
};

/**
 * @throws LockstepError `bad_config`, `bad_state`, `engine_missing`
 */
export const openEvmExecutor = async (options: {
  domain: Domain;
  config: Uint8Array;
  budget: TenantBudget;
  writers?: readonly string[];
  source?: StateSource;
  mark?: Mark;
}): Promise<OpenedExecutor> => {
  const config = parseEvmConfig(options.domain, options.config, options.budget);
  const writers = parseWriters(options.writers);
  const module = await loadEvmEngine();
  const markWith = (engine: EvmEngine): void => {
    const { mark } = options;
    if (mark !== undefined) engineCall(() => engine.markEntries(mark.descriptor, mark.entryOffset));
  };
  if (options.source !== undefined) {
    const { engine, fees } = await restoreEngine(module, engineChain(config), options.source);
    markWith(engine);
    return {
      executor: createExecutor(options.domain, engine, config, writers, fees),
      sealed: headOf(engineCall(() => engine.head())),
    };
  }
  const engine = engineCall(() => new module.EvmEngine(engineGenesis(config)));
  markWith(engine);
  const fees: FeeState = { excess: 0n, timestampMs: 1000 * config.timestamp };
  return {
    executor: createExecutor(options.domain, engine, config, writers, fees),
    sealed: headOf(engineCall(() => engine.head())),
    genesis: sealOf(
      engineCall(() => engine.genesis()),
      undefined,
      fees,
    ),
  };
};
