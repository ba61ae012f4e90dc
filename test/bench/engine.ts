/** A process that runs a tenant's executor and nothing else: what the network could do at best. */

import type { BlockContext } from "../../adapters/adapter.ts";
import { declared } from "../../adapters/complianceChain.ts";
import { loadAdapter } from "../../adapters/registry.ts";
import { createRegistration } from "../../devnet/genesis.ts";
import { plansOf, type TenantName } from "../../devnet/tenants.ts";
import { asHeight, type Root, zeroRoot } from "../../protocol/ids.ts";
import { nobody } from "../../protocol/tenant.ts";
import { chunksOf } from "./bodies.ts";
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
};

const genesisMs = 1_700_000_000_000;
const blockMs = 1000;

const openEngine = async (vm: TenantName) => {
  const [plan] = plansOf([vm]);
  if (plan === undefined) throw new Error(`the devnet has no tenant ${vm}`);
  const tenant = createRegistration(plan, nobody, genesisMs);
  const adapter = await loadAdapter(vm);
  const { executor, sealed } = await adapter.open({
    domain: tenant.domain,
    config: tenant.config,
    budget: tenant.budget,
  });
  let parentHash: Root = sealed.blockHash;
  let number = sealed.number;

  return async (entries: readonly Uint8Array[]): Promise<void> => {
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
    const failed = executions.find((execution) => execution.kind !== "applied" || !execution.succeeded);
    if (failed !== undefined) throw new Error(`the ${vm} engine did not apply a transaction: ${failed.kind}`);
  };
};

serve(async ({ vm, transactions, warmUp, perBlock }: EngineRun): Promise<EngineRate> => {
  const execute = await openEngine(vm);
  for (const block of chunksOf(transactions.slice(0, warmUp), perBlock)) await execute(block);
  const measured = transactions.slice(warmUp);
  const before = process.cpuUsage();
  for (const block of chunksOf(measured, perBlock)) await execute(block);
  const { user, system } = process.cpuUsage(before);
  return { perCpuSecond: measured.length / ((user + system) / 1e6) };
});
