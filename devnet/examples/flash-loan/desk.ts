/** The SVM half of a desk: its accounts, and what is said to it. `desk.c` is its program. */
import { PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";
import { gatewayProgram, gatewayState } from "../../../adapters/svm/contracts/gateway.ts";
import { fromHex, type Hex } from "../../../protocol/bytes.ts";

export const vaultBytes = 36;

/** A vault of lamports, an account of the program. */
export type Vault = { program: PublicKey; vault: PublicKey };

const uint = (value: bigint | number, bytes: number): Uint8Array =>
  fromHex(`0x${value.toString(16).padStart(2 * bytes, "0")}`) ?? new Uint8Array(bytes);

/** The address that sends and consumes for a vault, and the bump in its seeds. */
export const authorityOf = ({ program, vault }: Vault): [PublicKey, number] =>
  PublicKey.findProgramAddressSync([vault.toBytes()], program);

/** An EVM address as messages have it. */
const padded = (address: Hex): Uint8Array => fromHex(`0x${address.slice(2).padStart(64, "0")}`) ?? new Uint8Array(32);

/** Ties a vault to the contract that is the other half; the vault signs. */
export const openVault = ({ program, vault }: Vault, domain: number, contract: Hex): TransactionInstruction =>
  new TransactionInstruction({
    programId: program,
    keys: [{ pubkey: vault, isSigner: true, isWritable: true }],
    data: Buffer.concat([uint(0, 1), uint(domain, 4), padded(contract)]),
  });

const accountsOf = (desk: Vault) => [
  { pubkey: new PublicKey(gatewayState), isSigner: false, isWritable: true },
  { pubkey: authorityOf(desk)[0], isSigner: false, isWritable: false },
  { pubkey: new PublicKey(gatewayProgram), isSigner: false, isWritable: false },
  { pubkey: desk.vault, isSigner: false, isWritable: true },
];

/** Has the desk pay what was bought at its contract by an earlier leg. */
export const payOut = (desk: Vault, receiver: PublicKey, index: number): TransactionInstruction =>
  new TransactionInstruction({
    programId: desk.program,
    keys: [...accountsOf(desk), { pubkey: receiver, isSigner: false, isWritable: true }],
    data: Buffer.concat([uint(1, 1), uint(authorityOf(desk)[1], 1), uint(index, 4)]),
  });

/** Sells lamports; a later leg collects ether for them at the desk's contract. */
export const sell = (
  desk: Vault,
  seller: PublicKey,
  { lamports, to, index }: { lamports: bigint; to: Hex; index: number },
): TransactionInstruction =>
  new TransactionInstruction({
    programId: desk.program,
    keys: [
      ...accountsOf(desk),
      { pubkey: seller, isSigner: true, isWritable: true },
      { pubkey: SystemProgram.programId, isSigner: false, isWritable: false },
    ],
    data: Buffer.concat([
      ...[uint(2, 1), uint(authorityOf(desk)[1], 1), uint(index, 4), uint(lamports, 8)],
      fromHex(to) ?? new Uint8Array(20),
    ]),
  });
