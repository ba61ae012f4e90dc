/** Height 0: the header that every chain of a genesis starts from. */

import { emptyCertificate } from "../../protocol/certificate.ts";
import { Genesis } from "../../protocol/genesis.ts";
import type { Header } from "../../protocol/header.ts";
import { asEpoch, asHeight, asRevision, asValidatorIndex, zeroRoot } from "../../protocol/ids.ts";
import { OrderingState } from "../../protocol/ordering.ts";
import { Payload } from "../../protocol/payload.ts";
import { genesisState } from "../control/state.ts";
import { validatorRoots } from "./validity.ts";

/** The summary of genesis needs no certificate, so its root stands nowhere: what it is certified by is empty. */
export const genesisHeader = (genesis: Genesis): Header => {
  const state = genesisState(genesis, Genesis.root(genesis));
  const epoch = asEpoch(0);
  return {
    epoch,
    height: asHeight(0),
    timestampMs: genesis.timestampMs,
    proposer: asValidatorIndex(0),
    parent: zeroRoot,
    payloadRoot: Payload.root([]),
    controlRoot: OrderingState.root(state),
    ...validatorRoots({ epoch }, state),
    batches: [],
    certified: {
      height: asHeight(0),
      revision: asRevision(0),
      summaryRoot: zeroRoot,
      certificate: emptyCertificate(),
    },
  };
};
