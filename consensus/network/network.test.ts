import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Connection, Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, expect, test, vi } from "vitest";
import { concatBytes } from "../../protocol/bytes.ts";
import { asRoot, asValidatorIndex, type ValidatorIndex } from "../../protocol/ids.ts";
import { type Channel, channels, type Runtime } from "../../protocol/ports.ts";
import { createBlst, createSigner, generateSecretKey } from "../certificate/blst.ts";
import { createRuntime } from "../runtime/runtime.ts";
import { frameHeader } from "./frames.ts";
import { sayHello } from "./hello.ts";
import { channelLimits, networkLimits } from "./limits.ts";
import { channelProtocol } from "./link.ts";
import { createNetwork, helloProtocol, type Libp2pNetwork, type NetworkOptions } from "./network.ts";
import { createNode } from "./node.ts";
import { converse } from "./streams.ts";

const runtime = createRuntime();
const bls = createBlst();
const genesis = asRoot(new Uint8Array(32).fill(1));
const signers = Array.from({ length: 8 }, (_, i) => createSigner(generateSecretKey(new Uint8Array(32).fill(i + 1))));
const signerOf = (index: number) => signers[index] as (typeof signers)[0];
const loopback = "/ip4/127.0.0.1/tcp/0";
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.map((cleanup) => cleanup()));
  cleanups = [];
});

type Logged = { message: string } & Record<string, unknown>;
type Received = { from: ValidatorIndex; channel: Channel; message: Uint8Array };
type Member = { network: Libp2pNetwork; received: Received[]; connects: ValidatorIndex[]; log: Logged[] };

/** A started network of validator `self` among `addresses.length`, which records what it hears. */
const join = async (
  self: number,
  addresses: readonly (string | undefined)[],
  overrides: Partial<NetworkOptions> = {},
): Promise<Member> => {
  const log: Logged[] = [];
  const keep = (fields: object, message: string) => log.push({ ...fields, message });
  const network = await createNetwork({
    self: asValidatorIndex(self),
    genesis,
    signer: signerOf(self),
    bls,
    validators: addresses.map((address, i) => ({
      publicKey: signerOf(i).publicKey,
      ...(address === undefined ? {} : { address }),
    })),
    listen: loopback,
    identity: runtime.randomBytes(32),
    runtime,
    log: { debug: keep, info: keep, warn: keep },
    ...overrides,
  });
  const member: Member = { network, received: [], connects: [], log };
  for (const channel of channels) {
    network.listen(channel, (from, message) => member.received.push({ from, channel, message }));
  }
  network.onConnect((peer) => member.connects.push(peer));
  cleanups.push(() => network.close());
  await network.start();
  return member;
};

/** A full mesh in which each member dials those before it. */
const mesh = async (count: number, overrides: Partial<NetworkOptions> = {}): Promise<Member[]> => {
  const addresses: (string | undefined)[] = Array.from({ length: count }, () => undefined);
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    const member = await join(i, addresses, overrides);
    addresses[i] = member.network.address();
    members.push(member);
  }
  await eventually(() => {
    for (const { network } of members) expect(network.peers()).toHaveLength(count - 1);
  });
  return members;
};

const v = asValidatorIndex;
/** One more than the score of a ban, for what decays meanwhile. */
const offences = networkLimits.banScore / networkLimits.offencePoints + 1;
const number = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const numberOf = (message: Uint8Array) => new Uint32Array(message.slice(0, 4).buffer)[0];
const statsOf = (member: Member, peer: number) => {
  const stats = member.network.stats().peers.find(({ validator }) => validator === peer);
  if (stats === undefined) throw new Error(`no statistics of ${peer}`);
  return stats;
};

/** A port to listen at more than once: below those that the system hands out to everyone meanwhile. */
const freeAddress = async (): Promise<string> => {
  for (;;) {
    const port = 10_000 + (new DataView(runtime.randomBytes(2).buffer).getUint16(0) % 20_000);
    const server = createServer().listen(port, "127.0.0.1");
    const listening = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!listening) continue;
    await new Promise((resolve) => server.close(resolve));
    return `/ip4/127.0.0.1/tcp/${port}`;
  }
};

describe("validators", { timeout: 60_000 }, () => {
  test("hear all that the others send, in order on each channel", async () => {
    const members = await mesh(4);
    for (let i = 0; i < 50; i++) {
      for (const { network } of members) for (const channel of channels) network.broadcast(channel, number(i));
    }
    await eventually(() => {
      for (const { received } of members) expect(received.length).toBe(3 * channels.length * 50);
    });
    const inOrder = Array.from({ length: 50 }, (_, i) => i);
    for (const { network, received, connects } of members) {
      expect([...connects].sort()).toEqual(network.peers());
      for (const peer of network.peers()) {
        for (const channel of channels) {
          const heard = received.filter((one) => one.from === peer && one.channel === channel);
          expect(heard.map(({ message }) => numberOf(message))).toEqual(inOrder);
        }
      }
    }
  });

  test("pass small messages by large ones", async () => {
    const [a, b] = (await mesh(2)) as [Member, Member];
    const large = Array.from({ length: 12 }, (_, i) => concatBytes(number(i), runtime.randomBytes(4 << 20)));
    for (const message of large) a.network.send(v(1), "batch", message);
    a.network.send(v(1), "consensus", number(99));
    await eventually(() => expect(b.received.length).toBe(13));
    expect(b.received.findIndex(({ channel }) => channel === "consensus")).toBeLessThan(12);
    const batches = b.received.filter(({ channel }) => channel === "batch").map(({ message }) => message);
    expect(batches.every((message, i) => Buffer.compare(message, large[i] as Uint8Array) === 0)).toBe(true);
    expect(statsOf(a, 1).channels.batch).toEqual({
      queuedBytes: 0,
      queuedMessages: 0,
      sent: 12,
      received: 0,
      dropped: 0,
      throttledMs: 0,
    });
  });

  test("take the largest message of each channel and refuse to send a larger one", async () => {
    const [a, b] = (await mesh(2)) as [Member, Member];
    for (const channel of channels) {
      const largest = new Uint8Array(channelLimits[channel].frameBytes);
      a.network.send(v(1), channel, largest);
      expect(() => a.network.send(v(1), channel, new Uint8Array(largest.length + 1))).toThrow(
        expect.objectContaining({ code: "message_too_large" }),
      );
    }
    a.network.send(v(1), "pool", new Uint8Array());
    await eventually(() => expect(b.received.length).toBe(channels.length + 1));
    for (const channel of channels) {
      const heard = b.received.find((one) => one.channel === channel);
      expect(heard?.message.length).toBe(channelLimits[channel].frameBytes);
    }
  });

  test("that dial each other at once agree on one connection", async () => {
    for (let round = 0; round < 3; round++) {
      const addresses = [await freeAddress(), await freeAddress()] as [string, string];
      const level: Runtime = { ...runtime, randomBytes: (n) => (n === 1 ? Uint8Array.of(0) : runtime.randomBytes(n)) };
      const [a, b] = await Promise.all([
        join(0, addresses, { listen: addresses[0], runtime: level }),
        join(1, addresses, { listen: addresses[1], runtime: level }),
      ]);
      const answered = (member: Member, to: number) => {
        member.network.send(v(to), "consensus", number(round));
        const other = member === a ? b : a;
        expect(other.received.length).toBeGreaterThan(20);
      };
      await eventually(() => answered(a, 1));
      await eventually(() => answered(b, 0));
      const dialed = (member: Member, address: string) => {
        const last = member.log.filter(({ message }) => message === "peer connected").at(-1);
        return String(last?.address).startsWith(`${address}/`);
      };
      expect(dialed(a, addresses[1])).toBe(!dialed(b, addresses[0]));
      await Promise.all([a.network.close(), b.network.close()]);
    }
  });

  test("count a handler's error against the sender until it is banned, and go on with the others", async () => {
    const [a, b, c] = (await mesh(3)) as [Member, Member, Member];
    c.network.listen("pool", () => {
      throw new Error("not a pool message");
    });
    for (let i = 0; i < offences; i++) a.network.send(v(2), "pool", number(i));
    await eventually(() => expect(c.network.peers()).toEqual([1]));
    expect(c.log).toContainEqual(
      expect.objectContaining({ message: "peer banned for a while", validator: 0, reason: "pool: not a pool message" }),
    );
    expect(statsOf(c, 0).bannedUntil).toBeGreaterThan(runtime.now());
    b.network.send(v(2), "consensus", number(7));
    await eventually(() => expect(c.received.map(({ from }) => from)).toEqual([1]));
    expect(b.network.peers()).toEqual([0, 2]);
  });

  test("are cut off by penalize, and come back when the ban is over", async () => {
    let offset = 0;
    const shifted: Runtime = { ...runtime, now: () => runtime.now() + offset };
    const a = await join(0, [undefined, undefined], { runtime: shifted });
    const b = await join(1, [a.network.address(), undefined]);
    await eventually(() => expect(a.network.peers()).toEqual([1]));
    for (let i = 0; i < offences; i++) a.network.penalize(v(1), "lies");
    expect(a.network.peers()).toEqual([]);
    await eventually(() => expect(a.log).toContainEqual(expect.objectContaining({ code: "banned" })));
    expect(a.network.peers()).toEqual([]);
    offset += networkLimits.banMs.first;
    await eventually(() => expect(a.network.peers()).toEqual([1]));
    await eventually(() => expect(b.network.peers()).toEqual([0]));
  });

  test("say what is wrong with an address, an identity, or a port in use", async () => {
    await expect(join(0, ["localhost:7400", undefined])).rejects.toMatchObject({ code: "bad_address" });
    await expect(join(0, [undefined], { identity: new Uint8Array(31) })).rejects.toMatchObject({
      code: "bad_identity",
    });
    const { network } = await join(0, [undefined]);
    await expect(join(0, [undefined], { listen: network.address() })).rejects.toMatchObject({ code: "listen_failed" });
  });
});

describe("a validator in a process of its own", { timeout: 60_000 }, () => {
  const script = `
    const [, base, options] = process.argv;
    const load = (path) => import(new URL(path, base).href);
    const { createNetwork } = await load("./network.ts");
    const { createBlst, createSigner, generateSecretKey } = await load("../certificate/blst.ts");
    const { createRuntime } = await load("../runtime/runtime.ts");
    const { dials, listen } = JSON.parse(options);
    const signers = [1, 2].map((byte) => createSigner(generateSecretKey(new Uint8Array(32).fill(byte))));
    const validators = signers.map(({ publicKey }, i) => i === 0 ? { publicKey, address: dials } : { publicKey });
    const log = { debug() {}, info() {}, warn() {} };
    const network = await createNetwork({
      self: 1, genesis: new Uint8Array(32).fill(1), signer: signers[1], bls: createBlst(), validators, listen,
      identity: new Uint8Array(32).fill(5), runtime: createRuntime(), log,
    });
    network.listen("pool", (from, message) => network.send(from, "pool", message));
    await network.start();
  `;
  const spawnEcho = (options: { dials: string; listen: string }): ChildProcess => {
    const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", script];
    const child = spawn(process.execPath, [...args, import.meta.url, JSON.stringify(options)], { stdio: "inherit" });
    cleanups.push(() => child.kill("SIGKILL"));
    return child;
  };

  test("is killed, started again, and reached again", async () => {
    const listen = await freeAddress();
    const home = await join(0, [undefined, listen]);
    for (let round = 0; round < 3; round++) {
      const child = spawnEcho({ dials: home.network.address(), listen });
      await eventually(() => expect(home.network.peers()).toEqual([1]));
      const before = home.received.length;
      await eventually(() => {
        home.network.send(v(1), "pool", number(round));
        expect(home.received.length).toBeGreaterThan(before);
      });
      child.kill("SIGKILL");
      await eventually(() => expect(home.network.peers()).toEqual([]));
    }
    expect(home.connects.length).toBeGreaterThanOrEqual(3);
  });
});

/** Speaks the protocol by hand, from a libp2p node that nothing restrains. */
describe("a hostile peer", { timeout: 60_000 }, () => {
  const rawNode = async (): Promise<Libp2p> => {
    const node = await createNode({
      identity: runtime.randomBytes(32),
      listen: loopback,
      validators: 4,
      entered: () => {},
    });
    cleanups.push(() => node.stop());
    await node.start();
    return node;
  };
  const connect = (node: Libp2p, to: Member): Promise<Connection> =>
    node.dial(multiaddr(to.network.address()), { force: true });
  const idOf = (of: { toMultihash(): { bytes: Uint8Array } }) => of.toMultihash().bytes;

  /** Sends a hello and, if it is answered, ends the handshake. */
  const sendHello = async (connection: Connection, hello: Uint8Array): Promise<void> => {
    const talk = converse(await connection.newStream(helloProtocol), networkLimits.helloFrameBytes);
    talk.say(hello);
    await talk.hear();
    talk.say(new Uint8Array());
  };
  const helloOf = (node: Libp2p, connection: Connection, index: number, change = {}) => {
    const { network, session } = { network: genesis, session: new Uint8Array(16), ...change };
    const ends = { from: idOf(node.peerId), to: idOf(connection.remotePeer) };
    return sayHello(signerOf(index), network, session, ends);
  };
  /** A validator with a proven connection, gone bad. */
  const traitor = async (index: number, to: Member, configure = (_node: Libp2p): unknown => undefined) => {
    const node = await rawNode();
    await configure(node);
    const connection = await connect(node, to);
    await sendHello(connection, helloOf(node, connection, index));
    await eventually(() => expect(to.network.peers()).toContain(index));
    return connection;
  };
  const refusals = (member: Member) =>
    member.log.flatMap(({ message, code }) => (message === "connection refused" ? [code] : []));

  test("of another network, with an unknown key, or with a key that is not its own is refused with the reason", async () => {
    const home = await join(0, [undefined, undefined, undefined]);
    const node = await rawNode();
    const other = await rawNode();
    const attempts: [string, (connection: Connection) => Uint8Array][] = [
      ["other_genesis", (connection) => helloOf(node, connection, 1, { network: asRoot(new Uint8Array(32)) })],
      ["unknown_key", (connection) => helloOf(node, connection, 6)],
      ["own_key", (connection) => helloOf(node, connection, 0)],
      ["bad_proof", (connection) => helloOf(other, connection, 1)],
      [
        "bad_proof",
        (connection) => {
          const hello = helloOf(node, connection, 6);
          hello.set(signerOf(1).publicKey, 48);
          return hello;
        },
      ],
      ["undecodable", () => runtime.randomBytes(100)],
    ];
    for (const [code, hello] of attempts) {
      const before = refusals(home).length;
      const connection = await connect(node, home);
      await expect(sendHello(connection, hello(connection))).rejects.toThrow();
      expect(refusals(home).slice(before)).toEqual([code]);
      await eventually(() => expect(connection.status).not.toBe("open"));
    }
    expect(home.network.peers()).toEqual([]);
  });

  test("that answers at another validator's address is refused", async () => {
    const three = await join(2, [undefined, undefined, undefined]);
    const home = await join(0, [undefined, three.network.address(), undefined]);
    await eventually(() => expect(refusals(home)).toContain("wrong_validator"));
    expect(home.network.peers()).toEqual([]);
  });

  test.each([
    { self: 0, index: 1, kept: "dialed" },
    { self: 1, index: 0, kept: "received" },
  ])(
    "beside validator $index keeps, of two connections of one process, the one it $kept",
    async ({ self, index, kept }) => {
      const session = runtime.randomBytes(16);
      const node = await rawNode();
      const dialed: Connection[] = [];
      await node.handle(helloProtocol, async (stream, connection) => {
        const talk = converse(stream, networkLimits.helloFrameBytes);
        await talk.hear();
        talk.say(helloOf(node, connection, index, { session }));
        await talk.hear();
        dialed.push(connection);
      });
      const address = node.getMultiaddrs()[0]?.decapsulateCode(421).toString();
      const addresses = [undefined, undefined].map((_, i) => (i === index ? address : undefined));
      const home = await join(self, addresses);
      await eventually(() => expect(dialed).toHaveLength(1));

      const received = await connect(node, home);
      await sendHello(received, helloOf(node, received, index, { session }));
      const [first] = dialed as [Connection];
      const [winner, loser] = kept === "dialed" ? [first, received] : [received, first];
      await eventually(() => expect(loser.status).not.toBe("open"));
      expect(winner.status).toBe("open");

      const restarted = await connect(node, home);
      await sendHello(restarted, helloOf(node, restarted, index));
      await eventually(() => expect(winner.status).not.toBe("open"));
      expect(restarted.status).toBe("open");
      expect(home.network.peers()).toEqual([index]);
    },
  );

  test("is not listened to before it has proven its key", async () => {
    const home = await join(0, [undefined, undefined]);
    const connection = await connect(await rawNode(), home);
    const stream = await connection.newStream(channelProtocol("consensus"));
    if (stream.status === "open") stream.send(concatBytes(frameHeader(4), number(1)));
    await eventually(() => expect(stream.status).not.toBe("open"));
    expect(home.received).toEqual([]);
  });

  test("that stays silent, or is one of too many, is disconnected", async () => {
    const hasty: Runtime = { ...runtime, after: (ms, callback) => runtime.after(ms / 20, callback) };
    const home = await join(0, [undefined, undefined], { runtime: hasty });
    const node = await rawNode();
    const silent = await connect(node, home);
    await eventually(() => expect(silent.status).not.toBe("open"));
    expect(refusals(home)).toEqual(["hello_late"]);

    const patient: Runtime = { ...runtime, after: (ms, callback) => runtime.after(ms * 100, callback) };
    const crowded = await join(0, [undefined, undefined], { runtime: patient });
    const connections: Connection[] = [];
    for (let i = 0; i < networkLimits.unprovenConnections + 5; i++) connections.push(await connect(node, crowded));
    await eventually(() => {
      const open = connections.map(({ status }) => status === "open");
      expect(open).toEqual(connections.map((_, i) => i >= 5));
    });
    expect(crowded.network.stats()).toMatchObject({
      strangers: networkLimits.unprovenConnections,
      refused: new Map([["crowded", 5]]),
    });
    await sendHello(connections[7] as Connection, helloOf(node, connections[7] as Connection, 1));
    await eventually(() => expect(crowded.network.peers()).toEqual([1]));
    expect(crowded.network.stats().strangers).toBe(networkLimits.unprovenConnections - 1);
  });

  test("that sends much before it has proven its key is disconnected", async () => {
    const home = await join(0, [undefined, undefined]);
    const connection = await connect(await rawNode(), home);
    const stream = await connection.newStream(helloProtocol);
    if (stream.status === "open") stream.send(runtime.randomBytes(2 * networkLimits.unprovenBytes));
    await eventually(() => expect(connection.status).not.toBe("open"));
    expect(refusals(home)).toEqual(["hello_oversized"]);
  });

  test("that connects again and again is banned", async () => {
    const home = await join(0, [undefined, undefined]);
    const node = await rawNode();
    const again = async (): Promise<boolean> => {
      const connection = await connect(node, home);
      await sendHello(connection, helloOf(node, connection, 1)).catch(() => {});
      return statsOf(home, 1).bans > 0;
    };
    while (!(await again()));
    expect(home.log).toContainEqual(
      expect.objectContaining({ message: "peer banned for a while", reason: "it connects again and again" }),
    );
    expect(home.network.peers()).toEqual([]);
  });

  test.each(channels)("that announces too large a message on %s is banned, while others go on", async (channel) => {
    const home = await join(0, [undefined, undefined, undefined]);
    const friend = await join(1, [home.network.address(), undefined, undefined]);
    await eventually(() => expect(friend.network.peers()).toEqual([0]));
    const node = await rawNode();
    const connection = await traitor(2, home);
    const stream = await connection.newStream(channelProtocol(channel));
    const tooLong = frameHeader(channelLimits[channel].frameBytes + 1);
    stream.send(concatBytes(frameHeader(1), Uint8Array.of(1), tooLong, runtime.randomBytes(50)));
    await eventually(() => expect(home.network.peers()).toEqual([1]));
    expect(home.received.map(({ from, message }) => [from, ...message])).toEqual([[2, 1]]);
    expect(home.log).toContainEqual(expect.objectContaining({ message: "peer banned for a while", validator: 2 }));

    const again = await connect(node, home);
    await expect(sendHello(again, helloOf(node, again, 2))).rejects.toThrow();
    expect(refusals(home)).toEqual(["banned"]);
    friend.network.send(v(0), channel, number(1));
    await eventually(() => expect(home.received.map(({ from }) => from)).toEqual([2, 1]));
  });

  test("that writes random bytes to every channel is banned", async () => {
    const home = await join(0, [undefined, undefined]);
    const connection = await traitor(1, home);
    for (const channel of channels) {
      const stream = await connection.newStream(channelProtocol(channel)).catch(() => undefined);
      const garbage = concatBytes(Uint8Array.of(0xff), runtime.randomBytes(10_000));
      if (stream?.status === "open") stream.send(garbage);
    }
    await eventually(() => expect(home.network.peers()).toEqual([]));
    expect(home.log).toContainEqual(expect.objectContaining({ message: "peer banned for a while", validator: 1 }));
    expect(home.received).toEqual([]);
  });

  test("that reads nothing costs no more than its queue, and is cut off", async () => {
    const hasty: Runtime = { ...runtime, after: (ms, callback) => runtime.after(ms / 5, callback) };
    const home = await join(0, [undefined, undefined, undefined], { runtime: hasty });
    const friend = await join(1, [home.network.address(), undefined, undefined]);
    await eventually(() => expect(friend.network.peers()).toEqual([0]));
    await traitor(2, home, async (node) => {
      for (const channel of channels) await node.handle(channelProtocol(channel), (stream) => stream.pause());
    });
    const { queueBytes } = channelLimits.batch;
    const message = new Uint8Array(1 << 20);
    for (let i = 0; i < 200; i++) {
      home.network.send(v(2), "batch", message);
      expect(statsOf(home, 2).channels.batch.queuedBytes).toBeLessThanOrEqual(queueBytes);
    }
    expect(statsOf(home, 2).channels.batch.dropped).toBeGreaterThan(100);
    home.network.send(v(1), "batch", message);
    await eventually(() => expect(friend.received.length).toBe(1));
    await eventually(() => expect(home.network.peers()).toEqual([1]));
    expect(home.log).toContainEqual(expect.objectContaining({ validator: 2, reason: "the peer reads too slowly" }));
    expect(statsOf(home, 2).channels.batch.queuedBytes).toBe(0);
  });

  test("that floods is heard no faster than the rate, and banned, while others go on", async () => {
    const now = runtime.now();
    const after: Runtime["after"] = (ms, callback) => runtime.after(ms / 10, callback);
    const frozen: Runtime = { ...runtime, now: () => now, after };
    const home = await join(0, [undefined, undefined, undefined], { runtime: frozen });
    const friend = await join(1, [home.network.address(), undefined, undefined]);
    await eventually(() => expect(friend.network.peers()).toEqual([0]));
    const { messageBurst } = channelLimits.sync;
    const connection = await traitor(2, home);
    const stream = await connection.newStream(channelProtocol("sync"));
    const flood = concatBytes(
      ...Array.from({ length: 2 * messageBurst }, () => concatBytes(frameHeader(4), number(0))),
    );
    stream.send(flood);
    const heard = (from: number) => home.received.filter((one) => one.from === from).length;
    await eventually(() => expect(heard(2)).toBe(messageBurst));
    friend.network.send(v(0), "consensus", number(1));
    await eventually(() => expect(heard(1)).toBe(1));
    await eventually(() => expect(home.network.peers()).toEqual([1]));
    expect(heard(2)).toBe(messageBurst);
    expect(home.log).toContainEqual(
      expect.objectContaining({ validator: 2, reason: "it sends more on sync than is taken" }),
    );
  });

  test.each(["batch", "pool"] as const)(
    "whose users send more on %s than is taken is held back, not banned",
    async (channel) => {
      let now = runtime.now();
      const frozen: Runtime = { ...runtime, now: () => now };
      const home = await join(0, [undefined, undefined], { runtime: frozen });
      const { messageBurst, messageRate } = channelLimits[channel];
      const connection = await traitor(1, home);
      const stream = await connection.newStream(channelProtocol(channel));
      const count = messageBurst + 2 * messageRate;
      stream.send(concatBytes(...Array.from({ length: count }, () => concatBytes(frameHeader(4), number(0)))));
      await eventually(() => expect(home.received.length).toBe(messageBurst));
      now += 1000;
      await eventually(() => expect(home.received.length).toBe(messageBurst + messageRate));
      now += 1000;
      await eventually(() => expect(home.received.length).toBe(count));
      expect(statsOf(home, 1)).toMatchObject({ connected: true, penalties: 0, bans: 0 });
    },
  );
});
