/** Addresses of native programs, SPL programs and sysvars. */
import { LockstepError } from "../../protocol/errors.ts";
import { fromBase58 } from "./base58.ts";

export const addressOf = (text: string): Uint8Array => {
  const address = fromBase58(text, 32);
  if (address === undefined) throw new LockstepError("bad_input", `${text.slice(0, 80)} is no Solana address`);
  return address;
};

export const programs = {
  system: addressOf("11111111111111111111111111111111"),
  native: addressOf("NativeLoader1111111111111111111111111111111"),
  computeBudget: addressOf("ComputeBudget111111111111111111111111111111"),
  loaderV1: addressOf("BPFLoader1111111111111111111111111111111111"),
  loaderV2: addressOf("BPFLoader2111111111111111111111111111111111"),
  loaderV3: addressOf("BPFLoaderUpgradeab1e11111111111111111111111"),
  ed25519: addressOf("Ed25519SigVerify111111111111111111111111111"),
  secp256k1: addressOf("KeccakSecp256k11111111111111111111111111111"),
  secp256r1: addressOf("Secp256r1SigVerify1111111111111111111111111"),
  lookupTable: addressOf("AddressLookupTab1e1111111111111111111111111"),
  token: addressOf("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
  token2022: addressOf("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
} as const;

export const sysvars = {
  owner: addressOf("Sysvar1111111111111111111111111111111111111"),
  slotHashes: addressOf("SysvarS1otHashes111111111111111111111111111"),
} as const;
