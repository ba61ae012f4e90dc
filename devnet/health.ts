/** What a devnet asks its own validators: whether they serve which tenants, and how far they are. */
import { z } from "zod";
import type { NodeReady } from "../cli/nodeReady.ts";
import { LockstepError } from "../protocol/errors.ts";
import type { TenantPlan } from "./tenants.ts";

const Tenant = z.object({
  domain: z.int(),
  vm: z.string(),
  /** Absent where the VM has no API of its own. */
  rpc: z.string().optional(),
  ws: z.string().optional(),
});

const Status = z.object({
  finalized: z.int(),
  certified: z.int(),
  peers: z.array(z.unknown()),
  mempool: z.object({ transactions: z.int() }),
  tenants: z.array(Tenant),
});

export type ServedTenant = z.infer<typeof Tenant>;

export type ValidatorStatus = {
  height: number;
  certified: number;
  peers: number;
  pending: number;
  tenants: ServedTenant[];
};

const answerTimeoutMs = 3000;
const pauseMs = 100;

const ask = async (url: string, init: RequestInit, signal: AbortSignal): Promise<unknown> => {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]);
    const response = await fetch(url, { ...init, signal: limit });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
};

/** `undefined` when the node doesn't answer. */
export const readStatus = async (api: string, signal: AbortSignal): Promise<ValidatorStatus | undefined> => {
  const parsed = Status.safeParse(await ask(`${api}/v1/status`, {}, signal));
  if (!parsed.success) return undefined;
  const { finalized, certified, peers, mempool, tenants } = parsed.data;
  return { height: finalized, certified, peers: peers.length, pending: mempool.transactions, tenants };
};

/** In order of the nodes. */
export const readStatuses = (
  nodes: readonly NodeReady[],
  signal: AbortSignal,
): Promise<(ValidatorStatus | undefined)[]> => Promise.all(nodes.map(({ api }) => readStatus(api, signal)));

const request = { method: "POST", headers: { "content-type": "application/json" } } as const;

const jsonRpc = (method: string, params: readonly unknown[]) => ({ jsonrpc: "2.0", id: 1, method, params });

const zero32 = `0x${"00".repeat(32)}`;

/** For each VM with an API, something that its executor answers. */
const questions: Readonly<Record<string, unknown>> = {
  evm: jsonRpc("eth_getBalance", [`0x${"00".repeat(20)}`, "latest"]),
  cairo: jsonRpc("starknet_blockNumber", []),
  svm: jsonRpc("getBalance", ["11111111111111111111111111111111"]),
  fuel: { query: `{ balance(owner: "${zero32}", assetId: "${zero32}") { amount } }` },
};

const answers = async ({ vm, rpc }: ServedTenant, signal: AbortSignal): Promise<boolean> => {
  if (rpc === undefined) return false;
  const answer = await ask(rpc, { ...request, body: JSON.stringify(questions[vm]) }, signal);
  const { result, data } = (answer ?? {}) as { result?: unknown; data?: unknown };
  return (result ?? data ?? undefined) !== undefined;
};

/** What one validator still lacks, in words. */
const lackOf = async (
  node: NodeReady,
  tenants: readonly TenantPlan[],
  others: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const status = await readStatus(node.api, signal);
  if (status === undefined) return `the API of validator ${node.index} doesn't answer`;
  if (status.peers < others) return `validator ${node.index} reaches ${status.peers} of ${others} others`;
  for (const { name, domain, port } of tenants) {
    const served = status.tenants.find((tenant) => tenant.domain === domain);
    if (served === undefined) return `${name} is not active at validator ${node.index}`;
    if (port !== undefined && !(await answers(served, signal))) {
      return `the ${name} RPC of validator ${node.index} doesn't answer`;
    }
  }
  return undefined;
};

/**
 * Resolves once every validator reaches all others and every one of `tenants` answers at each of them.
 *
 * @throws LockstepError `not_serving` after `timeoutMs`, with what is missing
 */
export const untilServing = async (
  nodes: readonly NodeReady[],
  tenants: readonly TenantPlan[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!signal.aborted) {
    const lacks = await Promise.all(nodes.map((node) => lackOf(node, tenants, nodes.length - 1, signal)));
    const lack = lacks.find((text) => text !== undefined);
    if (lack === undefined) return;
    if (Date.now() > deadline) {
      throw new LockstepError(
        "not_serving",
        `The validators run, but after ${timeoutMs / 1000} s ${lack}; their logs are in the data directory.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
};
