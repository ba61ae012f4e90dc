/** The two contracts that the sequencer itself calls, at their canonical addresses with their canonical code. */
import type { Hex } from "../../protocol/bytes.ts";

export type SystemContract = { readonly address: Hex; readonly code: Hex };

/** https://eips.ethereum.org/EIPS/eip-2935: hashes of the last 8,191 blocks. */
export const blockHashHistory: SystemContract = {
  address: "0x0000f90827f1c53a10cb7a02335b175320002935",
  code: `0x${[
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257",
    "611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500",
  ].join("")}`,
};

/** https://eips.ethereum.org/EIPS/eip-4788: parent roots by timestamp, here those of the shared headers. */
export const beaconRoots: SystemContract = {
  address: "0x000f3df6d732807ef1319fb7b8bb8522d0beac02",
  code: `0x${[
    "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414",
    "603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500",
  ].join("")}`,
};
