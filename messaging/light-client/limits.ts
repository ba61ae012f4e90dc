/** Every cap of the light client. None is part of consensus. */

const MiB = 2 ** 20;

export const lightClientLimits = {
  /** Bytes of one answer: twice a full block in hexadecimal. */
  answerBytes: 64 * MiB,
  /** Epochs that a client goes back from the newest in search of the root it trusts. */
  epochs: 2 ** 16,
  /** Summaries that are asked for at once. */
  summaries: 32,
  /** Heights of a run: so many slices are asked for, and held, at once. */
  runHeights: 4,
  /** Between two looks for new heights, once a follower has all. */
  pollMs: 100,
  /** Looks in vain (10 s, where heights come every second at least) before a follower says so and asks the next API. */
  idlePolls: 100,
  /** A follower's pause after all APIs failed, doubled each time up to the longest. */
  firstRetryMs: 250,
  longestRetryMs: 5_000,
  /** Rounds through all APIs that may fail one after the other: five minutes. */
  retries: 64,
  /** The same while an API doesn't show what it must have: four seconds. */
  withheldRetries: 5,
} as const;
