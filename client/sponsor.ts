/** Who pays for a bundle: an Ed25519 key, such as that of a Solana account. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { asSponsor, type Sponsor } from "../protocol/ids.ts";

export type SponsorSigner = {
  readonly sponsor: Sponsor;
  /** 64 bytes under the 32 of `sponsorDigest`. */
  sign(digest: Uint8Array): Promise<Uint8Array>;
};

/** @param secretKey 32 bytes of seed; what stands behind them, as in a web3.js `Keypair`, is not looked at */
export const sponsorFrom = (secretKey: Uint8Array): SponsorSigner => {
  const seed = secretKey.slice(0, 32);
  return {
    sponsor: asSponsor(ed25519.getPublicKey(seed)),
    sign: async (digest) => ed25519.sign(digest, seed),
  };
};
