/** `lockstep derive` on the command line. */
import { createInterface } from "node:readline";
import type { AddCommand } from "./command.ts";
import { type DeriveArguments, runDerive } from "./derive.ts";
import { watchForStop } from "./lifecycle.ts";

const help = `
Examples:
  lockstep derive http://127.0.0.1:7300 --trust 0x... --domain 1
      all heights from 1 on, then each new one as it is final; Ctrl-C ends it
  lockstep derive http://127.0.0.1:7300 http://127.0.0.1:8300 --trust 0x... --domain 1 --state rollup.cursor --json
      for a rollup's node: JSON lines; goes on where it stopped; a second API for when the first is away or lies
  lockstep derive http://127.0.0.1:7300 --trust 0x... --domain 1 --from 100 --to 200 --json
      these heights, then it ends

Each height yields exactly the transactions that were ordered for the tenant, none missing, none added; one without
any is proven empty. That is proven from the trusted root by consensus certificates: it waits for nobody's execution, so
a rollup that executes elsewhere follows its order with this alone. The trusted root is the root of a validator set. A
devnet prints its own when it starts; a network's operators publish theirs. It is never taken from a node that is asked.

With --json each line is an event:
  {"event":"height","height":12,"timestampMs":1764109201123,"header":"0x...","parent":"0x...",
   "finality":"ordered","certified":10,"transactions":["0x..."]}
      header, parent: roots of the shared header and of the one before; timestampMs: the time that all tenants share
      finality: "ordered" (final for good), or "certified" when its execution is certified, too
      certified: every height up to this one is certified by now
  {"event":"trouble","api":"http://...","code":"unreachable","message":"...","consequence":"retried","pauseMs":250}
      consequence: "retried", or "dropped" for an API that said what doesn't hold
  {"error":{"code":"...","message":"..."}}
      the last line, when it can't go on

The state file is written, synced, after a height's line was handed over; a crash repeats what was not, and skips nothing.
A reader that may crash itself, with lines still unread, adds --confirm: then a height counts, and the next one comes, once
its number was written to this command's standard input. One that keeps the height with its own state uses --from instead.

Transactions are bytes as they were ordered: some may be invalid to the rollup or come twice; that is its own to pass over.

Exit code: 0 ended by a signal or --to, 1 forged, reordered, truncated or withheld, 2 wrongly called or no answer for
minutes.
`;

/** How long a request under way may hold up the end; the state file is whole at any time. */
const stopMs = 2_000;

/** Touches standard input once the first line is asked for: a command in the background may have none. */
async function* standardInput(): AsyncGenerator<string> {
  yield* createInterface({ input: process.stdin });
}

export const addDeriveCommand: AddCommand = (program, finish, output) => {
  program
    .command("derive <api...>")
    .description("follow what is ordered for a tenant, proven height after height")
    .option("--trust <root>", "root of a validator set that you trust, in hexadecimal")
    .option("--domain <number>", "the tenant")
    .option("--from <height>", "first height, where there is no state file yet (default: 1)")
    .option("--to <height>", "last height (default: goes on)")
    .option("--state <file>", "keeps how far it is, and goes on from there")
    .option("--confirm", "wait for each height's number on standard input before it counts as done")
    .option("--json", "print one line of JSON for every event")
    .addHelpText("after", help)
    .action(async (apis: string[], options: Omit<DeriveArguments, "apis">) => {
      const watch = watchForStop({ dieWithParent: false, force: () => process.exit(130) });
      watch.signal.addEventListener("abort", () => setTimeout(() => process.exit(0), stopMs).unref());
      try {
        finish(await runDerive({ apis, ...options }, { output, input: standardInput(), signal: watch.signal }));
      } finally {
        watch.release();
        if (options.confirm === true) process.stdin.unref?.();
      }
    });
};
