/** The libp2p node under the transport: tcp, noise, yamux, and nothing else. */
import "./polyfill.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import type { Libp2p } from "@libp2p/interface";
import { createLibp2p } from "libp2p";
import { networkLimits } from "./limits.ts";
import { coalescingTcp } from "./tcp.ts";

/** A node that is not started. `identity` is an ed25519 seed of 32 bytes; `listen` a multiaddr. */
export const createNode = async (identity: Uint8Array, listen: string, validators: number): Promise<Libp2p> => {
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
    connectionManager: {
      maxConnections: 2 * validators + unprovenConnections,
      maxIncomingPendingConnections: unprovenConnections,
      inboundConnectionThreshold: inboundConnectionRate,
      inboundUpgradeTimeout: helloMs,
      reconnectRetries: 0,
    },
  });
};
