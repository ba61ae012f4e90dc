/** `lockstep verify`: checks what a node says against a validator-set root that its user trusts. */
import { formatEther, formatUnits } from "viem";
import { strkAddress } from "../adapters/cairo/genesis.ts";
import { balanceOf, balanceSlots } from "../adapters/cairo/token.ts";
import { type EvmConfig, parseEvmConfig } from "../adapters/evm/genesis.ts";
import { addressText } from "../adapters/svm/proof.ts";
import type { LightClient } from "../messaging/light-client/client.ts";
import { type FuelUtxoId, utxoText } from "../messaging/light-client/fuelState.ts";
import type { Proof, Refusal } from "../messaging/light-client/refusal.ts";
import { fromHex, type Hex, toHex } from "../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../protocol/errors.ts";
import { vmName } from "../protocol/genesis.ts";
import { asBundleId, asDomain, asRoot, type BundleId, type Domain, type Root } from "../protocol/ids.ts";
import type { Registration } from "../protocol/tenant.ts";
import { describeTenant } from "../sequencer/roster/view.ts";
import { connect, parseDomain, parseTrustedApi, type TrustedApi } from "./trustedApi.ts";

export type VerifyArguments = {
  /** `http://host:port` of any node's API. */
  api: string;
  /** Root of a validator set, 32 bytes in hexadecimal. */
  trust?: string;
  /** Lockstep id of a transaction. */
  transaction?: string;
  /** `<domain>:<address>` of an EVM, SVM or Cairo tenant's account. */
  account?: string;
  /** `<domain>:<utxo id>` of a Fuel tenant's coin. */
  coin?: string;
  /** `<domain>:<contract>:<slot>` of a Fuel tenant. */
  slot?: string;
  /** Id of a bundle that was executed. */
  bundle?: string;
  /** Domain of a tenant whose registration is to be proven. */
  tenant?: string;
  json?: boolean;
};

export type Output = { write(text: string): unknown };

/** 0 proven, 1 refuted or not provable, 2 wrongly called or no answer. */
export type ExitCode = 0 | 1 | 2;

/** Something that was proven: a sentence, and its facts. */
type Check = { proven: string; facts: Readonly<Record<string, unknown>> };

type Task = TrustedApi & {
  transaction?: Root;
  account?: { domain: Domain; address: string };
  coin?: { domain: Domain; utxoId: FuelUtxoId };
  slot?: { domain: Domain; contractId: Hex; slot: Hex };
  bundle?: BundleId;
  tenant?: Domain;
};

/** Genesis accounts of a tenant that are tried until one still has funds. */
const accountsTried = 10;

const lower = (hex: string): Hex => hex.toLowerCase() as Hex;

const parseCoin = (coin: string | undefined): Result<Pick<Task, "coin">> => {
  const [, domain, txId, index] = /^([0-9]{1,10}):(0x[0-9a-fA-F]{64})([0-9a-fA-F]{4})$/.exec(coin ?? "") ?? [];
  if (coin === undefined) return success({});
  return domain && txId && index
    ? success({
        coin: { domain: asDomain(Number(domain)), utxoId: { txId: lower(txId), index: Number.parseInt(index, 16) } },
      })
    : failure("usage", `--coin ${coin} is no <domain>:<utxo id>: give one like 9889:0x…, 34 bytes in hexadecimal`);
};

const parseSlot = (slot: string | undefined): Result<Pick<Task, "slot">> => {
  const [, domain, contract, place] = /^([0-9]{1,10}):(0x[0-9a-fA-F]{64}):(0x[0-9a-fA-F]{64})$/.exec(slot ?? "") ?? [];
  if (slot === undefined) return success({});
  return domain && contract && place
    ? success({ slot: { domain: asDomain(Number(domain)), contractId: lower(contract), slot: lower(place) } })
    : failure("usage", `--slot ${slot} is no <domain>:<contract>:<slot>: both have 32 bytes, 9889:0x…:0x…`);
};

const parseArguments = ({
  api,
  trust,
  transaction,
  account,
  bundle,
  tenant,
  ...fuel
}: VerifyArguments): Result<Task> => {
  const trusted = parseTrustedApi(api, trust);
  if (!trusted.ok) return trusted;
  const id = transaction === undefined ? undefined : fromHex(transaction);
  if (transaction !== undefined && id?.length !== 32) {
    return failure(
      "usage",
      `--transaction ${transaction} is no Lockstep id: 0x and 64 hexadecimal digits, the sha256 of its bytes`,
    );
  }
  const [, domain, address] =
    /^([0-9]{1,10}):(0x[0-9a-fA-F]{1,64}|[1-9A-HJ-NP-Za-km-z]{32,44})$/.exec(account ?? "") ?? [];
  if (account !== undefined && (domain === undefined || address === undefined)) {
    return failure(
      "usage",
      `--account ${account} is no <domain>:<address>: give one like 31337:0xf39F…, 20 bytes in hexadecimal, 501:9xQe…, 32 bytes in base58, or 9004:0x4718…, a number of Starknet`,
    );
  }
  const registered = tenant === undefined ? undefined : parseDomain("tenant", tenant, "a tenant's number: 31337");
  if (registered?.ok === false) return registered;
  const coin = parseCoin(fuel.coin);
  if (!coin.ok) return coin;
  const slot = parseSlot(fuel.slot);
  if (!slot.ok) return slot;
  const bundleId = bundle === undefined ? undefined : fromHex(bundle);
  if (bundle !== undefined && bundleId?.length !== 32) {
    return failure("usage", `--bundle ${bundle} is no bundle's id: 0x and 64 hexadecimal digits, as it was sent`);
  }
  return success({
    ...coin.value,
    ...slot.value,
    ...trusted.value,
    ...(registered ? { tenant: registered.value } : {}),
    ...(id ? { transaction: asRoot(id) } : {}),
    ...(bundleId ? { bundle: asBundleId(bundleId) } : {}),
    ...(domain && address ? { account: { domain: asDomain(Number(domain)), address } } : {}),
  });
};

/** An EVM address has 20 bytes; an address of Starknet that is as short can be written with more zeros. */
const isEvm = (address: string): address is Hex => /^0x[0-9a-fA-F]{40}$/.test(address);
const isCairo = (address: string): address is Hex => address.startsWith("0x");

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const checkTransaction = async (client: LightClient, id: Root): Promise<Proof<Check>> => {
  const found = await client.transaction(id);
  if (!found.ok) return found;
  const { domain, height, index, outcome, reason } = found.value;
  const became = {
    ordered: "what became of it is not certified yet",
    applied: "the certified inputs apply it",
    omitted: `the certified inputs leave it out: ${reason}`,
    returned: `the certified inputs return it to the mempool: ${reason}`,
  }[outcome];
  return success({
    proven: `transaction ${toHex(id)} is entry ${index} of tenant ${domain} at height ${height}; ${became}`,
    facts: { transaction: found.value },
  });
};

const checkBundle = async (client: LightClient, id: BundleId): Promise<Proof<Check>> => {
  const found = await client.bundle(id);
  if (!found.ok) return found;
  const { height, committed } = found.value;
  const became = committed ? "committed: all its legs were applied" : "undone: none of its legs was applied";
  return success({
    proven: `bundle ${toHex(id)} was executed at height ${height} and ${became}, as the certified summary says`,
    facts: { bundle: toHex(id), height, committed },
  });
};

const checkAccount = async (
  client: LightClient,
  domain: Domain,
  address: Hex,
): Promise<Proof<Check & { balance: bigint }>> => {
  const found = await client.account(domain, address);
  if (!found.ok) return found;
  const { exists, height, tenant, account } = found.value;
  const { balance, nonce } = account;
  const state = exists ? `has ${formatEther(balance)} ETH and nonce ${nonce}` : "does not exist";
  return success({
    proven: `account ${address} of tenant ${domain} ${state} in the certified state of block ${tenant.number}`,
    facts: { domain, address, exists, height, number: tenant.number, stateRoot: tenant.stateRoot, balance, nonce },
    balance,
  });
};

const lamportsPerSol = 9;

const checkSvmAccount = async (client: LightClient, domain: Domain, address: string): Promise<Proof<Check>> => {
  const found = await client.svmAccount(domain, address);
  if (!found.ok) return found;
  const { account, height, tenant } = found.value;
  const state =
    account === undefined
      ? "does not exist"
      : `has ${formatUnits(account.lamports, lamportsPerSol)} SOL and ${plural(account.data.length, "byte")} of data, owned by ${addressText(account.owner)}`;
  return success({
    proven: `account ${address} of tenant ${domain} ${state} in the certified state of block ${tenant.number}`,
    facts: {
      ...{ domain, address, exists: account !== undefined, height, number: tenant.number, stateRoot: tenant.stateRoot },
      ...(account === undefined ? {} : { ...account, owner: addressText(account.owner) }),
    },
  });
};

const checkCairoAccount = async (client: LightClient, domain: Domain, address: Hex): Promise<Proof<Check>> => {
  const found = await client.cairoContract(domain, address);
  if (!found.ok) return found;
  const token = await client.cairoContract(domain, strkAddress, balanceSlots(address));
  if (!token.ok) return token;
  const { exists, classHash, nonce, height, tenant } = found.value;
  const balance = balanceOf(token.value.slots);
  const state = exists ? `has class ${classHash} and nonce ${BigInt(nonce)}` : "does not exist";
  const newer = token.value.tenant.number === tenant.number ? "" : `; as of block ${token.value.tenant.number}`;
  return success({
    proven: `contract ${address} of tenant ${domain} ${state} in the certified state of block ${tenant.number}${newer}, it has ${formatEther(balance)} STRK`,
    facts: {
      ...{ domain, address, exists, height, number: tenant.number, stateRoot: tenant.stateRoot },
      ...{ classHash, nonce: BigInt(nonce), balance, balanceNumber: token.value.tenant.number },
    },
  });
};

const inState = ({ domain, number }: { domain: Domain; number: number }): string =>
  `of tenant ${domain} in the certified state of block ${number}`;

const checkFuelCoin = async (client: LightClient, domain: Domain, utxoId: FuelUtxoId): Promise<Proof<Check>> => {
  const found = await client.fuelCoin(domain, utxoId);
  if (!found.ok) return found;
  const { coin, height, tenant } = found.value;
  const { number, stateRoot } = tenant;
  const state =
    coin === undefined
      ? "is not there, or spent"
      : `is worth ${coin.amount} of asset ${coin.assetId}, owned by ${coin.owner}`;
  return success({
    proven: `coin ${utxoText(utxoId)} ${inState({ domain, number })} ${state}`,
    facts: { domain, utxoId: utxoText(utxoId), exists: coin !== undefined, height, number, stateRoot, ...coin },
  });
};

const checkFuelSlot = async (
  client: LightClient,
  { domain, contractId, slot }: NonNullable<Task["slot"]>,
): Promise<Proof<Check>> => {
  const found = await client.fuelSlot(domain, contractId, slot);
  if (!found.ok) return found;
  const { height, tenant } = found.value;
  const { number, stateRoot } = tenant;
  const value = found.value.value && toHex(found.value.value);
  return success({
    proven: `slot ${slot} of contract ${contractId} ${inState({ domain, number })} holds ${value ?? "nothing"}`,
    facts: {
      domain,
      contractId,
      slot,
      exists: value !== undefined,
      height,
      number,
      stateRoot,
      ...(value ? { value } : {}),
    },
  });
};

const checkTenant = async (client: LightClient, domain: Domain): Promise<Proof<Check>> => {
  const found = await client.tenant(domain);
  if (!found.ok) return found;
  const { block, registration, tenant } = found.value;
  const { name, vm, status, owner, activatedAt } = describeTenant(tenant, registration);
  const { height } = block.header;
  const root = toHex(tenant.registration);
  return success({
    proven: `tenant ${domain} (${name}, ${vm}) is ${status} as of height ${height}, owned by ${toHex(owner)}; what it was registered with has the root ${root}`,
    facts: { domain, name, vm, status, owner, activatedAt, height, registration: tenant.registration },
  });
};

/** An account that the tenant's genesis funded and that has funds still; nothing where no such is found. */
const checkFundedAccount = async (
  client: LightClient,
  { domain, config, budget }: Registration,
): Promise<Proof<Check[]>> => {
  let alloc: EvmConfig["alloc"];
  try {
    ({ alloc } = parseEvmConfig(domain, config, budget));
  } catch (error) {
    if (error instanceof LockstepError) return failure("unsupported_vm", error.message);
    throw error;
  }
  const funded = Object.entries(alloc).filter(
    ([, { code, balance }]) => code === undefined && BigInt(balance ?? 0) > 0n,
  );
  for (const [address] of funded.slice(0, accountsTried)) {
    const account = await checkAccount(client, domain, address as Hex);
    if (!account.ok) return account;
    if (account.value.balance > 0n) return success([account.value]);
  }
  return success([]);
};

/** Calls `report` with each check as it is proven; what can't be proven ends it. */
const prove = async (client: LightClient, task: Task, report: (check: Check) => void): Promise<Refusal | undefined> => {
  const set = await client.validators();
  if (!set.ok) return set.error;
  const { epoch, members, genesis: network } = set.value;
  report({
    proven: `the trusted root leads to the ${plural(members.length, "validator")} of epoch ${epoch}`,
    facts: { genesis: network, epoch, validators: members.length },
  });

  const execution = await client.execution();
  if (!execution.ok) return execution.error;
  const { carrier, certified, summary } = execution.value;
  const { height } = certified;
  report({
    proven: `height ${height} is certified: more than two thirds of its validators attested to what executing it came to, and final block ${carrier.header.height} carries their certificate`,
    facts: { height, summaryRoot: certified.summaryRoot, carrier: carrier.header.height },
  });

  if (task.transaction) {
    const transaction = await checkTransaction(client, task.transaction);
    if (!transaction.ok) return transaction.error;
    report(transaction.value);
  }
  if (task.account) {
    const { domain, address } = task.account;
    const account = isEvm(address)
      ? await checkAccount(client, domain, address)
      : isCairo(address)
        ? await checkCairoAccount(client, domain, address)
        : await checkSvmAccount(client, domain, address);
    if (!account.ok) return account.error;
    report(account.value);
  }
  if (task.tenant !== undefined) {
    const tenant = await checkTenant(client, task.tenant);
    if (!tenant.ok) return tenant.error;
    report(tenant.value);
  }
  if (task.coin) {
    const coin = await checkFuelCoin(client, task.coin.domain, task.coin.utxoId);
    if (!coin.ok) return coin.error;
    report(coin.value);
  }
  if (task.slot) {
    const slot = await checkFuelSlot(client, task.slot);
    if (!slot.ok) return slot.error;
    report(slot.value);
  }
  if (task.bundle) {
    const bundle = await checkBundle(client, task.bundle);
    if (!bundle.ok) return bundle.error;
    report(bundle.value);
  }
  if (task.bundle || task.transaction || task.account || task.coin || task.slot || task.tenant !== undefined)
    return undefined;

  for (const { domain } of summary.tenants) {
    const slice = await client.inputs(height, domain);
    if (!slice.ok) return slice.error;
    const { entries, inputs } = slice.value;
    report({
      proven: `tenant ${domain}: exactly ${plural(entries.length, "transaction")} ordered at height ${height}, and its ${plural(inputs.length, "input")} are those that were executed`,
      facts: { domain, height, entries: entries.length, inputs: inputs.length },
    });
  }

  for (const { domain } of summary.tenants) {
    const tenant = await client.tenant(domain);
    if (!tenant.ok) return tenant.error;
    const { registration } = tenant.value;
    if (vmName(registration.vm) !== "evm") continue;
    const accounts = await checkFundedAccount(client, registration);
    if (!accounts.ok) return accounts.error;
    for (const account of accounts.value) report(account);
  }
  return undefined;
};

const jsonLine = (value: unknown): string =>
  `${JSON.stringify(value, (_key, field: unknown) =>
    field instanceof Uint8Array ? toHex(field) : typeof field === "bigint" ? field.toString() : field,
  )}\n`;

/** Proves the newest certificate, every tenant's slice there and a funded account, or what is named; tells it in words. */
export const runVerify = async (args: VerifyArguments, out: Output): Promise<ExitCode> => {
  const asJson = args.json === true;
  const task = parseArguments(args);
  if (!task.ok) {
    out.write(asJson ? jsonLine({ error: task.error }) : `lockstep verify: ${task.error.message}\n`);
    return 2;
  }
  const { client } = connect(task.value);
  const checks: Check[] = [];
  const report = (check: Check): void => {
    checks.push(check);
    if (!asJson) out.write(`proven: ${check.proven}\n`);
  };
  const refusal = await prove(client, task.value, report);
  if (asJson) out.write(jsonLine({ proven: refusal === undefined, checks, ...(refusal ? { error: refusal } : {}) }));
  else if (refusal) out.write(`not proven: ${refusal.message} (${refusal.code})\n`);
  else out.write("All of this follows from the trusted root alone.\n");
  if (refusal === undefined) return 0;
  return refusal.code === "unreachable" ? 2 : 1;
};
