/** A tenant's chain as the compliance suite drives it: headers, blocks, and a store that outlives executors. */
import { fromHex, type Hex, toHex, utf8 } from "../protocol/bytes.ts";
import { sha256 } from "../protocol/hash.ts";
import { asHeight, type Root, zeroRoot } from "../protocol/ids.ts";
import type { Adapter, BlockContext, Execution, Executor, OrderedEntry, Seal, StateSource } from "./adapter.ts";
import { diffWrites } from "./diff.ts";

const firstTimestampMs = 1_800_000_000_000;

const headerRoot = (number: number): Root => (number === 0 ? zeroRoot : sha256(utf8(`shared header ${number}`)));

/** Three blocks share most seconds. */
export const contextOf = (number: number, parentHash: Root): BlockContext => ({
  height: asHeight(number),
  number,
  timestampMs: firstTimestampMs + 300 * number,
  header: headerRoot(number),
  parent: headerRoot(number - 1),
  parentHash,
  certified: Math.max(0, number - 2),
});

export type ExecutedBlock = { executions: Execution[]; seal: Seal };

export const beginBlock = async (
  adapter: Adapter,
  executor: Executor,
  number: number,
  parentHash: Root,
): Promise<void> => {
  const context = contextOf(number, parentHash);
  await executor.begin(context);
  for (const write of adapter.protocolWrites(context)) await executor.write(write);
};

/** Entries as an honest producer orders them: with their own gas, and 0 for what can't be decoded. */
export const declared = async (executor: Executor, slice: readonly Uint8Array[]): Promise<OrderedEntry[]> => {
  const inspections = await executor.inspect(slice);
  return slice.map((bytes, i) => {
    const inspection = inspections[i];
    return { bytes, gas: [inspection?.ok ? inspection.value.gas : 0] };
  });
};

export const runBlock = async (
  adapter: Adapter,
  executor: Executor,
  number: number,
  parentHash: Root,
  slice: readonly Uint8Array[],
): Promise<ExecutedBlock> => {
  await beginBlock(adapter, executor, number, parentHash);
  const executions = await executor.execute(await declared(executor, slice));
  return { executions, seal: await executor.seal() };
};

/** What a node keeps of a tenant: its flat state, and the diffs that lead back. */
export type Store = { save(seal: Seal): void; source(): StateSource | undefined };

export const createStore = (): Store => {
  const state = new Map<Hex, Uint8Array>();
  const diffs: Uint8Array[] = [];
  const bytesOf = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
  return {
    save: ({ diff }) => {
      for (const { key, value } of diffWrites(diff)) {
        if (value === undefined) state.delete(toHex(key));
        else state.set(toHex(key), Uint8Array.from(value));
      }
      diffs.unshift(Uint8Array.from(diff));
    },
    source: () => {
      if (diffs.length === 0) return undefined;
      const pairs = [...state].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const newestFirst = [...diffs];
      return {
        async *state() {
          for (const [key, value] of pairs) yield [bytesOf(key), value] as const;
        },
        async *diffs() {
          yield* newestFirst;
        },
      };
    },
  };
};
