/** Tells when a process is stuck: it owes something, and gives no sign of life for several looks in a row. */
import type { Runtime } from "../../protocol/ports.ts";

export type Look = {
  /** Whether it owes anything at all. */
  owes: boolean;
  /** Differs from the look before if the process lives. */
  sign: string;
  /** Looks without a sign of life that are too many. */
  patience: number;
};

/**
 * Calls `onSilent` once. Looks are counted rather than time measured, so that a machine which slept accuses nobody.
 * The returned function ends the watch.
 */
export const watch = (options: {
  runtime: Pick<Runtime, "after">;
  everyMs: number;
  look(): Look;
  onSilent(): void;
}): (() => void) => {
  let last: string | undefined;
  let silent = 0;
  const tick = (): void => {
    const { owes, sign, patience } = options.look();
    silent = owes && sign === last ? silent + 1 : 0;
    last = owes ? sign : undefined;
    if (silent >= patience) options.onSilent();
    else cancel = options.runtime.after(options.everyMs, tick);
  };
  let cancel = options.runtime.after(options.everyMs, tick);
  return () => cancel();
};
