import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asDomain, asHeight } from "../../protocol/ids.ts";
import type { EventWire } from "../../protocol/wire.ts";
import { change, fromQuery, type Subscription, wants } from "./subscription.ts";

const certified: EventWire = { topic: "certified", height: asHeight(1), carrier: asHeight(2) };
const tenant = { topic: "tenant", domain: asDomain(1) } as EventWire;
const query = (text: string) => fromQuery(new URLSearchParams(text));
const none: Subscription = { topics: new Set() };

describe("a subscription", () => {
  test("starts from the address: topics in one or several parameters, domains as a filter", () => {
    expect(query("")).toEqual({ ok: true, value: none });
    expect(query("topics=finalized,tenant&topics=certified&domain=1&domain=501")).toEqual({
      ok: true,
      value: { topics: new Set(["finalized", "tenant", "certified"]), domains: new Set([1, 501]) },
    });
    for (const text of ["topics=blocks", "domain=x", "domain=-1", "domain=4294967296", "domain=1e1"]) {
      expect(query(text)).toMatchObject({ ok: false, error: { code: "invalid_request" } });
    }
  });

  test("changes by messages", () => {
    const steps: [string, Subscription][] = [
      ['{"subscribe":["finalized","tenant"]}', { topics: new Set(["finalized", "tenant"]) }],
      ['{"subscribe":[],"domains":[1]}', { topics: new Set(["finalized", "tenant"]), domains: new Set([asDomain(1)]) }],
      ['{"unsubscribe":["finalized"]}', { topics: new Set(["tenant"]), domains: new Set([asDomain(1)]) }],
    ];
    let now = none;
    for (const [message, after] of steps) {
      const changed = change(now, message);
      expect(changed).toEqual({ ok: true, value: after });
      if (changed.ok) now = changed.value;
    }
  });

  test("filters tenants' events by domain, and no others", () => {
    const topics = new Set(["tenant", "certified"] as const);
    expect(wants({ topics }, tenant)).toBe(true);
    expect(wants({ topics, domains: new Set([asDomain(501)]) }, tenant)).toBe(false);
    expect(wants({ topics, domains: new Set([asDomain(501)]) }, certified)).toBe(true);
    expect(wants(none, certified)).toBe(false);
  });

  test("refuses any other message in words", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (message) => {
        const changed = change(none, message);
        expect(changed.ok ? "" : changed.error.message).toContain("topics are finalized, executed, certified, tenant");
      }),
    );
  });
});
