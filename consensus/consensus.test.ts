import { describe, expect, test } from "vitest";
import { sha256 } from "../protocol/hash.ts";
import { asEpoch, asHeight, asValidatorIndex } from "../protocol/ids.ts";
import type { ValidatorSet } from "../protocol/validators.ts";
import type { Application, FinalizedBlock } from "./application.ts";
import { createBlst, createSigner, generateSecretKey } from "./certificate/blst.ts";
import { type ConsensusEvent, createConsensus } from "./consensus.ts";
import { createLedger, genesisHeader } from "./simulator/application.ts";
import { createWorld } from "./simulator/world.ts";

const self = asValidatorIndex(0);
const signer = createSigner(generateSecretKey(new Uint8Array(32).fill(1)));
const root = sha256(Uint8Array.of(1));
const set: ValidatorSet = { genesis: root, epoch: asEpoch(0), members: [{ publicKey: signer.publicKey, weight: 1 }] };

/** One validator whose application is an honest ledger, but for some methods. */
const alone = (change: (honest: Application) => Partial<Application> = () => ({})) => {
  const world = createWorld({ seed: 1, nodes: 1 });
  const events: ConsensusEvent[] = [];
  const boot = (from: number) => {
    const runtime = world.runtime(self);
    const ledger = createLedger({ self, runtime, set, epochLength: 100, thinkMs: 1, executed: undefined });
    const told: FinalizedBlock[] = [];
    const consensus = createConsensus(
      {
        genesis: { root, header: genesisHeader(1), epochLength: 100 },
        self,
        signer,
        bls: createBlst(),
        runtime,
        network: world.network(self),
        disk: world.disk(self),
        application: {
          ...ledger,
          finalized: (block) => {
            told.push(block);
            ledger.finalized(block);
          },
          ...change(ledger),
        },
        log: (event) => events.push(event),
      },
      asHeight(from),
    );
    return { consensus, told };
  };
  return { world, events, boot };
};

const failures = (events: readonly ConsensusEvent[]): string[] =>
  events.flatMap((event) => (event.event === "applicationFailed" ? [event.call] : []));

describe("at the start", () => {
  test("the application hears of every block above what it has executed, in order", async () => {
    const { world, boot } = alone();
    const first = boot(0);
    void first.consensus.start();
    await world.run(() => first.told.length === 5);
    world.crash(self);
    let second: ReturnType<typeof boot> | undefined;
    world.restart(self, async () => {
      second = boot(2);
      await second.consensus.start();
    });
    await world.run(() => (second?.told.length ?? 0) >= 5);
    expect(second?.told.map(({ header }) => header.height)).toEqual([3, 4, 5, 6, 7]);
  });

  test("an application that is ahead of the disk is refused", async () => {
    const { world, boot } = alone();
    const refused = expect(boot(3).consensus.start()).rejects.toMatchObject({ code: "consensus_behind_application" });
    await world.run(10);
    await refused;
  });
});

test("finalized blocks are read back from disk", async () => {
  const { world, boot } = alone();
  const { consensus, told } = boot(0);
  void consensus.start();
  await world.run(() => told.length === 2);
  const read = Promise.all([0, 2, 9].map((height) => consensus.finalizedBlock(asHeight(height))));
  await world.run(10);
  expect(await read).toEqual([undefined, told[1], undefined]);
});

test("after a stop nothing happens any more", async () => {
  const { world, boot } = alone();
  const { consensus, told } = boot(0);
  void consensus.start();
  await world.run(() => told.length === 2);
  await consensus.stop();
  await world.run(10_000);
  consensus.workArrived();
  expect(told.length).toBe(2);
});

describe("an application that throws", () => {
  const failing = (times: number) => {
    let left = times;
    return () => {
      if (left-- > 0) throw new Error("not today");
    };
  };

  test.each<["propose" | "finalized" | "hasWork"]>([["propose"], ["finalized"], ["hasWork"]])(
    "in %s is reported, and consensus goes on",
    async (call) => {
      const fail = failing(2);
      const { world, events, boot } = alone((honest) => ({
        [call]: (...args: never[]) => {
          fail();
          return (honest[call] as (...args: never[]) => unknown)(...args);
        },
      }));
      const { consensus } = boot(0);
      void consensus.start();
      await world.run(() => consensus.status().height >= 4);
      expect(failures(events)).toEqual([call, call]);
    },
  );

  test("when it can't name the next validators, consensus halts", async () => {
    const { world, events, boot } = alone((honest) => ({
      validatorsOf: (epoch) => {
        if (epoch > 0) throw new Error("unknown epoch");
        return honest.validatorsOf(epoch);
      },
      hasWork: () => true,
    }));
    const { consensus } = boot(0);
    void consensus.start();
    await world.run(() => events.some(({ event }) => event === "halted"));
    expect(await consensus.halted).toMatchObject({ message: "unknown epoch" });
    expect(consensus.status().height).toBe(100);
  });
});
