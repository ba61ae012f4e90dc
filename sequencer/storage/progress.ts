/** What a node keeps of certificates and of its own newest attestation. */

import type { Certified } from "../../protocol/header.ts";
import { asHeight, type Height } from "../../protocol/ids.ts";
import type { Disk } from "../../protocol/ports.ts";
import { Attestation } from "../../protocol/summary.ts";
import { decodeHeight, keys } from "./keys.ts";
import { CertifiedRecord } from "./records.ts";

export type Progress = {
  /** Height of the finalized header that carries the newest final execution certificate; 0 if none. */
  carrier: Height;
  /** Newest execution certificate assembled or seen here. */
  certificate: Certified | undefined;
  /** Own newest attestation. */
  attestation: Attestation | undefined;
};

export const readProgress = async (disk: Disk): Promise<Progress> => {
  const carrier = await disk.get(keys.carrier());
  const certificate = await disk.get(keys.certificate());
  const attestation = await disk.get(keys.attestation());
  return {
    carrier: asHeight(carrier === undefined ? 0 : decodeHeight(carrier)),
    certificate: certificate === undefined ? undefined : CertifiedRecord.decode(certificate),
    attestation: attestation === undefined ? undefined : Attestation.decode(attestation),
  };
};
