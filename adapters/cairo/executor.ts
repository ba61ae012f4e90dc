/** Executes a Cairo tenant on the engine: canonical order, protocol writes, seals. */
import { equalBytes, type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asRoot, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { entriesRoot } from "../../protocol/payload.ts";
import type {
  BlockContext,
  Execution,
  Executor,
  Inspection,
  LegExecution,
  OrderedEntry,
  OrderedLeg,
  Seal,
  SealedHead,
} from "../adapter.ts";
import { packBytes } from "../byteLists.ts";
import { leftOutLeg } from "../legs.ts";
import { asDeclared, canonicalOrder, leftOut } from "../order.ts";
import { onlyWriters } from "../writers.ts";
import { answerRead, contractAt } from "./answers.ts";
import {
  bufferOf,
  type CairoEngine,
  type EngineExecuted,
  type EngineHead,
  type EngineInspected,
  type EngineRefusal,
  type EngineSeal,
  engineCall,
} from "./engine.ts";
import { feltBytes } from "./felt.ts";
import { explainLeg, legExecution, legOf, refuseMarked, withCairoDeposits } from "./legs.ts";
import { nonceOf, protocolAddress } from "./protocolWrites.ts";
import { executionOf, inspectionOf } from "./transactions.ts";

type OpenBlock = {
  context: BlockContext;
  writes: number;
  receipts: Root[];
  /** How many receipts there were at each checkpoint. */
  checkpoints: { id: number; receipts: number; writes: number }[];
};

const rootOf = (bytes: Buffer): Root => asRoot(Uint8Array.from(bytes));

export const headOf = ({ number, blockHash, stateRoot }: EngineHead): SealedHead => ({
  number,
  blockHash: rootOf(blockHash),
  stateRoot: rootOf(stateRoot),
});

/** A Cairo tenant has no state beside the native one. */
export const sealOf = (seal: EngineSeal, receipts: readonly Root[]): Seal => ({
  ...headOf(seal),
  auxRoot: zeroRoot,
  receiptsRoot: entriesRoot(receipts),
  gasUsed: seal.gasUsed,
  block: Uint8Array.from(seal.header),
  diff: Uint8Array.from(seal.diff),
});

const fromAddress = bufferOf(feltBytes(protocolAddress));

export const createExecutor = (domain: Domain, engine: CairoEngine, writers: readonly Hex[] | undefined): Executor => {
  const checkWriter = onlyWriters(writers);
  let open: OpenBlock | undefined;

  const openBlock = (): OpenBlock => {
    if (open === undefined) throw new LockstepError("wrong_state", "no block is open: call begin first");
    return open;
  };

  const inspectAny = (transactions: readonly Uint8Array[], admit: boolean): Inspection[] => {
    const packed = packBytes(transactions);
    const inspected = JSON.parse(engineCall(() => engine.inspect(packed, admit))) as EngineInspected[];
    return inspected.map((each) => checkWriter(inspectionOf(each)));
  };

  const inspectAll = (transactions: readonly Uint8Array[], admit: boolean): Inspection[] =>
    inspectAny(transactions, admit).map((inspection, i) => refuseMarked(inspection, transactions[i] as Uint8Array));

  /** Whether the state of block `certified` refuses it with the same code. */
  const wasRefused = (certified: number, bytes: Uint8Array, sender: Hex, nonce: number, code: string): boolean => {
    if (code === "nonce_too_low") {
      return nonce < Number(engineCall(() => contractAt(engine, certified, sender))?.nonce ?? 0);
    }
    const refusal = JSON.parse(engineCall(() => engine.validate(certified, bufferOf(bytes)))) as EngineRefusal | null;
    return refusal?.code === code;
  };

  const executeAll = (block: OpenBlock, entries: readonly OrderedEntry[]): Execution[] => {
    const raw = entries.map(({ bytes }) => bytes);
    const inspections = inspectAll(raw, false).map((inspection, i) =>
      asDeclared(inspection, entries[i] as OrderedEntry),
    );
    const placed = canonicalOrder(inspections);
    const places = placed.filter(({ refusal }) => refusal === undefined).map(({ index }) => index);
    const executable = packBytes(places.map((index) => raw[index] as Uint8Array));
    const executed = (JSON.parse(engineCall(() => engine.execute(executable, places))) as EngineExecuted[]).values();
    return placed.map(({ index, refusal }) => {
      const inspection = inspections[index];
      if (refusal !== undefined || !inspection?.ok) return leftOut(index, refusal ?? "invalid");
      const { gas, sender, nonce = 0 } = inspection.value;
      const bytes = raw[index] as Uint8Array;
      const execution = executionOf(index, gas, executed.next().value as EngineExecuted, (code) =>
        wasRefused(block.context.certified, bytes, sender as Hex, nonce, code),
      );
      if (execution.kind === "applied") block.receipts.push(sha256(execution.receipt));
      return withCairoDeposits(domain, execution);
    });
  };

  const executeLeg = (block: OpenBlock, leg: OrderedLeg): LegExecution => {
    const { bytes, index } = leg;
    const [inspected] = inspectAny([bytes], false);
    const inspection = legOf(asDeclared(inspected as Inspection, leg), leg);
    if (!inspection.ok) return leftOutLeg(leg, inspection.error);
    const { gas, sender, nonce = 0 } = inspection.value;
    const [executed] = JSON.parse(engineCall(() => engine.execute(packBytes([bytes]), [index]))) as EngineExecuted[];
    const execution = executionOf(index, gas, executed as EngineExecuted, (code) =>
      wasRefused(block.context.certified, bytes, sender as Hex, nonce, code),
    );
    if (execution.kind === "applied") block.receipts.push(sha256(execution.receipt));
    return legExecution(domain, execution);
  };

  const takeCheckpoint = (block: OpenBlock, id: number): OpenBlock["checkpoints"][number] => {
    const position = block.checkpoints.findIndex((checkpoint) => checkpoint.id === id);
    const found = block.checkpoints[position];
    if (found === undefined) throw new LockstepError("bad_checkpoint", `${id} is no checkpoint of the open block`);
    block.checkpoints.length = position;
    return found;
  };

  return {
    inspect: async (transactions) => inspectAll(transactions, true),

    begin: async (context) => {
      const parent = headOf(engineCall(() => engine.head()));
      if (!equalBytes(context.parentHash, parent.blockHash)) {
        throw new LockstepError("wrong_state", `block ${context.number} does not follow block ${parent.number}`, {
          parentHash: toHex(context.parentHash),
          head: toHex(parent.blockHash),
        });
      }
      engineCall(() => engine.begin(context.number, Math.floor(context.timestampMs / 1000)));
      open = { context, writes: 0, receipts: [], checkpoints: [] };
    },

    write: async (write) => {
      const block = openBlock();
      const nonce = bufferOf(nonceOf(block.context.height, block.writes));
      engineCall(() => engine.write(bufferOf(write), fromAddress, nonce));
      block.writes++;
    },

    execute: async (entries) => executeAll(openBlock(), entries),

    inspectLegs: async (transactions) => inspectAny(transactions, true),
    leg: async (leg) => executeLeg(openBlock(), leg),
    explain: async (_, executed) => explainLeg(executed),

    checkpoint: async () => {
      const block = openBlock();
      const id = engineCall(() => engine.checkpoint());
      block.checkpoints.push({ id, receipts: block.receipts.length, writes: block.writes });
      return id;
    },

    commit: async (id) => {
      takeCheckpoint(openBlock(), id);
      engineCall(() => engine.commit(id));
    },

    revert: async (id) => {
      const block = openBlock();
      const { receipts, writes } = takeCheckpoint(block, id);
      block.receipts.length = receipts;
      block.writes = writes;
      engineCall(() => engine.revert(id));
    },

    seal: async () => {
      const block = openBlock();
      const seal = engineCall(() => engine.seal());
      open = undefined;
      return sealOf(seal, block.receipts);
    },

    discard: async () => {
      if (open === undefined) return;
      engineCall(() => engine.discard());
      open = undefined;
    },

    read: async (request) => answerRead(engine, request),

    close: async () => {
      open = undefined;
    },
  };
};
