/** Routes for bundles: submitting and simulating one, asking where one stands, and what a sponsor has. */
import * as z from "zod";
import type { SimulatedLeg } from "../../adapters/adapter.ts";
import { createGate } from "../../adapters/http/gate.ts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { asBundleId, asSponsor } from "../../protocol/ids.ts";
import type { BundleSimulationWire } from "../../protocol/wire.ts";
import { decodeBundle } from "../bundle/admission.ts";
import type { BundleSimulation, NodeService } from "../service.ts";
import { busy } from "./answer.ts";
import { type MediaType, parseJsonBundle } from "./body.ts";
import { apiLimits } from "./limits.ts";
import { servePost } from "./post.ts";
import { type Api, none, serveGet } from "./route.ts";

/** The node understood it, and nothing could come of it. */
const refusedStatus = 422;

const bytes32Param = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "is 32 bytes in hexadecimal with a leading 0x")
  .describe("32 bytes in hexadecimal");

const bytes32 = (text: string): Uint8Array => fromHex(text as Hex) ?? new Uint8Array(32);

const bundleBytes = (body: Uint8Array, type: MediaType): Result<Uint8Array> =>
  type === "application/json" ? parseJsonBundle(body) : success(body);

const legAnswer = ({ execution, reason, fee, logs, sent, consumed }: SimulatedLeg) => ({
  succeeded: execution.kind === "applied" && execution.succeeded,
  ...(execution.kind === "applied"
    ? { nativeId: execution.nativeId, gas: execution.gas, gasUsed: execution.gasUsed }
    : {}),
  fee,
  ...(reason === undefined ? {} : { reason }),
  logs: [...logs],
  sent: [...sent],
  consumed: [...consumed],
});

const simulationAnswer = ({ legs, ...simulation }: BundleSimulation): BundleSimulationWire => ({
  ...simulation,
  legs: legs.map(legAnswer),
});

const octets = "the SSZ encoding of a bundle";

const serveSubmission = (api: Api, service: NodeService): void =>
  servePost(api, {
    path: "/v1/bundles",
    summary: "Submits one bundle: its legs are executed all or none, in one block",
    request: "BundleRequest",
    octets,
    answers: "SubmittedBundle",
    description: "It is acknowledged: /v1/bundles/{id} tells what becomes of it",
    refusedStatus,
    handle: async (body, type) => {
      const bytes = bundleBytes(body, type);
      return bytes.ok ? await service.submitBundle(bytes.value) : bytes;
    },
  });

const serveSimulation = (api: Api, service: NodeService): void => {
  const { code, message } = busy.error;
  const gate = createGate(apiLimits.simulations, apiLimits.waitingSimulations, () => new LockstepError(code, message));
  servePost(api, {
    path: "/v1/bundles/simulate",
    summary: "Executes a bundle without effect; the sponsor need not have signed it",
    request: "BundleRequest",
    octets,
    answers: "BundleSimulation",
    description: "What each leg comes to, on top of the newest executed blocks",
    refusedStatus,
    handle: async (body, type) => {
      const bytes = bundleBytes(body, type);
      const bundle = bytes.ok ? decodeBundle(bytes.value) : bytes;
      if (!bundle.ok) return bundle;
      const simulated = await gate(() => service.simulateBundle(bundle.value));
      return simulated.ok ? success(simulationAnswer(simulated.value)) : simulated;
    },
  });
};

export const serveBundles = (api: Api, service: NodeService): void => {
  serveSubmission(api, service);
  serveSimulation(api, service);

  serveGet(api, {
    path: "/v1/bundles/{id}",
    summary: "Where a bundle stands; once executed, the summary of its height says so too",
    params: z.object({ id: bytes32Param }),
    query: none,
    answers: "Bundle",
    handle: async ({ id }) => {
      const status = await service.bundle(asBundleId(bytes32(id)));
      const message = `no bundle ${id} is known here: it was never taken in, or is void, and so has no end`;
      return status === undefined ? failure("not_found", message, { id }) : success(status);
    },
  });

  serveGet(api, {
    path: "/v1/sponsors/{sponsor}",
    summary: "What a sponsor of bundles has at each tenant, after the newest executed height",
    params: z.object({ sponsor: bytes32Param }),
    query: none,
    answers: "Sponsor",
    handle: async ({ sponsor }) => success(service.sponsor(asSponsor(bytes32(sponsor)))),
  });
};
