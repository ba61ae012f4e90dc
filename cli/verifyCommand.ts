/** `lockstep verify` on the command line. */
import type { AddCommand } from "./command.ts";
import { runVerify, type VerifyArguments } from "./verify.ts";

const examples = `
Examples:
  lockstep verify http://127.0.0.1:7300 --trust 0x...
      the newest certificate, what every tenant executed under it, and a funded account
  lockstep verify http://127.0.0.1:7300 --trust 0x... --transaction 0x...
      that this transaction was ordered, and what became of it
  lockstep verify http://127.0.0.1:7300 --trust 0x... --account 31337:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
      that this account has this balance and nonce in the certified state; SVM addresses are in base58, after 501:,
      and Cairo's as Starknet writes them, after 9004:
  lockstep verify http://127.0.0.1:7300 --trust 0x... --coin 9889:0x...
      that this coin of a Fuel tenant, by its utxo id, is worth so much and whose it is; or that it is spent
  lockstep verify http://127.0.0.1:7300 --trust 0x... --slot 9889:0x<contract>:0x<slot>
      what a contract of a Fuel tenant stores there
  lockstep verify http://127.0.0.1:7300 --trust 0x... --bundle 0x...
      whether this bundle was committed on all its tenants, or undone on all
  lockstep verify http://127.0.0.1:7300 --trust 0x... --tenant 31337
      whose this tenant is, how it stands, and the root of what it was registered with

The trusted root is the root of a validator set. A devnet prints its own when it starts; a network's
operators publish theirs. It is never taken from the node that is checked. Exit code: 0 proven, 1 not
proven, 2 wrongly called or no answer.
`;

export const addVerifyCommand: AddCommand = (program, finish, { out }) => {
  program
    .command("verify <api>")
    .description("check against a trusted root what a node says")
    .option("--trust <root>", "root of a validator set that you trust, in hexadecimal")
    .option("--transaction <id>", "prove this transaction, by its Lockstep id")
    .option("--account <domain:address>", "prove this account of an EVM, SVM or Cairo tenant")
    .option("--coin <domain:utxo>", "prove this coin of a Fuel tenant")
    .option("--slot <domain:contract:slot>", "prove what a contract of a Fuel tenant stores")
    .option("--bundle <id>", "prove what became of this bundle")
    .option("--tenant <domain>", "prove a tenant, and what it was registered with")
    .option("--json", "print one line of JSON")
    .addHelpText("after", examples)
    .action(async (api: string, options: Omit<VerifyArguments, "api">) => {
      finish(await runVerify({ api, ...options }, { write: out }));
    });
};
