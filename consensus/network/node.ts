/** The libp2p node under the transport: tcp, noise, yamux, and nothing else. */
import "./polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import type { Libp2p, MultiaddrConnection } from "@libp2p/interface";
import { createLibp2p } from "libp2p";
import { networkLimits } from "./limits.ts";
import { coalescingTcp } from "./tcp.ts";

export type NodeOptions = {
  /** ed25519 seed of 32 bytes. */
  identity: Uint8Array;
  /** Multiaddr. */
  listen: string;
  validators: number;
  /** Sees a connection before anything is read from it. */
  entered(connection: MultiaddrConnection): void;
};

/** A node that is not started. What bounds strangers is `entered`; libp2p's own bounds lie above that. */
export const createNode = async ({ identity, listen, validators, entered }: NodeOptions): Promise<Libp2p> => {
  const { unprovenConnections, inboundConnectionRate, streamWindowBytes, helloMs } = networkLimits;
  return await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed("Ed25519", identity),
    addresses: { listen: [listen] },
    transports: [coalescingTcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: 16,
        maxOutboundStreams: 16,
        streamOptions: { maxStreamWindowSize: streamWindowBytes, maxReadBufferLength: streamWindowBytes },
      }),
    ],
    connectionGater: {
      denyInboundConnection: (connection) => {
        entered(connection);
        return false;
      },
    },
    connectionManager: {
      maxConnections: 2 * (validators + unprovenConnections),
      maxIncomingPendingConnections: 2 * unprovenConnections,
      inboundConnectionThreshold: inboundConnectionRate,
      inboundUpgradeTimeout: 2 * helloMs,
      reconnectRetries: 0,
    },
  });
};
