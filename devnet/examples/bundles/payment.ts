/** Pays somebody on each of four VMs, or nobody: one bundle, four wallets, one block. */
import { type Connection, type Keypair, type PublicKey, SystemProgram } from "@solana/web3.js";
import { Address, ScriptTransactionRequest, type WalletUnlocked } from "fuels";
import { type Account as CairoAccount, CallData } from "starknet";
import type { Account, Chain, Hex, Transport, WalletClient } from "viem";
import type { ApprovedBundle, Lockstep } from "../../../client/bundle.ts";
import type { SponsorSigner } from "../../../client/sponsor.ts";
import { cairoLeg } from "../../../client/wallets/cairo.ts";
import { evmLeg } from "../../../client/wallets/evm.ts";
import { fuelLeg } from "../../../client/wallets/fuel.ts";
import { svmLeg } from "../../../client/wallets/svm.ts";
import { LockstepError } from "../../../protocol/errors.ts";

export type Payers = {
  evm: WalletClient<Transport, Chain, Account>;
  svm: { connection: Connection; keypair: Keypair };
  cairo: CairoAccount;
  fuel: WalletUnlocked;
};

/** Whom to pay on each VM, and how much in the smallest unit of its currency. */
export type Payments = {
  evm: { to: Hex; wei: bigint };
  svm: { to: PublicKey; lamports: bigint };
  cairo: { to: Hex; fri: bigint };
  fuel: { to: string; amount: bigint };
};

const strk = "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d";

const fuelPayment = async (wallet: WalletUnlocked, { to, amount }: Payments["fuel"]) => {
  const request = new ScriptTransactionRequest();
  request.addCoinOutput(new Address(to), Number(amount), await wallet.provider.getBaseAssetId());
  return request;
};

/** The signed bundle. @throws LockstepError `not_committed` where a simulation says that nobody would be paid */
export const payFour = async (
  lockstep: Lockstep,
  sponsor: SponsorSigner,
  payers: Payers,
  payments: Payments,
): Promise<ApprovedBundle> => {
  const { svm, cairo } = payments;
  const transfer = SystemProgram.transfer({
    fromPubkey: payers.svm.keypair.publicKey,
    toPubkey: svm.to,
    lamports: svm.lamports,
  });
  const calldata = CallData.compile({ recipient: cairo.to, amount: { low: cairo.fri, high: 0n } });
  const prepared = await lockstep.prepare({
    sponsor,
    legs: [
      evmLeg(payers.evm, { to: payments.evm.to, value: payments.evm.wei }),
      svmLeg(501, payers.svm.connection, { instructions: [transfer], signers: [payers.svm.keypair] }),
      cairoLeg(9004, payers.cairo, { calls: [{ contractAddress: strk, entrypoint: "transfer", calldata }] }),
      fuelLeg(9889, payers.fuel, { request: await fuelPayment(payers.fuel, payments.fuel) }),
    ],
  });
  const signed = await prepared.sign();
  const { committed, failure } = await signed.simulate();
  if (!committed) {
    const where = failure?.leg === undefined ? "" : ` at leg ${failure.leg}`;
    throw new LockstepError("not_committed", `nobody would be paid: ${failure?.code}${where}: ${failure?.message}`);
  }
  return await signed.approve();
};
