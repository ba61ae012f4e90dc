/** Deploys a program by plain transactions, as Solana's tools do (loader-v3). */
import {
  type Keypair,
  PublicKey,
  SYSVAR_CLOCK_PUBKEY,
  SYSVAR_RENT_PUBKEY,
  SystemProgram,
  TransactionInstruction,
} from "@solana/web3.js";
import { createWriter } from "./binary.ts";
import { sign } from "./testChain.ts";

const loaderId = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
const bufferMeta = 37;
const programBytes = 36;
/** What fits a transaction beside everything else. */
const chunk = 900;

const rent = (bytes: number): number => (128 + bytes) * 6960;

const programData = (program: PublicKey): PublicKey =>
  PublicKey.findProgramAddressSync([program.toBytes()], loaderId)[0];

const key = (pubkey: PublicKey, isWritable: boolean, isSigner = false) => ({ pubkey, isWritable, isSigner });
const instruction = (data: Uint8Array, keys: ReturnType<typeof key>[]): TransactionInstruction =>
  new TransactionInstruction({ programId: loaderId, keys, data: Buffer.from(data) });

/** Instructions of loader-v3, by their tags. */
export const loader = {
  initializeBuffer: (buffer: PublicKey, authority: PublicKey) =>
    instruction(createWriter().u32(0).done(), [key(buffer, true), key(authority, false)]),
  write: (buffer: PublicKey, authority: PublicKey, offset: number, bytes: Uint8Array) =>
    instruction(createWriter().u32(1).u32(offset).u64(bytes.length).raw(bytes).done(), [
      key(buffer, true),
      key(authority, false, true),
    ]),
  deploy: (payer: PublicKey, buffer: PublicKey, program: PublicKey, maxBytes: number) =>
    instruction(createWriter().u32(2).u64(maxBytes).done(), [
      key(payer, true, true),
      key(programData(program), true),
      key(program, true),
      key(buffer, true),
      key(SYSVAR_RENT_PUBKEY, false),
      key(SYSVAR_CLOCK_PUBKEY, false),
      key(SystemProgram.programId, false),
      key(payer, false, true),
    ]),
  close: (program: PublicKey, authority: PublicKey) =>
    instruction(createWriter().u32(5).done(), [
      key(programData(program), true),
      key(authority, true),
      key(authority, false, true),
      key(program, true),
    ]),
};

/** Transactions that put `code` into a buffer, block by block, and the one that deploys it; `payer` has all authority. */
export const deployment = (payer: Keypair, buffer: Keypair, program: Keypair, code: Uint8Array) => {
  const create = SystemProgram.createAccount({
    fromPubkey: payer.publicKey,
    newAccountPubkey: buffer.publicKey,
    lamports: rent(bufferMeta + code.length),
    space: bufferMeta + code.length,
    programId: loaderId,
  });
  const initialize = loader.initializeBuffer(buffer.publicKey, payer.publicKey);
  const offsets = Array.from({ length: Math.ceil(code.length / chunk) }, (_, i) => i * chunk);
  const writes = [
    (recent: number) => [sign({ instructions: [create, initialize], signers: [payer, buffer], recent })],
    (recent: number) =>
      offsets.map((offset) => {
        const part = code.subarray(offset, offset + chunk);
        const instructions = [loader.write(buffer.publicKey, payer.publicKey, offset, part)];
        return sign({ instructions, signers: [payer], recent });
      }),
  ];
  const createProgram = SystemProgram.createAccount({
    fromPubkey: payer.publicKey,
    newAccountPubkey: program.publicKey,
    lamports: rent(programBytes),
    space: programBytes,
    programId: loaderId,
  });
  const deploy = (recent: number) =>
    sign({
      instructions: [createProgram, loader.deploy(payer.publicKey, buffer.publicKey, program.publicKey, code.length)],
      signers: [payer, program],
      recent,
    });
  return { writes, deploy };
};
