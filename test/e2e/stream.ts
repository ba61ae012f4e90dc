/** Reads a validator's stream of events. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { decodeWire, EventWire } from "../../protocol/wire.ts";
import { type Endpoint, eventually } from "./network.ts";

export type Stream = {
  /** The first event of the topic that fits, come or still to come. */
  event<T extends EventWire["topic"]>(
    topic: T,
    fits: (event: EventWire & { topic: T }) => boolean,
  ): Promise<EventWire & { topic: T }>;
  /** All that came so far. */
  heard: readonly EventWire[];
  close(): Promise<void>;
};

/** @param query of /v1/stream, such as `topics=finalized`. */
export const listen = async ({ api }: Endpoint, query: string): Promise<Stream> => {
  const socket = new WebSocket(`${api.replace("http", "ws")}/v1/stream?${query}`);
  const heard: EventWire[] = [];
  const problems: string[] = [];
  socket.on("message", (text) => {
    const event = decodeWire(EventWire, JSON.parse(text.toString()));
    if (event.ok) heard.push(event.value);
    else problems.push(event.error.message);
  });
  await once(socket, "open");
  return {
    heard,
    event: (topic, fits) => {
      type Wanted = EventWire & { topic: typeof topic };
      const isWanted = (event: EventWire): event is Wanted => event.topic === topic && fits(event as Wanted);
      return eventually(async () => {
        if (problems.length > 0) throw new Error(problems.join("\n"));
        return heard.find(isWanted);
      });
    },
    close: async () => {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
};
