/** An EVM tenant's config: its genesis, as strict JSON. */
import * as z from "zod";
import type { TenantBudget } from "../../protocol/budget.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Domain } from "../../protocol/ids.ts";
import { baseFeeOf, targetOf } from "./baseFee.ts";
import { gatewayAddress, markerAddress } from "./contracts/gateway.ts";
import { gatewayCode } from "./contracts/gatewayArtefact.ts";
import { beaconRoots, blockHashHistory, type SystemContract } from "./systemContracts.ts";

const hexOf = (bytes: number) => z.templateLiteral(["0x", z.string().regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`))]);
const address = hexOf(20);
const bytes32 = hexOf(32);
const code = z.templateLiteral(["0x", z.string().regex(/^(?:[0-9a-fA-F]{2})*$/)]);
/** Wei: decimal or 0x-prefixed. */
const quantity = z.string().regex(/^(?:0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/);
const uint = z.int().nonnegative();

const account = z.strictObject({
  balance: quantity.optional(),
  nonce: uint.optional(),
  code: code.optional(),
  storage: z.record(bytes32, bytes32).optional(),
});

const EvmConfig = z.strictObject({
  chainId: z.int().positive(),
  /** Coinbase of every block: gets the tips. */
  feeRecipient: address,
  /** Seconds; of block 0. */
  timestamp: uint.default(0),
  alloc: z.record(address, account),
});
export type EvmConfig = z.infer<typeof EvmConfig> & {
  /** The tenant's budget: the base fee holds at half the rate, the burst is the gas limit of a block. */
  gas: TenantBudget["gas"];
};

const badConfig = (problem: string): LockstepError =>
  new LockstepError("bad_config", `config of an EVM tenant: ${problem}`);

/**
 * Writers are addresses, in any case; as the engine writes a sender, in lower case.
 *
 * @throws LockstepError `bad_config`
 */
export const parseWriters = (writers: readonly string[] | undefined): Hex[] | undefined =>
  writers?.map((writer) => {
    if (!address.safeParse(writer).success) throw badConfig(`its writer ${writer} is no address`);
    return writer.toLowerCase() as Hex;
  });

/** What every tenant has from the start besides its own; nothing is ever at the marker. */
export const installed: readonly SystemContract[] = [
  blockHashHistory,
  beaconRoots,
  { address: gatewayAddress, code: gatewayCode },
];
const reserved = [...installed.map(({ address }) => address), markerAddress];

const parseJson = (config: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(config));
  } catch (cause) {
    throw badConfig(`not JSON in UTF-8 (${(cause as Error).message})`);
  }
};

/** @throws LockstepError `bad_config`, naming the first field that is wrong */
export const parseEvmConfig = (domain: Domain, config: Uint8Array, { gas }: TenantBudget): EvmConfig => {
  const parsed = EvmConfig.safeParse(parseJson(config));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badConfig(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  const { chainId, alloc } = parsed.data;
  if (chainId !== domain) throw badConfig(`chainId ${chainId} is not the tenant's domain, ${domain}`);
  const addresses = Object.keys(alloc).map((key) => key.toLowerCase());
  for (const address of reserved) {
    if (addresses.includes(address)) throw badConfig(`alloc.${address} is reserved for a system contract`);
  }
  if (new Set(addresses).size !== addresses.length) throw badConfig("alloc has an address twice");
  return { ...parsed.data, gas };
};

/** JSON of the engine's genesis: the config's accounts, the two system contracts and the gateway. */
export const engineGenesis = (config: EvmConfig): string => {
  const alloc: Record<Hex, z.infer<typeof account>> = { ...config.alloc };
  for (const { address, code } of installed) alloc[address] = { nonce: 1, code };
  return JSON.stringify({
    chainId: config.chainId,
    gasLimit: config.gas.burst,
    maxTransactionGas: config.gas.largest,
    timestamp: config.timestamp,
    baseFee: `0x${baseFeeOf(0n, targetOf(config.gas.rate)).toString(16)}`,
    coinbase: config.feeRecipient,
    alloc,
  });
};

/** JSON of the engine's chain config, for an engine that is filled from a store. */
export const engineChain = (config: EvmConfig): string =>
  JSON.stringify({ chainId: config.chainId, maxTransactionGas: config.gas.largest });
