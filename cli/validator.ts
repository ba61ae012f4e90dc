/** One validator out of its real parts: files, disk, network, engines, node and the surfaces on top. */
import type { Logger } from "pino";
import { processLimits } from "../adapters/host/limits.ts";
import { openTenantExecutor } from "../adapters/host/open.ts";
import type { DoorStats } from "../adapters/http/connections.ts";
import { loadAdapter } from "../adapters/registry.ts";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { createBlsPool } from "../consensus/certificate/pool.ts";
import { createNetwork } from "../consensus/network/network.ts";
import { createRuntime } from "../consensus/runtime/runtime.ts";
import { useNativeSha256 } from "../consensus/runtime/sha256.ts";
import { equalBytes, fromHex, toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis } from "../protocol/genesis.ts";
import { asValidatorIndex, type Domain } from "../protocol/ids.ts";
import type { Disk, Runtime } from "../protocol/ports.ts";
import { serveApi } from "../sequencer/api/server.ts";
import { type ServedTenant, startNode } from "../sequencer/node.ts";
import { openDisk } from "../sequencer/storage/disk.ts";
import { readKeyFile } from "./keyFile.ts";
import { type NodeConfig, readGenesis } from "./nodeConfig.ts";
import type { NodeReady } from "./nodeReady.ts";

/** A node that was killed may need a moment to let go of its disk. */
const lockPatienceMs = 5000;
const lockPauseMs = 100;

const openOwnDisk = async (directory: string, runtime: Runtime): Promise<Disk> => {
  const deadline = runtime.now() + lockPatienceMs;
  for (;;) {
    try {
      return await openDisk(directory);
    } catch (error) {
      const isLocked = error instanceof LockstepError && error.code === "data_dir_locked";
      if (!isLocked || runtime.now() > deadline) throw error;
      await new Promise<void>((resolve) => runtime.after(lockPauseMs, resolve));
    }
  }
};

const checkPlace = (genesis: Genesis, config: NodeConfig, signer: BlsSigner): void => {
  const member = genesis.validators[config.index];
  if (member === undefined || !equalBytes(member.publicKey, signer.publicKey)) {
    const place = genesis.validators.findIndex(({ publicKey }) => equalBytes(publicKey, signer.publicKey));
    const advice = place === -1 ? "genesis doesn't name that key at all" : `set index to ${place}`;
    throw new LockstepError("wrong_key", `${config.keys} is not the key of validator ${config.index}: ${advice}.`, {
      index: config.index,
      publicKey: toHex(signer.publicKey),
    });
  }
};

const addressesOf = (genesis: Genesis, config: NodeConfig) =>
  genesis.validators.map(({ publicKey }) => {
    const peer = config.p2p.peers.find((entry) => equalBytes(fromHex(entry.publicKey) ?? new Uint8Array(), publicKey));
    return peer === undefined ? { publicKey } : { publicKey, address: peer.address };
  });

/** Port of a tenant's own API here; 0 takes a free one. */
const portOf = ({ rpc }: NodeConfig, domain: Domain, registered: number): number => {
  const named = rpc.ports[String(domain)];
  if (named !== undefined) return named;
  return registered === 0 || rpc.offset === undefined ? 0 : registered + rpc.offset;
};

export type Validator = {
  ready: NodeReady;
  close(): Promise<void>;
};

/** Closes what was opened, newest first. */
const createClosers = () => {
  const closers: (() => Promise<void>)[] = [];
  return {
    add: (close: () => Promise<void>) => closers.push(close),
    closeAll: async () => {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
};

/**
 * Starts the validator that `config` describes; resolves once it serves.
 *
 * @param onFatal called when it can't be trusted to go on: the process must end
 * @param onRecovery called when its store was taken back: it must be closed and started again
 * @throws LockstepError when a file, a port or the disk can't be used
 */
export const startValidator = async (
  config: NodeConfig,
  log: Logger,
  onFatal: (error: unknown) => void,
  onRecovery: () => void,
): Promise<Validator> => {
  useNativeSha256();
  const genesis = await readGenesis(config.genesis);
  const signer = await readKeyFile(config.keys);
  checkPlace(genesis, config, signer);
  const { add, closeAll } = createClosers();
  try {
    const runtime = createRuntime();
    const disk = await openOwnDisk(config.dataDir, runtime);
    add(disk.close);
    const bls = createBlsPool();
    add(bls.close);
    const network = await createNetwork({
      self: asValidatorIndex(config.index),
      genesis: Genesis.root(genesis),
      signer,
      bls,
      validators: addressesOf(genesis, config),
      listen: config.p2p.listen,
      // Peers know a validator by its BLS key; the transport's own identity may be a new one each time.
      identity: runtime.randomBytes(32),
      runtime,
      log,
    });
    add(network.close);

    const doors = new Map<string, () => DoorStats>();
    const urls = new Map<number, { rpc: string; ws: string }>();
    const node = await startNode({
      genesis,
      self: network.self,
      signer,
      bls,
      network,
      networkStats: network.stats,
      doors,
      runtime,
      disk,
      loadAdapter,
      openExecutor: (adapter, options) =>
        openTenantExecutor(adapter, { ...options, log, runtime, limits: processLimits, onDeath: () => {} }),
      urls,
      log: ({ event, ...fields }) => log.info(fields, event),
      onFatal,
      onRecovery,
    });
    add(node.close);
    await network.start();

    const serve = async ({ adapter, services, port }: ServedTenant): Promise<void> => {
      if (adapter.serve === undefined) return;
      const server = await adapter.serve(services, {
        host: config.rpc.host,
        port: portOf(config, services.domain, port),
      });
      add(server.close);
      urls.set(services.domain, { rpc: server.rpc, ws: server.ws });
      doors.set(String(services.domain), server.stats);
    };
    for (const tenant of node.tenants.values()) await serve(tenant);
    node.onTenant((tenant) => {
      const { domain } = tenant.services;
      serve(tenant).then(
        () => log.info({ domain, ...urls.get(domain) }, "tenant served"),
        // The network goes on with it; only its API is missing here.
        (error) => log.error({ domain, error }, "the API of a tenant can't be served"),
      );
    });
    const api = await serveApi(node.service, { ...config.api, log });
    add(api.close);
    doors.set("api", api.stats);

    const tenants = node.service.status().tenants.map(({ domain, vm, rpc, ws }) => ({ domain, vm, rpc, ws }));
    return {
      ready: { ready: true, index: config.index, pid: process.pid, api: api.url, p2p: network.address(), tenants },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
};
