/** Routes for transactions: submitting them, and asking where one stands. */
import * as z from "zod";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { failure, type Result, success } from "../../protocol/errors.ts";
import { asDomain, asRoot } from "../../protocol/ids.ts";
import type { NodeService } from "../service.ts";
import { type MediaType, parseJsonSubmission, parseOctets, type Submission } from "./body.ts";
import { servePost } from "./post.ts";
import { type Api, domainParam, invalidRequest, serveGet } from "./route.ts";

const notHex = failure(
  "undecodable",
  "this transaction is not hexadecimal with a leading 0x and an even number of digits",
);

/** Answers in the order of the transactions, whichever of them reached the node. */
const submit = async (service: NodeService, { domain, transactions }: Submission) => {
  const decoded = transactions.filter((bytes) => bytes !== undefined);
  const answers = decoded.length === 0 ? [] : await service.submit(domain, decoded);
  let next = 0;
  return transactions.map((bytes) => {
    const answer = bytes === undefined ? notHex : answers[next++];
    return answer?.ok ? answer.value : { error: (answer ?? notHex).error };
  });
};

const octetQuery = z.object({ domain: domainParam });

const parseSubmission = (type: MediaType, query: unknown, body: Uint8Array): Result<Submission> => {
  if (type === "application/json") return parseJsonSubmission(body);
  const parsed = octetQuery.safeParse(query);
  if (!parsed.success) return { ok: false, error: invalidRequest(parsed.error) };
  const transactions = parseOctets(body);
  if (!transactions.ok) return transactions;
  return success({ domain: asDomain(Number(parsed.data.domain)), transactions: transactions.value });
};

const serveSubmission = (api: Api, service: NodeService): void =>
  servePost(api, {
    path: "/v1/transactions",
    summary: "Submits a tenant's transactions; each is acknowledged or refused",
    query: z.object({ domain: domainParam.optional() }),
    request: "SubmissionRequest",
    octets: "repeated u32 big-endian length and bytes; needs ?domain=",
    answers: "Submission",
    description: "An answer each, in order",
    handle: async (body, type, query) => {
      const submission = parseSubmission(type, query, body);
      return submission.ok ? success(await submit(service, submission.value)) : submission;
    },
  });

export const serveTransactions = (api: Api, service: NodeService): void => {
  serveSubmission(api, service);
  serveGet(api, {
    path: "/v1/transactions/{id}",
    summary: "Where a transaction stands, by its Lockstep id, or with `domain` by its native id",
    params: z.object({
      id: z
        .string()
        .regex(/^0x(?:[0-9a-fA-F]{2}){1,64}$/, "is hexadecimal with a leading 0x")
        .describe("sha256 of its bytes, or with `domain` the id its VM gives it"),
    }),
    query: z.object({ domain: domainParam.optional() }),
    answers: "Transaction",
    handle: async ({ id }, { domain }) => {
      const bytes = fromHex(id);
      if (domain === undefined && bytes?.length !== 32) {
        return failure("invalid_request", "a Lockstep id has 32 bytes; add ?domain= to ask by a native id");
      }
      const status =
        domain === undefined
          ? await service.transaction(asRoot(bytes as Uint8Array))
          : await service.transactionByNativeId(asDomain(Number(domain)), id.toLowerCase() as Hex);
      return status === undefined
        ? failure("not_found", `this node knows no transaction ${id}`, {
            id,
            ...(domain ? { domain: Number(domain) } : {}),
          })
        : success(status);
    },
  });
};
