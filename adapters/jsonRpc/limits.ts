/** Every cap of the JSON-RPC transport. None is part of consensus. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const transportLimits = {
  /** Bytes of one HTTP body, and of one WebSocket message, which is held outside `bufferedBytes` until it is whole. */
  requestBytes: 5 * MiB,
  messageBytes: MiB,
  /** An oversized HTTP body is read and thrown away up to here, so that its sender can read the refusal. */
  discardedBytes: 64 * MiB,
  /**
   * Bytes of requests being received and worked on and of answers not yet read, over all connections; when they run
   * short, the connection that waits with the most of them is ended.
   */
  bufferedBytes: 256 * MiB,
  /** Lists and objects within each other in a request. */
  jsonDepth: 64,
  batchCalls: 1000,
  /** Calls of one batch that run at the same time. */
  batchConcurrency: 16,
  /** Once the answers of a batch are this long, its calls that didn't start yet are refused. */
  batchAnswerBytes: 32 * MiB,
  /** Places for connections and WebSockets; when all are taken, an idle one of the greediest host makes room. */
  connections: 1024,
  sockets: 512,
  /** Messages of one WebSocket being worked on; reading pauses above. */
  socketMessages: 256,
  /** Of one WebSocket, and of all. */
  subscriptions: 128,
  allSubscriptions: 2048,
  /** A WebSocket whose reader leaves more than this unread is cut off. */
  unsentBytes: 8 * MiB,
  /** A WebSocket is pinged this often, and ended when the last ping got no answer. */
  heartbeatMs: 30_000,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  /** Must exceed the longest wait of any method. */
  idleTimeoutMs: 120_000,
  keepAliveMs: 65_000,
  /** Time that running answers get when the server closes. */
  closeMs: 2_000,
} as const;
