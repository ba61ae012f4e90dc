/** `lockstep replay` on the command line. */
import type { AddCommand } from "./command.ts";
import { type ReplayArguments, runReplay } from "./replay.ts";

const examples = `
Examples:
  lockstep replay http://127.0.0.1:7300 --trust 0x... --domain 31337
      every block of this EVM tenant, from genesis to the newest certified height
  lockstep replay http://127.0.0.1:7300 --trust 0x... --domain 31337 --to 1000
      up to height 1000

What two thirds of the validators certify is what their engine, revm, came to. Here another one, @ethereumjs/vm,
executes the same inputs (transactions and the sequencer's own writes) and compares block hash, state root and receipts
root at each height. The inputs are proven first, from a validator-set root that you trust: a devnet prints its own when
it starts, a network's operators publish theirs. It is never taken from the node that is checked.

State is kept in memory. Exit code: 0 equal at every height, 1 different or not proven, 2 wrongly called or no answer.
`;

export const addReplayCommand: AddCommand = (program, finish, { out }) => {
  program
    .command("replay <api>")
    .description("execute an EVM tenant again on another engine, and compare with what is certified")
    .option("--trust <root>", "root of a validator set that you trust, in hexadecimal")
    .option("--domain <number>", "the EVM tenant")
    .option("--to <height>", "last height (default: the newest certified one)")
    .option("--json", "print one line of JSON")
    .addHelpText("after", examples)
    .action(async (api: string, options: Omit<ReplayArguments, "api">) => {
      finish(await runReplay({ api, ...options }, { write: out }));
    });
};
