/** Legs on an SVM tenant, signed by web3.js keypairs. */
import {
  ComputeBudgetProgram,
  type Connection,
  type Keypair,
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionInstruction,
} from "@solana/web3.js";
import { depositData, gatewayProgram, gatewayState, requireBundleData } from "../../adapters/svm/contracts/gateway.ts";
import { asDomain, type BundleId, type Sponsor } from "../../protocol/ids.ts";
import type { LegDraft } from "../leg.ts";

export type SvmRequest = {
  /** Instructions, or what they are for a bundle's id. */
  instructions: readonly TransactionInstruction[] | ((id: BundleId) => readonly TransactionInstruction[]);
  /** The first pays. */
  signers: readonly [Keypair, ...Keypair[]];
  /** Compute units that it may use. */
  units?: number;
};

const usualUnits = 200_000;

const markerFor = (id: BundleId): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(gatewayProgram),
    keys: [{ pubkey: new PublicKey(gatewayState), isSigner: false, isWritable: false }],
    data: Buffer.from(requireBundleData(id)),
  });

/** A legacy transaction with the marker as an instruction in front. */
export const svmLeg = (tenant: number, connection: Connection, request: SvmRequest): LegDraft => {
  const domain = asDomain(tenant);
  const { instructions, signers, units = usualUnits } = request;
  const instructionsFor = (id: BundleId) => (typeof instructions === "function" ? instructions(id) : instructions);
  return {
    domain,
    prepare: async () => {
      const { blockhash: recentBlockhash } = await connection.getLatestBlockhash("confirmed");
      const transactionFor = (id: BundleId): Transaction =>
        new Transaction({ recentBlockhash, feePayer: signers[0].publicKey }).add(
          ComputeBudgetProgram.setComputeUnitLimit({ units }),
          markerFor(id),
          ...instructionsFor(id),
        );
      return {
        domain,
        gas: units,
        unsigned: (id) => Uint8Array.from(transactionFor(id).serializeMessage()),
        sign: async (id) => {
          const transaction = transactionFor(id);
          transaction.sign(...signers);
          return Uint8Array.from(transaction.serialize());
        },
      };
    },
  };
};

/** Deposits lamports of an account, which signs, for a sponsor of bundles. */
export const svmDeposit = (payer: PublicKey, sponsor: Sponsor, lamports: bigint): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(gatewayProgram),
    keys: [
      { pubkey: new PublicKey(gatewayState), isSigner: false, isWritable: true },
      { pubkey: payer, isSigner: true, isWritable: true },
      { pubkey: SystemProgram.programId, isSigner: false, isWritable: false },
    ],
    data: Buffer.from(depositData(sponsor, lamports)),
  });
