/** `NodeService` over the parts of a running node. */
import type { Consensus } from "../consensus/consensus.ts";
import { bundleLane } from "../protocol/bundle.ts";
import { toHex } from "../protocol/bytes.ts";
import type { Cannot } from "../protocol/cannot.ts";
import { failure } from "../protocol/errors.ts";
import { type Genesis, lastHeightOf } from "../protocol/genesis.ts";
import { asDomain, asEpoch, type Domain, type Height, type Root } from "../protocol/ids.ts";
import type { OrderingState } from "../protocol/ordering.ts";
import { proveSlice } from "../protocol/payload.ts";
import type { Network } from "../protocol/ports.ts";
import type { ValidatorSet } from "../protocol/validators.ts";
import { payloadOf } from "./block/payload.ts";
import type { Events } from "./events.ts";
import type { PoolEntry } from "./mempool/entry.ts";
import type { Pool } from "./mempool/pool.ts";
import type { Quarantine } from "./pipeline/quarantine.ts";
import type { Tenants } from "./pipeline/tenants.ts";
import type { RosterEntry } from "./roster/entry.ts";
import { describeTenants, type Judged, proveTenant } from "./roster/view.ts";
import type { NodeService, TenantInfo, TransactionStatus } from "./service.ts";
import type { History } from "./storage/history.ts";
import { type OutcomeRecord, outcomeKind } from "./storage/records.ts";

/** The lane of bundles has no tenant; what goes there has a route of its own. */
const notTenant = failure("unknown_tenant", `no tenant has domain ${bundleLane}: bundles go to POST /v1/bundles`);

/** Newest heights of a node, as they stand. */
export type Heads = { finalized: Height; executed: Height; certified: Height; carrier: Height };

export type NodeServiceOptions = {
  genesis: Genesis;
  genesisRoot: Root;
  network: Network;
  consensus: Consensus;
  pool: Pool;
  history: History;
  tenants: Tenants;
  entries: ReadonlyMap<Domain, RosterEntry>;
  /** Ordering state after the newest finalized block. */
  state(): OrderingState;
  /** That block; absent until one is finalized in this life of the node. */
  judged(): Judged | undefined;
  bundles: Pick<NodeService, "submitBundle" | "simulateBundle" | "bundle" | "sponsor">;
  events: Events;
  heads(): Heads;
  problems(): string[];
  notices(): string[];
  quarantines(): ReadonlyMap<Domain, Quarantine>;
  cannot(): Cannot[];
  /** URLs of the tenants' own APIs, once they are served. */
  urls: ReadonlyMap<number, { rpc: string; ws: string }>;
  validatorsOf(epoch: number): ValidatorSet;
  metrics(): Promise<string>;
};

const pendingStatus = ({ id, domain, facts, phase }: PoolEntry): TransactionStatus => ({
  id,
  domain,
  nativeId: facts.nativeId,
  status: phase === "ordered" ? "ordered" : "pending",
});

const endedStatus = (id: Root, record: OutcomeRecord): TransactionStatus => {
  const kind = outcomeKind(record.kind);
  const known = record.nativeId.length > 0;
  const base = { id, domain: asDomain(record.domain), ...(known ? { nativeId: toHex(record.nativeId) } : {}) };
  const reason = new TextDecoder().decode(record.reason);
  switch (kind) {
    case "applied":
      return { ...base, status: "executed", height: record.height, index: record.index, succeeded: record.succeeded };
    case "omitted":
    case "returned":
      return { ...base, status: "omitted", reason, ...(record.height > 0 ? { height: record.height } : {}) };
    default:
      return { ...base, status: kind, reason };
  }
};

export const createNodeService = (options: NodeServiceOptions): NodeService => {
  const { genesis, genesisRoot, consensus, pool, history, tenants } = options;

  const describe = () => describeTenants(options.state(), options.entries, options.urls);

  const tenantInfos = (): TenantInfo[] => {
    const quarantines = options.quarantines();
    return describe().map(({ domain, name, vm, status }) => {
      const executed = tenants.get(domain)?.stored;
      const quarantine = quarantines.get(domain);
      return {
        domain,
        name,
        vm,
        status,
        ...(executed === undefined ? {} : { executed }),
        ...(quarantine === undefined ? {} : { quarantine }),
        ...options.urls.get(domain),
      };
    });
  };

  const transaction = async (id: Root): Promise<TransactionStatus | undefined> => {
    const entry = pool.find(toHex(id));
    if (entry !== undefined) return pendingStatus(entry);
    const record = await history.anyOutcome(id);
    return record === undefined ? undefined : endedStatus(id, record);
  };

  return {
    genesis,
    genesisRoot,
    status: () => {
      const { epoch, view, nullifiedViews } = consensus.status();
      const { finalized, executed, certified } = options.heads();
      return {
        genesis: genesisRoot,
        index: options.network.self,
        epoch,
        view,
        nullifiedViews,
        finalized,
        executed,
        certified,
        revision: options.state().revision,
        peers: options.network.peers(),
        mempool: pool.size(),
        tenants: tenantInfos(),
        cannot: options.cannot().map(({ signer, domain, height }) => ({ validator: signer, domain, height })),
      };
    },
    submit: async (domain, transactions) =>
      domain === bundleLane ? transactions.map(() => notTenant) : await pool.submit(domain, transactions),
    ...options.bundles,
    tenants: describe,
    tenant: (domain) => {
      const judged = options.judged();
      return judged && proveTenant(judged, options.entries, domain);
    },
    transaction,
    transactionByNativeId: async (domain, nativeId) => {
      const entry = pool.findNative(domain, nativeId);
      if (entry !== undefined) return pendingStatus(entry);
      const id = await history.idOf(domain, nativeId);
      const record = id === undefined ? undefined : await history.outcome(domain, id);
      return id === undefined || record === undefined ? undefined : endedStatus(id, record);
    },
    block: (height) => consensus.finalizedBlock(height),
    slice: async (height, domain) => {
      const block = await consensus.finalizedBlock(height);
      const tenant = tenants.get(domain);
      if (block === undefined || tenant === undefined) return undefined;
      const { slices } = await history.order(block);
      const inputs = await history.inputs(domain, height - tenant.activatedAt);
      return {
        block,
        domain,
        entries: (slices.get(domain) ?? []).map(({ bytes }) => bytes),
        proof: proveSlice(payloadOf(slices), domain),
        ...(inputs === undefined ? {} : { inputs }),
      };
    },
    summary: (height) => history.summary(height),
    latestCertificate: async () => {
      const carrier = await consensus.finalizedBlock(options.heads().carrier);
      const certified = carrier?.header.certified;
      const summary = certified === undefined ? undefined : await history.summary(certified.height);
      if (carrier === undefined || certified === undefined || summary === undefined) return undefined;
      return { carrier, certified, summary };
    },
    epoch: async (epoch) => {
      const last = lastHeightOf(epoch - 1, genesis.epochLength);
      if (epoch === 0) return { set: options.validatorsOf(0) };
      if (last > options.heads().finalized) return undefined;
      const transition = await consensus.finalizedBlock(last);
      return { set: options.validatorsOf(epoch), ...(transition === undefined ? {} : { transition }) };
    },
    validators: () => options.validatorsOf(asEpoch(consensus.status().epoch)),
    metrics: options.metrics,
    problems: options.problems,
    notices: options.notices,
    subscribe: options.events.subscribe,
  };
};
