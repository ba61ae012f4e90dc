/** The `Network` port on libp2p. */
import "./polyfill.ts";
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { type Failure, LockstepError } from "../../protocol/errors.ts";
import type { PublicKey, Root, ValidatorIndex } from "../../protocol/ids.ts";
import { type Channel, channels, type Network, type Runtime } from "../../protocol/ports.ts";
import type { BlsSigner, BlsVerifier } from "../certificate/bls.ts";
import { createDoor } from "./door.ts";
import { type Ends, hearHello, sayHello, sessionBytes } from "./hello.ts";
import { networkLimits } from "./limits.ts";
import { channelProtocol } from "./link.ts";
import type { Log } from "./log.ts";
import { createNode } from "./node.ts";
import { createPeer, type Peer, type PeerStats } from "./peer.ts";
import { createRateLimit } from "./rate.ts";
import { createRedial, type Redial } from "./redial.ts";
import { converse, cutOff } from "./streams.ts";

export const helloProtocol = "/lockstep/1/hello";

export type NetworkOptions = {
  self: ValidatorIndex;
  /** Root of the genesis: names the network. */
  genesis: Root;
  signer: BlsSigner;
  bls: BlsVerifier;
  /** In the order of their indices. Without `address` (a multiaddr) a validator is awaited, not dialed. */
  validators: readonly { publicKey: PublicKey; address?: string }[];
  /** Multiaddr to listen at; tcp port 0 takes a free one. */
  listen: string;
  /** ed25519 seed of the libp2p identity, 32 bytes, secret. */
  identity: Uint8Array;
  runtime: Runtime;
  log: Log;
};

export type Libp2pNetwork = Network & {
  /** Listens, and dials the others until `close`. @throws LockstepError `listen_failed` */
  start(): Promise<void>;
  close(): Promise<void>;
  /** Where this node listens (multiaddr), once started. */
  address(): string;
  stats(): NetworkStats;
};

export type NetworkStats = {
  peers: PeerStats[];
  /** Inbound connections that have not proven a key yet. */
  strangers: number;
  /** Connections that were not taken, by the code of the reason. */
  refused: ReadonlyMap<string, number>;
};

/** Why a connection is not taken. */
const errorOf = (error: Failure): LockstepError => new LockstepError(error.code, error.message, error);

/** What libp2p says about a listener that failed, without the stack traces of the failures within. */
const reasonOf = (cause: unknown): string => {
  const { message } = cause as Error;
  return /Error: (listen .*)/.exec(message)?.[1] ?? message.split("\n", 1)[0] ?? message;
};

/** @throws LockstepError `bad_address`, `bad_identity` */
export const createNetwork = async (options: NetworkOptions): Promise<Libp2pNetwork> => {
  const { self, genesis, signer, bls, validators, listen, identity, runtime, log } = options;
  for (const address of [listen, ...validators.flatMap(({ address }) => address ?? [])]) {
    try {
      multiaddr(address);
    } catch (cause) {
      throw new LockstepError(
        "bad_address",
        `${address} is no multiaddr such as /ip4/127.0.0.1/tcp/7400`,
        { address },
        cause,
      );
    }
  }
  if (identity.length !== 32) {
    throw new LockstepError("bad_identity", `the network identity is a seed of 32 bytes, not ${identity.length}`);
  }

  const refused = new Map<string, number>();
  const logged = createRateLimit({
    messageRate: networkLimits.refusalLogRate,
    messageBurst: networkLimits.refusalLogBurst,
    byteRate: 1,
    byteBurst: 1,
  });
  const noteRefusal = (from: string, { code, message }: { code: string; message: string }) => {
    refused.set(code, (refused.get(code) ?? 0) + 1);
    if (logged(0, runtime.now()) === 0) log.warn({ from, code, reason: message }, "connection refused");
  };

  const door = createDoor(runtime, noteRefusal);
  const node = await createNode({ identity, listen, validators: validators.length, entered: door.enter });
  const session = runtime.randomBytes(sessionBytes);
  const keys = validators.map(({ publicKey }) => publicKey);
  const handlers = new Map<Channel, (from: ValidatorIndex, message: Uint8Array) => void>();
  const connectHandlers: ((peer: ValidatorIndex) => void)[] = [];
  const peers = new Map<ValidatorIndex, Peer>();
  const redials = new Map<ValidatorIndex, Redial>();
  /** Each ends the wait for the proof of a connection that was dialed. */
  const waits = new Set<() => void>();
  let closed = false;

  const ownId = node.peerId.toMultihash().bytes;
  const idOf = (connection: Connection) => connection.remotePeer.toMultihash().bytes;

  const hello = (connection: Connection): Uint8Array =>
    sayHello(signer, genesis, session, { from: ownId, to: idOf(connection) });

  /** The peer that proved itself; @throws LockstepError with the reason why it is not taken */
  const recognize = async (connection: Connection, message: Uint8Array) => {
    const ends: Ends = { from: idOf(connection), to: ownId };
    const heard = await hearHello(bls, keys, genesis, ends, message);
    if (!heard.ok) throw errorOf(heard.error);
    const peer = peers.get(heard.value.validator);
    if (peer === undefined) throw new LockstepError("own_key", "the peer has this validator's own key");
    const ms = peer.banLeft();
    if (ms > 0) throw new LockstepError("banned", `validator ${peer.validator} is banned for another ${ms} ms`, { ms });
    return { peer, session: heard.value.session };
  };

  const attach = (peer: Peer, connection: Connection, peerSession: Uint8Array, dialer: ValidatorIndex) => {
    door.leave(connection);
    if (closed || connection.status !== "open") return;
    if (!peer.attach({ connection, session: peerSession, dialer })) {
      cutOff(connection, "the connection that the lower index dialed stays");
      return;
    }
    for (const handler of connectHandlers) handler(peer.validator);
  };

  const refuse = (connection: Connection, error: unknown) => {
    const from = connection.remoteAddr.toString();
    const reason = error instanceof LockstepError ? error : { code: "hello_failed", message: String(error) };
    if (connection.status === "open") noteRefusal(from, reason);
    cutOff(connection, reason.message);
  };

  const greet = async (connection: Connection, expected: Peer) => {
    const late = new LockstepError("hello_late", `no proven key within ${networkLimits.helloMs} ms`);
    const end = runtime.after(networkLimits.helloMs, () => refuse(connection, late));
    waits.add(end);
    try {
      const stream = await connection.newStream(helloProtocol);
      const talk = converse(stream, networkLimits.helloFrameBytes);
      talk.say(hello(connection));
      const { peer, session: theirs } = await recognize(connection, await talk.hear());
      if (peer !== expected) {
        const { validator } = peer;
        const message = `validator ${validator} answers at the address of validator ${expected.validator}`;
        throw new LockstepError("wrong_validator", message, { validator });
      }
      talk.say(new Uint8Array());
      attach(peer, connection, theirs, self);
    } catch (error) {
      refuse(connection, error);
    } finally {
      end();
      waits.delete(end);
    }
  };

  const beGreeted = async (stream: Stream, connection: Connection) => {
    try {
      const talk = converse(stream, networkLimits.helloFrameBytes);
      const { peer, session: theirs } = await recognize(connection, await talk.hear());
      talk.say(hello(connection));
      if ((await talk.hear()).length !== 0)
        throw new LockstepError("undecodable", "the last message of a hello is empty");
      attach(peer, connection, theirs, peer.validator);
    } catch (error) {
      refuse(connection, error);
    }
  };

  const dial = async (peer: Peer, address: string) => {
    const deadline = new AbortController();
    const cancel = runtime.after(networkLimits.dialMs, () => deadline.abort());
    try {
      const connection = await node.dial(multiaddr(address), { signal: deadline.signal, force: true });
      await greet(connection, peer);
    } catch (error) {
      log.debug({ validator: peer.validator, address, reason: (error as Error).message }, "dial failed");
    } finally {
      cancel();
    }
  };

  for (const [index, { address }] of validators.entries()) {
    const validator = index as ValidatorIndex;
    if (validator === self) continue;
    const peer: Peer = createPeer(validator, {
      runtime,
      log,
      received: (channel, message) => handlers.get(channel)?.(validator, message),
      disconnected: (lastedMs) => {
        const redial = redials.get(validator);
        if (lastedMs >= networkLimits.settledMs) redial?.reset();
        redial?.ensure();
      },
    });
    peers.set(validator, peer);
    if (address === undefined) continue;
    const isWanted = () => !closed && !peer.isConnected;
    redials.set(
      validator,
      createRedial({ runtime, dial: () => dial(peer, address), isWanted, notBefore: peer.banLeft }),
    );
  }

  node.addEventListener("connection:open", ({ detail: connection }) => {
    if (connection.direction === "inbound") door.opened(connection);
  });
  const once = { maxInboundStreams: 1, maxOutboundStreams: 1 };
  await node.handle(helloProtocol, beGreeted, once);
  for (const channel of channels) {
    const accept = (stream: Stream, connection: Connection) => {
      const peer = [...peers.values()].find((candidate) => candidate.owns(connection));
      if (peer === undefined) stream.abort(new Error("the connection is not proven"));
      else peer.accept(channel, stream);
    };
    await node.handle(channelProtocol(channel), accept, once);
  }

  return {
    self,
    peers: () => [...peers.values()].filter((peer) => peer.isConnected).map(({ validator }) => validator),
    send: (to, channel, message) => peers.get(to)?.send(channel, message),
    broadcast: (channel, message) => {
      for (const peer of peers.values()) peer.send(channel, message);
    },
    listen: (channel, handler) => {
      handlers.set(channel, handler);
    },
    onConnect: (handler) => {
      connectHandlers.push(handler);
    },
    penalize: (peer, reason) => peers.get(peer)?.penalize(networkLimits.offencePoints, reason),
    start: async () => {
      try {
        await node.start();
      } catch (cause) {
        throw new LockstepError(
          "listen_failed",
          `can't listen at ${listen}: ${reasonOf(cause)}; free the port or choose another`,
          { address: listen },
          cause,
        );
      }
      for (const redial of redials.values()) redial.ensure();
    },
    close: async () => {
      closed = true;
      for (const redial of redials.values()) redial.stop();
      for (const peer of peers.values()) peer.disconnect("this node stops");
      for (const end of waits) end();
      door.close();
      await node.stop();
    },
    address: () => {
      const [first] = node.getMultiaddrs();
      if (first === undefined) throw new LockstepError("not_listening", "the network has not been started");
      return first.decapsulateCode(421).toString();
    },
    stats: () => ({
      peers: [...peers.values()].map((peer) => peer.stats()),
      strangers: door.strangers,
      refused,
    }),
  };
};
