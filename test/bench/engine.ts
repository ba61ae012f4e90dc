/** A process that runs a tenant's executor and nothing else: what the network could do at best. */

import type { BlockContext } from "../../adapters/adapter.ts";
import { declared } from "../../adapters/complianceChain.ts";
import { loadAdapter } from "../../adapters/registry.ts";
import type { TenantName } from "../../devnet/tenants.ts";
import { asHeight, type Root, zeroRoot } from "../../protocol/ids.ts";
import { chunksOf } from "./bodies.ts";
import { genesisMs, registrationOf } from "./engineTenant.ts";
import { serve } from "./worker.ts";

export type EngineRun = {
  vm: TenantName;
  transactions: readonly Uint8Array[];
  /** Of the transactions, how many come first and aren't measured. */
  warmUp: number;
  perBlock: number;
};

export type EngineRate = {
  /**
   * Microseconds of processor time for a transaction, signatures checked where there are any, blocks sealed: where it
   * is taken in and executed, and where it is only executed.
   */
  cpuMicros: { entry: number; other: number };
  /** What one transaction uses of the VM's gas: all use the same. */
  gas: number;
};

const blockMs = 1000;

/** Gas that a transaction asked for, and that it used. */
type Used = { asked: number; used: number };

const openEngine = async (vm: TenantName) => {
  const tenant = registrationOf(vm);
  const adapter = await loadAdapter(vm);
  const { executor, sealed } = await adapter.open({
    domain: tenant.domain,
    config: tenant.config,
    budget: tenant.budget,
  });
  let parentHash: Root = sealed.blockHash;
  let number = sealed.number;

  /** Executes a block, and gives the gas that each used. Inspects its transactions first unless their gas is `known`. */
  return async (transactions: readonly Uint8Array[], known?: number): Promise<Used[]> => {
    number++;
    const timestampMs = genesisMs + number * blockMs;
    const context: BlockContext = {
      height: asHeight(number),
      number,
      timestampMs,
      header: zeroRoot,
      parent: zeroRoot,
      parentHash,
      certified: number - 1,
    };
    await executor.begin(context);
    for (const write of adapter.protocolWrites(context)) await executor.write(write);
    const entries =
      known === undefined
        ? await declared(executor, transactions)
        : transactions.map((bytes) => ({ bytes, gas: [known] }));
    const executions = await executor.execute(entries);
    parentHash = (await executor.seal()).blockHash;
    return executions.map((execution) => {
      if (execution.kind === "applied" && execution.succeeded) return { asked: execution.gas, used: execution.gasUsed };
      const reason = execution.kind === "applied" ? "it failed" : execution.reason;
      throw new Error(`the ${vm} engine did not apply a transaction: ${execution.kind}, ${reason}`);
    });
  };
};

const cpuMicros = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

serve(async ({ vm, transactions, warmUp, perBlock }: EngineRun): Promise<EngineRate> => {
  const execute = await openEngine(vm);
  const seen = new Map<number, Used>();
  const executeAll = async (all: readonly Uint8Array[], known?: number): Promise<void> => {
    for (const block of chunksOf(all, perBlock))
      for (const each of await execute(block, known)) seen.set(each.used, each);
  };
  await executeAll(transactions.slice(0, warmUp));
  const measured = transactions.slice(warmUp);
  const half = Math.ceil(measured.length / 2);
  const [first] = seen.values();
  const entry = await cpuMicros(() => executeAll(measured.slice(0, half)));
  const other = await cpuMicros(() => executeAll(measured.slice(half), first?.asked));
  const [gas = 0, ...more] = seen.keys();
  if (more.length > 0) throw new Error(`transactions of ${vm} use ${gas}, ${more.join(", ")} gas: not the same`);
  return { cpuMicros: { entry: entry / half, other: other / (measured.length - half) }, gas };
});
