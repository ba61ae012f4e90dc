/** Routes for tenants: which there are, a proof of one, and what changes them. */
import * as z from "zod";
import { controlDomain } from "../../protocol/control.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { asDomain } from "../../protocol/ids.ts";
import type { ControlWire } from "../../protocol/wire.ts";
import type { NodeService } from "../service.ts";
import { type MediaType, parseJsonControl } from "./body.ts";
import { servePost } from "./post.ts";
import { type Api, domainParam, none, serveGet } from "./route.ts";

/** The node understood it, and the order would not take it. */
const refusedStatus = 422;

const submit = async (
  service: NodeService,
  body: Uint8Array,
  type: MediaType,
): Promise<Result<z.output<typeof ControlWire>>> => {
  const parsed = type === "application/json" ? parseJsonControl(body) : success(body);
  if (!parsed.ok) return parsed;
  const [taken] = await service.submit(controlDomain, [parsed.value]);
  if (taken === undefined) return failure("unavailable", "this node takes nothing in just now: try again in a moment");
  return taken.ok ? success({ id: taken.value.id }) : taken;
};

const serveControl = (api: Api, service: NodeService): void =>
  servePost(api, {
    path: "/v1/control",
    summary: "Submits one control transaction: a registration, a change of a tenant's status, a recovery",
    request: "ControlRequest",
    octets: "the SSZ encoding of a control transaction",
    answers: "Control",
    description: "It is acknowledged: /v1/transactions/{id} tells what becomes of it",
    refusedStatus,
    handle: (body, type) => submit(service, body, type),
  });

export const serveTenants = (api: Api, service: NodeService): void => {
  serveControl(api, service);

  serveGet(api, {
    path: "/v1/tenants",
    summary: "Every tenant of the ordering state, as this node sees it",
    params: none,
    query: none,
    answers: "Tenants",
    handle: async () => success(service.tenants()),
  });

  serveGet(api, {
    path: "/v1/tenants/{domain}",
    summary: "A tenant, its registration, and the proof that a finalized header commits to both",
    params: z.object({ domain: domainParam }),
    query: none,
    answers: "TenantProof",
    handle: async (params) => {
      const domain = asDomain(Number(params.domain));
      const proof = service.tenant(domain);
      if (proof !== undefined) return success(proof);
      const isKnown = service.tenants().some((tenant) => tenant.domain === domain);
      return isKnown
        ? failure("not_finalized_yet", "no finalized header commits to this tenant yet: try again in a moment", {
            domain,
          })
        : failure("not_found", `no tenant has domain ${domain}: /v1/tenants lists them`, { domain });
    },
  });
};
