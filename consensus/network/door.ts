/** Inbound connections that have not proven a key yet: so many, each for so long and of so many bytes. */
import type { Connection, MultiaddrConnection } from "@libp2p/interface";
import { LockstepError } from "../../protocol/errors.ts";
import type { Runtime } from "../../protocol/ports.ts";
import { createSeats } from "../../protocol/seats.ts";
import { networkLimits } from "./limits.ts";

export type Door = {
  /** A connection comes in; one of the host that holds the most may have to go for it. */
  enter(connection: MultiaddrConnection): void;
  /** It has been encrypted: what it sends from here on is counted. */
  opened(connection: Connection): void;
  /** It has proven a key, and is no stranger any more. */
  leave(connection: Connection): void;
  close(): void;
  readonly strangers: number;
};

type Stranger = { connection: MultiaddrConnection; leave(): void };

/** Multicodec of `/p2p/<id>`, with which an address ends once its connection is encrypted. */
const peerIdCode = 421;

/** The one name that a connection keeps from its socket on. */
const nameOf = ({ remoteAddr }: MultiaddrConnection | Connection): string =>
  remoteAddr.decapsulateCode(peerIdCode).toString();

const hostOf = ({ remoteAddr }: MultiaddrConnection): string => remoteAddr.getComponents()[0]?.value ?? "";

export const createDoor = (
  runtime: Runtime,
  /** Told why a connection is ended. */
  refused: (from: string, error: LockstepError) => void,
): Door => {
  const { unprovenConnections, unprovenBytes, helloMs } = networkLimits;
  const seats = createSeats(unprovenConnections);
  const strangers = new Map<string, Stranger>();
  const strangerOf = (connection: Connection): Stranger | undefined => strangers.get(nameOf(connection));

  return {
    enter: (connection) => {
      const from = nameOf(connection);
      const leave = (): void => {
        cancel();
        leaveSeat();
        if (strangers.get(from) === stranger) strangers.delete(from);
      };
      const end = (code: string, message: string): void => {
        if (strangers.get(from) !== stranger) return;
        leave();
        const error = new LockstepError(code, message);
        refused(from, error);
        connection.abort(error);
      };
      const stranger: Stranger = { connection, leave };
      strangers.set(from, stranger);
      const cancel = runtime.after(helloMs, () => end("hello_late", `no proven key within ${helloMs} ms`));
      connection.addEventListener("close", leave);
      const leaveSeat = seats.take({
        host: hostOf(connection),
        isBusy: () => false,
        evict: () => end("crowded", `more than ${unprovenConnections} connections have no proven key`),
      });
    },
    opened: (connection) => {
      const stranger = strangerOf(connection);
      if (stranger === undefined) return;
      let left = unprovenBytes;
      stranger.connection.addEventListener("message", ({ data }) => {
        left -= data.byteLength;
        if (left >= 0 || strangerOf(connection) !== stranger) return;
        stranger.leave();
        const error = new LockstepError("hello_oversized", `more than ${unprovenBytes} bytes before a proven key`);
        refused(nameOf(connection), error);
        stranger.connection.abort(error);
      });
    },
    leave: (connection) => strangerOf(connection)?.leave(),
    close: () => {
      for (const { leave } of [...strangers.values()]) leave();
    },
    get strangers() {
      return strangers.size;
    },
  };
};
