/** Bounds of what validators say about execution. */
export const attestationLimits = {
  /** How far above the newest certificate, or finalized height, it is listened to. */
  window: 256,
  /** How often the newest own attestation is sent again while it isn't certified. */
  resendMs: 1_000,
  /** How often own tenants that can't be executed are told of. */
  cannotMs: 5_000,
} as const;
