/** `npm run bench`: measures real networks beside their peers and prints one report. */
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { findAnvil } from "./anvil.ts";
import { measureBundles } from "./bundles/measure.ts";
import { findCometBft, howToInstall, measureCometBft } from "./cometbft.ts";
import { describeMachine } from "./machine.ts";
import { type Measure, measureVms } from "./measureVms.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { measureDataEngine, measureOrdering } from "./ordering.ts";
import { formatReport, type Results } from "./report.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const runScript = (name: string): void => {
  const script = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`scripts/${name} failed`);
};

/** What is measured is what stands in the sources now. */
const build = (): void => {
  runScript("compile.mjs");
  runScript("engines.mjs");
};

const measureAll = async (workspace: Workspace, { only, sizes }: Options, results: Results): Promise<void> => {
  const has = (...names: readonly string[]) => only.some((part) => names.includes(part));
  /** One part that fails leaves the others their turn. */
  const measure: Measure = async (what, work) => {
    say(what);
    await work().catch((error: Error) => {
      results.problems.push(`${what} could not be measured: ${error.message.split("\n")[0]}`);
      say(error.stack ?? error.message);
    });
  };

  if (has("ordering", "latency")) {
    await measure("data engine", async () => {
      results.engines.data = await measureDataEngine(workspace, sizes);
    });
    await measure("order", async () => {
      const wanted = { throughput: has("ordering"), latency: has("latency") };
      await measureOrdering(workspace, sizes, wanted, results.ordering, say);
    });
  }
  if (has("cometbft")) {
    const found = findCometBft();
    if (found === undefined) results.notes.push(`CometBFT was not measured; ${howToInstall}.`);
    else {
      await measure("CometBFT", async () => {
        results.cometbft = await measureCometBft(workspace, found, sizes);
      });
    }
  }
  const hasAnvil = findAnvil() !== undefined;
  if (has("anvil") && !hasAnvil) {
    results.notes.push("anvil was not measured: it is an optional dependency for Linux on x64.");
  }
  const wanted = only.filter((part) => part !== "anvil" || hasAnvil);
  await measureVms(workspace, { only: wanted, sizes }, results, measure);
  if (has("bundles")) {
    await measure("bundles, 4 validators", async () => {
      results.bundles = await measureBundles(workspace, sizes, say);
    });
  }
};

const run = async (options: Options): Promise<number> => {
  const results: Results = {
    machine: describeMachine(),
    engines: {},
    ordering: {},
    vms: {},
    anvil: {},
    notes: [],
    problems: [],
  };
  build();
  const workspace = await openWorkspace();
  const interrupt = () => void workspace.end().then(() => process.exit(130));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    await measureAll(workspace, options, results);
  } finally {
    await workspace.end();
  }
  process.stdout.write(`${formatReport(results, options.isQuick)}\n`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  return results.problems.length === 0 ? 0 : 1;
};

const main = async (): Promise<number> => {
  try {
    if (process.platform !== "linux") throw new Error("the benchmark reads /proc, so it runs on Linux only");
    const options = parseOptions(process.argv.slice(2));
    if (options !== "help") return await run(options);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    say((error as Error).message);
    return 2;
  }
};

process.exitCode = await main();
