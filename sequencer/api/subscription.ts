/** What one reader of the stream wants to hear, and how it says so. */
import * as z from "zod";
import { failure, type Result, success } from "../../protocol/errors.ts";
import type { Domain } from "../../protocol/ids.ts";
import { type Topic, topics } from "../../protocol/wire.ts";
import { apiLimits } from "./limits.ts";

export type Subscription = {
  readonly topics: ReadonlySet<Topic>;
  /** Tenants whose events are wanted; all when absent. */
  readonly domains?: ReadonlySet<Domain>;
};

/** Whether an event is for this reader. Events of no tenant, without `domain`, pass any filter of domains. */
export const wants = ({ topics, domains }: Subscription, event: { topic: Topic; domain?: Domain }): boolean =>
  topics.has(event.topic) && (event.domain === undefined || domains === undefined || domains.has(event.domain));

const topicList = z.array(z.enum(topics)).max(topics.length);
const domainList = z
  .array(
    z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
  )
  .max(apiLimits.domains);

const requests = z.union([
  z.strictObject({ subscribe: topicList, domains: z.exactOptional(domainList) }),
  z.strictObject({ unsubscribe: topicList }),
]);

const help = `topics are ${topics.join(", ")}`;

/** Reads `?topics=finalized,tenant&domain=1&domain=501` of the address that a reader connects to. */
export const fromQuery = (query: URLSearchParams): Result<Subscription> => {
  const list = (name: string) => query.getAll(name).flatMap((text) => (text === "" ? [] : text.split(",")));
  const subscribe = topicList.safeParse([...new Set(list("topics"))]);
  if (!subscribe.success) return failure("invalid_request", `the parameter topics is wrong: ${help}`);
  const names = list("domain");
  const domains = domainList.safeParse(names.map((text) => (/^[0-9]{1,10}$/.test(text) ? Number(text) : -1)));
  if (!domains.success) {
    return failure("invalid_request", `the parameter domain is wrong: up to ${apiLimits.domains} numbers below 2^32`);
  }
  return success({
    topics: new Set(subscribe.data),
    ...(names.length > 0 ? { domains: new Set(domains.data as Domain[]) } : {}),
  });
};

/**
 * What a reader's message makes of its subscription: `{"subscribe": [topics], "domains"?: [domains]}` adds topics and, when
 * it names domains, replaces the filter; `{"unsubscribe": [topics]}` removes topics.
 */
export const change = (subscription: Subscription, message: string): Result<Subscription> => {
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return failure("invalid_request", `the message is not JSON: send {"subscribe": ["finalized"]}; ${help}`);
  }
  const request = requests.safeParse(json);
  if (!request.success) {
    return failure(
      "invalid_request",
      `send {"subscribe": [topics], "domains": [numbers]} or {"unsubscribe": [topics]}; ${help}`,
    );
  }
  const { topics: now, domains } = subscription;
  const filter = domains === undefined ? {} : { domains };
  if ("unsubscribe" in request.data) {
    const gone = new Set<Topic>(request.data.unsubscribe);
    return success({ topics: new Set([...now].filter((topic) => !gone.has(topic))), ...filter });
  }
  const { subscribe, domains: named } = request.data;
  return success({
    topics: new Set([...now, ...subscribe]),
    ...(named === undefined ? filter : { domains: new Set(named as Domain[]) }),
  });
};
