/** A validator gone bad: it is banned for a while by whom it abuses, and nobody else is the worse for it. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBlst } from "../../consensus/certificate/blst.ts";
import { assembleCertificate } from "../../consensus/certificate/verify.ts";
import { encodeMessage } from "../../consensus/simplex/codec.ts";
import { contextOf, type Statement, type ViewCertificate } from "../../consensus/simplex/statement.ts";
import { syncLimits } from "../../consensus/sync/limits.ts";
import { encodeSyncMessage } from "../../consensus/sync/messages.ts";
import { Batch, SignedBatch } from "../../protocol/batch.ts";
import { concatBytes, fromHex } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import {
  asDomain,
  asEpoch,
  asHeight,
  asPublicKey,
  asRoot,
  asValidatorIndex,
  asView,
  type Root,
} from "../../protocol/ids.ts";
import { channels } from "../../protocol/ports.ts";
import { signingRoot } from "../../protocol/signing.ts";
import { batchSigningRoot } from "../../sequencer/batch/exchange.ts";
import { batchLimits } from "../../sequencer/batch/limits.ts";
import { encodeJournalMessage } from "../../sequencer/mempool/replication.ts";
import { createHonest, type Honest, metricsOf, residentMiB } from "./abuse/honest.ts";
import { createTraitor, p2pAddress, type Traitor } from "./abuse/traitor.ts";
import { allReach, heightOf } from "./agreement.ts";
import { pause, status, until } from "./api.ts";
import { gone, isAlive } from "./commands.ts";
import { type Devnet, startDevnet, startValidator } from "./devnet.ts";
import { dataDomain, evmDomain } from "./load.ts";

const bad = 3;
const others = [0, 1, 2];
/** Queues, windows and caches of one peer are some 200 MiB at most. */
const mostMiB = 1024;

let devnet: Devnet;
let honest: Honest;
let traitor: Traitor;
let deaf: Traitor;
let addresses: string[];
let apis: string[];

beforeAll(async () => {
  devnet = await startDevnet({ flags: ["--no-restart"] });
  honest = await createHonest(devnet.ready);
  const { validators } = devnet.ready;
  apis = validators.map(({ api }) => api);
  addresses = await Promise.all(validators.map(({ dataDir }) => p2pAddress(dataDir)));
  const { pid, dataDir } = validators[bad] ?? { pid: 0, dataDir: "" };
  process.kill(pid, "SIGKILL");
  await gone([pid]);
  traitor = await createTraitor(dataDir);
  deaf = await createTraitor(dataDir, { deaf: true });
});
afterAll(async () => {
  await traitor?.stop();
  await deaf?.stop();
  await devnet?.remove();
});

const apiOf = (index: number): string => apis[index] ?? "";
const connect = (victim: number, by = traitor) => by.connect(addresses[victim] ?? "");
/** Once the last ban is over. */
const reconnect = (victim: number, by = traitor) =>
  until(`validator ${victim} takes the traitor back`, () => connect(victim, by).catch(() => undefined));

const bansOf = async (victim: number, peer: number): Promise<number> =>
  (await metricsOf(apiOf(victim))).sum("lockstep_peer_bans_total", { peer: String(peer) });

/** Abuses a validator until it bans the abuser. */
const banned = async (victim: number, abuse: () => Promise<unknown>): Promise<void> => {
  const before = await bansOf(victim, bad);
  await until(`validator ${victim} bans the abuser`, async () => {
    await abuse();
    return (await bansOf(victim, bad)) > before;
  });
  expect((await metricsOf(apiOf(victim))).sum("lockstep_peer_connected", { peer: String(bad) })).toBe(0);
};

/** Whoever is abused, the honest neither are banned nor lose each other, and none takes memory without end. */
const expectOthersUnharmed = async (): Promise<void> => {
  for (const index of others) {
    const metrics = await metricsOf(apiOf(index));
    for (const peer of others.filter((other) => other !== index)) {
      const labels = { peer: String(peer) };
      expect(metrics.sum("lockstep_peer_penalties_total", labels)).toBe(0);
      expect(metrics.sum("lockstep_peer_bans_total", labels)).toBe(0);
      expect(metrics.sum("lockstep_peer_connected", labels)).toBe(1);
    }
    const pid = devnet.pids()[index] ?? 0;
    expect(isAlive(pid)).toBe(true);
    expect(await residentMiB(pid)).toBeLessThan(mostMiB);
  }
};

const whileHonestGoOn = async (abuse: Promise<unknown>): Promise<void> => {
  expect(await honest.certifyWhile(others, abuse)).toBeGreaterThan(0);
  await expectOthersUnharmed();
};

const repeated = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** A batch of the abuser's, as it travels, signed for the network with a genesis. */
const batchOf = (genesis: Root, sequence: number, transactions: readonly Uint8Array[]): Uint8Array => {
  const batch: Batch = {
    producer: traitor.signer.publicKey,
    sequence,
    transactions: transactions.map((bytes) => ({ domain: asDomain(dataDomain), gas: bytes.length, bytes })),
    bundles: [],
  };
  const digest = sha256(Batch.encode(batch));
  const signature = traitor.signer.sign(batchSigningRoot(genesis, sequence, digest));
  return concatBytes(Uint8Array.of(1), SignedBatch.encode({ batch, signature }));
};

describe("is banned for a while", () => {
  test("for garbage on any channel", () =>
    whileHonestGoOn(
      Promise.all(
        channels.slice(0, 3).map(async (channel, victim) => {
          const foothold = await connect(victim);
          await banned(victim, () =>
            foothold.send(channel, ...repeated(4, () => concatBytes(Uint8Array.of(9), random(40)))),
          );
          await foothold.ended;
        }),
      ),
    ));

  test("for frames longer than any message, in what it says and what it sends", () =>
    whileHonestGoOn(
      Promise.all(
        others.map(async (victim) => {
          const channel = channels[victim + 2] ?? "pool";
          const foothold = await reconnect(victim);
          await banned(victim, () =>
            foothold.write(channel, concatBytes(Uint8Array.of(0x00, 0xa0, 0, 0), random(2 ** 20))),
          );
          await foothold.ended;
        }),
      ),
    ));

  /** Of another network, as whoever was a validator there could have signed it. */
  const foreign: Root = asRoot(new Uint8Array(32).fill(7));

  test("for certificates and batches signed for another genesis", () =>
    whileHonestGoOn(
      Promise.all([
        (async () => {
          const foothold = await reconnect(0);
          const forge = async (view: number): Promise<Uint8Array> => {
            const { epoch } = await status(apiOf(0));
            const statement: Statement = {
              kind: "notarize",
              proposal: { epoch: asEpoch(epoch), view: asView(view), parentView: asView(0), headerRoot: foreign },
            };
            const signature = traitor.signer.sign(signingRoot(contextOf(foreign, statement)));
            const votes = others.map((signer) => ({ signer: asValidatorIndex(signer), signature }));
            const members = devnet.ready.validators.map(({ publicKey }) => ({
              publicKey: asPublicKey(fromHex(publicKey) ?? new Uint8Array()),
              weight: 1,
            }));
            const set = { genesis: traitor.genesis, epoch: asEpoch(epoch), members };
            const certificate: ViewCertificate = {
              ...statement,
              certificate: assembleCertificate(createBlst(), set, votes),
            };
            return encodeMessage({ type: "certificate", certificate });
          };
          await banned(0, async () => {
            const { view } = await status(apiOf(0));
            await foothold.send("consensus", ...(await Promise.all(repeated(8, (i) => forge(view + 5 + i)))));
          });
        })(),
        (async () => {
          const foothold = await reconnect(1);
          let sequence = 10_000;
          const forge = () => batchOf(foreign, sequence++, [random(40)]);
          await banned(1, () => foothold.send("batch", ...repeated(4, forge)));
        })(),
      ]),
    ));

  test("for asking for blocks faster than anybody needs them, and for transactions that can never be valid", () =>
    whileHonestGoOn(
      Promise.all([
        (async () => {
          const foothold = await reconnect(0);
          const height = await heightOf([apiOf(0)]);
          const request = (id: number) => ({
            id,
            from: asHeight(1),
            count: Math.min(height, syncLimits.requestBlocks),
          });
          const flood = repeated(4000, (id) => encodeSyncMessage({ type: "request", request: request(id) }));
          await foothold.send("sync", ...flood);
          await banned(0, () => pause());
        })(),
        (async () => {
          const foothold = await reconnect(2);
          const junk = repeated(4096, () => ({ domain: asDomain(evmDomain), bytes: random(100) }));
          await foothold.send("pool", encodeJournalMessage(junk));
          await banned(2, () => pause());
        })(),
      ]),
    ));

  test("for connecting again and again", () =>
    whileHonestGoOn(
      (async () => {
        await reconnect(1);
        await banned(1, () => connect(1).catch(() => undefined));
      })(),
    ));
});

describe("costs no more than its bounds", () => {
  test("when it asks for many batches, and sends what is known again and again", () =>
    whileHonestGoOn(
      (async () => {
        const foothold = await reconnect(2);
        const digests = await batchesUpTo(await heightOf([apiOf(2)]));
        const request = concatBytes(
          Uint8Array.of(3),
          ...repeated(batchLimits.requestDigests, (i) => digests[i % digests.length] ?? new Uint8Array(32)),
        );
        await foothold.send("batch", ...repeated(200, () => request));
        await until("batches come", async () => foothold.heard.batch > 0);

        const known = batchOf(
          traitor.genesis,
          20_000,
          repeated(16, () => random(2 ** 16)),
        );
        const before = (await metricsOf(apiOf(2))).sum("lockstep_peer_received_total", { channel: "batch" });
        for (let round = 0; round < 100; round++) await foothold.send("batch", known);
        await until("all of them are taken", async () => {
          const metrics = await metricsOf(apiOf(2));
          return metrics.sum("lockstep_peer_received_total", { channel: "batch" }) >= before + 100;
        });
      })(),
    ));

  test("when it asks for much and reads nothing: it is cut off", () =>
    whileHonestGoOn(
      (async () => {
        const foothold = await reconnect(0, deaf);
        const height = await heightOf([apiOf(0)]);
        const count = Math.min(height, syncLimits.requestBlocks);
        for (let round = 0; round < 60; round++) {
          const requests = repeated(20, (i) => ({ id: 100 * round + i, from: asHeight(1), count }));
          await foothold.send("sync", ...requests.map((request) => encodeSyncMessage({ type: "request", request })));
          await pause(100);
        }
        await foothold.ended;
      })(),
    ));
});

/** Digests of the batches that the newest blocks have taken. */
const batchesUpTo = async (height: number): Promise<Uint8Array[]> => {
  const found: Uint8Array[] = [];
  for (let at = height; at > 0 && found.length < batchLimits.requestDigests; at--) {
    const block = (await (await fetch(`${apiOf(2)}/v1/blocks/${at}`)).json()) as { header: { batches: string[] } };
    found.push(...block.header.batches.flatMap((digest) => fromHex(digest) ?? []));
  }
  return found;
};

test("the validator that has the key by right is taken back once the bans are over", async () => {
  await traitor.stop();
  await deaf.stop();
  const stop = await startValidator(devnet.ready.validators[bad]?.dataDir ?? "");
  try {
    await allReach([apiOf(bad)], await heightOf(others.map(apiOf)), "certified");
    await honest.certify([...others, bad]);
  } finally {
    await stop();
  }
});
