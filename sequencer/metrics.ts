/** Prometheus metrics of a node. */
import { Counter, Gauge, Registry } from "prom-client";
import type { DoorStats } from "../adapters/http/connections.ts";
import type { Consensus } from "../consensus/consensus.ts";
import type { NetworkStats } from "../consensus/network/network.ts";
import type { ChannelStats, PeerStats } from "../consensus/network/peer.ts";
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
  networkStats(): NetworkStats;
  /** What the node serves by HTTP, by name. */
  doors: ReadonlyMap<string, () => DoorStats>;
  events: Events;
};

type Labelled = <Label extends string>(
  name: string,
  help: string,
  labelNames: readonly Label[],
  values: () => readonly (readonly [labels: Record<Label, string>, value: number])[],
) => void;

const servePeerMetrics = (labelled: Labelled, stats: () => NetworkStats): void => {
  const perPeer = (name: string, help: string, value: (peer: PeerStats) => number): void =>
    labelled(name, help, ["peer"], () =>
      stats().peers.map((peer) => [{ peer: String(peer.validator) }, value(peer)] as const),
    );
  const perChannel = (name: string, help: string, value: (channel: ChannelStats) => number): void =>
    labelled(name, help, ["peer", "channel"], () =>
      stats().peers.flatMap(({ validator, channels }) =>
        Object.entries(channels).map(([channel, of]) => [{ peer: String(validator), channel }, value(of)] as const),
      ),
    );
  perPeer("lockstep_peer_connected", "1 while the validator can be reached", ({ connected }) => Number(connected));
  perPeer("lockstep_peer_score", "Points against a validator; 8 ban it", ({ score }) => score);
  perPeer("lockstep_peer_penalties_total", "Times that a validator misbehaved", ({ penalties }) => penalties);
  perPeer("lockstep_peer_bans_total", "Times that a validator was banned for a while", ({ bans }) => bans);
  perChannel("lockstep_peer_queue_messages", "Messages that wait for a validator", (of) => of.queuedMessages);
  perChannel("lockstep_peer_queue_bytes", "Bytes that wait for a validator", (of) => of.queuedBytes);
  perChannel("lockstep_peer_sent_total", "Messages sent to a validator", (of) => of.sent);
  perChannel("lockstep_peer_received_total", "Messages taken from a validator", (of) => of.received);
  perChannel("lockstep_peer_dropped_total", "Messages that had no room in a queue or no link", (of) => of.dropped);
  perChannel(
    "lockstep_peer_throttled_seconds_total",
    "Time for which a validator sent faster than is taken",
    (of) => of.throttledMs / 1000,
  );
  labelled("lockstep_p2p_strangers", "Inbound connections without a proven key", [], () => [[{}, stats().strangers]]);
  labelled("lockstep_p2p_refused_total", "Connections not taken, by reason", ["reason"], () =>
    [...stats().refused].map(([reason, count]) => [{ reason }, count] as const),
  );
};

const serveDoorMetrics = (labelled: Labelled, doors: MetricsOptions["doors"]): void => {
  const perDoor = (name: string, help: string, value: (door: DoorStats) => number): void =>
    labelled(name, help, ["door"], () => [...doors].map(([door, stats]) => [{ door }, value(stats())] as const));
  perDoor("lockstep_http_connections", "HTTP connections", ({ connections }) => connections);
  perDoor("lockstep_http_sockets", "WebSockets", ({ sockets }) => sockets);
  perDoor("lockstep_http_buffered_bytes", "Bytes of requests and unread answers", ({ buffered }) => buffered);
  perDoor("lockstep_http_evicted_total", "Connections that had to make room for others", ({ evicted }) => evicted);
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
  const labelled: Labelled = (name, help, labelNames, values) => {
    const Metric = name.endsWith("_total") ? Counter : Gauge;
    new Metric({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.inc(labels, value);
      },
    });
  };
  servePeerMetrics(labelled, node.networkStats);
  serveDoorMetrics(labelled, node.doors);

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
