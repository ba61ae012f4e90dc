/** Deploys what the example of a flash loan needs: a lender, two desks with their prices, and the borrower's contract. */
import { readFileSync } from "node:fs";
import { Keypair, type PublicKey, SystemProgram, sendAndConfirmTransaction, Transaction } from "@solana/web3.js";
import { type Hex, parseEther } from "viem";
import { deployContract, sendTransaction, waitForTransactionReceipt } from "viem/actions";
import type { Desk } from "../../devnet/examples/flash-loan/arbitrage.ts";
import { authorityOf, openVault, vaultBytes } from "../../devnet/examples/flash-loan/desk.ts";
import type { Wallets } from "../../devnet/wallets.ts";
import { toHex } from "../../protocol/bytes.ts";
import { compileContract } from "../fixtures/solidity.ts";
import { deployment } from "../fixtures/svmLoader.ts";
import { evmDomain, svmDomain } from "./domains.ts";

const folder = new URL("../../devnet/examples/flash-loan/", import.meta.url);

type Deployer = Pick<Wallets, "evm" | "svm">;

const deploy = async ({ evm }: Deployer, name: string, args: unknown[], value = 0n): Promise<Hex> => {
  const { abi, bytecode } = compileContract(name, folder);
  const hash = await deployContract(evm, { account: evm.account, chain: evm.chain, abi, bytecode, args, value });
  const { contractAddress } = await waitForTransactionReceipt(evm, { hash });
  if (!contractAddress) throw new Error(`${name} was not deployed`);
  return contractAddress;
};

const deployProgram = async ({ svm: { connection, keypair } }: Deployer): Promise<PublicKey> => {
  const [buffer, program] = [Keypair.generate(), Keypair.generate()];
  const code = Uint8Array.from(readFileSync(new URL("desk.so", folder)));
  const { open, writes, deploy } = deployment(keypair.publicKey, buffer.publicKey, program.publicKey, code);
  await sendAndConfirmTransaction(connection, new Transaction().add(...open), [keypair, buffer]);
  for (const write of writes) {
    await sendAndConfirmTransaction(connection, new Transaction().add(...write), [keypair]);
  }
  await sendAndConfirmTransaction(connection, new Transaction().add(...deploy), [keypair, program]);
  return program.publicKey;
};

/** With 100 SOL in its vault, and 100 ETH. */
export const openDesk = async (deployer: Deployer, program: PublicKey, weiPerLamport: bigint): Promise<Desk> => {
  const { connection, keypair } = deployer.svm;
  const vault = Keypair.generate();
  const half = { program, vault: vault.publicKey };
  const other = toHex(authorityOf(half)[0].toBytes());
  const contract = await deploy(deployer, "Desk", [svmDomain, other, weiPerLamport], parseEther("100"));
  const create = SystemProgram.createAccount({
    ...{ fromPubkey: keypair.publicKey, newAccountPubkey: vault.publicKey, programId: program },
    ...{ lamports: 100 * 10 ** 9, space: vaultBytes },
  });
  const opening = new Transaction().add(create, openVault(half, evmDomain, contract));
  await sendAndConfirmTransaction(connection, opening, [keypair, vault]);
  return { ...half, contract, weiPerLamport };
};

export const deployFlashLoan = async (deployer: Deployer) => {
  const { evm } = deployer;
  const lender = await deploy(deployer, "FlashLender", []);
  const value = parseEther("100");
  const hash = await sendTransaction(evm, { account: evm.account, chain: evm.chain, to: lender, value });
  await waitForTransactionReceipt(evm, { hash });
  return { lender, program: await deployProgram(deployer), borrower: await deploy(deployer, "Arbitrage", [lender]) };
};
