/** Who wants to hear what the node does, and the telling. */
import type { NodeEvent } from "./service.ts";

export type Events = {
  emit(event: NodeEvent): void;
  /** The returned function ends the subscription. */
  subscribe(listener: (event: NodeEvent) => void): () => void;
};

/** A listener that throws is not told again: it must not stop the node or the others. */
export const createEvents = (onError: (error: unknown) => void): Events => {
  const listeners = new Set<(event: NodeEvent) => void>();
  return {
    emit: (event) => {
      for (const listener of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          listeners.delete(listener);
          onError(error);
        }
      }
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
