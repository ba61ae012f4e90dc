/** What a devnet asks its own validators: whether they serve, and how far they are. */
import { z } from "zod";
import type { NodeReady } from "../cli/nodeReady.ts";
import { LockstepError } from "../protocol/errors.ts";

const Status = z.object({
  finalized: z.int(),
  certified: z.int(),
  peers: z.array(z.unknown()),
  mempool: z.object({ transactions: z.int() }),
});

export type ValidatorStatus = { height: number; certified: number; peers: number; pending: number };

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
  const { finalized, certified, peers, mempool } = parsed.data;
  return { height: finalized, certified, peers: peers.length, pending: mempool.transactions };
};

const request = { method: "POST", headers: { "content-type": "application/json" } } as const;

/** What each VM's API answers with a text as soon as it serves. */
const simplestMethods: Readonly<Record<string, string>> = { evm: "eth_chainId", svm: "getGenesisHash" };

const answers = async (vm: string, rpc: string, signal: AbortSignal): Promise<boolean> => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: simplestMethods[vm], params: [] });
  const answer = await ask(rpc, { ...request, body }, signal);
  return typeof (answer as { result?: unknown } | undefined)?.result === "string";
};

/** What one validator still lacks, in words. */
const lackOf = async (node: NodeReady, others: number, signal: AbortSignal): Promise<string | undefined> => {
  const status = await readStatus(node.api, signal);
  if (status === undefined) return `the API of validator ${node.index} doesn't answer`;
  if (status.peers < others) return `validator ${node.index} reaches ${status.peers} of ${others} others`;
  for (const { vm, rpc } of node.tenants) {
    if (rpc !== undefined && !(await answers(vm, rpc, signal))) {
      return `the ${vm} RPC of validator ${node.index} doesn't answer`;
    }
  }
  return undefined;
};

/**
 * Resolves once every validator reaches all others and every tenant answers at each of them.
 *
 * @throws LockstepError `not_serving` after `timeoutMs`, with what is missing
 */
export const untilServing = async (
  nodes: readonly NodeReady[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!signal.aborted) {
    const lacks = await Promise.all(nodes.map((node) => lackOf(node, nodes.length - 1, signal)));
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
