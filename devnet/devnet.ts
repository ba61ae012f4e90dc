/** Runs a whole network on this machine, until it is asked to stop. */
import type { ExitCode, Output } from "../cli/command.ts";
import { watchForStop } from "../cli/lifecycle.ts";
import { LockstepError } from "../protocol/errors.ts";
import { openDataDirectory } from "./dataDirectory.ts";
import { createFleet, type Fleet, writeConfigs } from "./fleet.ts";
import { readStatuses, untilServing } from "./health.ts";
import { type Joining, joinTenants } from "./joining.ts";
import { type DevnetNetwork, type NetworkChoice, openNetwork } from "./network.ts";
import { describePorts, planFreePorts, planPorts, probePorts, type ValidatorPorts } from "./ports.ts";
import { describeDevnet, type TenantFailed } from "./ready.ts";
import { createJsonReporter, createTextReporter, type Reporter } from "./reporter.ts";

export type DevnetOptions = NetworkChoice & {
  dataDir: string;
  reset: boolean;
  /** API port of validator 0, which all others follow; 0 for free ports. */
  portBase: number | undefined;
  restart: boolean;
  /** Whether it is ready only once all tenants have joined. */
  waitForAll: boolean;
  json: boolean;
  dieWithParent: boolean;
};

const serveTimeoutMs = 120_000;

const takePorts = async (network: DevnetNetwork, portBase: number | undefined): Promise<ValidatorPorts[]> => {
  const tenants = [...network.present, ...network.coming];
  const count = network.validators.length;
  if (portBase === 0) return planFreePorts(count, tenants);
  const plan = planPorts(count, tenants, portBase);
  await probePorts(describePorts(plan, tenants));
  return plan;
};

/** Has all tenants join before the network counts as ready: then the ready line names them, and no event does. */
const joinAll = async (joining: Joining): Promise<void> => {
  const failed: TenantFailed[] = [];
  await joinTenants({ ...joining, event: (event) => event.event === "tenant_failed" && failed.push(event) });
  const [first] = failed;
  if (first === undefined) return;
  const { code, vm, domain, message } = first;
  throw new LockstepError(code, `${vm} has not joined: ${message}`, { domain });
};

type Running = {
  fleet?: Fleet;
  /** Asked to stop. */
  stop: AbortSignal;
  /** Asked to stop, or ended otherwise. */
  end: AbortSignal;
};

const run = async (options: DevnetOptions, running: Running, reporter: Reporter): Promise<void> => {
  const { stop, end } = running;
  const directory = await openDataDirectory(options.dataDir, options.reset);
  try {
    const network = await openNetwork(directory.path, options, Date.now());
    const { present, coming } = network;
    const ports = await takePorts(network, options.portBase);
    if (stop.aborted) return;

    reporter.starting(network.validators.length, directory.path);
    const fleet = createFleet(await writeConfigs(network, ports), options.restart, reporter.event);
    running.fleet = fleet;
    try {
      const nodes = await fleet.start();
      await untilServing(nodes, present, serveTimeoutMs, stop);
      const joining = { network, nodes, timeoutMs: serveTimeoutMs, signal: end, ...reporter };
      if (options.waitForAll) await joinAll(joining);
      const statuses = await readStatuses(nodes, stop);
      if (stop.aborted) return;
      const later = options.waitForAll ? [] : coming.map(({ name }) => name);
      reporter.ready(describeDevnet(network, nodes, statuses, fleet.pids()), later);
      const joined = options.waitForAll ? undefined : joinTenants(joining);
      await reporter.follow(stop);
      await joined;
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      if (stop.aborted) reporter.event({ event: "stopping", reason: String(stop.reason) });
      await fleet.stop();
    }
    reporter.event({ event: "stopped" });
  } finally {
    await directory.close();
  }
};

/**
 * Starts the network, reports what happens to it, and ends every process that it started, however it
 * ends itself.
 *
 * @throws LockstepError when it can't start
 */
export const runDevnet = async (options: DevnetOptions, output: Output): Promise<ExitCode> => {
  const over = new AbortController();
  const killAll = () => {
    over.abort();
    running.fleet?.kill();
  };
  const force = () => {
    killAll();
    process.exit(130);
  };
  const watch = watchForStop({ dieWithParent: options.dieWithParent, force });
  const running: Running = { stop: watch.signal, end: AbortSignal.any([watch.signal, over.signal]) };
  process.once("exit", killAll);
  const isTerminal = process.stdout.isTTY === true;
  const reporter = options.json ? createJsonReporter(output) : createTextReporter(output, isTerminal);
  try {
    await run(options, running, reporter);
    return 0;
  } finally {
    process.off("exit", killAll);
    watch.release();
  }
};
