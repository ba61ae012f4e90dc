/** The rules a tenant's blocks are executed under: Prague from block 0 on. */
import { type Common, createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import type { KZG } from "@ethereumjs/util";
import { verifyKzgProof } from "./kzg.ts";

/** All forks up to Prague that change rules; the DAO fork changed accounts of one chain. */
const forks = [
  Hardfork.Chainstart,
  Hardfork.Homestead,
  Hardfork.TangerineWhistle,
  Hardfork.SpuriousDragon,
  Hardfork.Byzantium,
  Hardfork.Constantinople,
  Hardfork.Petersburg,
  Hardfork.Istanbul,
  Hardfork.Berlin,
  Hardfork.London,
  Hardfork.Paris,
  Hardfork.Shanghai,
  Hardfork.Cancun,
  Hardfork.Prague,
];

export const replayRules = (chainId: number): Common =>
  createCustomCommon({ chainId, hardforks: forks.map((name) => ({ name, block: 0 })) }, Mainnet, {
    hardfork: Hardfork.Prague,
    // The point evaluation precompile asks for nothing else, and blobs are refused.
    customCrypto: { kzg: { verifyProof: verifyKzgProof } as KZG },
  });
