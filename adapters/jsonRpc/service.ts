/** What a VM's API gives to the transport: methods by name. */
import type { ErrorBody } from "./error.ts";
import type { Params } from "./message.ts";

/** The WebSocket behind a call. */
export type Session = {
  /**
   * Registers a subscription. `start` runs once the call that made it was answered, so that no
   * notification overtakes its id, and returns what ends it.
   *
   * @throws RpcError when the connection has too many
   */
  subscribe(start: (id: number) => () => void): number;
  /** Whether there was such a subscription. */
  unsubscribe(id: number): boolean;
  /** Sends a notification, encoded; a connection whose reader is too slow is cut off instead. */
  send(text: string): void;
  /** Ends a connection that would miss something unknowingly. */
  cutOff(reason: string): void;
};

/**
 * Answers a call, at once or later; what it throws becomes an error answer. `session` is absent
 * over HTTP.
 */
export type Method = (params: Params, session: Session | undefined) => unknown;

export type Outcome = { readonly result: unknown } | { readonly error: ErrorBody };

/** Answers neighbouring calls of a batch together: one outcome each, in order. */
export type GroupedMethod = (calls: readonly Params[]) => Promise<readonly Outcome[]>;

export type Service = {
  readonly methods: ReadonlyMap<string, Method>;
  readonly grouped: ReadonlyMap<string, GroupedMethod>;
};
