/** The configuration file of `lockstep node`, and the files it names. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { refuteBudgets } from "../protocol/budget.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis } from "../protocol/genesis.ts";
import { hexBytes, readJsonFile, unreadable } from "./jsonFile.ts";

const port = z.int().min(0).max(65_535);

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const NodeConfigFile = z.strictObject({
  /** SSZ file. Paths are relative to the configuration file. */
  genesis: z.string().min(1),
  keys: z.string().min(1),
  /** Position of this validator in genesis. */
  index: z.int().min(0),
  dataDir: z.string().min(1),
  p2p: z.strictObject({
    /** Multiaddr, for example /ip4/127.0.0.1/tcp/7400. */
    listen: z.string().startsWith("/"),
    /** The other validators; those left out are not dialled, but may dial. */
    peers: z.array(z.strictObject({ publicKey: hexBytes(48), address: z.string().startsWith("/") })),
  }),
  api: z.strictObject({ host: z.string().min(1), port }),
  /** Ports of the tenants' own APIs, by domain. */
  rpc: z.strictObject({
    host: z.string().min(1),
    ports: z.record(z.string().regex(/^\d+$/, "expected a domain"), port),
  }),
  log: z.strictObject({
    level: z.enum(logLevels).default("info"),
    /** Standard error when absent. */
    file: z.string().min(1).optional(),
  }),
});

export type NodeConfig = z.infer<typeof NodeConfigFile>;

/**
 * Reads a configuration file; paths in the result are absolute.
 *
 * @throws LockstepError `unreadable_file`, `bad_file`
 */
export const readNodeConfig = async (path: string): Promise<NodeConfig> => {
  const config = await readJsonFile(NodeConfigFile, path, "configuration");
  const folder = dirname(resolve(path));
  return {
    ...config,
    genesis: resolve(folder, config.genesis),
    keys: resolve(folder, config.keys),
    dataDir: resolve(folder, config.dataDir),
    log: config.log.file === undefined ? config.log : { ...config.log, file: resolve(folder, config.log.file) },
  };
};

/** @throws LockstepError `unreadable_file`, `bad_file` */
export const readGenesis = async (path: string): Promise<Genesis> => {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(path));
  } catch (cause) {
    throw unreadable(path, "genesis", cause);
  }
  let genesis: Genesis;
  try {
    genesis = Genesis.decode(bytes);
  } catch (cause) {
    throw new LockstepError(
      "bad_file",
      `The genesis ${path} is damaged: ${(cause as Error).message}.`,
      { path },
      cause,
    );
  }
  const refutation = refuteBudgets(genesis.tenants.map(({ budget }) => budget));
  if (refutation === undefined) return genesis;
  throw new LockstepError("bad_file", `The genesis ${path} has budgets that no network can have: ${refutation}.`, {
    path,
  });
};
