/** Prometheus metrics of a node. */
import { Counter, Gauge, Registry } from "prom-client";
import type { Consensus } from "../consensus/consensus.ts";
import type { Cannot } from "../protocol/cannot.ts";
import type { Domain } from "../protocol/ids.ts";
import type { Network } from "../protocol/ports.ts";
import type { Events } from "./events.ts";
import type { Pool } from "./mempool/pool.ts";
import type { Heads } from "./node-service.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { Tenant, Tenants } from "./pipeline/tenants.ts";

export type MetricsOptions = {
  heads(): Heads;
  pool: Pool;
  consensus: Consensus;
  pipeline: Pipeline;
  tenants: Tenants;
  cannot(): Cannot[];
  network: Network;
  events: Events;
};

/** Gives the function that renders them in Prometheus' text format. */
export const createMetrics = (node: MetricsOptions): (() => Promise<string>) => {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge("lockstep_finalized_height", "Newest finalized height", () => node.heads().finalized);
  gauge("lockstep_executed_height", "Newest height executed by this node", () => node.heads().executed);
  gauge("lockstep_certified_height", "Newest height under a final execution certificate", () => node.heads().certified);
  gauge("lockstep_epoch", "Epoch in progress", () => node.consensus.status().epoch);
  gauge("lockstep_view", "View in progress", () => node.consensus.status().view);
  gauge(
    "lockstep_nullified_views",
    "Views nullified since the node started",
    () => node.consensus.status().nullifiedViews,
  );
  gauge("lockstep_peers", "Validators that can be reached", () => node.network.peers().length);
  gauge(
    "lockstep_mempool_transactions",
    "Transactions that have not come to their end",
    () => node.pool.size().transactions,
  );
  gauge("lockstep_mempool_bytes", "Bytes of the transactions in the mempool", () => node.pool.size().bytes);
  gauge("lockstep_execution_backlog_blocks", "Finalized blocks that wait for their execution", () =>
    node.pipeline.backlog(),
  );

  const byTenant = (name: string, help: string, values: () => Iterable<readonly [Domain, number]>): void => {
    new Gauge({
      name,
      help,
      labelNames: ["domain"] as const,
      registers,
      collect() {
        for (const [domain, value] of values()) this.set({ domain: String(domain) }, value);
      },
    });
  };
  const tenants = (): Tenant[] => [...node.tenants.values()];
  byTenant("lockstep_tenant_executed_height", "Newest height at which this node has executed a tenant", () =>
    tenants().map(({ domain, stored }) => [domain, stored]),
  );
  byTenant("lockstep_tenant_quarantined", "Whether this node has stopped to execute a tenant", () =>
    tenants().map(({ domain }) => [domain, node.pipeline.quarantines().has(domain) ? 1 : 0]),
  );
  byTenant("lockstep_tenant_cannot_validators", "Validators that said that they can't execute a tenant", () =>
    tenants().map((tenant) => [tenant.domain, node.cannot().filter(({ domain }) => domain === tenant.domain).length]),
  );

  const transactions = new Counter({
    name: "lockstep_transactions_total",
    help: "Transactions executed, by tenant and result",
    labelNames: ["domain", "result"] as const,
    registers,
  });
  const gas = new Counter({
    name: "lockstep_gas_used_total",
    help: "Gas used, by tenant, in the tenant's own unit",
    labelNames: ["domain"] as const,
    registers,
  });
  node.events.subscribe((event) => {
    if (event.type !== "tenant") return;
    const domain = String(event.block.domain);
    gas.inc({ domain }, event.block.seal.gasUsed);
    const all = event.block.transactions.length;
    const succeeded = event.block.transactions.filter((transaction) => transaction.succeeded).length;
    if (succeeded > 0) transactions.inc({ domain, result: "succeeded" }, succeeded);
    if (succeeded < all) transactions.inc({ domain, result: "failed" }, all - succeeded);
  });
  return () => registry.metrics();
};
