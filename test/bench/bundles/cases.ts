/** Which bundles are measured, and their legs. */
import { ComputeBudgetProgram, PublicKey, SystemProgram } from "@solana/web3.js";
import { Address, type Coin, ScriptTransactionRequest } from "fuels";
import { CallData, type ResourceBoundsBN } from "starknet";
import { getTransactionCount } from "viem/actions";
import type { LegDraft } from "../../../client/leg.ts";
import { cairoLeg } from "../../../client/wallets/cairo.ts";
import { evmLeg } from "../../../client/wallets/evm.ts";
import { fuelLeg } from "../../../client/wallets/fuel.ts";
import { svmLeg } from "../../../client/wallets/svm.ts";
import { domains, type Wallets } from "../../../devnet/wallets.ts";
import type { VmName } from "../vms/part.ts";

export type BundleCase = {
  legs: readonly VmName[];
  /** What becomes of its bundles: where they abort, it is at the last leg. */
  ends: "committed" | "aborted";
};

const legsOfCases: readonly (readonly VmName[])[] = [
  ["evm", "svm"],
  ["evm", "cairo"],
  ["evm", "fuel", "svm", "svm"],
  ["evm", "svm", "fuel", "cairo"],
];

export const bundleCases: readonly BundleCase[] = legsOfCases.flatMap((legs) => [
  { legs, ends: "committed" as const },
  { legs, ends: "aborted" as const },
]);

const strk = "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d";
const receivers = {
  evm: "0x00000000000000000000000000000000005e4d01",
  svm: new PublicKey(new Uint8Array(32).fill(0x5e)),
  cairo: "0x5e4d01",
  fuel: new Address(`0x${"5e".repeat(32)}`),
} as const;

/** More than a transfer of STRK by an account of OpenZeppelin's kind takes. */
const cairoBounds: ResourceBoundsBN = {
  l1_gas: { max_amount: 0n, max_price_per_unit: 10n ** 14n },
  l1_data_gas: { max_amount: 1_000n, max_price_per_unit: 10n ** 12n },
  l2_gas: { max_amount: 8_000_000n, max_price_per_unit: 10n ** 10n },
};

/** Where an account stands before its bundles: each of those that commit uses a nonce, and a coin. */
type Standing = { evm: number; cairo: bigint; coins: Coin[] };

const standingOf = async (wallets: Wallets, legs: readonly VmName[]): Promise<Standing> => {
  const { fuel } = wallets;
  const [evm, cairo, coins] = await Promise.all([
    getTransactionCount(wallets.evm, { address: wallets.evm.account.address }),
    legs.includes("cairo") ? wallets.cairo.getNonce() : "0x0",
    legs.includes("fuel") ? fuel.getCoins(await fuel.provider.getBaseAssetId()) : undefined,
  ]);
  return { evm, cairo: BigInt(cairo), coins: coins?.coins ?? [] };
};

const fuelTransfer = async ({ fuel }: Wallets, coin: Coin | undefined): Promise<LegDraft> => {
  if (coin === undefined) throw new Error("a Fuel account has fewer coins than it has bundles");
  const request = new ScriptTransactionRequest();
  request.addCoinInput(coin);
  request.addCoinOutput(receivers.fuel, 1, await fuel.provider.getBaseAssetId());
  return fuelLeg(domains.fuel, fuel, { request });
};

const svmTransfer = ({ svm }: Wallets, lamports: bigint, differently: number): LegDraft =>
  svmLeg(domains.svm, svm.connection, {
    instructions: [
      // Two legs of one bundle, and those of two that have all else in common, are different transactions.
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: differently }),
      SystemProgram.transfer({ fromPubkey: svm.keypair.publicKey, toPubkey: receivers.svm, lamports }),
    ],
    signers: [svm.keypair],
  });

const cairoTransfer = ({ cairo }: Wallets, amount: bigint, nonce: bigint): LegDraft => {
  const calldata = CallData.compile({ recipient: receivers.cairo, amount: { low: amount, high: 0n } });
  const calls = [{ contractAddress: strk, entrypoint: "transfer", calldata }];
  return cairoLeg(domains.cairo, cairo, { calls, resourceBounds: cairoBounds, nonce });
};

/**
 * Legs of an account's next bundles, to be submitted in this order.
 *
 * @param ends the last leg asks for more than anybody has where it is to abort
 */
export const draftsOf = async (wallets: Wallets, { legs, ends }: BundleCase, count: number): Promise<LegDraft[][]> => {
  const standing = await standingOf(wallets, legs);
  const drafts: LegDraft[][] = [];
  for (let i = 0; i < count; i++) {
    // One that aborts leaves nonce and coin to the next.
    const used = ends === "committed" ? i : 0;
    const own: LegDraft[] = [];
    for (const [position, vm] of legs.entries()) {
      const isTooMuch = ends === "aborted" && position === legs.length - 1;
      if (vm === "evm") own.push(evmLeg(wallets.evm, { to: receivers.evm, value: 1n, nonce: standing.evm + used }));
      else if (vm === "svm") own.push(svmTransfer(wallets, isTooMuch ? 10n ** 15n : 1_000_000n, position));
      else if (vm === "fuel") own.push(await fuelTransfer(wallets, standing.coins[used]));
      else own.push(cairoTransfer(wallets, isTooMuch ? 10n ** 24n : 1n, standing.cairo + BigInt(used)));
    }
    drafts.push(own);
  }
  return drafts;
};
