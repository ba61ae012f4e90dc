/** `lockstep tenant`: what a rollup's owner does with a network. */
import { type Command, Option } from "commander";
import { toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { type Vm, vms } from "../protocol/genesis.ts";
import { asDomain, type Domain } from "../protocol/ids.ts";
import { limits } from "../protocol/limits.ts";
import { jsonText } from "../sequencer/api/answer.ts";
import { describeTenant } from "../sequencer/roster/view.ts";
import type { AddCommand, Output } from "./command.ts";
import { integerBetween } from "./flags.ts";
import { readKeyFile } from "./keyFile.ts";
import { type RegistrationFlags, readRegistration } from "./registration.ts";
import { connectTenantApi } from "./tenantApi.ts";
import { change, changeStatus, findTenant, type NewStatus, untilActive } from "./tenantChange.ts";
import { detailText, listText } from "./tenantText.ts";
import { connect, parseTrustedApi } from "./trustedApi.ts";

const help = `
Examples:
  lockstep tenant list http://127.0.0.1:7300
  lockstep tenant register --help          a rollup of your own, step by step
  lockstep tenant show http://127.0.0.1:7300 31338 --trust 0x...
                                           what a tenant was registered with, proven from a trusted root
  lockstep tenant pause http://127.0.0.1:7300 31338 --key owner.json

A tenant is a rollup; its domain is its number, and its chain id where the VM is EVM. Whoever registers it owns it, by
the key that signs. Exit code: 0 done, 1 refused, 2 wrongly called.
`;

const registerHelp = `
An EVM rollup on a running \`lockstep devnet\`, with one funded account:

  lockstep keys new owner.json
  cat > genesis.json <<'END'
  { "chainId": 31338,
    "feeRecipient": "0x000000000000000000000000000000000000fee5",
    "alloc": { "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266": { "balance": "10000000000000000000000" } } }
  END
  lockstep tenant register http://127.0.0.1:7300 --vm evm --domain 31338 --name my-rollup \\
    --genesis genesis.json --key owner.json --port 8546 --wait

The genesis file is the VM's own: for EVM the chain id (the domain), who gets the fees, and the accounts of block 0, each
with balance, nonce, code and storage as it likes; for data none is needed. Every validator tries it on its engine before
it is taken. The tenant is active once all validators that are at work run it, or two thirds after a minute.

Its API is served at --port by validator 0 of a devnet, by validator i at 1000·i above; by others where they configured it.
With --writer, only these senders' transactions are taken. What it may use in a second, and at once, is that of its VM
unless it is given; gas is what the VM counts (compute units, L2 gas; bytes for data).
`;

type Flags = { key: string; json?: true };

const parseDomain = integerBetween(1, 2 ** 32 - 1);
const parseAmount = integerBetween(2, limits.allowance);

const collect = (text: string, others: readonly string[] = []): string[] => [...others, text];

const domainOf = (text: string): Domain => {
  try {
    return asDomain(parseDomain(text));
  } catch {
    throw new LockstepError("bad_flag", `${text} is no domain: give a whole number from 1 to ${2 ** 32 - 1}`);
  }
};

const printer =
  ({ out }: Output, json: boolean | undefined) =>
  (value: unknown, text: string): void =>
    void out(json === true ? `${jsonText(value)}\n` : text);

const addRegister = (tenant: Command, finish: (code: 0) => void, output: Output): void => {
  tenant
    .command("register <api>")
    .description("register a rollup of your own while the network runs")
    .addOption(new Option("--vm <vm>", "its virtual machine").choices(Object.keys(vms)).makeOptionMandatory())
    .requiredOption("--domain <number>", "its number, and its chain id where the VM is EVM", parseDomain)
    .requiredOption("--name <name>", "its name: lower-case letters, digits and hyphens")
    .option("--genesis <file>", "the VM's own genesis")
    .requiredOption("--key <file>", "the owner's key, from `lockstep keys new`")
    .option("--port <port>", "where its own API is served", integerBetween(1, 65_535))
    .option("--writer <sender>", "who may have transactions ordered; may be repeated (default: anybody)", collect)
    .option("--gas-rate <gas>", "gas a second", parseAmount)
    .option("--gas-burst <gas>", "gas at once", parseAmount)
    .option("--gas-largest <gas>", "gas of its largest transaction", parseAmount)
    .option("--bytes-rate <bytes>", "bytes of transactions a second", parseAmount)
    .option("--bytes-burst <bytes>", "bytes of transactions at once", parseAmount)
    .option("--wait", "wait until it is active, and say where it is served")
    .option("--json", "print one line of JSON")
    .addHelpText("after", registerHelp)
    .action(async (address: string, flags: RegistrationFlags & Flags & { vm: Vm; wait?: true }) => {
      const api = connectTenantApi(address);
      const signer = await readKeyFile(flags.key);
      const value = await readRegistration(flags, signer.publicKey);
      const { id, height } = await change(api, signer, { kind: "register", value });
      const facts = { domain: value.domain, id, height };
      const text = `tenant ${value.domain} is registered at height ${height} (transaction ${toHex(id)})\n`;
      const print = printer(output, flags.json);
      if (flags.wait !== true) {
        print(facts, `${text}It becomes active once the validators run it: \`lockstep tenant list\` tells.\n`);
        return finish(0);
      }
      if (flags.json !== true) output.out(text);
      const { status, activatedAt, rpc, ws } = await untilActive(api, value.domain, flags.vm);
      const served = rpc === undefined ? "this node serves no API of its own for it" : `served at ${rpc} and ${ws}`;
      print({ ...facts, status, activatedAt, rpc, ws }, `It is ${status} since height ${activatedAt}, ${served}.\n`);
      finish(0);
    });
};

const addReading = (tenant: Command, finish: (code: 0) => void, output: Output): void => {
  tenant
    .command("list <api>")
    .description("list every tenant of a network")
    .option("--json", "print one line of JSON")
    .action(async (address: string, flags: { json?: true }) => {
      const tenants = await connectTenantApi(address).tenants();
      printer(output, flags.json)(tenants, listText(tenants));
      finish(0);
    });
  tenant
    .command("show <api> <domain>")
    .description("show a tenant; with a trusted root, proven")
    .option("--trust <root>", "root of a validator set that you trust, in hexadecimal")
    .option("--json", "print one line of JSON")
    .action(async (address: string, text: string, flags: { trust?: string; json?: true }) => {
      const api = connectTenantApi(address);
      const domain = domainOf(text);
      const print = printer(output, flags.json);
      if (flags.trust === undefined) {
        const found = await findTenant(api, domain);
        if (found === undefined)
          throw new LockstepError("unknown_tenant", `No tenant has domain ${domain}.`, { domain });
        print(found, detailText(found));
        return finish(0);
      }
      const trusted = parseTrustedApi(address, flags.trust);
      if (!trusted.ok) throw new LockstepError("bad_flag", trusted.error.message);
      const proof = await connect(trusted.value).client.tenant(domain);
      if (!proof.ok) throw new LockstepError(proof.error.code, `Not proven: ${proof.error.message}`);
      const { block, registration } = proof.value;
      const proven = describeTenant(proof.value.tenant, registration);
      const genesis = new TextDecoder().decode(registration.config);
      const { height } = block.header;
      const said = `genesis:\n${genesis}\nAll of this is proven from the trusted root, as of height ${height}.\n`;
      print({ proven: true, height, ...proven, genesis }, `${detailText(proven)}${said}`);
      finish(0);
    });
};

const changes: readonly { verb: string; status: NewStatus; description: string }[] = [
  { verb: "pause", status: "paused", description: "take no more transactions, until it is resumed" },
  { verb: "resume", status: "active", description: "take transactions again" },
  { verb: "retire", status: "retired", description: "end the tenant for good; its domain stays taken" },
];

const addChanges = (tenant: Command, finish: (code: 0) => void, output: Output): void => {
  for (const { verb, status, description } of changes) {
    tenant
      .command(`${verb} <api> <domain>`)
      .description(description)
      .requiredOption("--key <file>", "the owner's key")
      .option("--json", "print one line of JSON")
      .action(async (address: string, text: string, flags: Flags) => {
        const api = connectTenantApi(address);
        const domain = domainOf(text);
        const { id, height } = await changeStatus(api, await readKeyFile(flags.key), domain, status);
        const said = `tenant ${domain} is ${status} after height ${height} (transaction ${toHex(id)})\n`;
        printer(output, flags.json)({ domain, status, id, height }, said);
        finish(0);
      });
  }
};

export const addTenantCommand: AddCommand = (program, finish, output) => {
  const tenant = program
    .command("tenant")
    .description("register a rollup of your own, and manage it")
    .addHelpText("after", help);
  addRegister(tenant, finish, output);
  addReading(tenant, finish, output);
  addChanges(tenant, finish, output);
};
