/** Every cap of the protocol. Those of messages are wire format. */

export const messageLimits = {
  /** Largest message: a proposal with a full header of the largest validator set. */
  bytes: 4096,
  requestViews: 64,
  requestHeaders: 32,
} as const;

export const simplexLimits = {
  /** Views ahead of the current one whose votes and proposals are kept. */
  futureViews: 32,
  /** Messages of the next epoch kept per peer until that epoch begins. */
  earlyMessages: 16,
  /** Answers to one peer between two ticks. */
  served: 16,
  /** Certificates of one peer under verification at a time. */
  checking: 2 * messageLimits.requestViews,
} as const;
