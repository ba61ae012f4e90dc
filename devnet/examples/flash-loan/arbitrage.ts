/**
 * Earns a difference in price between two VMs with somebody else's money: borrows ether, buys SOL with it at a desk, sells
 * that on the SVM at another desk, and repays out of what that pays in ether. It is one bundle, so the loan needs no
 * security: either all of it comes off, or nothing happened and nobody lent anything.
 */
import type { Connection, Keypair } from "@solana/web3.js";
import {
  type Account,
  type Chain,
  encodeFunctionData,
  type Hex,
  parseAbi,
  type Transport,
  type WalletClient,
} from "viem";
import { getTransactionCount } from "viem/actions";
import type { Lockstep, SignedBundle } from "../../../client/bundle.ts";
import type { SponsorSigner } from "../../../client/sponsor.ts";
import { evmLeg } from "../../../client/wallets/evm.ts";
import { svmLeg } from "../../../client/wallets/svm.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { payOut, sell, type Vault } from "./desk.ts";

/** A desk: its contract on the EVM, its vault on the SVM, and what it gives or asks for a lamport. */
export type Desk = Vault & { contract: Hex; weiPerLamport: bigint };

export type Arbitrage = {
  wallet: WalletClient<Transport, Chain, Account>;
  svm: { domain: number; connection: Connection; keypair: Keypair };
  /** The wallet's own contract. */
  contract: Hex;
  /** Wei to borrow. */
  amount: bigint;
  cheap: Desk;
  dear: Desk;
};

const abi = parseAbi([
  "function start(uint256 amount, address desk, bytes32 receiver, uint32 index)",
  "function finish(uint256 owed, address desk, uint32 index)",
]);

/** More than either leg takes: outside its bundle it can't be estimated. */
const gas = 600_000n;

/** Numbers of the messages between the two halves of a desk in this bundle. */
const [bought, sold] = [1, 2];

/** Signed by its wallets, and not yet by the sponsor: simulate it to know whether it pays. */
export const arbitrage = async (
  lockstep: Lockstep,
  sponsor: SponsorSigner,
  { wallet, svm, contract, amount, cheap, dear }: Arbitrage,
): Promise<SignedBundle> => {
  const trader = svm.keypair.publicKey;
  const lamports = amount / cheap.weiPerLamport;
  const owed = amount + amount / 1000n;
  const nonce = await getTransactionCount(wallet, { address: wallet.account.address });
  const start = encodeFunctionData({
    ...{ abi, functionName: "start" },
    args: [amount, cheap.contract, toHex(trader.toBytes()), bought],
  });
  const finish = encodeFunctionData({ abi, functionName: "finish", args: [owed, dear.contract, sold] });
  const prepared = await lockstep.prepare({
    sponsor,
    legs: [
      evmLeg(wallet, { to: contract, data: start, gas, nonce }),
      svmLeg(svm.domain, svm.connection, {
        instructions: [payOut(cheap, trader, bought), sell(dear, trader, { lamports, to: contract, index: sold })],
        signers: [svm.keypair],
      }),
      evmLeg(wallet, { to: contract, data: finish, gas, nonce: nonce + 1 }),
    ],
  });
  return await prepared.sign();
};
