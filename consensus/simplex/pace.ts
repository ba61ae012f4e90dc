/** How long a validator waits: derived from how fast views went so far on this machine and network. */

/** An idle network makes one empty block in this time, milliseconds. */
export const heartbeatMs = 1000;
/** Status, and what was said in a view that lasts, is sent again this often. */
export const tickMs = 1000;
/**
 * Bounds of the wait for a leader's proposal. The lower one exceeds the heartbeat: a leader that missed the
 * announcement of work still proposes in time.
 */
const leaderFloorMs = 1500;
/** A validator that said something within this time is not silent, however many views went by. */
export const silentMs = leaderFloorMs;
const ceilingMs = 30_000;
/** A proposal may take this many times as long as a whole view took on average. */
const patience = 4;
const maxBackoff = 5;

export type Pace = {
  /** Milliseconds from waking up in a view to its notarization, smoothed. */
  readonly smoothedMs: number;
  /** Timeouts that were in vain, less the views that succeeded since. */
  readonly backoff: number;
  /** When the current view woke up. */
  readonly awakeSince: number;
};

export const initialPace: Pace = { smoothedMs: 0, backoff: 0, awakeSince: 0 };

const clamp = (ms: number): number => Math.min(ceilingMs, Math.max(leaderFloorMs, ms));

/** R12: how long to wait for the proposal. */
export const leaderMs = ({ smoothedMs, backoff }: Pace): number =>
  Math.min(ceilingMs, clamp(patience * smoothedMs) * 2 ** backoff);

/** R12: how long to wait for the notarization. */
export const advanceMs = (pace: Pace): number => 2 * leaderMs(pace);

/** How long a leader holds back the last header of an epoch: its finalization is most likely on its way. */
export const closingMs = ({ smoothedMs }: Pace): number => Math.max(100, Math.round(2 * smoothedMs));

export const afterNotarization = (pace: Pace, now: number): Pace => {
  const took = Math.max(0, now - pace.awakeSince);
  const smoothedMs = pace.smoothedMs === 0 ? took : Math.round((7 * pace.smoothedMs + took) / 8);
  return { ...pace, smoothedMs, backoff: Math.max(0, pace.backoff - 1) };
};

/** After a view that timed out, though its leader was not known to be silent. */
export const afterTimeout = (pace: Pace): Pace => ({ ...pace, backoff: Math.min(maxBackoff, pace.backoff + 1) });
