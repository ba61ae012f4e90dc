/** An API that is checked, and the root that its user trusts instead of it. */
import { createBlst } from "../consensus/certificate/blst.ts";
import { createLightClient, type LightClient } from "../messaging/light-client/client.ts";
import { createTransport, type Transport } from "../messaging/light-client/transport.ts";
import { fromHex } from "../protocol/bytes.ts";
import { failure, type Result, success } from "../protocol/errors.ts";
import { asRoot, type Root } from "../protocol/ids.ts";

export type TrustedApi = { api: string; trust: Root };

const answerMs = 30_000;

const whereARootComesFrom =
  "give --trust <root>, the root of a validator set that you trust: a devnet prints its own as `trustedRoot` when it starts (`lockstep devnet --json`), a network's operators publish theirs. It is never taken from the server that is checked.";

/** Code `usage`. */
export const parseTrustedApi = (api: string, trust: string | undefined): Result<TrustedApi> => {
  if (!/^https?:\/\//.test(api) || !URL.canParse(api)) {
    return failure("usage", `${api} is no address of an API: give one like http://127.0.0.1:7300`);
  }
  if (trust === undefined) return failure("usage", whereARootComesFrom);
  const root = fromHex(trust);
  if (root?.length !== 32)
    return failure("usage", `--trust ${trust} is no root (0x and 64 hexadecimal digits): ${whereARootComesFrom}`);
  return success({ api, trust: asRoot(root) });
};

export const connect = ({ api, trust }: TrustedApi): { transport: Transport; client: LightClient } => {
  const transport = createTransport(api, (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(answerMs) }));
  return { transport, client: createLightClient({ api: transport, trustedRoot: trust, verifier: createBlst() }) };
};
