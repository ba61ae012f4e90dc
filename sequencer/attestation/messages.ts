/** What travels on the attestation channel: attestations, and who can't give any for which tenant. */
export const attestationTags = { attestation: 1, cannot: 2 } as const;
