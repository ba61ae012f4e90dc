/** Caps of what a Cairo executor takes and answers. None is part of consensus. */
export const executorLimits = {
  /** Transactions simulated by one read. */
  simulated: 64,
  /** L2 gas that a simulation without bounds of its own may use, and a call. */
  callGas: 1_000_000_000,
  /** Classes, contracts and storage keys that one read asks proofs of. */
  proven: 256,
} as const;
