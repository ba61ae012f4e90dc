/**
 * Abuse of every door of real processes: while it goes on, honest transactions entering at all validators get
 * certified, every cap holds, and who abuses is cut off or banned for a while, and nobody else.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doorLimits } from "../../adapters/fuel/rpc/limits.ts";
import { domain as fuelDomain } from "../../adapters/fuel/testChain.ts";
import { transportLimits } from "../../adapters/jsonRpc/limits.ts";
import { networkLimits } from "../../consensus/network/limits.ts";
import { apiLimits } from "../../sequencer/api/limits.ts";
import { createHonest, type Honest, metricsOf, residentMiB } from "./abuse/honest.ts";
import {
  type Crowd,
  crowd,
  deafSubscribers,
  expensiveCalls,
  expensiveOperations,
  hammer,
  hugeHeaders,
  silentStream,
  slowBody,
  slowHeaders,
} from "./abuse/http.ts";
import {
  replayOldCertificate,
  sendBatchRequests,
  sendForeignBatches,
  sendForgedCertificates,
  sendGarbage,
  sendHugeFrame,
  sendJunkTransactions,
  sendKnownBatch,
  sendSlowFrame,
  sendSyncRequests,
} from "./abuse/peers.ts";
import { createTraitor, type Foothold, p2pAddress, type Traitor } from "./abuse/traitor.ts";
import { allReach, heightOf } from "./agreement.ts";
import { pause, rpc, until } from "./api.ts";
import { gone } from "./commands.ts";
import { type Devnet, startDevnet, startValidator } from "./devnet.ts";
import { evmDomain } from "./domains.ts";
import { executorsOf } from "./processes.ts";
import { rpcOf } from "./transfers.ts";

const MiB = 2 ** 20;
const all = [0, 1, 2, 3];
/** What all caps of a validator come to is less; V8 collects when it likes. */
const mostMiB = 1536;

let devnet: Devnet;
let honest: Honest;
let apis: string[];
let addresses: string[];
let executors: number[][];
const crowds: Crowd[] = [];

beforeAll(async () => {
  devnet = await startDevnet({ flags: ["--no-restart", "--tenants", "data,evm,fuel"] });
  honest = await createHonest(devnet.ready);
  apis = devnet.ready.validators.map(({ api }) => api);
  addresses = await Promise.all(devnet.ready.validators.map(({ dataDir }) => p2pAddress(dataDir)));
  executors = devnet.pids().map(executorsOf);
});
afterAll(async () => {
  for (const { leave } of crowds) leave();
  await devnet?.remove();
});

const apiOf = (index: number): string => apis[index] ?? "";
const rpcAt = (index: number): string => rpcOf(devnet.ready, index);
const metric = async (index: number, name: string, labels = {}): Promise<number> =>
  (await metricsOf(apiOf(index))).sum(name, labels);

/** No process was replaced, none takes memory without end, and honest validators have nothing against each other. */
const expectUnharmed = async (validators: readonly number[]): Promise<void> => {
  for (const index of validators) {
    const pid = devnet.pids()[index] ?? 0;
    expect(executorsOf(pid)).toEqual(executors[index]);
    expect(await residentMiB(pid)).toBeLessThan(mostMiB);
    const metrics = await metricsOf(apiOf(index));
    for (const peer of validators.filter((other) => other !== index).map(String)) {
      expect(metrics.sum("lockstep_peer_penalties_total", { peer })).toBe(0);
      expect(metrics.sum("lockstep_peer_connected", { peer })).toBe(1);
    }
  }
};

const whileHonestGoOn = async (validators: readonly number[], abuse: Promise<unknown>): Promise<void> => {
  await honest.certifyWhile(validators, abuse);
  await expectUnharmed(validators);
};

const join = async (crowding: Promise<Crowd>): Promise<Crowd> => {
  const joined = await crowding;
  crowds.push(joined);
  return joined;
};

describe("HTTP", { timeout: 240_000 }, () => {
  test("connections that wait for nothing make room for others, on every door", async () => {
    const most = transportLimits.connections;
    await whileHonestGoOn(
      all,
      (async () => {
        const idle = await join(crowd(rpcAt(0), most + 100, ""));
        const slow = await join(crowd(rpcAt(1), most + 100, slowHeaders));
        const bodies = await join(crowd(apiOf(2), most + 100, slowBody(1, 100)));
        for (const { ended } of [idle, slow, bodies]) {
          await until("what is too much is ended", async () => ended() >= 100);
        }
        expect(await metric(0, "lockstep_http_connections", { door: String(evmDomain) })).toBeLessThanOrEqual(most);
        expect(await metric(2, "lockstep_http_connections", { door: "api" })).toBeLessThanOrEqual(most);
        for (const { leave } of [idle, slow, bodies]) leave();
      })(),
    );
  });

  test("headers without end, and bodies that fill the memory and stop, end their connections", async () => {
    await whileHonestGoOn(
      all,
      (async () => {
        const headers = await join(crowd(apiOf(0), 50, hugeHeaders));
        const others = await join(crowd(rpcAt(0), 50, hugeHeaders));
        const bodies = await join(crowd(rpcAt(3), 75, slowBody(4 * MiB, 4 * MiB + 1)));
        await until("they are ended", async () => headers.ended() === 50 && others.ended() === 50);
        await until("the largest are ended", async () => bodies.ended() > 0);
        const buffered = await metric(3, "lockstep_http_buffered_bytes", { door: String(evmDomain) });
        expect(buffered).toBeLessThanOrEqual(transportLimits.bufferedBytes);
        bodies.leave();
      })(),
    );
  });

  test("expensive calls wait for each other, and hold nobody up for long", async () => {
    let isOver = false;
    const hammering = [hammer(rpcAt(0), expensiveCalls, 8, () => isOver)];
    const slices = hammer(`${apiOf(0)}/v1/blocks/latest/tenants/${evmDomain}`, [""], 8, () => isOver);
    await honest.certify(all);
    isOver = true;
    const answers = await Promise.all([...hammering, slices]);
    expect(answers.every((count) => count > 0)).toBe(true);
    await expectUnharmed(all);
  });

  test("GraphQL that costs much, and event streams that nothing happens on, hold nobody up", async () => {
    let isOver = false;
    const { tenants = [] } = devnet.ready.validators[1] ?? {};
    const { rpc: url = "", ws = "" } = tenants.find(({ domain }) => domain === fuelDomain) ?? {};
    const most = doorLimits.sockets;
    const hammering = hammer(url, expensiveOperations, 8, () => isOver);
    const streams = await join(crowd(url, most + 50, silentStream(new URL(ws).pathname)));
    await until("streams make room", async () => streams.ended() >= 50);
    expect(await metric(1, "lockstep_http_sockets", { door: String(fuelDomain) })).toBeLessThanOrEqual(most);
    await honest.certify(all);
    isOver = true;
    expect(await hammering).toBeGreaterThan(0);
    streams.leave();
    await expectUnharmed(all);
  });

  test("subscriptions that nobody reads, streams and filters are bounded in number", async () => {
    await whileHonestGoOn(
      all,
      (async () => {
        const deaf = await join(deafSubscribers(rpcAt(1).replace("http", "ws"), 40, transportLimits.subscriptions));
        await until("subscribers make room", async () => deaf.ended() > 0);
        const streams = await join(
          deafSubscribers(`${apiOf(2).replace("http", "ws")}/v1/stream`, apiLimits.sockets + 20, 0),
        );
        await until("streams make room", async () => streams.ended() >= 20);
        expect(await metric(2, "lockstep_http_sockets", { door: "api" })).toBeLessThanOrEqual(apiLimits.sockets);

        const first = await rpc(rpcAt(3), "eth_newBlockFilter");
        const filter = JSON.stringify(
          Array.from({ length: 600 }, () => ({ jsonrpc: "2.0", id: 1, method: "eth_newBlockFilter", params: [] })),
        );
        let sent = 0;
        await hammer(rpcAt(3), [filter], 1, () => ++sent > 2);
        expect((await rpc(rpcAt(3), "eth_getFilterChanges", first.result)).error?.message).toBe("filter not found");
        const own = await rpc(rpcAt(3), "eth_newBlockFilter");
        expect((await rpc(rpcAt(3), "eth_getFilterChanges", own.result)).error).toBeUndefined();
        for (const { leave } of [deaf, streams]) leave();
      })(),
    );
  });
});

describe("a peer without a key", () => {
  test("finds a bounded number of places, each for a while, and costs the validators no link", async () => {
    const [, , , , port] = (addresses[0] ?? "").split("/");
    const url = `http://127.0.0.1:${port}`;
    await whileHonestGoOn(
      all,
      (async () => {
        const silent = await join(crowd(url, networkLimits.unprovenConnections + 15, ""));
        await until("the oldest are ended", async () => silent.ended() >= 15);
        expect(await metric(0, "lockstep_p2p_strangers")).toBeLessThanOrEqual(networkLimits.unprovenConnections);
        const garbage = await join(crowd(url, 10, Buffer.alloc(100_000, 0xff)));
        await until("garbage is ended", async () => garbage.ended() === 10);
        expect(await metric(0, "lockstep_p2p_refused_total", { reason: "crowded" })).toBeGreaterThan(0);
        for (const { leave } of [silent, garbage]) leave();
      })(),
    );
  });
});

describe("a validator gone bad", { timeout: 240_000 }, () => {
  const bad = 3;
  const others = [0, 1, 2];
  const folder = () => devnet.ready.validators[bad]?.dataDir ?? "";
  let traitor: Traitor;
  let deaf: Traitor;

  beforeAll(async () => {
    const pid = devnet.pids()[bad] ?? 0;
    process.kill(pid, "SIGKILL");
    await gone([pid]);
    traitor = await createTraitor(folder());
    deaf = await createTraitor(folder(), { deaf: true });
  });
  afterAll(async () => {
    await traitor?.stop();
    await deaf?.stop();
  });

  const connectTo = (victim: number, by = traitor): Promise<Foothold> => by.connect(addresses[victim] ?? "");
  /** Once the last ban is over. */
  const reconnect = (victim: number, by = traitor): Promise<Foothold> =>
    until(`validator ${victim} takes the abuser back`, () => connectTo(victim, by).catch(() => undefined));
  const bansOf = (victim: number) => metric(victim, "lockstep_peer_bans_total", { peer: String(bad) });

  /** Abuses a validator until it bans the abuser. */
  const banned = async (what: string, victim: number, abuse: (foothold: Foothold) => Promise<unknown>) => {
    const before = await bansOf(victim);
    const foothold = await reconnect(victim);
    await abuse(foothold);
    await until(`validator ${victim} bans for ${what}`, async () => (await bansOf(victim)) > before);
    await foothold.ended;
  };
  /** One channel's abuse after the other, so that each has a ban of its own. */
  const inTurn = async (...abuses: (() => Promise<unknown>)[]): Promise<void> => {
    for (const abuse of abuses) await abuse();
  };

  /** The view or the epoch may move on meanwhile: then what was forged is only late, and has to be forged again. */
  const forgeUntilBanned = async (foothold: Foothold): Promise<void> => {
    const before = await bansOf(0);
    for (let attempts = 0; attempts < 20 && (await bansOf(0)) === before; attempts++) {
      await sendForgedCertificates(foothold, traitor, apiOf(0)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };

  test("is banned for a while by whom it abuses, whatever it does", async () => {
    const atFirst = () =>
      inTurn(
        () => banned("garbage", 0, (foothold) => sendGarbage(foothold, "consensus")),
        () => banned("forged certificates", 0, forgeUntilBanned),
        () => banned("floods", 0, async (foothold) => sendSyncRequests(foothold, await heightOf([apiOf(0)]), 2500)),
      );
    const atSecond = () =>
      inTurn(
        () => banned("batches for another genesis", 1, (foothold) => sendForeignBatches(foothold, traitor)),
        () => banned("huge frames", 1, (foothold) => sendHugeFrame(foothold, "attestation")),
        () =>
          banned("connecting again and again", 1, async () => {
            const attempt = () => connectTo(1).catch(() => undefined);
            for (let again = 0; again < 15; again++) await Promise.all(Array.from({ length: 8 }, attempt));
          }),
      );
    const atThird = () => banned("junk", 2, sendJunkTransactions);
    await whileHonestGoOn(others, Promise.all([atFirst(), atSecond(), atThird()]));
  });

  test("costs no more than its bounds where it breaks no rule, and is cut off when it reads nothing", async () => {
    const greedy = async () => {
      const foothold = await reconnect(2);
      const before = await metric(2, "lockstep_peer_received_total", { peer: String(bad), channel: "batch" });
      await sendSlowFrame(foothold, "summary");
      await replayOldCertificate(foothold, apiOf(2), 500);
      await sendBatchRequests(foothold, apiOf(2), 100);
      await sendKnownBatch(foothold, traitor, 60);
      await until("all of it is taken", async () => {
        const received = await metric(2, "lockstep_peer_received_total", { peer: String(bad), channel: "batch" });
        return received >= before + 160;
      });
      expect(foothold.heard.batch).toBeGreaterThan(0);
    };
    const deafOne = async () => {
      const foothold = await reconnect(0, deaf);
      const height = await heightOf([apiOf(0)]);
      let isOver = false;
      void foothold.ended.then(() => {
        isOver = true;
      });
      while (!isOver) {
        await sendSyncRequests(foothold, height, 10);
        await pause(100);
      }
    };
    await whileHonestGoOn(others, Promise.all([greedy(), deafOne()]));
  });

  test("is taken back as the honest validator that it is by right", async () => {
    await traitor.stop();
    await deaf.stop();
    const stop = await startValidator(folder());
    try {
      // Until it has executed what it missed it takes no transactions in.
      await allReach([apiOf(bad)], await heightOf(others.map(apiOf)));
      await honest.certify(all);
    } finally {
      await stop();
    }
  });
});
