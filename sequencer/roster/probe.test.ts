import { expect, test } from "vitest";
import type { Seal } from "../../adapters/adapter.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asDomain, zeroRoot } from "../../protocol/ids.ts";
import { registrationOf } from "../../test/fixtures/registration.ts";
import { rosterLimits } from "./limits.ts";
import { createProbe } from "./probe.ts";

const nothing = new Uint8Array();
const roots = { blockHash: zeroRoot, stateRoot: zeroRoot, auxRoot: zeroRoot, receiptsRoot: zeroRoot };
const seal: Seal = { number: 0, ...roots, gasUsed: 0, block: nothing, diff: nothing };
const registration = (domain: number) => registrationOf(asDomain(domain), "data");

/** An engine that answers when it is told to. */
const createEngine = () => {
  const asked: { domain: number; answer(outcome: Seal | Error): void }[] = [];
  const probe = createProbe(
    ({ domain }) =>
      new Promise((resolve, reject) => {
        asked.push({ domain, answer: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)) });
      }),
  );
  return { asked, probe };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("one registration is looked at after the other, and one that is asked about again only once", async () => {
  const { asked, probe } = createEngine();
  const answers = [probe(registration(5)), probe(registration(6)), probe(registration(5))];
  await turn();
  expect(asked.map(({ domain }) => domain)).toEqual([5]);
  asked[0]?.answer(seal);
  await turn();
  expect(asked.map(({ domain }) => domain)).toEqual([5, 6]);
  asked[1]?.answer(seal);
  for (const answer of answers) expect(await answer).toEqual({ ok: true, value: seal });
  expect(await probe(registration(6))).toEqual({ ok: true, value: seal });
  expect(asked).toHaveLength(2);
});

test("a refusal is not remembered", async () => {
  const { asked, probe } = createEngine();
  const refused = probe(registration(5));
  await turn();
  asked[0]?.answer(new LockstepError("engine_missing", "it is being built"));
  expect(await refused).toMatchObject({ ok: false, error: { code: "engine_missing" } });
  const taken = probe(registration(5));
  await turn();
  asked[1]?.answer(seal);
  expect((await taken).ok).toBe(true);
});

test("no more wait than the limit says", async () => {
  const { asked, probe } = createEngine();
  const answers = Array.from({ length: rosterLimits.probes }, (_, i) => probe(registration(100 + i)));
  expect(await probe(registration(99))).toMatchObject({ ok: false, error: { code: "unavailable" } });
  for (const i of answers.keys()) {
    await turn();
    asked[i]?.answer(seal);
  }
  for (const answer of answers) expect((await answer).ok).toBe(true);
});
