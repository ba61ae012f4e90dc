/** Two parties swap ether for SOL: each signs its own leg, and neither pays unless the other does. */
import { type Connection, type Keypair, type PublicKey, SystemProgram } from "@solana/web3.js";
import type { Account, Chain, Hex, Transport, WalletClient } from "viem";
import type { ApprovedBundle, Lockstep } from "../../../client/bundle.ts";
import type { SponsorSigner } from "../../../client/sponsor.ts";
import { evmLeg } from "../../../client/wallets/evm.ts";
import { svmLeg } from "../../../client/wallets/svm.ts";

export type Swap = {
  /** Gives wei to the other's address on the EVM. */
  first: { wallet: WalletClient<Transport, Chain, Account>; wei: bigint; to: Hex };
  /** Gives lamports to the first one's address on the SVM. */
  second: { connection: Connection; keypair: Keypair; lamports: bigint; to: PublicKey };
};

export const swap = async (
  lockstep: Lockstep,
  sponsor: SponsorSigner,
  { first, second }: Swap,
): Promise<ApprovedBundle> => {
  const { keypair, to, lamports } = second;
  const transfer = SystemProgram.transfer({ fromPubkey: keypair.publicKey, toPubkey: to, lamports });
  const prepared = await lockstep.prepare({
    sponsor,
    legs: [
      evmLeg(first.wallet, { to: first.to, value: first.wei }),
      svmLeg(501, second.connection, { instructions: [transfer], signers: [keypair] }),
    ],
  });
  const signed = await prepared.sign();
  return await signed.approve();
};
