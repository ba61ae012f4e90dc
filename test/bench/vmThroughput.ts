/** A VM's transfers through its engine alone, and through networks. */
import { plansOf } from "../../devnet/tenants.ts";
import { chunksOf } from "./bodies.ts";
import type { EngineRate, EngineRun } from "./engine.ts";
import type { Load } from "./load.ts";
import { type Network, startNetwork } from "./network.ts";
import type { Target } from "./progress.ts";
import { measureThroughput, type Phase, type Throughput } from "./throughput.ts";
import { interleave, signTransfers, type Transfers } from "./transfers.ts";
import type { Endpoint, VmName } from "./vms/part.ts";
import { vmParts } from "./vms/vms.ts";
import { startWorker } from "./worker.ts";
import type { Workspace } from "./workspace.ts";

/** Gives transfers for whoever knows `recent`; signs them only once where nothing of the kind matters. */
export type Signed = (recent?: string) => Promise<Transfers>;

export const prepareTransfers = (workspace: Workspace, vm: VmName, perSender: number): Signed => {
  if (vmParts[vm].recent !== undefined) return (recent) => signTransfers(workspace, vm, perSender, recent);
  let signed: Promise<Transfers> | undefined;
  return () => {
    signed ??= signTransfers(workspace, vm, perSender);
    return signed;
  };
};

export const measureVmEngine = async (workspace: Workspace, vm: VmName, signed: Signed): Promise<EngineRate> => {
  const { recent, perBlock } = vmParts[vm];
  const { warmUp, measured } = await signed(await recent?.engine());
  return workspace.using(
    () => startWorker<EngineRun, EngineRate>("./engine.ts"),
    (worker) => {
      const first = interleave(warmUp);
      const transactions = [...first, ...interleave(measured)];
      return worker.ask({ vm, transactions, warmUp: first.length, perBlock });
    },
  );
};

/** A connection for each sender, spread over the endpoints. */
export const loadOf = (
  vm: VmName,
  transfers: readonly Uint8Array[][],
  endpoints: readonly Endpoint[],
  target: Target,
): Load => {
  const { batch, request } = vmParts[vm];
  return {
    target,
    connections: transfers.map((own, at) => {
      const endpoint = endpoints[at % endpoints.length] ?? { api: "", rpc: "" };
      const requests = chunksOf(own, batch).map((each) => request(each, endpoint));
      const { url = "", contentType = "" } = requests[0] ?? {};
      return { url, contentType, bodies: requests.map(({ body }) => body) };
    }),
    transactions: transfers.reduce((sum, own) => sum + own.length, 0),
  };
};

/** @param gas of one transfer */
export const networkLoad = async (
  vm: VmName,
  phase: Phase,
  signed: Signed,
  { apis, rpcs }: Network,
  gas: number,
): Promise<Load> => {
  const [plan] = plansOf([vm]);
  const endpoints = apis.map((api, i) => ({ api, rpc: rpcs[i]?.[vm] ?? "" }));
  const recent = await vmParts[vm].recent?.network(endpoints[0] ?? { api: "", rpc: "" });
  const target: Target = { kind: "lockstep", api: apis[0] ?? "", domain: plan?.domain ?? 0, gas };
  return loadOf(vm, (await signed(recent))[phase], endpoints, target);
};

export const measureVm = (
  workspace: Workspace,
  vm: VmName,
  validators: 1 | 4,
  signed: Signed,
  { gas }: EngineRate,
): Promise<Throughput> =>
  workspace.using(
    () => startNetwork(workspace, validators, [vm]),
    (network) =>
      measureThroughput(workspace, { validator: network.validators, executor: network.executors }, (phase) =>
        networkLoad(vm, phase, signed, network, gas),
      ),
  );
