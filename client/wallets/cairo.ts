/** Legs on a Cairo tenant, signed by a starknet.js account. */
import { type Account, type Call, type ResourceBoundsBN, transaction } from "starknet";
import { invokeBytes, unsignedInvoke } from "../../adapters/cairo/codec/leg.ts";
import { gatewayAddress, u256Felts } from "../../adapters/cairo/contracts/gateway.ts";
import { type Hex, toHex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { asDomain, type BundleId, type Sponsor } from "../../protocol/ids.ts";
import type { LegDraft } from "../leg.ts";

export type CairoRequest = {
  /** Calls, or what they are for a bundle's id. */
  calls: readonly Call[] | ((id: BundleId) => readonly Call[]);
  /** Where they can't be estimated: what consumes a message of this bundle fails without it. */
  resourceBounds?: ResourceBoundsBN;
  /** Where several of its bundles are under way; by default the next one. */
  nonce?: bigint;
};

const feltOf = (value: bigint | number | string): Hex => `0x${BigInt(value).toString(16)}`;

const markerFor = (id: BundleId): Call => ({
  contractAddress: gatewayAddress,
  entrypoint: "require_bundle",
  calldata: [toHex(id)],
});

/** More than the marker's call takes of L2 gas. */
const markerGas = 2_000_000n;

const withMarker = (bounds: ResourceBoundsBN): ResourceBoundsBN => ({
  ...bounds,
  l2_gas: { ...bounds.l2_gas, max_amount: bounds.l2_gas.max_amount + markerGas },
});

const boundsOf = async (account: Account, calls: readonly Call[]): Promise<ResourceBoundsBN> => {
  try {
    const { resourceBounds } = await account.estimateInvokeFee([...calls], { tip: 0n });
    return withMarker(resourceBounds);
  } catch (cause) {
    const message = "the leg's fee can't be estimated, since it fails outside its bundle: give its resourceBounds";
    throw new LockstepError("bundle_leg", `${message} (${(cause as Error).message.slice(0, 200)})`, {}, cause);
  }
};

const boundsJson = ({ l1_gas, l1_data_gas, l2_gas }: ResourceBoundsBN) => {
  const json = ({ max_amount, max_price_per_unit }: ResourceBoundsBN["l2_gas"]) => ({
    max_amount: feltOf(max_amount),
    max_price_per_unit: feltOf(max_price_per_unit),
  });
  return { l1_gas: json(l1_gas), l1_data_gas: json(l1_data_gas), l2_gas: json(l2_gas) };
};

/** An INVOKE whose first call is the marker. */
export const cairoLeg = (tenant: number, account: Account, request: CairoRequest): LegDraft => {
  const domain = asDomain(tenant);
  const { calls } = request;
  const callsFor = (id: BundleId): Call[] => [markerFor(id), ...(typeof calls === "function" ? calls(id) : calls)];
  return {
    domain,
    prepare: async () => {
      const sample = new Uint8Array(32).fill(1) as BundleId;
      const [nonce, chainId, bounds] = await Promise.all([
        request.nonce ?? account.getNonce(),
        account.provider.getChainId(),
        request.resourceBounds ?? boundsOf(account, callsFor(sample).slice(1)),
      ]);
      const invokeFor = (id: BundleId) => ({
        ...{
          type: "INVOKE" as const,
          sender_address: feltOf(account.address),
          nonce: feltOf(nonce),
          tip: "0x0" as Hex,
        },
        resource_bounds: boundsJson(bounds),
        calldata: transaction.getExecuteCalldata(callsFor(id), "1").map(feltOf),
        signature: [] as Hex[],
      });
      return {
        domain,
        gas: Number(bounds.l2_gas.max_amount),
        unsigned: (id) => unsignedInvoke(invokeFor(id)),
        sign: async (id) => {
          const signature = await account.signer.signTransaction(callsFor(id), {
            ...{ walletAddress: account.address, cairoVersion: "1", chainId, nonce, version: "0x3", tip: 0 },
            ...{ resourceBounds: bounds, paymasterData: [], accountDeploymentData: [] },
            ...{ nonceDataAvailabilityMode: "L1", feeDataAvailabilityMode: "L1" },
          } as never);
          const parts = Array.isArray(signature) ? signature : [signature.r, signature.s];
          return invokeBytes({ ...invokeFor(id), signature: parts.map(feltOf) });
        },
      };
    },
  };
};

const strkAddress = "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d";

/** Calls that deposit STRK of the account that makes them for a sponsor of bundles. */
export const cairoDeposit = (sponsor: Sponsor, fri: bigint): Call[] => {
  const amount = [feltOf(fri), "0x0"];
  return [
    { contractAddress: strkAddress, entrypoint: "approve", calldata: [gatewayAddress, ...amount] },
    { contractAddress: gatewayAddress, entrypoint: "deposit", calldata: [...u256Felts(sponsor), ...amount] },
  ];
};
