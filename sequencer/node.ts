/**
 * A validator: consensus, mempool, pipeline and attestations around one store. Everything is
 * composed here; nothing is decided here.
 */
import type { Adapter, TenantServices } from "../adapters/adapter.ts";
import type { DoorStats } from "../adapters/http/connections.ts";
import type { Bls, BlsSigner } from "../consensus/certificate/bls.ts";
import { createConsensus } from "../consensus/consensus.ts";
import type { NetworkStats } from "../consensus/network/network.ts";
import { bundleLane } from "../protocol/bundle.ts";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { controlDomain, type Recovery } from "../protocol/control.ts";
import { Genesis, type Vm } from "../protocol/genesis.ts";
import type { Header } from "../protocol/header.ts";
import { asEpoch, asHeight, type Domain, type Root, type ValidatorIndex } from "../protocol/ids.ts";
import type { Disk, DiskWrite, Network, Runtime } from "../protocol/ports.ts";
import { Attestation } from "../protocol/summary.ts";
import { faultTolerance, type ValidatorSet } from "../protocol/validators.ts";
import { createCannotBoard } from "./attestation/cannot.ts";
import { createAttestationCollector } from "./attestation/collector.ts";
import { createSummaries } from "./attestation/summaries.ts";
import { createBatchExchange } from "./batch/exchange.ts";
import { createBatchProducer } from "./batch/producer.ts";
import { openBatchStore } from "./batch/store.ts";
import { createBranches } from "./block/branches.ts";
import { genesisHeader } from "./block/genesis.ts";
import { slicesOf } from "./block/payload.ts";
import { createSettlement } from "./block/settlement.ts";
import { createVoting } from "./block/voting.ts";
import { boot } from "./boot.ts";
import { type BundleAdmission, inspectBundles } from "./bundle/admission.ts";
import { legTermsOf } from "./bundle/funding.ts";
import { createBundleService } from "./bundle/service.ts";
import { settledBundles } from "./bundle/status.ts";
import { refuseToWithdraw } from "./bundle/withdrawals.ts";
import { type ControlAdmission, inspectControl, laneAdmission } from "./control/admission.ts";
import { readCommands, signControl } from "./control/commands.ts";
import { controlResults, recoveryOf } from "./control/settle.ts";
import { lastSequence, validatorSet } from "./control/state.ts";
import { createEvents } from "./events.ts";
import { createTenantInspect, type Inspect } from "./inspection.ts";
import { createPool, type Ending } from "./mempool/pool.ts";
import { openReplication } from "./mempool/replication.ts";
import { createMetrics } from "./metrics.ts";
import { createNodeService, type Heads } from "./node-service.ts";
import type { TenantResult } from "./pipeline/execute.ts";
import { createPipeline } from "./pipeline/pipeline.ts";
import { revisionAt } from "./pipeline/recoveries.ts";
import type { ExecutedBlock } from "./pipeline/summarizer.ts";
import type { Tenant } from "./pipeline/tenants.ts";
import { cannotNotices, certificationProblems, quarantineProblems } from "./problems.ts";
import { createRoster, type OpenSupervised, type Roster } from "./roster/roster.ts";
import type { Judged } from "./roster/view.ts";
import type { NodeService } from "./service.ts";
import { endingWrites } from "./storage/endings.ts";
import { createHistory, type History, tenantBlockOf } from "./storage/history.ts";
import { encodeHeight, keys } from "./storage/keys.ts";
import { readProgress } from "./storage/progress.ts";
import { CertifiedRecord, outcomeKinds } from "./storage/records.ts";
import { createTenantServices } from "./tenant-services.ts";

export type NodeLog = (event: { event: string; [field: string]: unknown }) => void;

export type NodeOptions = {
  genesis: Genesis;
  self: ValidatorIndex;
  signer: BlsSigner;
  bls: Bls;
  network: Network;
  /** What `/metrics` tells of the network. */
  networkStats(): NetworkStats;
  /** What the node serves by HTTP, by name: filled once it serves. */
  doors: ReadonlyMap<string, () => DoorStats>;
  runtime: Runtime;
  disk: Disk;
  loadAdapter(vm: Vm): Promise<Adapter>;
  openExecutor: OpenSupervised;
  /** URLs of the tenants' own APIs at this node, to be told to whoever asks for its status. */
  urls: ReadonlyMap<number, { rpc: string; ws: string }>;
  log: NodeLog;
  /** Called when the node can't be trusted to go on: disk or store broke. The process must end. */
  onFatal(error: unknown): void;
  /** Called when the store was taken back under the node: it must be closed and started again over the same disk. */
  onRecovery(recovery: Recovery): void;
};

/** What a tenant's own API is served with, and the port that it was registered with. */
export type ServedTenant = { adapter: Adapter; services: TenantServices; port: number };

export type Node = {
  service: NodeService;
  tenants: ReadonlyMap<Domain, ServedTenant>;
  /** The listener is called for each tenant that comes to be active later on, once its block 0 is there. */
  onTenant(listener: (tenant: ServedTenant) => void): void;
  /** Stops everything; the disk and the network stay open, they are their owner's. */
  close(): Promise<void>;
};

/** Blocks that wait for their execution with their batches in memory; those behind them read them from disk. */
const keptBlocks = 8;

/** Starts a validator; it goes on from where its store left off. */
export const startNode = async (options: NodeOptions): Promise<Node> => {
  const { genesis, self, signer, bls, network, runtime, disk, log } = options;
  const genesisRoot = Genesis.root(genesis);
  const problems: string[] = [];
  let closed = false;
  const fatal = (error: unknown): void => {
    if (!closed) options.onFatal(error);
  };

  const booted = await boot(options);
  const { ordered, executed, withBlocks, recoveries } = booted;
  const { state } = ordered;
  const batches = await openBatchStore(disk, fatal);
  const progress = await readProgress(disk, recoveries);
  const f = faultTolerance(state.validators.length);
  const { replication, own: journaled } = await openReplication({ disk, network, runtime, f, fatal });

  // From here on to the start of consensus nothing is awaited: messages find everything in place.
  const heads: Heads = {
    finalized: ordered.height,
    executed: executed.height,
    certified: asHeight(0),
    carrier: progress.carrier,
  };
  const events = createEvents((error) => log({ event: "listener_failed", error: String(error) }));
  const roster: Roster = createRoster({
    self: signer.publicKey,
    runtime,
    entries: booted.roster,
    loadAdapter: options.loadAdapter,
    openExecutor: options.openExecutor,
    source: booted.source,
    declareReady: (domain, block0) => declareReady(domain, block0),
    onActivated: (tenant) => pipeline.add(tenant),
  });
  const { tenants } = roster;
  for (const tenant of booted.tenants.values()) roster.add(tenant);
  const inspectTransactions = createTenantInspect(tenants, () => heads.certified, "inspect");
  const refuseWithdrawal: ControlAdmission["refuseWithdrawal"] = (withdrawal) =>
    refuseToWithdraw(withdrawal, {
      genesis: genesisRoot,
      height: settledHeight,
      account: pipeline.ledger.account(withdrawal.sponsor),
      support: tenants.get(withdrawal.domain)?.adapter.bundles,
    });
  const controlAdmission = {
    ...{ bls, genesis: genesisRoot, state: () => settledState, probe: roster.probe },
    refuseWithdrawal,
  };
  const bundleAdmission: BundleAdmission = {
    genesis: genesisRoot,
    height: () => settledHeight,
    tenant: (domain) => laneAdmission(settledState, domain),
    legTerms: (domain) => legTermsOf(tenants.get(domain)?.adapter),
    inspectLegs: createTenantInspect(tenants, () => heads.certified, "inspectLegs"),
    balance: (sponsor, domain) => pipeline.ledger.balance(sponsor, domain),
    isNonceUsed: (sponsor, nonce) => pipeline.ledger.isNonceUsed(sponsor, nonce),
  };
  const inspect: Inspect = (domain, transactions) => {
    if (domain === controlDomain) return inspectControl(controlAdmission, transactions);
    if (domain === bundleLane) return inspectBundles(bundleAdmission, transactions);
    return inspectTransactions(domain, transactions);
  };
  // The set of genesis serves in every epoch as long as the ordering state has no way to change it.
  const validatorsOf = (epoch: number): ValidatorSet => validatorSet(state, asEpoch(epoch));
  const branches = createBranches({ root: ordered.header, height: ordered.height, state });
  let settledState = state;
  let settledHeight = ordered.height;
  let judged: Judged | undefined;
  let newestWork = 0;
  let isStuck = false;

  const exchange = createBatchExchange({
    genesis: genesisRoot,
    network,
    runtime,
    bls,
    store: batches,
    producer: (publicKey) => {
      const last = lastSequence(settledState, publicKey);
      return last === undefined ? undefined : { lastSequence: last };
    },
    onHeld: () => consensus.workArrived(),
    fatal,
  });

  const pool = createPool({
    tenant: (domain) => laneAdmission(settledState, domain),
    inspect,
    height: () => settledHeight,
    runtime,
    exchange,
    replication,
    f,
    onReady: () => producer.kick(),
    onEnded: (endings) => storeEndings(endings),
    fatal,
  });

  const declareReady = (domain: Domain, block0: Root): void => {
    const body = { kind: "ready", value: { domain, genesis: block0 } } as const;
    void pool.submit(controlDomain, [signControl(signer, genesisRoot, body)]);
  };

  /** What another validator got executed meanwhile has its outcome from that. */
  const storeEndings = async (endings: readonly Ending[]): Promise<void> => {
    const outcomes = await Promise.all(endings.map(({ entry }) => history.outcome(entry.domain, entry.id)));
    await disk.write(endingWrites(endings.filter((_, i) => outcomes[i]?.kind !== outcomeKinds.applied)));
  };

  const summaries = createSummaries({ network, runtime, stored: (height) => history.summary(height), fatal });

  const own = batches.open().filter(({ batch }) => equalBytes(batch.producer, signer.publicKey));
  const producer = createBatchProducer({
    genesis: genesisRoot,
    signer,
    runtime,
    lastSequence: batches.highestSequence(signer.publicKey),
    inFlight: own.map(({ batch }) => batch),
    division: () => ({ state: settledState, height: settledHeight, others: batches.loadsOfOthers(signer.publicKey) }),
    take: pool.take,
    publish: pool.publish,
  });

  const { epochLength } = genesis;
  const signing = { genesis: genesisRoot, epochLength, self, signer, bls, network, runtime, validatorsOf, fatal };
  const cannot = createCannotBoard({
    ...signing,
    tenants,
    revisionAt: (height) => revisionAt(recoveries, height),
    finalized: () => heads.finalized,
  });

  const collector = createAttestationCollector({
    ...signing,
    cannot,
    revisionAt: (height) => revisionAt(recoveries, height),
    newest: progress.certificate,
    onCertificate: (certified) => {
      disk.write([{ key: keys.certificate(), value: CertifiedRecord.encode(certified) }]).catch(fatal);
      consensus.workArrived();
    },
    onDisagreement: ({ height }) =>
      stopExecuting(`two thirds attested to another result at height ${height} than this node's`),
  });

  const stopExecuting = (problem: string): void => {
    isStuck = true;
    pipeline.stop();
    problems.push(problem);
    log({ event: "execution_stopped", problem });
  };

  const served = new Map<Domain, ServedTenant>();
  const tenantListeners: ((tenant: ServedTenant) => void)[] = [];
  const serve = (domain: Domain): void => {
    const tenant = tenants.get(domain) as Tenant;
    const services = createTenantServices(tenant, { pool, history, events, heads: () => heads });
    const one: ServedTenant = { adapter: tenant.adapter, services, port: tenant.entry.registration.port };
    served.set(domain, one);
    for (const listener of tenantListeners) listener(one);
  };

  const onTenant = ({ domain, context, slice, executions, record }: TenantResult): void => {
    withBlocks.add(domain);
    if (context.number === 0) serve(domain);
    events.emit({ type: "tenant", block: tenantBlockOf(domain, record, slice) });
    const settled = executions.flatMap((execution) => {
      const entry = slice[execution.index];
      return entry === undefined ? [] : [{ id: entry.leaf, key: entry.key, bytes: entry.bytes, execution }];
    });
    if (settled.length > 0) pool.executed({ domain, executions: settled }).catch(fatal);
  };

  const onExecuted = ({ summary, summaryRoot }: ExecutedBlock): void => {
    heads.executed = summary.height;
    collector.announce(attestations.get(summary.height) as Attestation);
    attestations.delete(summary.height);
    events.emit({ type: "executed", summary, summaryRoot });
  };

  const attestations = new Map<number, Attestation>();
  const history: History = createHistory(disk, batches, (height) => consensus.finalizedBlock(height));
  const pipeline = createPipeline({
    disk,
    runtime,
    roster,
    recoveries,
    ordered: ordered.height,
    certified: () => heads.certified,
    executed,
    finalizedBlock: (height) => consensus.finalizedBlock(height),
    genesis: genesisRoot,
    ledger: booted.ledger,
    order: history.order,
    record: history.record,
    stored: history.ordered,
    appliedBefore: history.appliedAmong,
    seal: ({ summary, summaryRoot }) => {
      const { epoch, height, revision } = summary;
      const attestation = collector.attest({ epoch, height, revision, root: summaryRoot });
      attestations.set(height, attestation);
      return [{ key: keys.attestation(), value: Attestation.encode(attestation) }];
    },
    onOrdered: ({ block }) => batches.release(block.header.batches.map(toHex)),
    onTenant,
    onExecuted,
    onBundles: (record, ordered) =>
      void pool.executed({ domain: bundleLane, executions: settledBundles(record, ordered) }).catch(fatal),
    onQuarantine: () =>
      cannot.publish(new Map([...pipeline.quarantines()].map(([domain, { height }]) => [domain, height]))),
    onRecovery: (recovery) => {
      isStuck = true;
      log({ event: "recovery", ...recovery, skip: recovery.skip.length });
      if (!closed) options.onRecovery(recovery);
    },
    onStuck: (error) => stopExecuting(`execution failed: ${error instanceof Error ? error.message : String(error)}`),
    log,
  });

  let settledCertified = 0;
  /** The newest carrier of a certificate, stored with the order. */
  const carrierWrites = ({ height, certified }: Header): DiskWrite[] => {
    const carries = certified.height > settledCertified;
    settledCertified = certified.height;
    return carries ? [{ key: keys.carrier(), value: encodeHeight(height) }] : [];
  };

  const settlement = createSettlement({
    branches,
    batches,
    exchange,
    summaries,
    commands: (held) => readCommands(bls, genesisRoot, held),
    controlled: async ({ header: settled, root }, after, held) => {
      const slice = slicesOf(held).get(controlDomain) ?? [];
      const ids = slice.map(({ leaf }) => leaf);
      const before = await history.appliedAmong(controlDomain, ids);
      const outcomes = branches.outcomes(root);
      const results = controlResults(settled.height, slice, outcomes, before);
      if (slice.length > 0) pool.executed(results.settled).catch(fatal);
      const commands = slice.length === 0 ? [] : await readCommands(bls, genesisRoot, held);
      const recovery = recoveryOf(commands, outcomes);
      const writes = await roster.settle(settled.height, after, commands, recovery);
      return { writes: [...results.writes, ...writes], ...(recovery === undefined ? {} : { recovery }) };
    },
    pool,
    onSettled: producer.settled,
    onOrdered: ({ block, state: after, writes, ...recovered }) => {
      const { header: settled } = block;
      judged = { block, state: settledState };
      settledState = after;
      settledHeight = settled.height;
      roster.follow(after);
      pipeline.push({ ...recovered, block, state: after, writes: [...writes, ...carrierWrites(settled)] });
      if (isStuck || pipeline.backlog() > keptBlocks) batches.release(settled.batches.map(toHex));
    },
    fatal,
  });

  const voting = createVoting({
    genesis: genesisRoot,
    self,
    runtime,
    bls,
    branches,
    batches,
    exchange,
    summaries,
    certified: collector.newest,
    newestWork: () => newestWork,
    validatorsOf,
    log,
  });

  const header = genesisHeader(genesis);
  const consensus = createConsensus(
    {
      genesis: { root: genesisRoot, header, epochLength: genesis.epochLength },
      self,
      signer,
      bls,
      runtime,
      network,
      disk,
      application: {
        ...voting,
        validatorsOf,
        finalized: (block) => {
          const { height, certified, batches: ordered } = block.header;
          heads.finalized = height;
          if (ordered.length > 0) newestWork = height;
          if (certified.height > heads.certified) {
            heads.certified = certified.height;
            heads.carrier = height;
            collector.observe(certified);
            events.emit({ type: "certified", height: certified.height, carrier: height });
          }
          settlement.push(block);
          events.emit({ type: "finalized", block });
        },
      },
      log: (event) => {
        log(event);
        if (event.event === "halted") fatal(event.error);
      },
    },
    ordered.height,
  );

  if (progress.attestation !== undefined) collector.announce(progress.attestation);
  const carrier = await consensus.finalizedBlock(progress.carrier);
  heads.certified = carrier?.header.certified.height ?? asHeight(0);
  settledCertified = heads.certified;
  await pool.restore(
    journaled,
    own.map(({ batch }) => batch),
  );
  await consensus.start();
  pipeline.start();

  for (const tenant of tenants.values()) if (tenant.stored >= tenant.activatedAt) serve(tenant.domain);
  roster.follow(state);

  const service = createNodeService({
    genesis,
    genesisRoot,
    network,
    consensus,
    pool,
    history,
    tenants,
    entries: roster.entries,
    state: () => settledState,
    judged: () => judged,
    bundles: createBundleService({
      ...bundleAdmission,
      tenants,
      timestampMs: () => Math.max(settledState.timestampMs + 1, runtime.now()),
      certified: () => heads.certified,
      pool,
      history,
      ledger: pipeline.ledger,
      finalizedBlock: (height) => consensus.finalizedBlock(height),
    }),
    events,
    heads: () => heads,
    problems: () => [
      ...problems,
      ...roster.problems(),
      ...quarantineProblems(tenants, pipeline.quarantines()),
      ...certificationProblems(tenants, cannot.all(), validatorsOf(consensus.status().epoch)),
    ],
    notices: () => cannotNotices(tenants, cannot.all(), self),
    quarantines: pipeline.quarantines,
    cannot: cannot.all,
    urls: options.urls,
    validatorsOf,
    metrics: createMetrics({
      ...options,
      heads: () => heads,
      pool,
      consensus,
      pipeline,
      tenants,
      cannot: cannot.all,
      events,
    }),
  });

  return {
    service,
    tenants: served,
    onTenant: (listener) => void tenantListeners.push(listener),
    close: async () => {
      closed = true;
      await consensus.stop();
      settlement.stop();
      pipeline.stop();
      collector.stop();
      cannot.stop();
      producer.stop();
      pool.stop();
      exchange.stop();
      summaries.stop();
      await roster.close();
    },
  };
};
