/** `lockstep keys`: makes and shows the key of a validator, or of a rollup's owner. */
import { resolve } from "node:path";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { toHex } from "../protocol/bytes.ts";
import type { AddCommand } from "./command.ts";
import { createKeyFile, readKeyFile } from "./keyFile.ts";

const examples = `
Examples:
  lockstep keys new validator.json     make a key; what it prints belongs into genesis
  lockstep keys show validator.json    print that again
  lockstep keys new owner.json         the same for a rollup's owner: see \`lockstep tenant register --help\`

The secret key stays in the file, which only its owner can read. Who has it can vote as the validator,
or pause and retire the rollup.
`;

const describe = (file: string, signer: BlsSigner, json: boolean): string => {
  const [publicKey, possession] = [toHex(signer.publicKey), toHex(signer.provePossession())];
  if (json) return `${JSON.stringify({ file, publicKey, possession })}\n`;
  return `key file             ${file}\npublic key           ${publicKey}\nproof of possession  ${possession}\n`;
};

export const addKeysCommand: AddCommand = (program, finish, { out }) => {
  const keys = program
    .command("keys")
    .description("make and show the BLS key of a validator or of a rollup's owner")
    .addHelpText("after", examples);
  keys
    .command("new <file>")
    .description("make a new key and write it to a new file")
    .option("--json", "print JSON")
    .action(async (file: string, options: { json?: true }) => {
      out(describe(resolve(file), await createKeyFile(file), options.json === true));
      finish(0);
    });
  keys
    .command("show <file>")
    .description("print the public key and the proof of possession of a key file")
    .option("--json", "print JSON")
    .action(async (file: string, options: { json?: true }) => {
      out(describe(resolve(file), await readKeyFile(file), options.json === true));
      finish(0);
    });
};
