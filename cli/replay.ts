/** `lockstep replay`: executes a tenant again from its certified inputs, and compares what comes out. */
import type { ReplayedBlock, Replayer } from "../adapters/evm/replay.ts";
import type { LightClient } from "../messaging/light-client/client.ts";
import { tenantOf } from "../messaging/light-client/execution.ts";
import { type ProvenHistory, proveHistory, stepsOf } from "../messaging/light-client/history.ts";
import type { Proof, Refusal } from "../messaging/light-client/refusal.ts";
import { equalBytes, type Hex, toHex } from "../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../protocol/errors.ts";
import { vmName } from "../protocol/genesis.ts";
import { asHeight, type Domain, type Height } from "../protocol/ids.ts";
import type { Summary, TenantSummary } from "../protocol/summary.ts";
import type { Registration } from "../protocol/tenant.ts";
import type { ExitCode } from "./command.ts";
import { connect, parseDomain, parseTrustedApi, type TrustedApi } from "./trustedApi.ts";

export type ReplayArguments = {
  /** `http://host:port` of any node's API. */
  api: string;
  /** Root of a validator set, 32 bytes in hexadecimal. */
  trust?: string;
  /** The EVM tenant. */
  domain?: string;
  /** Last height; without it, the newest certified one. */
  to?: string;
  json?: boolean;
};

export type Output = { write(text: string): unknown };

type Task = TrustedApi & { domain: Domain; to?: Height };

/** Where the certified summary and the replayed block differ. */
type Difference = { height: number; what: string; replayed?: Hex; certified?: Hex; message: string };

type Replayed = { height: number; transactions: number; gasUsed: number; blockHash: Hex };

/** How a replay ended; `unproven` comes from the proofs, `difference` from executing. */
type Ending = { replayed: Replayed & { first: number } } | { difference: Difference } | { unproven: Refusal };

/** Heights between two lines of progress. */
const progressHeights = 500;

const parseArguments = ({ api, trust, domain, to }: ReplayArguments): Result<Task> => {
  const trusted = parseTrustedApi(api, trust);
  if (!trusted.ok) return trusted;
  const tenant = parseDomain("domain", domain, "the EVM tenant to replay: a devnet's is 31337");
  if (!tenant.ok) return tenant;
  if (to !== undefined && !/^[1-9][0-9]{0,14}$/.test(to)) {
    return failure("usage", `--to ${to} is no height: give a whole number from 1 on`);
  }
  return success({
    ...trusted.value,
    domain: tenant.value,
    ...(to === undefined ? {} : { to: asHeight(Number(to)) }),
  });
};

const roots = {
  stateRoot: "state root",
  receiptsRoot: "receipts root",
  blockHash: "block hash",
  auxRoot: "auxiliary root",
} as const satisfies Partial<Record<keyof TenantSummary, string>>;

/** The first root that differs, in the order in which one leads to the next. */
const differenceOf = (height: number, block: ReplayedBlock, certified: TenantSummary): Difference | undefined => {
  for (const [key, what] of Object.entries(roots) as [keyof typeof roots, string][]) {
    if (equalBytes(block[key], certified[key])) continue;
    const [mine, theirs] = [toHex(block[key]), toHex(certified[key])];
    const message = `height ${height}: the ${what} is ${mine} when replayed, the certified one is ${theirs}`;
    return { height, what, replayed: mine, certified: theirs, message };
  }
  return undefined;
};

const unknownTenant = (domain: Domain): Refusal => ({
  code: "unknown_tenant",
  message: `the certified summary has no tenant with domain ${domain}: /v1/status lists the tenants`,
});

/** The tenant's genesis, executed; the config is that which the trusted root commits to. */
const openReplayer = async ({ domain, config, budget }: Registration): Promise<Proof<Replayer>> => {
  // Loaded here alone: the library is large, and no other command needs it.
  const { createReplayer } = await import("../adapters/evm/replay.ts");
  try {
    return success(await createReplayer(domain, config, budget));
  } catch (error) {
    if (error instanceof LockstepError) return failure("unsupported_vm", error.message);
    throw error;
  }
};

const replayHeights = async (
  replayer: Replayer,
  history: ProvenHistory,
  { domain, activatedAt, last }: { domain: Domain; activatedAt: Height; last: Height },
  progress: (at: Replayed) => void,
): Promise<Ending> => {
  const compare = (block: ReplayedBlock, { height, ...summary }: Summary): Ending | undefined => {
    const certified = tenantOf({ height, ...summary }, domain);
    if (certified === undefined) return { unproven: unknownTenant(domain) };
    const difference = differenceOf(height, block, certified);
    return difference && { difference };
  };

  const start = await history.summary(activatedAt);
  if (!start.ok) return { unproven: start.error };
  const began = compare(replayer.genesis, start.value);
  if (began) return began;

  let [transactions, gasUsed] = [0, 0];
  let head = replayer.genesis;
  for await (const step of stepsOf(history, domain, activatedAt, last)) {
    if (!step.ok) return { unproven: step.error };
    const { header, headerRoot, inputs, summary } = step.value;
    const { height, timestampMs, parent } = header;
    const block = await replayer.apply({ timestampMs, header: headerRoot, parent, inputs });
    if (!block.ok)
      return { difference: { height, what: "input", message: `height ${height}: ${block.error.message}` } };
    const ended = compare(block.value, summary);
    if (ended) return ended;
    head = block.value;
    transactions += head.transactions;
    gasUsed += head.gasUsed;
    if (height % progressHeights === 0) progress({ height, transactions, gasUsed, blockHash: toHex(head.blockHash) });
  }
  return { replayed: { first: activatedAt, height: last, transactions, gasUsed, blockHash: toHex(head.blockHash) } };
};

/** What a tenant was registered with, in genesis or later, and the height of its block 0. */
const findTenant = async (
  client: LightClient,
  domain: Domain,
): Promise<Proof<{ registration: Registration; activatedAt: Height }>> => {
  const genesis = await client.genesis();
  if (!genesis.ok) return genesis;
  const founding = genesis.value.tenants.find((tenant) => tenant.domain === domain);
  if (founding !== undefined) return success({ registration: founding, activatedAt: asHeight(0) });
  const later = await client.tenant(domain);
  if (!later.ok) return later;
  const { registration, tenant } = later.value;
  return success({ registration, activatedAt: tenant.activatedAt });
};

const replay = async ({ domain, to, ...trusted }: Task, say: (text: string) => void): Promise<Ending> => {
  const { client, transport } = connect(trusted);
  const newest = to === undefined ? await client.execution() : await client.summary(to);
  if (!newest.ok) return { unproven: newest.error };
  const summary = "summary" in newest.value ? newest.value.summary : newest.value;
  const { height } = summary;
  if (tenantOf(summary, domain) === undefined) return { unproven: unknownTenant(domain) };
  const tenant = await findTenant(client, domain);
  if (!tenant.ok) return { unproven: tenant.error };
  const { registration, activatedAt } = tenant.value;
  const vm = vmName(registration.vm);
  if (vm !== "evm") {
    const message = `domain ${domain} is ${vm === undefined ? "of an unknown VM" : `a tenant of VM ${vm}`}: EVM tenants can be replayed`;
    return { unproven: { code: "unsupported_vm", message } };
  }
  say(
    `proven: height ${height} is certified by more than two thirds of the validators that the trusted root leads to\n`,
  );
  const history = await proveHistory(transport, summary);
  if (!history.ok) return { unproven: history.error };
  say(`proven: its summary names that of every height before it, down to genesis\n`);

  const replayer = await openReplayer(registration);
  if (!replayer.ok) return { unproven: replayer.error };
  return replayHeights(
    replayer.value,
    history.value,
    { domain, activatedAt, last: height },
    ({ height: at, transactions }) =>
      say(`replayed: ${at} of ${height} heights, ${transactions} transactions; all roots are equal so far\n`),
  );
};

const sentencesOf = (ending: Ending, domain: Domain): string => {
  if ("unproven" in ending) return `not proven: ${ending.unproven.message} (${ending.unproven.code})\n`;
  if ("difference" in ending) {
    return `differs: ${ending.difference.message}\nEither the validators' engine or this one is wrong there; up to the height before, both agree.\n`;
  }
  const { first, height, transactions, gasUsed } = ending.replayed;
  return [
    `equal: tenant ${domain}, executed from its genesis and inputs alone on an engine of its own, comes to the certified block`,
    ` hash, state root and receipts root at every height from ${first} to ${height}: ${transactions} transactions, ${gasUsed} gas.\n`,
  ].join("");
};

const jsonOf = (ending: Ending, domain: Domain): object => {
  if ("unproven" in ending) return { equal: false, domain, error: ending.unproven };
  if ("difference" in ending) return { equal: false, domain, difference: ending.difference };
  return { equal: true, domain, ...ending.replayed };
};

/** Replays from genesis to the newest certified height, or to `to`; tells in words what that confirmed. */
export const runReplay = async (args: ReplayArguments, out: Output): Promise<ExitCode> => {
  const asJson = args.json === true;
  const line = (value: object): unknown => out.write(`${JSON.stringify(value)}\n`);
  const task = parseArguments(args);
  if (!task.ok) {
    if (asJson) line({ error: task.error });
    else out.write(`lockstep replay: ${task.error.message}\n`);
    return 2;
  }
  const { domain } = task.value;
  const ending = await replay(task.value, (text) => {
    if (!asJson) out.write(text);
  });
  if (asJson) line(jsonOf(ending, domain));
  else out.write(sentencesOf(ending, domain));
  if ("replayed" in ending) return 0;
  return "unproven" in ending && ending.unproven.code === "unreachable" ? 2 : 1;
};
