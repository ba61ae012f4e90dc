/**
 * libp2p's TCP, with all that one turn of the event loop sends to a peer in one piece. By itself it hands every frame to
 * the kernel in three parts, and the receiver gets them as three events.
 */
import type { Socket } from "node:net";
import type { ComponentLogger, MultiaddrConnection, Transport, Upgrader } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { endOfTurn } from "../runtime/turn.ts";

/** Holds back what is written to the socket until the turn ends, or until the socket holds all it wants to. */
const coalesce = <C extends MultiaddrConnection>(connection: C): C => {
  const { socket, sendData } = connection as unknown as { socket: Socket; sendData(data: unknown): unknown };
  let isHeld = false;
  const release = (): void => {
    isHeld = false;
    socket.uncork();
  };
  const send = (data: unknown): unknown => {
    if (!isHeld) {
      isHeld = true;
      socket.cork();
      void endOfTurn().then(release);
    }
    const sent = sendData.call(connection, data);
    if (socket.writableNeedDrain) release();
    return sent;
  };
  return Object.assign(connection, { sendData: send });
};

const coalescing = (upgrader: Upgrader): Upgrader => ({
  createInboundAbortSignal: (signal) => upgrader.createInboundAbortSignal(signal),
  upgradeInbound: (connection, options) => upgrader.upgradeInbound(coalesce(connection), options),
  upgradeOutbound: (connection, options) => upgrader.upgradeOutbound(coalesce(connection), options),
  getConnectionEncrypters: () => upgrader.getConnectionEncrypters(),
  getStreamMuxers: () => upgrader.getStreamMuxers(),
});

export const coalescingTcp =
  () =>
  (components: { logger: ComponentLogger }): Transport => {
    const transport = tcp()(components);
    const { dial, createListener } = transport;
    return Object.assign(transport, {
      dial: (...[address, options]: Parameters<typeof dial>) =>
        dial.call(transport, address, { ...options, upgrader: coalescing(options.upgrader) }),
      createListener: (options: Parameters<typeof createListener>[0]) =>
        createListener.call(transport, { ...options, upgrader: coalescing(options.upgrader) }),
    });
  };
