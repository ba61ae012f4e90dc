import { describe, expect, test } from "vitest";
import { asValidatorIndex, type ValidatorIndex } from "../../protocol/ids.ts";
import { leaderOf } from "../simplex/state.ts";
import type { Adversary } from "./adversaries/adversary.ts";
import { doubleMinded } from "./adversaries/doubleMinded.ts";
import { equivocatingLeader } from "./adversaries/equivocatingLeader.ts";
import { equivocatingVoter } from "./adversaries/equivocatingVoter.ts";
import { forger } from "./adversaries/forger.ts";
import { garbageSender } from "./adversaries/garbageSender.ts";
import { silentLeader } from "./adversaries/silentLeader.ts";
import { type Cluster, createCluster } from "./cluster.ts";

const liar = asValidatorIndex(2);

const run = async (adversary: Adversary, seed: number, height = 25): Promise<Cluster> => {
  const cluster = createCluster({
    seed,
    nodes: 4,
    epochLength: 10,
    adversaries: { [liar]: adversary },
    maxMs: 300_000,
  });
  const submit = (): void => {
    for (const node of cluster.honest) if (cluster.isUp(node)) cluster.submit(node);
    cluster.world.after(200, submit);
  };
  cluster.world.after(200, submit);
  await cluster.reach(height);
  return cluster;
};

const penaltiesOf = (cluster: Cluster, matching: RegExp): Set<ValidatorIndex> =>
  new Set(
    cluster.world.penalties.filter(({ by, reason }) => by !== liar && matching.test(reason)).map(({ peer }) => peer),
  );

const equivocators = (cluster: Cluster): Set<number> =>
  new Set(
    cluster.honest.flatMap((node) =>
      cluster.eventsOf(node).flatMap((event) => (event.event === "equivocation" ? [event.validator] : [])),
    ),
  );

describe.each([1, 2])("one validator of four lies (seed %i):", (seed) => {
  test("an equivocating leader is found out by what the others notarized", async () => {
    const cluster = await run(equivocatingLeader, seed);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(equivocators(cluster)).toEqual(new Set([liar]));
  });

  test("an equivocating voter is reported and penalized, and nobody else is", async () => {
    const cluster = await run(equivocatingVoter, seed);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(equivocators(cluster)).toEqual(new Set([liar]));
    expect(penaltiesOf(cluster, /contradicted/)).toEqual(new Set([liar]));
  });

  test("who nullifies and finalizes the same view is reported and penalized", async () => {
    const cluster = await run(doubleMinded, seed);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(equivocators(cluster)).toEqual(new Set([liar]));
    expect(penaltiesOf(cluster, /contradicted/)).toEqual(new Set([liar]));
  });

  test("garbage counts against its sender only", async () => {
    const cluster = await run(garbageSender, seed, 15);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(penaltiesOf(cluster, /./)).toEqual(new Set([liar]));
  });

  test("a silent leader loses its own views only", async () => {
    const cluster = await run(silentLeader, seed, 15);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(cluster.oracle.nullified().length).toBeGreaterThan(0);
    for (const { epoch, view } of cluster.oracle.nullified()) expect(leaderOf(epoch, view, 4)).toBe(liar);
  });

  test("forged votes and certificates are found, and penalized", async () => {
    const cluster = await run(forger, seed);
    expect(await cluster.oracle.verdict()).toEqual([]);
    expect(penaltiesOf(cluster, /forged a (notarize|finalize)/)).toEqual(new Set([liar]));
    expect(penaltiesOf(cluster, /forged certificate/)).toEqual(new Set([liar]));
    expect(penaltiesOf(cluster, /vote of validator/)).toEqual(new Set([liar]));
    for (const { certificate } of cluster.oracle.chain()) expect(certificate.signers.get(liar)).toBe(false);
  });
});
