/** An API that is checked, and the root that its user trusts instead of it. */
import { setTimeout } from "node:timers/promises";
import { createBlst } from "../consensus/certificate/blst.ts";
import { createLightClient, type LightClient } from "../messaging/light-client/client.ts";
import { type FollowedHeight, type FollowOptions, followOrder } from "../messaging/light-client/follow.ts";
import type { Proof } from "../messaging/light-client/refusal.ts";
import { createTransport, type Transport } from "../messaging/light-client/transport.ts";
import { fromHex } from "../protocol/bytes.ts";
import { failure, type Result, success } from "../protocol/errors.ts";
import { asDomain, asRoot, type Domain, type Root } from "../protocol/ids.ts";

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

/** The number of a tenant, as `--<flag>` gives it. Code `usage`. */
export const parseDomain = (flag: string, domain: string | undefined, whose: string): Result<Domain> =>
  domain !== undefined && /^[0-9]{1,10}$/.test(domain) && Number(domain) < 2 ** 32
    ? success(asDomain(Number(domain)))
    : failure("usage", `give --${flag} <number>, ${whose}`);

export const connect = ({ api, trust }: TrustedApi): { transport: Transport; client: LightClient } => {
  const transport = createTransport(api, (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(answerMs) }));
  return { transport, client: createLightClient({ api: transport, trustedRoot: trust, verifier: createBlst() }) };
};

/** Follows a tenant's slice of the order at these APIs until `signal` fires: see `followOrder`. A request under way is waited for. */
export const followApis = (
  apis: readonly TrustedApi[],
  options: Pick<FollowOptions, "domain" | "after" | "signal" | "report">,
): AsyncGenerator<Proof<FollowedHeight>> => {
  const { signal } = options;
  return followOrder({
    ...options,
    sources: apis.map((api) => ({ api: api.api, client: connect(api).client })),
    wait: (ms) => setTimeout(ms, undefined, { signal }).catch(() => {}),
  });
};
