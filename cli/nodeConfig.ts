/** The configuration file of `lockstep node`, and the files it names. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { refuteBudgets } from "../protocol/budget.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis } from "../protocol/genesis.ts";
import { readBytes } from "./file.ts";
import { hexBytes, readJsonFile } from "./jsonFile.ts";
import { fileLimits } from "./limits.ts";

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
  /**
   * Where the tenants' own APIs are served: at the port named here by domain, else at the one that the tenant was
   * registered with, moved up by `offset`, else (without an offset) at a free one.
   */
  rpc: z.strictObject({
    host: z.string().min(1),
    ports: z.record(z.string().regex(/^\d+$/, "expected a domain"), port),
    offset: z.int().optional(),
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
  const bytes = new Uint8Array(await readBytes(path, "genesis", fileLimits.genesisBytes));
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
