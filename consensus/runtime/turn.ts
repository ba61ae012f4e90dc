/** Turns of the event loop, for what real I/O gathers before it acts. */

/** Resolves after everything that the current turn of the event loop still runs. */
export const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
