/** The validator processes of a devnet. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeConfig } from "../cli/nodeConfig.ts";
import { NodeReady } from "../cli/nodeReady.ts";
import { packageRoot } from "../cli/packageRoot.ts";
import { toHex } from "../protocol/bytes.ts";
import type { DevnetNetwork, DevnetValidator } from "./network.ts";
import { host, type ValidatorPorts } from "./ports.ts";
import type { DevnetEvent } from "./ready.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";

const restartPauseMs = 3000;
const stopGraceMs = 10_000;

const address = (ports: ValidatorPorts | undefined) => `/ip4/${host}/tcp/${ports?.p2p ?? 0}`;

const configOf = (network: DevnetNetwork, ports: readonly ValidatorPorts[], validator: DevnetValidator): NodeConfig => {
  const own = ports[validator.index];
  return {
    genesis: network.genesisFile,
    keys: validator.keyFile,
    index: validator.index,
    dataDir: join(validator.folder, "data"),
    p2p: {
      listen: address(own),
      peers: network.validators
        .filter(({ index }) => index !== validator.index)
        .map(({ index, publicKey }) => ({ publicKey: toHex(publicKey), address: address(ports[index]) })),
    },
    api: { host, port: own?.api ?? 0 },
    rpc: {
      host,
      ports: Object.fromEntries(own?.rpc ?? []),
      ...(own?.offset === undefined ? {} : { offset: own.offset }),
    },
    log: { level: "info", file: join(validator.folder, "node.log") },
  };
};

/** Writes the configuration of every validator; gives the files' paths in order of index. */
export const writeConfigs = (network: DevnetNetwork, ports: readonly ValidatorPorts[]): Promise<string[]> =>
  Promise.all(
    network.validators.map(async (validator) => {
      const path = join(validator.folder, "node.json");
      await writeFile(path, `${JSON.stringify(configOf(network, ports, validator), null, 2)}\n`, { mode: 0o600 });
      return path;
    }),
  );

export type Fleet = {
  /** @throws LockstepError `process_failed` when one ends before it serves */
  start(): Promise<NodeReady[]>;
  /** Process ids in order of index; `undefined` for one that is dead now. */
  pids(): (number | undefined)[];
  /** Ends all, gracefully first. */
  stop(): Promise<void>;
  /** Ends all at once. */
  kill(): void;
};

const supervise = (
  index: number,
  config: string,
  restart: boolean,
  onEvent: (event: DevnetEvent) => void,
): Supervisor<NodeReady> =>
  createSupervisor({
    name: `validator ${index}`,
    command: process.execPath,
    args: [join(packageRoot, "bin", "lockstep.js"), "node", "--config", config, "--die-with-parent"],
    parseReady: (line) => NodeReady.parse(JSON.parse(line)),
    restartAfterMs: restart ? restartPauseMs : undefined,
    onEvent: (event) =>
      event.type === "exited"
        ? onEvent({ event: "validator_exited", index, pid: event.pid, ...event.exit, reason: event.reason })
        : onEvent({ event: "validator_restarted", index, pid: event.ready.pid }),
  });

/** @param configs path of each validator's configuration, in order of index */
export const createFleet = (
  configs: readonly string[],
  restart: boolean,
  onEvent: (event: DevnetEvent) => void,
): Fleet => {
  const supervisors = configs.map((config, index) => supervise(index, config, restart, onEvent));
  return {
    start: () => Promise.all(supervisors.map((supervisor) => supervisor.start())),
    pids: () => supervisors.map((supervisor) => supervisor.pid()),
    stop: async () => {
      await Promise.all(supervisors.map((supervisor) => supervisor.stop(stopGraceMs)));
    },
    kill: () => {
      for (const supervisor of supervisors) supervisor.kill();
    },
  };
};
