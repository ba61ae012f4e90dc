/** What registrations may take of a node before they are ordered. */
export const rosterLimits = {
  /** Registrations that wait for an engine's opinion; also, of how many it is remembered. */
  probes: 16,
} as const;
