/** What a node keeps of certificates and of its own newest attestation. */

import type { Certified } from "../../protocol/header.ts";
import { asHeight, type Height, type Revision } from "../../protocol/ids.ts";
import type { Disk } from "../../protocol/ports.ts";
import { Attestation } from "../../protocol/summary.ts";
import { type Recoveries, revisionAt } from "../pipeline/recoveries.ts";
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

/** What is of a revision that is not in force any more counts for nothing. */
export const readProgress = async (disk: Disk, recoveries: Recoveries): Promise<Progress> => {
  const inForce = <T extends { height: Height; revision: Revision }>(known: T): T | undefined =>
    known.revision === revisionAt(recoveries, known.height) ? known : undefined;

  const carrier = await disk.get(keys.carrier());
  const certificate = await disk.get(keys.certificate());
  const attestation = await disk.get(keys.attestation());
  return {
    carrier: asHeight(carrier === undefined ? 0 : decodeHeight(carrier)),
    certificate: certificate === undefined ? undefined : inForce(CertifiedRecord.decode(certificate)),
    attestation: attestation === undefined ? undefined : inForce(Attestation.decode(attestation)),
  };
};
