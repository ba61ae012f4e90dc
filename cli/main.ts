/** The command line: finds the command, and turns whatever goes wrong into one sentence and an exit code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { LockstepError } from "../protocol/errors.ts";
import { addBundleCommand } from "./bundle.ts";
import type { ExitCode, Output } from "./command.ts";
import { addDeriveCommand } from "./deriveCommand.ts";
import { addDevnetCommand } from "./devnet.ts";
import { addKeysCommand } from "./keys.ts";
import { addNodeCommand } from "./node.ts";
import { packageRoot } from "./packageRoot.ts";
import { addRecoverCommand } from "./recoverCommand.ts";
import { addReplayCommand } from "./replayCommand.ts";
import { addTenantCommand } from "./tenant.ts";
import { addVerifyCommand } from "./verifyCommand.ts";

const examples = `
Examples:
  lockstep devnet                      four validators and their tenants on this machine
  lockstep devnet --validators 1       the same with one validator, for a small machine
  lockstep tenant register --help      a rollup of your own on a running network
  lockstep bundle --help               all or nothing on several VMs, from a file
  lockstep verify http://127.0.0.1:7300 --trust 0x...
                                       check what a node says against one signature
  lockstep replay http://127.0.0.1:7300 --trust 0x... --domain 31337
                                       execute a tenant again on another engine, and compare
  lockstep derive http://127.0.0.1:7300 --trust 0x... --domain 1
                                       follow what is ordered for a tenant, proven
  lockstep <command> --help            all that a command can do
`;

const standardOutput: Output = {
  out: (text) => new Promise<void>((resolve) => process.stdout.write(text, () => resolve())),
  err: (text) => process.stderr.write(text),
};

const versionOf = (): string => JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")).version;

const usageCodes = new Set(["bad_flag"]);

/** Commander's message as one sentence, with the place that lists what there is. */
const usageSentence = (error: CommanderError, args: readonly string[]): string => {
  const reason = error.message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, "");
  const command = args.find((arg) => !arg.startsWith("-"));
  const isKnown = error.code !== "commander.unknownCommand" && command !== undefined;
  return `lockstep: ${reason}. See \`lockstep ${isKnown ? `${command} ` : ""}--help\`.\n`;
};

const report = (error: unknown, args: readonly string[], output: Output): ExitCode => {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code !== "commander.help") output.err(usageSentence(error, args));
    return 2;
  }
  const known = error instanceof LockstepError ? error.failure : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (args.includes("--json")) {
    output.out(`${JSON.stringify({ error: known ?? { code: "unexpected", message } })}\n`);
  }
  if (process.env.LOCKSTEP_DEBUG !== undefined && error instanceof Error) output.err(`${error.stack}\n`);
  else if (known !== undefined) output.err(`lockstep: ${message}\n`);
  else output.err(`lockstep: unexpected error: ${message} (LOCKSTEP_DEBUG=1 shows where)\n`);
  return known !== undefined && usageCodes.has(known.code) ? 2 : 1;
};

/** A reader that went away ends the command, and with it what the command started. */
const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
};

/** Runs the command that `args` ask for, without the interpreter and script; resolves with the exit code. */
export const main = async (args: readonly string[], output: Output = standardOutput): Promise<ExitCode> => {
  if (output === standardOutput) endWithReader();
  let exitCode: ExitCode = 0;
  const finish = (code: ExitCode) => {
    exitCode = code;
  };
  const program = new Command("lockstep")
    .description("One order, one clock and one certificate for rollups of several virtual machines.")
    .version(versionOf(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.out, outputError: () => {} })
    .configureHelp({ sortOptions: false })
    .addHelpText("after", examples);
  for (const add of [
    addDevnetCommand,
    addNodeCommand,
    addKeysCommand,
    addTenantCommand,
    addBundleCommand,
    addRecoverCommand,
    addVerifyCommand,
    addReplayCommand,
    addDeriveCommand,
  ])
    add(program, finish, output);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, args, output);
  }
};
