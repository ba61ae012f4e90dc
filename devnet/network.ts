/** The network of a data directory: made once, from fresh keys and a fresh genesis, and kept. */
import { randomBytes } from "node:crypto";
import { access, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readJsonFile } from "../cli/jsonFile.ts";
import { createKeyFile, readKeyFile } from "../cli/keyFile.ts";
import { readGenesis } from "../cli/nodeConfig.ts";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { equalBytes, utf8 } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis } from "../protocol/genesis.ts";
import { asEpoch, asRoot, type PublicKey, type Root } from "../protocol/ids.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { createGenesis } from "./genesis.ts";
import { defaultTenants, plansOf, type TenantName, type TenantPlan, tenantNames, tenantPlans } from "./tenants.ts";

export type NetworkChoice = {
  /** May be chosen when a network is made; afterwards it can only be confirmed. */
  validators?: number;
  epochLength?: number;
  /** May be chosen anew at every start: those that the network doesn't have yet come to it. */
  tenants?: readonly TenantName[];
};

export const defaultChoice = { validators: 4, tenants: defaultTenants, epochLength: 10_000 } as const;

export type DevnetValidator = {
  index: number;
  publicKey: PublicKey;
  /** Holds its keys, configuration, log and database. */
  folder: string;
  keyFile: string;
};

export type DevnetNetwork = {
  genesis: Genesis;
  genesisFile: string;
  genesisRoot: Root;
  /** Root of the validator set of epoch 0: what a light client starts from. */
  trustedRoot: Root;
  /** Tenants that stand in genesis, and those that are to register, each in order of domain. */
  present: TenantPlan[];
  coming: TenantPlan[];
  /** Key of who owns them. */
  ownerKeyFile: string;
  validators: DevnetValidator[];
};

const TenantsFile = z.array(z.enum(tenantNames));

const folderOf = (path: string, index: number) => join(path, "validators", String(index));
const keyFileOf = (path: string, index: number) => join(folderOf(path, index), "keys.json");
const genesisFileOf = (path: string) => join(path, "genesis.ssz");
const tenantsFileOf = (path: string) => join(path, "tenants.json");
const ownerKeyFileOf = (path: string) => join(path, "owner.json");

/** Writes a file whole or not at all. */
const writeWhole = async (path: string, content: Uint8Array): Promise<void> => {
  const unfinished = `${path}.new`;
  const file = await open(unfinished, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
};

const storeTenants = (path: string, names: readonly TenantName[]): Promise<void> =>
  writeWhole(tenantsFileOf(path), utf8(`${JSON.stringify(names)}\n`));

/** The genesis file comes last: its presence says that the network is complete. */
const create = async (path: string, choice: NetworkChoice, nowMs: number): Promise<void> => {
  const { validators, tenants, epochLength } = { ...defaultChoice, ...choice };
  await rm(join(path, "validators"), { recursive: true, force: true });
  const signers: BlsSigner[] = [];
  for (let index = 0; index < validators; index++) {
    await mkdir(folderOf(path, index), { recursive: true, mode: 0o700 });
    signers.push(await createKeyFile(keyFileOf(path, index)));
  }
  await rm(ownerKeyFileOf(path), { force: true });
  const { publicKey: owner } = await createKeyFile(ownerKeyFileOf(path));
  await storeTenants(path, tenants);
  const salt = asRoot(new Uint8Array(randomBytes(32)));
  // All others register themselves, as every rollup does: a first start and a later one go the same way.
  const present = plansOf(tenants).filter(({ engine }) => engine === undefined);
  const genesis = createGenesis({ salt, timestampMs: nowMs, epochLength, signers, tenants: present, owner });
  await writeWhole(genesisFileOf(path), Genesis.encode(genesis));
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The tenants asked for now, or else when the network was last asked for some. */
const chooseTenants = async (path: string, asked: readonly TenantName[] | undefined): Promise<TenantPlan[]> => {
  const file = tenantsFileOf(path);
  if (asked !== undefined) await storeTenants(path, asked);
  return plansOf((await exists(file)) ? await readJsonFile(TenantsFile, file, "list of tenants") : defaultTenants);
};

const refuseOtherChoice = (path: string, genesis: Genesis, choice: NetworkChoice): void => {
  const stored = {
    "--validators": String(genesis.validators.length),
    "--epoch-length": String(genesis.epochLength),
  } as const;
  const asked = {
    "--validators": choice.validators?.toString(),
    "--epoch-length": choice.epochLength?.toString(),
  } as const;
  for (const flag of Object.keys(stored) as (keyof typeof stored)[]) {
    if (asked[flag] === undefined || asked[flag] === stored[flag]) continue;
    throw new LockstepError(
      "other_network",
      `${path} holds a network with ${flag} ${stored[flag]}, not ${asked[flag]}: leave the flag out to go on with it, or add --reset to start anew.`,
      { flag, stored: stored[flag], asked: asked[flag] },
    );
  }
};

/**
 * Loads the network of a locked data directory; makes it first when there is none. Tenants without an engine stand in
 * its genesis, the others are to register.
 *
 * @throws LockstepError `other_network`, and those of the files that it reads
 */
export const openNetwork = async (path: string, choice: NetworkChoice, nowMs: number): Promise<DevnetNetwork> => {
  const genesisFile = genesisFileOf(path);
  if (!(await exists(genesisFile))) await create(path, choice, nowMs);
  const genesis = await readGenesis(genesisFile);
  refuseOtherChoice(path, genesis, choice);
  const genesisRoot = Genesis.root(genesis);
  const members = genesis.validators.map(({ publicKey, weight }) => ({ publicKey, weight }));
  const validators: DevnetValidator[] = [];
  for (const [index, { publicKey }] of genesis.validators.entries()) {
    const keyFile = keyFileOf(path, index);
    const signer = await readKeyFile(keyFile);
    if (!equalBytes(signer.publicKey, publicKey)) {
      throw new LockstepError(
        "other_network",
        `${keyFile} is not the key that genesis names for validator ${index}; --reset starts anew.`,
        { path: keyFile, index },
      );
    }
    validators.push({ index, publicKey, folder: folderOf(path, index), keyFile });
  }
  const isPresent = ({ domain }: TenantPlan) => genesis.tenants.some((tenant) => tenant.domain === domain);
  const chosen = await chooseTenants(path, choice.tenants);
  return {
    genesis,
    genesisFile,
    genesisRoot,
    trustedRoot: ValidatorSet.root({ genesis: genesisRoot, epoch: asEpoch(0), members }),
    present: tenantPlans.filter(isPresent),
    coming: chosen.filter((plan) => !isPresent(plan)),
    ownerKeyFile: ownerKeyFileOf(path),
    validators,
  };
};
