/** Records blocks of the real EVM executor, with the inputs that a node would show of them. */
import type { BlockContext, Execution, Seal } from "../../adapters/adapter.ts";
import { declared } from "../../adapters/complianceChain.ts";
import { openEvmExecutor } from "../../adapters/evm/executor.ts";
import { evmProtocolWrites } from "../../adapters/evm/protocolWrites.ts";
import { readEvm } from "../../adapters/evm/reads.ts";
import type { ReplayBlock } from "../../adapters/evm/replay.ts";
import type { TenantBudget } from "../../protocol/budget.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { asHeight, type Domain, type Root, zeroRoot } from "../../protocol/ids.ts";
import { type Input, inputKinds } from "../../protocol/inputs.ts";

export type Recorded = { block: ReplayBlock; seal: Seal; executions: readonly Execution[] };

export type Recorder = {
  genesis: Seal;
  /** Orders `entries` in a block, `afterMs` after the one before. */
  record(entries: readonly Uint8Array[], afterMs: number): Promise<Recorded>;
  nonceOf(address: Hex): Promise<number>;
  /** Whether a call on the newest state succeeds. */
  succeeds(to: Hex, data: Hex): Promise<boolean>;
  /** Native seconds of the newest block. */
  timestamp(): number;
  number(): number;
  close(): Promise<void>;
};

const headerOf = (number: number): Root => (number === 0 ? zeroRoot : sha256(utf8(`shared header ${number}`)));

const inputOf = (execution: Execution, entries: readonly Uint8Array[]): Input => ({
  kind: execution.kind === "applied" ? inputKinds.transaction : inputKinds[execution.kind],
  bytes: entries[execution.index] as Uint8Array,
  reason: utf8(execution.kind === "applied" ? "" : execution.reason),
});

export const createRecorder = async (
  tenant: { domain: Domain; config: Uint8Array; budget: TenantBudget },
  startMs: number,
): Promise<Recorder> => {
  const { executor, genesis } = await openEvmExecutor(tenant);
  if (genesis === undefined) throw new Error("a new tenant has a genesis");
  let [head, timestampMs] = [genesis, startMs];
  return {
    genesis,
    record: async (entries, afterMs) => {
      timestampMs += afterMs;
      const number = head.number + 1;
      const shared = { header: headerOf(number), parent: headerOf(number - 1), timestampMs };
      const context: BlockContext = {
        ...shared,
        height: asHeight(number),
        number,
        parentHash: head.blockHash,
        certified: head.number,
      };
      const writes = evmProtocolWrites(context);
      await executor.begin(context);
      for (const write of writes) await executor.write(write);
      const executions = entries.length === 0 ? [] : await executor.execute(await declared(executor, entries));
      head = await executor.seal();
      const written = writes.map((bytes): Input => ({ kind: inputKinds.write, bytes, reason: utf8("") }));
      const others = executions.map((execution) => inputOf(execution, entries));
      const applied = others.filter(({ kind }) => kind === inputKinds.transaction);
      const left = others.filter(({ kind }) => kind !== inputKinds.transaction);
      return { block: { ...shared, inputs: [...written, ...applied, ...left] }, seal: head, executions };
    },
    nonceOf: async (address) => {
      const answer = await readEvm((read) => executor.read(read), { kind: "account", number: head.number, address });
      if (!answer.ok) throw new Error(answer.error.message);
      return answer.value.nonce;
    },
    succeeds: async (to, data) => {
      const request = { to, data, gas: "0x989680" } as const;
      const answer = await readEvm((read) => executor.read(read), { kind: "call", number: head.number, request });
      return answer.ok && answer.value.success;
    },
    timestamp: () => Math.floor(timestampMs / 1000),
    number: () => head.number,
    close: () => executor.close(),
  };
};
