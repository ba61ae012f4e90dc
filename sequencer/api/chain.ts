/** Routes that read the chain: status, blocks, slices, summaries, certificates, validator sets. */
import * as z from "zod";
import { createGate } from "../../adapters/http/gate.ts";
import { transactionId } from "../../protocol/batch.ts";
import { failure, LockstepError, type Result, success } from "../../protocol/errors.ts";
import { asDomain, asEpoch, asHeight, type Domain, type Height } from "../../protocol/ids.ts";
import { Summary } from "../../protocol/summary.ts";
import { ValidatorSet } from "../../protocol/validators.ts";
import type { EpochInfo, NodeService } from "../service.ts";
import { busy } from "./answer.ts";
import { apiLimits } from "./limits.ts";
import { type Api, domainParam, heightParam, none, serveGet } from "./route.ts";

const found = <T>(value: T | undefined, message: string, fields: Readonly<Record<string, unknown>>): Result<T> =>
  value === undefined ? failure("not_found", message, fields) : success(value);

const heightOf = (text: string, latest: Height): Height => (text === "latest" ? latest : asHeight(Number(text)));

const epochAnswer = ({ set, transition }: EpochInfo) => ({
  set,
  root: ValidatorSet.root(set),
  ...(transition ? { transition } : {}),
});

const notFinalized = (service: NodeService, height: Height): string =>
  height === 0
    ? "height 0 is genesis, which nobody voted for: see /v1/genesis"
    : `height ${height} is not finalized here: the newest finalized height is ${service.status().finalized}`;

const noSlice = (service: NodeService, height: Height, domain: Domain): string =>
  height === 0 || height > service.status().finalized
    ? notFinalized(service, height)
    : `domain ${domain} is no tenant at height ${height}: /v1/status lists the tenants`;

export const serveChain = (api: Api, service: NodeService): void => {
  const { code, message } = busy.error;
  const slices = createGate(apiLimits.slices, apiLimits.waitingSlices, () => new LockstepError(code, message));
  const height = z.object({ height: heightParam });

  serveGet(api, {
    path: "/v1/status",
    summary: "What this node says of itself",
    params: none,
    query: none,
    answers: "Status",
    handle: async () => success(service.status()),
  });

  serveGet(api, {
    path: "/v1/genesis",
    summary: "The genesis of this network; its root names it",
    params: none,
    query: none,
    answers: "Genesis",
    handle: async () => success({ genesis: service.genesis, root: service.genesisRoot }),
  });

  serveGet(api, {
    path: "/v1/blocks/{height}",
    summary: "A finalized block: header, proposal and certificate",
    params: height,
    query: none,
    answers: "Block",
    handle: async (params) => {
      const at = heightOf(params.height, service.status().finalized);
      return found(await service.block(at), notFinalized(service, at), { height: at });
    },
  });

  serveGet(api, {
    path: "/v1/blocks/{height}/tenants/{domain}",
    summary: "What was ordered for a tenant at a height, with proof, and what became of it",
    params: z.object({ height: heightParam, domain: domainParam }),
    query: none,
    answers: "Slice",
    handle: async (params) => {
      const at = heightOf(params.height, service.status().finalized);
      const domain = asDomain(Number(params.domain));
      const slice = await slices(() => service.slice(at, domain));
      return found(slice && { ...slice, leaves: slice.entries.map(transactionId) }, noSlice(service, at, domain), {
        height: at,
        domain,
      });
    },
  });

  serveGet(api, {
    path: "/v1/summaries/{height}",
    summary: "What executing a height came to",
    params: height,
    query: none,
    answers: "Summary",
    handle: async (params) => {
      const { executed } = service.status();
      const at = heightOf(params.height, executed);
      const summary = await service.summary(at);
      return found(
        summary && { summary, root: Summary.root(summary) },
        `height ${at} is not executed here: the newest executed height is ${executed}`,
        { height: at },
      );
    },
  });

  serveGet(api, {
    path: "/v1/certificates/latest",
    summary: "The newest final execution certificate",
    params: none,
    query: none,
    answers: "FinalCertificate",
    handle: async () => {
      const certificate = await service.latestCertificate();
      return certificate === undefined
        ? failure("not_certified_yet", "no height is under a final execution certificate yet: try again in a moment")
        : success(certificate);
    },
  });

  serveGet(api, {
    path: "/v1/epochs/{epoch}",
    summary: "A validator set, and the finalized block that names it",
    params: z.object({ epoch: heightParam }),
    query: none,
    answers: "Epoch",
    handle: async (params) => {
      const current = service.status().epoch;
      const epoch = params.epoch === "latest" ? current : asEpoch(Number(params.epoch));
      const info = await service.epoch(epoch);
      return found(info && epochAnswer(info), `epoch ${epoch} has not begun here: this is epoch ${current}`, { epoch });
    },
  });

  serveGet(api, {
    path: "/v1/validators",
    summary: "The validator set of the epoch in progress",
    params: none,
    query: none,
    answers: "Epoch",
    handle: async () => success(epochAnswer({ set: service.validators() })),
  });
};
