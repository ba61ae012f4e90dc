/** Legs on an EVM tenant, signed by a viem wallet. */
import { type Account, type Chain, type Hex, serializeTransaction, type Transport, type WalletClient } from "viem";
import { estimateFeesPerGas, estimateGas, getTransactionCount, signTransaction } from "viem/actions";
import { gatewayAddress, markerAddress } from "../../adapters/evm/contracts/gateway.ts";
import { gatewayAbi } from "../../adapters/evm/contracts/gatewayArtefact.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { asDomain, type BundleId, type Sponsor } from "../../protocol/ids.ts";
import type { LegDraft } from "../leg.ts";

export type EvmRequest = {
  to: Hex;
  value?: bigint;
  /** Calldata, or what it is for a bundle's id. */
  data?: Hex | ((id: BundleId) => Hex);
  /** Where it can't be estimated: what consumes a message of this bundle fails without it. */
  gas?: bigint;
  /** Where several of its bundles are under way; by default the next one. */
  nonce?: number;
};

const bytesOf = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array();

const markedBy = (id: BundleId) => [{ address: markerAddress, storageKeys: [toHex(id)] }];

/** Gas of one address and one key in an access list (EIP-2930). */
const markerGas = 2_400n + 1_900n;

/** A transaction of EIP-1559 whose access list holds the marker. */
export const evmLeg = (wallet: WalletClient<Transport, Chain, Account>, request: EvmRequest): LegDraft => {
  const { account, chain } = wallet;
  const { to, value = 0n, data = "0x" } = request;
  const dataFor = (id: BundleId): Hex => (typeof data === "function" ? data(id) : data);
  return {
    domain: asDomain(chain.id),
    prepare: async () => {
      const sample = new Uint8Array(32).fill(1) as BundleId;
      const [nonce, fees, estimated] = await Promise.all([
        request.nonce ?? getTransactionCount(wallet, { address: account.address, blockTag: "pending" }),
        estimateFeesPerGas(wallet),
        request.gas ?? estimateGas(wallet, { account, to, value, data: dataFor(sample) }),
      ]);
      const gas = request.gas ?? estimated + markerGas;
      const { maxFeePerGas, maxPriorityFeePerGas } = fees;
      const common = {
        type: "eip1559",
        chainId: chain.id,
        nonce,
        gas,
        maxFeePerGas,
        maxPriorityFeePerGas,
        to,
        value,
      } as const;
      const transactionFor = (id: BundleId) => ({ ...common, data: dataFor(id), accessList: markedBy(id) });
      return {
        domain: asDomain(chain.id),
        gas: Number(gas),
        unsigned: (id) => bytesOf(serializeTransaction(transactionFor(id))),
        sign: async (id) => bytesOf(await signTransaction(wallet, { account, chain, ...transactionFor(id) })),
      };
    },
  };
};

/** What `writeContract` takes to deposit wei for a sponsor of bundles. */
export const evmDeposit = (sponsor: Sponsor, wei: bigint) =>
  ({
    address: gatewayAddress,
    abi: gatewayAbi,
    functionName: "deposit",
    args: [toHex(sponsor)],
    value: wei,
  }) as const;
