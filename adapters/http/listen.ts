/** Starting and ending an HTTP server, for all that a node serves. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { LockstepError } from "../../protocol/errors.ts";

export type Listen = { host: string; port: number };

const listenError = (cause: NodeJS.ErrnoException, { host, port }: Listen): LockstepError => {
  const message =
    cause.code === "EADDRINUSE"
      ? `port ${port} on ${host} is in use: stop the program that listens there, or choose another port`
      : `can't listen on ${host} port ${port}: ${cause.message}`;
  return new LockstepError(
    cause.code === "EADDRINUSE" ? "port_in_use" : "listen_failed",
    message,
    { host, port },
    cause,
  );
};

/**
 * Listens; port 0 takes a free one. Gives host and port as they stand in a URL.
 *
 * @throws LockstepError `port_in_use` when another program listens there, `listen_failed` otherwise
 */
export const listenOn = (http: Server, listen: Listen): Promise<string> =>
  new Promise((resolve, reject) => {
    http.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, listen)));
    http.listen(listen, () => {
      http.removeAllListeners("error");
      // Accept errors (no file descriptor left) end one connection attempt, not the server.
      http.on("error", () => {});
      const { address, family, port } = http.address() as AddressInfo;
      resolve(`${family === "IPv6" ? `[${address}]` : address}:${port}`);
    });
  });

/** The WebSockets of a server: asked to end, then ended. */
export type Sockets = { close(): void; terminate(): void };

/** Lets requests under way end, for `closeMs` at most. */
export const closeServer = async (http: Server, sockets: Sockets, closeMs: number): Promise<void> => {
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  sockets.close();
  http.closeIdleConnections();
  const force = setTimeout(() => {
    sockets.terminate();
    http.closeAllConnections();
  }, closeMs);
  await closed;
  clearTimeout(force);
};
