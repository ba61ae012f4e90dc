/** `lockstep node`: runs one validator until it is asked to stop. */
import { resolve } from "node:path";
import { pino } from "pino";
import { LockstepError } from "../protocol/errors.ts";
import type { AddCommand, ExitCode, Output } from "./command.ts";
import { aborted, watchForStop } from "./lifecycle.ts";
import { type NodeConfig, readNodeConfig } from "./nodeConfig.ts";
import type { NodeReady } from "./nodeReady.ts";
import { startValidator } from "./validator.ts";

const help = `
The configuration is JSON; paths in it are relative to the file:

  {
    "genesis": "genesis.ssz",
    "keys": "keys.json",
    "index": 0,
    "dataDir": "data",
    "p2p": {
      "listen": "/ip4/0.0.0.0/tcp/7400",
      "peers": [{ "publicKey": "0x...", "address": "/ip4/10.0.0.2/tcp/7400" }]
    },
    "api": { "host": "127.0.0.1", "port": 7300 },
    "rpc": { "host": "127.0.0.1", "ports": { "31337": 8545 } },
    "log": { "level": "info", "file": "node.log" }
  }

Once it serves, it prints one JSON line with its process id and endpoints. Logs go to the file, or to
standard error. \`lockstep keys new\` makes the key file; \`lockstep devnet\` writes all of these files.

Example:
  lockstep node --config node.json
`;

/** How long closing may take before the process ends without it; what was acknowledged is on disk anyway. */
const closeMs = 10_000;

const createLog = ({ level, file }: NodeConfig["log"]) =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    pino.destination(file === undefined ? { dest: 2, sync: true } : { dest: file, mkdir: true, sync: true }),
  );

const awaitRecovery = (): { recovered: Promise<void>; onRecovery: () => void } => {
  let onRecovery = (): void => {};
  const recovered = new Promise<void>((resolve) => {
    onRecovery = resolve;
  });
  return { recovered, onRecovery };
};

/** The same configuration, with the ports that were free at the start in place of 0. */
const servingAgain = (config: NodeConfig, { api, p2p, tenants }: NodeReady): NodeConfig => ({
  ...config,
  api: { ...config.api, port: Number(new URL(api).port) },
  p2p: { ...config.p2p, listen: config.p2p.listen.endsWith("/tcp/0") ? p2p : config.p2p.listen },
  rpc: {
    ...config.rpc,
    ports: {
      ...config.rpc.ports,
      ...Object.fromEntries(
        tenants.flatMap(({ domain, rpc }) => (rpc === undefined ? [] : [[domain, Number(new URL(rpc).port)]])),
      ),
    },
  },
});

const runNode = async (configFile: string, dieWithParent: boolean, { out }: Output): Promise<ExitCode> => {
  let config = await readNodeConfig(configFile);
  const log = createLog(config.log);
  const watch = watchForStop({ dieWithParent, force: () => process.exit(130) });
  watch.signal.addEventListener("abort", () => {
    log.info({ reason: watch.signal.reason }, "stopping");
    setTimeout(() => {
      log.error("closing took too long");
      process.exit(1);
    }, closeMs).unref();
  });
  const onFatal = (error: unknown) => {
    log.fatal({ err: error }, "the node can't go on");
    process.stderr.write(`lockstep: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  };
  process.on("uncaughtException", onFatal).on("unhandledRejection", onFatal);
  try {
    for (let lives = 0; !watch.signal.aborted; lives++) {
      const { recovered, onRecovery } = awaitRecovery();
      const validator = await startValidator(config, log, onFatal, onRecovery);
      // Whoever started the process waits for this line once; a recovery keeps everything where it was.
      if (lives === 0) {
        out(`${JSON.stringify(validator.ready)}\n`);
        config = servingAgain(config, validator.ready);
      }
      log.info(validator.ready, "ready");
      await Promise.race([aborted(watch.signal), recovered]);
      await validator.close();
    }
    log.info("stopped");
    return 0;
  } catch (error) {
    if (watch.signal.aborted) return 0;
    log.fatal({ err: error }, "the node can't start");
    throw error;
  } finally {
    watch.release();
  }
};

export const addNodeCommand: AddCommand = (program, finish, output) => {
  program
    .command("node")
    .description("run one validator")
    .requiredOption("--config <file>", "its configuration")
    .option("--die-with-parent", "end when standard input closes")
    .addHelpText("after", help)
    .action(async ({ config, dieWithParent }: { config: string; dieWithParent?: true }) => {
      if (config === "") throw new LockstepError("bad_flag", "--config needs the path of a file.");
      finish(await runNode(resolve(config), dieWithParent === true, output));
    });
};
