/** `lockstep bundle`: all or nothing on several VMs, from a file. */
import { connect, type SignedBundle } from "../client/bundle.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { asBundleId, type BundleId } from "../protocol/ids.ts";
import { jsonText } from "../sequencer/api/answer.ts";
import { readBundleFile } from "./bundleFile.ts";
import { simulationText, statusText } from "./bundleText.ts";
import type { AddCommand, ExitCode, Output } from "./command.ts";
import { connectTenantApi } from "./tenantApi.ts";

const help = `
Examples:
  lockstep bundle simulate http://127.0.0.1:7300 --file bundle.json
      what it would come to, leg by leg, with no effect
  lockstep bundle send http://127.0.0.1:7300 --file bundle.json
      signs it with the keys in the file, sends it and waits until it is certified
  lockstep bundle status http://127.0.0.1:7300 0x...

Pay somebody on each of a devnet's four VMs, or nobody:

  cat > bundle.json <<'END'
  { "sponsor": "dev:0",
    "legs": [
      { "vm": "evm", "key": "dev:1", "to": "0x00000000000000000000000000000000000000aa", "value": "1000000000000000000" },
      { "vm": "svm", "key": "dev:1", "pay": { "to": "8dHEsGLwqWXDFfbRDwyjyXDHTaTwkPGNBmLZmKqKvBVt", "lamports": "1000000000" } },
      { "vm": "cairo", "key": "dev:1", "calls": [
        { "contract": "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d",
          "entrypoint": "transfer", "calldata": ["0xaa", "1000000000000000000", "0"] } ] },
      { "vm": "fuel", "key": "dev:1", "pay": {
        "to": "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "amount": "1000000" } } ] }
  END

A leg says what its account does there:
  evm     key, to; value, data, gas
  svm     key; pay {to, lamports} or instructions [{program, accounts [{address, signer, writable}], data}]; units
  cairo   key, account, calls [{contract, entrypoint, calldata}]; l2Gas where it can't be estimated
  fuel    key; pay {to, amount, asset}
with "domain" where the network has several tenants of its VM. Keys are "dev:0" to "dev:9" on a devnet, secret keys in
hexadecimal, on the SVM and for the sponsor in base58. {bundle} in data or calldata stands for the bundle's id, 64 digits.
The sponsor pays when the bundle is undone; legs pay their own fees when it is committed.

Exit code: 0 committed, or would be; 1 not, or refused; 2 wrongly called.
`;

type FileFlags = { file: string; json?: true };

/** Signed, from a file. The wallets' libraries are only loaded here: they are large. */
const signFrom = async (api: string, file: string): Promise<SignedBundle> => {
  const { heights, ...described } = await readBundleFile(file);
  const tenants = await connectTenantApi(api).tenants();
  const { draftBundle } = await import("./bundleLegs.ts");
  const lockstep = await connect(api);
  const drafted = await draftBundle({ ...described }, tenants);
  const prepared = await lockstep.prepare({ ...drafted, ...(heights === undefined ? {} : { heights }) });
  return await prepared.sign();
};

const simulate = async (api: string, { file, json }: FileFlags, { out }: Output): Promise<ExitCode> => {
  const simulation = await (await signFrom(api, file)).simulate();
  out(json ? `${jsonText(simulation)}\n` : simulationText(simulation));
  return simulation.committed ? 0 : 1;
};

const send = async (
  api: string,
  { file, json, wait }: FileFlags & { wait: boolean },
  { out, err }: Output,
): Promise<ExitCode> => {
  const approved = await (await signFrom(api, file)).approve();
  const sent = await approved.send();
  if (!wait) {
    out(json ? `${jsonText({ id: sent.id })}\n` : `${toHex(sent.id)}\n`);
    return 0;
  }
  err(`${toHex(sent.id)} sent; waiting until it is certified\n`);
  const status = await sent.certified();
  out(json ? `${jsonText(status)}\n` : statusText(status));
  return status.status === "committed" ? 0 : 1;
};

const parseId = (text: string): BundleId => {
  const id = fromHex(text);
  if (id?.length === 32) return asBundleId(id);
  throw new LockstepError("bad_flag", `${text} is no id of a bundle: 0x and 64 hexadecimal digits.`);
};

const show = async (api: string, id: string, { json }: Pick<FileFlags, "json">, { out }: Output): Promise<ExitCode> => {
  const asked = parseId(id);
  connectTenantApi(api);
  const status = await (await connect(api)).bundle(asked).status();
  if (status === undefined) throw new LockstepError("not_found", `This node knows no bundle ${id}.`, { id });
  out(json ? `${jsonText(status)}\n` : statusText(status));
  return status.status === "committed" ? 0 : 1;
};

export const addBundleCommand: AddCommand = (program, finish, output) => {
  const bundle = program
    .command("bundle")
    .description("all or nothing on several VMs: simulate, send and follow a bundle")
    .helpCommand(false)
    .addHelpText("after", help);
  bundle
    .command("simulate <api>")
    .description("what a bundle would come to, with no effect")
    .requiredOption("--file <file>", "the bundle, as JSON")
    .option("--json", "print one line of JSON")
    .action(async (api: string, flags: FileFlags) => finish(await simulate(api, flags, output)));
  bundle
    .command("send <api>")
    .description("sign a bundle with the keys of its file, send it and wait")
    .requiredOption("--file <file>", "the bundle, as JSON")
    .option("--no-wait", "only print its id")
    .option("--json", "print one line of JSON")
    .action(async (api: string, flags: FileFlags & { wait: boolean }) => finish(await send(api, flags, output)));
  bundle
    .command("status <api> <id>")
    .description("where a bundle stands")
    .option("--json", "print one line of JSON")
    .action(async (api: string, id: string, flags: Pick<FileFlags, "json">) =>
      finish(await show(api, id, flags, output)),
    );
};
