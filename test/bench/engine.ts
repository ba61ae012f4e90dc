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
  /** Transactions for each second of processor time, signatures checked where there are any, blocks sealed. */
  perCpuSecond: number;
  /** What one transaction uses of the VM's gas: all use the same. */
  gas: number;
};

const blockMs = 1000;

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

  /** Gives the gas that each used. */
  return async (entries: readonly Uint8Array[]): Promise<number[]> => {
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
    const executions = await executor.execute(await declared(executor, entries));
    parentHash = (await executor.seal()).blockHash;
    return executions.map((execution) => {
      if (execution.kind === "applied" && execution.succeeded) return execution.gasUsed;
      const reason = execution.kind === "applied" ? "it failed" : execution.reason;
      throw new Error(`the ${vm} engine did not apply a transaction: ${execution.kind}, ${reason}`);
    });
  };
};

serve(async ({ vm, transactions, warmUp, perBlock }: EngineRun): Promise<EngineRate> => {
  const execute = await openEngine(vm);
  const used = new Set<number>();
  const executeAll = async (all: readonly Uint8Array[]): Promise<void> => {
    for (const block of chunksOf(all, perBlock)) for (const gas of await execute(block)) used.add(gas);
  };
  await executeAll(transactions.slice(0, warmUp));
  const measured = transactions.slice(warmUp);
  const before = process.cpuUsage();
  await executeAll(measured);
  const { user, system } = process.cpuUsage(before);
  const [gas = 0, ...others] = used;
  if (others.length > 0) throw new Error(`transactions of ${vm} use ${gas}, ${others.join(", ")} gas: not the same`);
  return { perCpuSecond: measured.length / ((user + system) / 1e6), gas };
});
