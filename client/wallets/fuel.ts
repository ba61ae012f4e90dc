/** Legs on a Fuel tenant, signed by a fuels wallet. */
import { Address, Contract, ScriptTransactionRequest, type WalletUnlocked } from "fuels";
import { unsignedBytes } from "../../adapters/fuel/codec/leg.ts";
import { gatewayId } from "../../adapters/fuel/contracts/gateway.ts";
import { gatewayAbi } from "../../adapters/fuel/contracts/gatewayAbi.ts";
import { toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asDomain, type BundleId, type Sponsor } from "../../protocol/ids.ts";
import type { LegDraft } from "../leg.ts";

export type FuelRequest = {
  /** What is to be done, without fee and coins for it: the wallet adds them. */
  request: ScriptTransactionRequest;
  /** Called with a copy of the request for a bundle's id, where it is more than the marker. */
  withId?: (request: ScriptTransactionRequest, id: BundleId) => void;
};

const addressOf = (id: BundleId): Address => Address.fromB256(toHex(id));

/** A request of its own with the same content. */
const clone = (request: ScriptTransactionRequest): ScriptTransactionRequest =>
  ScriptTransactionRequest.from(request as Parameters<typeof ScriptTransactionRequest.from>[0]);

/** A script with the marker as a coin output of nothing. */
export const fuelLeg = (tenant: number, wallet: WalletUnlocked, { request, withId }: FuelRequest): LegDraft => ({
  domain: asDomain(tenant),
  prepare: async () => {
    const { provider } = wallet;
    const baseAssetId = await provider.getBaseAssetId();
    const sample = new Uint8Array(32).fill(1) as BundleId;
    sample[0] = 0;
    const marked = clone(request);
    const position = marked.outputs.length;
    marked.addCoinOutput(addressOf(sample), 0, baseAssetId);
    withId?.(marked, sample);
    await marked.estimateAndFund(wallet);
    const { consensusParameters } = await provider.getChain();
    const minGas = marked.calculateMinGas({ consensusParameters } as never);
    const gas = marked.calculateMaxGas({ consensusParameters } as never, minGas);
    const requestFor = (id: BundleId): ScriptTransactionRequest => {
      const own = clone(marked);
      const output = own.outputs[position];
      if (output === undefined || !("to" in output))
        throw new LockstepError("bundle_leg", "the marker's output is gone");
      output.to = toHex(id);
      withId?.(own, id);
      return own;
    };
    return {
      domain: asDomain(tenant),
      gas: gas.toNumber(),
      unsigned: (id) => {
        const unsigned = unsignedBytes(requestFor(id).toTransactionBytes());
        if (unsigned === undefined) throw new LockstepError("bundle_leg", "no script transaction");
        return unsigned;
      },
      sign: async (id) => {
        const own = requestFor(id);
        const signature = await wallet.signTransaction(own as Parameters<typeof wallet.signTransaction>[0]);
        own.updateWitnessByOwner(wallet.address, signature);
        return own.toTransactionBytes();
      },
    };
  },
});

/** Deposits base currency of a wallet for a sponsor of bundles; resolves once that is executed. */
export const fuelDeposit = async (wallet: WalletUnlocked, sponsor: Sponsor, amount: bigint): Promise<void> => {
  const gateway = new Contract(gatewayId, gatewayAbi, wallet);
  const deposit = gateway.functions.deposit?.(toHex(sponsor));
  if (deposit === undefined) throw new LockstepError("unexpected", "the gateway's ABI has no deposit");
  const forward = [amount.toString(), await wallet.provider.getBaseAssetId()] as const;
  const { waitForResult } = await deposit.callParams({ forward: [...forward] }).call();
  await waitForResult();
};
