/** The shared devnet as its users reach it, and claims about all of its validators. */
import { expect, inject } from "vitest";
import type { BlsVerifier } from "../../consensus/certificate/bls.ts";
import { createBlst } from "../../consensus/certificate/blst.ts";
import type { Account } from "../../devnet/accounts.ts";
import { createLightClient, type LightClient } from "../../messaging/light-client/client.ts";
import type { Proof } from "../../messaging/light-client/refusal.ts";
import { createTransport } from "../../messaging/light-client/transport.ts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { asDomain, asRoot, type Domain, type Root } from "../../protocol/ids.ts";

export const devnet = inject("devnet");
export const dataDomain = asDomain(1);
export const evmDomain = asDomain(31337);
export const svmDomain = asDomain(501);
export const cairoDomain = asDomain(9004);
export const fuelDomain = asDomain(9889);

/** Where a validator serves its API and its EVM tenant. */
export type Endpoint = { index: number; api: string; rpc: string; ws: string };

export const validators: readonly Endpoint[] = devnet.validators.map(({ index, api, tenants }) => {
  const { rpc, ws } = tenants.find(({ domain }) => domain === evmDomain) ?? {};
  if (rpc === undefined || ws === undefined) throw new Error(`validator ${index} serves no EVM tenant`);
  return { index, api, rpc, ws };
});

/** Where each validator serves a tenant. */
const endpointsOf = (wanted: Domain): readonly { rpc: string; ws: string }[] =>
  devnet.validators.map(({ index, tenants }) => {
    const { rpc, ws } = tenants.find(({ domain }) => domain === wanted) ?? {};
    if (rpc === undefined || ws === undefined) throw new Error(`validator ${index} does not serve tenant ${wanted}`);
    return { rpc, ws };
  });

export const svmEndpoints = endpointsOf(svmDomain);
export const cairoEndpoints = endpointsOf(cairoDomain);

/** Where each validator serves its Fuel tenant. */
export const fuelEndpoints: readonly string[] = devnet.validators.map(({ index, tenants }) => {
  const { rpc } = tenants.find(({ domain }) => domain === fuelDomain) ?? {};
  if (rpc === undefined) throw new Error(`validator ${index} serves no Fuel tenant`);
  return rpc;
});

/** Account `index` of the devnet. Files run at the same time, so each has senders of its own. */
export const fundedAccount = (index: number): Account => {
  const account = devnet.accounts.evm?.[index];
  if (account === undefined) throw new Error(`the devnet has no account ${index}`);
  return account;
};

export const rootOf = (hex: Hex): Root => {
  const bytes = fromHex(hex);
  if (bytes?.length !== 32) throw new Error(`${hex} is no root`);
  return asRoot(bytes);
};

/** Longer than anything takes on a loaded machine, shorter than a test may. */
const patienceMs = 100_000;

/** What `probe` answers once that is something; until then it is asked again, and may throw. */
export const eventually = async <T>(probe: () => Promise<T | undefined>): Promise<T> => {
  const deadline = Date.now() + patienceMs;
  let why: unknown = new Error("it never came");
  while (Date.now() < deadline) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
    } catch (error) {
      why = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw why;
};

/** The one answer that all of `sources` give. */
export const agreed = async <S, T>(sources: readonly S[], ask: (source: S) => Promise<T>): Promise<T> => {
  const [first, ...others] = await Promise.all(sources.map(ask));
  for (const other of others) expect(other).toEqual(first);
  return first as T;
};

/** A validator's API, checked from nothing but the trusted root of the ready line. */
export const lightClientOf = ({ api }: Endpoint, verifier: BlsVerifier = createBlst()): LightClient =>
  createLightClient({ api: createTransport(api, fetch), trustedRoot: rootOf(devnet.trustedRoot), verifier });

/** What was proven. @throws Error with the reason why it was not */
export const proven = async <T>(proof: Promise<Proof<T>>): Promise<T> => {
  const result = await proof;
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
