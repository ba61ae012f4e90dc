/** `npm run fuzz`: sends mutated transactions and calls to a network of real processes. */
import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import type { DevnetReady } from "../../devnet/ready.ts";
import { startDevnet } from "../e2e/devnet.ts";
import { fuzz } from "./run.ts";

const whole = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number below 10^9.");
  return Number(text);
};

type Options = { count: number; seed: number; from: number; devnet?: string };

const program = new Command("npm run fuzz --")
  .description("send mutated transactions and calls to a devnet, and check every answer")
  .option("--count <n>", "attempts", whole, 10_000)
  .option("--seed <n>", "what they are made of; the same seed sends the same", whole, Date.now() % 1_000_000_000)
  .option("--from <n>", "number of the first attempt, to repeat one", whole, 0)
  .option("--devnet <file>", "the first line that `lockstep devnet --json` printed; without it one is started")
  .parse();

const { count, seed, from, devnet: file } = program.opts<Options>();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

say(`seed ${seed}: attempts ${from} to ${from + count - 1}`);
const started = file === undefined ? await startDevnet({ flags: ["--no-restart"] }) : undefined;
try {
  const ready = started?.ready ?? (JSON.parse(await readFile(file ?? "", "utf8")) as DevnetReady);
  const { attempts, answers, honest, memoryMiB, problems } = await fuzz(ready, { seed, from, count, say });
  const total = [...honest.values()].reduce((sum, each) => sum + each, 0);
  say("");
  for (const [kind, number] of [...answers].toSorted(([, a], [, b]) => b - a))
    say(`${String(number).padStart(8)}  ${kind}`);
  say(
    `\nseed ${seed}: ${attempts} attempts, ${total} honest transactions certified, at most ${memoryMiB} MiB a process`,
  );
  for (const problem of problems) say(`problem: ${problem}`);
  say(problems.length === 0 ? "no problems" : `${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await started?.remove();
}
