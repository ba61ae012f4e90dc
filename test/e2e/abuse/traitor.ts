/** Somebody with the key of a validator who speaks the peers' protocol, and says whatever it likes. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { readKeyFile } from "../../../cli/keyFile.ts";
import { readGenesis, readNodeConfig } from "../../../cli/nodeConfig.ts";
import type { BlsSigner } from "../../../consensus/certificate/bls.ts";
import { frameHeader } from "../../../consensus/network/frames.ts";
import { sayHello } from "../../../consensus/network/hello.ts";
import { networkLimits } from "../../../consensus/network/limits.ts";
import { channelProtocol } from "../../../consensus/network/link.ts";
import { helloProtocol } from "../../../consensus/network/network.ts";
import { createNode } from "../../../consensus/network/node.ts";
import { converse } from "../../../consensus/network/streams.ts";
import { concatBytes } from "../../../protocol/bytes.ts";
import { Genesis } from "../../../protocol/genesis.ts";
import type { Root } from "../../../protocol/ids.ts";
import { type Channel, channels } from "../../../protocol/ports.ts";

/** A connection to one validator, on which the key has been proven. */
export type Foothold = {
  /** Sends frames, whatever is in them; what the other side does not take any more is lost. */
  send(channel: Channel, ...messages: Uint8Array[]): Promise<void>;
  /** Sends bytes that need not be frames. */
  write(channel: Channel, bytes: Uint8Array): Promise<void>;
  /** Messages that came on a channel, one chunk of bytes each. */
  readonly heard: Readonly<Record<Channel, number>>;
  /** Resolves when the validator has ended the connection. */
  readonly ended: Promise<void>;
};

export type Traitor = {
  readonly signer: BlsSigner;
  readonly genesis: Root;
  /** @throws Error when the validator does not take the connection */
  connect(address: string): Promise<Foothold>;
  stop(): Promise<void>;
};

export const p2pAddress = async (folder: string): Promise<string> =>
  (await readNodeConfig(join(folder, "node.json"))).p2p.listen;

const isOpen = (stream: Stream | undefined): stream is Stream => stream?.status === "open";

/** Takes the files of the validator in `folder`, which must not run. One that is `deaf` reads nothing. */
export const createTraitor = async (folder: string, { deaf = false } = {}): Promise<Traitor> => {
  const config = await readNodeConfig(join(folder, "node.json"));
  const signer = await readKeyFile(config.keys);
  const genesis = Genesis.root(await readGenesis(config.genesis));
  const node: Libp2p = await createNode({
    identity: new Uint8Array(randomBytes(32)),
    listen: "/ip4/127.0.0.1/tcp/0",
    validators: 8,
    entered: () => {},
  });
  const heardOn = new Map<string, Record<Channel, number>>();
  for (const channel of channels) {
    await node.handle(channelProtocol(channel), (stream, connection) => {
      if (deaf) stream.pause();
      stream.addEventListener("message", ({ data }) => {
        const heard = heardOn.get(connection.id);
        if (heard !== undefined) heard[channel] += data.byteLength;
      });
    });
  }
  await node.start();
  const idOf = (id: { toMultihash(): { bytes: Uint8Array } }): Uint8Array => id.toMultihash().bytes;

  const prove = async (connection: Connection): Promise<void> => {
    const ends = { from: idOf(node.peerId), to: idOf(connection.remotePeer) };
    const talk = converse(await connection.newStream(helloProtocol), networkLimits.helloFrameBytes);
    talk.say(sayHello(signer, genesis, new Uint8Array(randomBytes(16)), ends));
    await talk.hear();
    talk.say(new Uint8Array());
  };

  return {
    signer,
    genesis,
    connect: async (address) => {
      const connection = await node.dial(multiaddr(address), { force: true });
      const heard = Object.fromEntries(channels.map((channel) => [channel, 0])) as Record<Channel, number>;
      heardOn.set(connection.id, heard);
      const ended = new Promise<void>((resolve) => connection.addEventListener("close", () => resolve()));
      await prove(connection);
      const streams = new Map<Channel, Promise<Stream | undefined>>();
      const streamOf = (channel: Channel): Promise<Stream | undefined> => {
        const opened = streams.get(channel) ?? connection.newStream(channelProtocol(channel)).catch(() => undefined);
        streams.set(channel, opened);
        return opened;
      };
      const write = async (channel: Channel, bytes: Uint8Array): Promise<void> => {
        const stream = await streamOf(channel);
        if (isOpen(stream)) stream.send(bytes);
      };
      return {
        write,
        send: (channel, ...messages) =>
          write(channel, concatBytes(...messages.flatMap((message) => [frameHeader(message.length), message]))),
        heard,
        ended,
      };
    },
    stop: async () => {
      await node.stop();
    },
  };
};
