/** Links between nodes: each direction has its own latency, jitter, loss and duplication, and can be cut. */

import type { ValidatorIndex } from "../../protocol/ids.ts";
import type { Channel, Network } from "../../protocol/ports.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

export type Link = {
  /** Milliseconds; what one message takes is between latency and latency + jitter, so messages overtake. */
  latencyMs: number;
  jitterMs: number;
  /** Probability that a message is lost, or arrives twice. */
  loss: number;
  duplication: number;
};

export type WireMessage = {
  readonly from: ValidatorIndex;
  readonly to: ValidatorIndex;
  readonly channel: Channel;
  readonly message: Uint8Array;
};

export type NetworkHooks = {
  /** Everything that a node sends, whether it arrives or not. */
  sent(wire: WireMessage): void;
  delivered(wire: WireMessage): void;
  penalized(by: ValidatorIndex, peer: ValidatorIndex, reason: string): void;
};

export type SimulatedNetwork = {
  /** The port of a node from its start to its crash. */
  join(node: ValidatorIndex): Network;
  leave(node: ValidatorIndex): void;
  setLink(from: ValidatorIndex, to: ValidatorIndex, change: Partial<Link>): void;
  /** Nodes of different groups don't reach each other until `heal`. */
  partition(groups: readonly (readonly ValidatorIndex[])[]): void;
  heal(): void;
};

type Port = {
  readonly handlers: Map<Channel, (from: ValidatorIndex, message: Uint8Array) => void>;
  readonly greeters: ((peer: ValidatorIndex) => void)[];
  /** Peers already announced. */
  readonly connected: Set<ValidatorIndex>;
};

export const createNetwork = (
  schedule: Schedule,
  random: Random,
  nodes: readonly ValidatorIndex[],
  defaults: Link,
  hooks: NetworkHooks,
): SimulatedNetwork => {
  const ports = new Map<ValidatorIndex, Port>();
  const links = new Map<string, Link>();
  let groups: readonly (readonly ValidatorIndex[])[] = [nodes];

  const linkOf = (from: ValidatorIndex, to: ValidatorIndex): Link => links.get(`${from}>${to}`) ?? defaults;
  const reach = (a: ValidatorIndex, b: ValidatorIndex): boolean =>
    groups.some((group) => group.includes(a) && group.includes(b));

  /** What was sent before a crash still arrives. */
  const deliver = (wire: WireMessage): void => {
    const target = ports.get(wire.to);
    if (target === undefined || !reach(wire.from, wire.to)) return;
    const handler = target.handlers.get(wire.channel);
    if (handler === undefined) return;
    hooks.delivered(wire);
    try {
      handler(wire.from, wire.message.slice());
    } catch (error) {
      hooks.penalized(wire.to, wire.from, error instanceof Error ? error.message : String(error));
    }
  };

  const transmit = (port: Port, wire: WireMessage): void => {
    if (ports.get(wire.from) !== port) return;
    hooks.sent(wire);
    const { latencyMs, jitterMs, loss, duplication } = linkOf(wire.from, wire.to);
    const copies = random.chance(loss) ? 0 : random.chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      schedule.after(latencyMs + random.fraction() * jitterMs, () => deliver(wire));
    }
  };

  /** Connections come up and go down with nodes and partitions, a latency later. */
  const reconnect = (): void => {
    for (const [node, port] of ports) {
      for (const peer of nodes) {
        const up = peer !== node && ports.has(peer) && reach(node, peer);
        if (!up) port.connected.delete(peer);
        else if (!port.connected.has(peer)) {
          port.connected.add(peer);
          schedule.after(linkOf(peer, node).latencyMs, () => {
            if (ports.get(node) === port && port.connected.has(peer)) for (const greet of port.greeters) greet(peer);
          });
        }
      }
    }
  };

  return {
    join: (node) => {
      const port: Port = { handlers: new Map(), greeters: [], connected: new Set() };
      ports.set(node, port);
      for (const other of ports.values()) other.connected.delete(node);
      reconnect();
      const peers = (): ValidatorIndex[] =>
        ports.get(node) === port ? nodes.filter((peer) => peer !== node && ports.has(peer) && reach(node, peer)) : [];
      const send = (to: ValidatorIndex, channel: Channel, message: Uint8Array): void =>
        transmit(port, { from: node, to, channel, message: message.slice() });
      return {
        self: node,
        peers,
        send,
        broadcast: (channel, message) => {
          for (const peer of nodes) if (peer !== node) send(peer, channel, message);
        },
        listen: (channel, handler) => {
          port.handlers.set(channel, handler);
        },
        onConnect: (handler) => {
          port.greeters.push(handler);
        },
        penalize: (peer, reason) => hooks.penalized(node, peer, reason),
      };
    },
    leave: (node) => {
      ports.delete(node);
      reconnect();
    },
    setLink: (from, to, change) => {
      links.set(`${from}>${to}`, { ...linkOf(from, to), ...change });
    },
    partition: (next) => {
      groups = next;
      reconnect();
    },
    heal: () => {
      groups = [nodes];
      reconnect();
    },
  };
};
