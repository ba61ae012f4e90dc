/** Caps of what a Cairo executor takes and answers. */

/** Felts in the parts of a transaction, as Starknet's gateways have them: hashing goes by felts. Changing one forks the chain. */
export const encodingLimits = {
  signature: 4_000,
  calldata: 5_000,
  program: 81_920,
} as const;

/** None is part of consensus. */
export const executorLimits = {
  /** Transactions simulated by one read. */
  simulated: 64,
  /** L2 gas that a call may use; a second is worth about a billion. */
  callGas: 200_000_000,
  /** L2 gas that a simulated transaction without bounds may use, and after which a simulation takes no other. */
  simulatedGas: 1_000_000_000,
  /** Classes, contracts and storage keys that one read asks proofs of. */
  proven: 256,
} as const;
