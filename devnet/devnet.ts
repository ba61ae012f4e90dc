/** Runs a whole network on this machine, until it is asked to stop. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ExitCode, Output } from "../cli/command.ts";
import { aborted, type StopWatch, watchForStop } from "../cli/lifecycle.ts";
import type { NodeReady } from "../cli/nodeReady.ts";
import { openDataDirectory } from "./dataDirectory.ts";
import { ensureEngines } from "./engines.ts";
import { createFleet, type Fleet, writeConfigs } from "./fleet.ts";
import { readStatus, untilServing } from "./health.ts";
import { type DevnetNetwork, type NetworkChoice, openNetwork } from "./network.ts";
import { describePorts, planFreePorts, planPorts, probePorts, type ValidatorPorts } from "./ports.ts";
import { type DevnetEvent, type DevnetReady, describeDevnet } from "./ready.ts";
import { createScreen, eventSentence, type Screen, statusLine, welcome } from "./screen.ts";
import { plansOf } from "./tenants.ts";

export type DevnetOptions = NetworkChoice & {
  dataDir: string;
  reset: boolean;
  /** API port of validator 0, which all others follow; 0 for free ports. */
  portBase: number | undefined;
  restart: boolean;
  json: boolean;
  dieWithParent: boolean;
};

const serveTimeoutMs = 120_000;
const statusPauseMs = 1000;

const takePorts = async (network: DevnetNetwork, portBase: number | undefined): Promise<ValidatorPorts[]> => {
  const tenants = plansOf(network.tenants);
  const count = network.validators.length;
  if (portBase === 0) return planFreePorts(count, tenants);
  const plan = planPorts(count, tenants, portBase);
  await probePorts(describePorts(plan, tenants));
  return plan;
};

/** Shows how far the network is until `signal` fires. */
const followStatus = async (nodes: readonly NodeReady[], screen: Screen, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const statuses = await Promise.all(nodes.map(({ api }) => readStatus(api, signal)));
    if (signal.aborted) return;
    screen.status(statusLine(statuses));
    await sleep(statusPauseMs, undefined, { signal }).catch(() => {});
  }
};

/** JSON lines: the ready line comes first, what happened before it right after. */
const createLines = (out: (text: string) => void) => {
  const early: DevnetEvent[] = [];
  let isOpen = false;
  const print = (value: DevnetEvent | DevnetReady) => out(`${JSON.stringify(value)}\n`);
  const open = () => {
    isOpen = true;
    early.splice(0).forEach(print);
  };
  return {
    ready: (ready: DevnetReady) => {
      print(ready);
      open();
    },
    event: (event: DevnetEvent) => {
      if (event.event === "stopping") open();
      if (isOpen) print(event);
      else early.push(event);
    },
  };
};

type Running = { fleet: Fleet | undefined };

const run = async (options: DevnetOptions, watch: StopWatch, running: Running, output: Output): Promise<void> => {
  const { signal } = watch;
  const screen = createScreen(options.json ? output.err : output.out, process.stdout.isTTY === true && !options.json);
  const lines = createLines(output.out);
  const report = (event: DevnetEvent) =>
    options.json ? lines.event(event) : screen.print(`${eventSentence(event)}\n`);

  const directory = await openDataDirectory(options.dataDir, options.reset);
  try {
    const network = await openNetwork(directory.path, options, Date.now());
    const ports = await takePorts(network, options.portBase);
    await ensureEngines(network.tenants, options.json ? 2 : "inherit", signal);
    if (signal.aborted) return;

    const count = network.validators.length;
    if (!options.json)
      screen.print(`Starting ${count} validator${count === 1 ? "" : "s"}, data in ${directory.path}\n\n`);
    const fleet = createFleet(await writeConfigs(network, ports), options.restart, report);
    running.fleet = fleet;
    try {
      const nodes = await fleet.start();
      await untilServing(nodes, serveTimeoutMs, signal);
      if (signal.aborted) return;
      const ready = describeDevnet(network, nodes, fleet.pids());
      if (options.json) {
        lines.ready(ready);
        await aborted(signal);
      } else {
        screen.print(welcome(ready));
        await followStatus(nodes, screen, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      screen.status("");
      if (signal.aborted) report({ event: "stopping", reason: String(signal.reason) });
      await fleet.stop();
    }
    report({ event: "stopped" });
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
  const running: Running = { fleet: undefined };
  const killAll = () => running.fleet?.kill();
  const force = () => {
    killAll();
    process.exit(130);
  };
  const watch = watchForStop({ dieWithParent: options.dieWithParent, force });
  process.once("exit", killAll);
  try {
    await run(options, watch, running, output);
    return 0;
  } finally {
    process.off("exit", killAll);
    watch.release();
  }
};
