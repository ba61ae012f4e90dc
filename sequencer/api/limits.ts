/** Every cap of the HTTP API and its stream. None is part of consensus. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const apiLimits = {
  /** Bytes of one request's body: a batch of submitted transactions, in hexadecimal or raw. */
  requestBytes: 10 * MiB,
  /**
   * Bytes of bodies being received and worked on and of answers and events not yet read, over all connections; when
   * they run short, the connection that waits with the most of them is ended.
   */
  bufferedBytes: 256 * MiB,
  /** Slices, which may be as large as a block, that are read at the same time, and requests for them that wait. */
  slices: 4,
  waitingSlices: 256,
  /** Bundles that are simulated at the same time, and requests that wait. */
  simulations: 1,
  waitingSimulations: 16,
  /** Lists and objects within each other in a body. */
  jsonDepth: 16,
  headerBytes: 16 * KiB,
  /** Places for connections, and below for streams; when all are taken, an idle one of the greediest host makes room. */
  connections: 1024,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 120_000,
  keepAliveMs: 65_000,
  /** Time that running answers get when the server closes. */
  closeMs: 2_000,
  /** Streams open at once. */
  sockets: 256,
  /** Bytes of one message from a stream's client. */
  messageBytes: 4 * KiB,
  /** Messages that a stream's client may send between two heartbeats. */
  messages: 64,
  /** Domains that one stream filters by. */
  domains: 64,
  /** A stream whose reader leaves more than this unread is cut off. */
  unsentBytes: 4 * MiB,
  /** Time that a cut-off reader gets to read why. */
  cutOffMs: 5_000,
  /** A stream is pinged this often, and ended when the last ping got no answer. */
  heartbeatMs: 30_000,
} as const;
