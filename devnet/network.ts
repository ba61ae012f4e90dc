/** The network of a data directory: made once, from fresh keys and a fresh genesis, and kept. */
import { randomBytes } from "node:crypto";
import { access, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createKeyFile, readKeyFile } from "../cli/keyFile.ts";
import { readGenesis } from "../cli/nodeConfig.ts";
import type { BlsSigner } from "../consensus/certificate/bls.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { LockstepError } from "../protocol/errors.ts";
import { Genesis } from "../protocol/genesis.ts";
import { asEpoch, asRoot, type PublicKey, type Root } from "../protocol/ids.ts";
import { ValidatorSet } from "../protocol/validators.ts";
import { createGenesis } from "./genesis.ts";
import { defaultTenants, type TenantName, tenantPlans } from "./tenants.ts";

/** What may be chosen when a network is made; afterwards it can only be confirmed. */
export type NetworkChoice = {
  validators?: number;
  tenants?: readonly TenantName[];
  epochLength?: number;
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
  tenants: TenantName[];
  validators: DevnetValidator[];
};

const folderOf = (path: string, index: number) => join(path, "validators", String(index));
const keyFileOf = (path: string, index: number) => join(folderOf(path, index), "keys.json");
const genesisFileOf = (path: string) => join(path, "genesis.ssz");

/** Written whole or not at all: its presence says that the network is complete. */
const writeGenesis = async (path: string, genesis: Genesis): Promise<void> => {
  const unfinished = `${path}.new`;
  const file = await open(unfinished, "w");
  try {
    await file.writeFile(Genesis.encode(genesis));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
};

/** Key of who owns the network's own tenants. */
export const ownerKeyOf = (path: string): string => join(path, "owner.json");

const create = async (path: string, choice: NetworkChoice, nowMs: number): Promise<void> => {
  const { validators, tenants, epochLength } = { ...defaultChoice, ...choice };
  await rm(join(path, "validators"), { recursive: true, force: true });
  const signers: BlsSigner[] = [];
  for (let index = 0; index < validators; index++) {
    await mkdir(folderOf(path, index), { recursive: true, mode: 0o700 });
    signers.push(await createKeyFile(keyFileOf(path, index)));
  }
  await rm(ownerKeyOf(path), { force: true });
  const { publicKey: owner } = await createKeyFile(ownerKeyOf(path));
  const salt = asRoot(new Uint8Array(randomBytes(32)));
  const genesis = createGenesis({ salt, timestampMs: nowMs, epochLength, signers, tenants, owner });
  await writeGenesis(genesisFileOf(path), genesis);
};

const tenantsOf = (genesis: Genesis): TenantName[] =>
  tenantPlans
    .filter(({ domain }) => genesis.tenants.some((tenant) => tenant.domain === domain))
    .map(({ name }) => name);

const refuseOtherChoice = (path: string, genesis: Genesis, choice: NetworkChoice): void => {
  const stored = {
    "--validators": String(genesis.validators.length),
    "--tenants": tenantsOf(genesis).join(","),
    "--epoch-length": String(genesis.epochLength),
  } as const;
  const asked = {
    "--validators": choice.validators?.toString(),
    "--tenants": choice.tenants?.join(","),
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

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Loads the network of a locked data directory; makes it first when there is none.
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
  return {
    genesis,
    genesisFile,
    genesisRoot,
    trustedRoot: ValidatorSet.root({ genesis: genesisRoot, epoch: asEpoch(0), members }),
    tenants: tenantsOf(genesis),
    validators,
  };
};
