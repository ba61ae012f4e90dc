/** `lockstep devnet`: a whole network on this machine. */
import { InvalidArgumentError, Option } from "commander";
import { runDevnet } from "../devnet/devnet.ts";
import { defaultChoice } from "../devnet/network.ts";
import { parseTenants, type TenantName, tenantPlans } from "../devnet/tenants.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { AddCommand } from "./command.ts";
import { integerBetween } from "./flags.ts";

const examples = `
Examples:
  lockstep devnet                        four validators; EVM at 8545, API at 7300
  lockstep devnet --validators 1         one validator, for a small machine
  lockstep devnet --tenants data         no VM at all: order bytes, get proofs
  lockstep devnet --reset                forget the stored chain and start a new one
  lockstep devnet --port-base 17300      API at 17300, EVM at 18545, and so on
  lockstep devnet --json --port-base 0   for scripts: free ports, one JSON line when ready
  lockstep devnet --json --wait all      the same, when all tenants have joined

The chain is kept in the data directory and goes on at the next start. Validator i serves everything
1000·i ports further up. A tenant whose engine must be built first joins the running network as soon
as it is; one that fails leaves the others alone. With --json the first line on standard output says
that the validators serve, with endpoints, keys and process ids; then a line follows for every event
(tenant, tenant_failed, validator_exited, validator_restarted, stopping, stopped).
`;

type Flags = {
  validators?: string;
  tenants?: TenantName[];
  epochLength?: number;
  dataDir: string;
  reset?: true;
  portBase?: number;
  restart: boolean;
  wait?: "all";
  json?: true;
  dieWithParent?: true;
};

const tenantList = (text: string): TenantName[] => {
  try {
    return parseTenants(text);
  } catch (error) {
    if (error instanceof LockstepError) throw new InvalidArgumentError(error.message);
    throw error;
  }
};

export const addDevnetCommand: AddCommand = (program, finish, output) => {
  const names = tenantPlans.map(({ name }) => name).join(",");
  program
    .command("devnet")
    .description("run a network of validators and tenants on this machine")
    .addOption(
      new Option(
        "--validators <n>",
        `number of validators, when a chain is started (default: ${defaultChoice.validators})`,
      ).choices(["1", "4", "7"]),
    )
    .option(
      "--tenants <list>",
      `tenants; those that the chain lacks join it (default: as before, at first ${names})`,
      tenantList,
    )
    .option(
      "--epoch-length <heights>",
      `heights of an epoch when a chain is started (default: ${defaultChoice.epochLength})`,
      integerBetween(2, 1_000_000_000),
    )
    .option("--data-dir <folder>", "where the chain is kept", ".lockstep")
    .option("--reset", "wipe the data directory first")
    .option(
      "--port-base <port>",
      "API port of the first validator, which all other ports follow; 0 takes free ones (default: 7300)",
      integerBetween(1024, 65_535, true),
    )
    .option("--no-restart", "leave a validator that ended as it is, instead of starting it again after 3 s")
    .addOption(
      new Option("--wait <tenants>", "count as ready only when all tenants have joined, and end if one can't").choices([
        "all",
      ]),
    )
    .option("--json", "print JSON lines for scripts")
    .option("--die-with-parent", "end when standard input closes")
    .addHelpText("after", examples)
    .action(async ({ validators, tenants, epochLength, ...flags }: Flags) => {
      const choice = {
        ...(validators === undefined ? {} : { validators: Number(validators) }),
        ...(tenants === undefined ? {} : { tenants }),
        ...(epochLength === undefined ? {} : { epochLength }),
      };
      const code = await runDevnet(
        {
          ...choice,
          dataDir: flags.dataDir,
          reset: flags.reset === true,
          portBase: flags.portBase,
          restart: flags.restart,
          waitForAll: flags.wait === "all",
          json: flags.json === true,
          dieWithParent: flags.dieWithParent === true,
        },
        output,
      );
      finish(code);
    });
};
