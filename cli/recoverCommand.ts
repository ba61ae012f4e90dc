/** `lockstep recover`: validators go on without what none of them can execute. */
import { writeFile } from "node:fs/promises";
import { encodeControl } from "../protocol/control.ts";
import { LockstepError } from "../protocol/errors.ts";
import { asDomain } from "../protocol/ids.ts";
import { jsonText } from "../sequencer/api/answer.ts";
import type { AddCommand } from "./command.ts";
import { integerBetween } from "./flags.ts";
import { readKeyFile } from "./keyFile.ts";
import { describeRecovery, parseSkip, proposeRecovery, readRecovery, recoveryText, signRecovery } from "./recover.ts";
import { connectTenantApi } from "./tenantApi.ts";
import { handIn } from "./tenantChange.ts";

const help = `
When an engine breaks of the same transaction at all validators, nothing is certified any more: /healthz names the tenant, the
height and the transaction. Order goes on and nothing is lost. Two thirds of the validators can then agree to leave the
transaction out, or the tenant:

  lockstep recover http://127.0.0.1:7300 --skip 31337:120:0x5743... --key keys.json --to recovery.txt
  lockstep recover http://127.0.0.1:7300 --with recovery.txt --key keys.json --to recovery.txt      each of the others
  lockstep recover http://127.0.0.1:7300 --with recovery.txt                                        the last one hands it in

On a devnet all keys are in one place, and one command does it:

  lockstep recover http://127.0.0.1:7300 --skip 31337:120:0x5743... \\
    --key .lockstep/validators/0/keys.json --key .lockstep/validators/1/keys.json --key .lockstep/validators/2/keys.json

Every height above the newest certified one is executed again. A dropped tenant keeps what was certified and ends for good.
`;

type Flags = {
  skip?: readonly string[];
  drop?: readonly number[];
  key?: readonly string[];
  with?: string;
  to?: string;
  json?: true;
};

const parseDomain = integerBetween(1, 2 ** 32 - 1);
const collect = (text: string, others: readonly string[] = []): string[] => [...others, text];
const collectDomain = (text: string, others: readonly number[] = []): number[] => [...others, parseDomain(text)];

export const addRecoverCommand: AddCommand = (program, finish, { out }) => {
  program
    .command("recover <api>")
    .description("go on without what no validator can execute, if two thirds of them agree")
    .option("--skip <domain:height:id>", "an entry to leave out; may be repeated", collect)
    .option("--drop <domain>", "a tenant to end; may be repeated", collectDomain)
    .option("--key <file>", "a validator's key that signs; may be repeated", collect)
    .option("--with <file>", "the recovery that others have signed")
    .option("--to <file>", "write what is signed here, and hand nothing in")
    .option("--json", "print one line of JSON")
    .addHelpText("after", help)
    .action(async (address: string, flags: Flags) => {
      const api = connectTenantApi(address);
      const { skip = [], drop = [] } = flags;
      if (flags.with !== undefined && skip.length + drop.length > 0) {
        throw new LockstepError("bad_flag", "--with brings a recovery along: --skip and --drop can't change it");
      }
      const base =
        flags.with === undefined
          ? proposeRecovery(await api.status(), drop.map(asDomain), skip.map(parseSkip))
          : await readRecovery(flags.with);
      const signers = await Promise.all((flags.key ?? []).map(readKeyFile));
      const signed = signRecovery(await api.genesis(), base, signers);
      const { value } = signed.body;
      const facts = { ...value, signatures: signed.signatures.length };
      const text = `${describeRecovery(value)}\nSigned by ${signed.signatures.length} so far.\n`;
      const print = (more: object, said: string): void =>
        void out(flags.json === true ? `${jsonText({ ...facts, ...more })}\n` : `${text}${said}`);
      if (flags.to !== undefined) {
        await writeFile(flags.to, recoveryText(signed));
        print({ to: flags.to }, `Written to ${flags.to}: have others sign it with --with.\n`);
        return finish(0);
      }
      const { id, height } = await handIn(api, encodeControl(signed));
      print({ id, height }, `In force after height ${height}.\n`);
      finish(0);
    });
};
