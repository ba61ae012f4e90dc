/** A Cairo tenant's config: its genesis, as strict JSON. */
import * as z from "zod";
import type { TenantBudget } from "../../protocol/budget.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import type { Domain } from "../../protocol/ids.ts";
import { gatewayAddress } from "./contracts/gateway.ts";
import { addressSchema, feltSchema, shortString } from "./felt.ts";
import { SierraClass } from "./sierraClass.ts";

/** The STRK token, which fees are paid in, and the Universal Deployer, where Starknet has them. */
export const strkAddress: Hex = "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d";
export const deployerAddress: Hex = "0x2ceed65a4bd731034c01113685c831b01c15d7d432f71afb1cf1634b53a2125";

const fri = z.string().regex(/^[0-9]{1,38}$/, "not a decimal number");

const CairoConfig = z.strictObject({
  /** Seconds; of block 0. */
  timestamp: z.int().nonnegative().default(0),
  /** Sequencer of every block: gets the fees. */
  feeRecipient: addressSchema,
  classes: z.strictObject({ account: SierraClass, token: SierraClass, deployer: SierraClass }),
  /** Deployed accounts of the class `account`, by address; balances in fri (10^-18 STRK). */
  accounts: z.record(addressSchema, z.strictObject({ publicKey: feltSchema, balance: fri })),
});
/** As it is written: JSON of it in UTF-8 is the config. */
export type CairoConfig = z.input<typeof CairoConfig>;

/** Parsed, with what follows from the tenant. */
export type CairoGenesis = z.output<typeof CairoConfig> & { chainId: string; gas: TenantBudget["gas"] };

/** Name of the chain whose id is signed: `LOCKSTEP_<domain>`. */
export const chainNameOf = (domain: Domain): string => `LOCKSTEP_${domain}`;

/** `starknet_chainId`. */
export const chainIdOf = (domain: Domain): Hex => shortString(chainNameOf(domain));

const badConfig = (problem: string): LockstepError =>
  new LockstepError("bad_config", `config of a Cairo tenant: ${problem}`);

const parseJson = (config: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(config));
  } catch (cause) {
    throw badConfig(`not JSON in UTF-8 (${(cause as Error).message})`);
  }
};

/** @throws LockstepError `bad_config`, naming the first field that is wrong */
export const parseCairoConfig = (domain: Domain, config: Uint8Array, { gas }: TenantBudget): CairoGenesis => {
  const parsed = CairoConfig.safeParse(parseJson(config));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badConfig(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
  }
  for (const reserved of [strkAddress, deployerAddress, gatewayAddress, "0x0", "0x1", "0x2"]) {
    if (Object.hasOwn(parsed.data.accounts, reserved)) throw badConfig(`accounts.${reserved} is not for an account`);
  }
  return { ...parsed.data, chainId: chainNameOf(domain), gas };
};

/**
 * Writers are addresses, in any spelling; given as `TransactionFacts.sender` spells them.
 *
 * @throws LockstepError `bad_config`
 */
export const parseWriters = (writers: readonly string[] | undefined): Hex[] | undefined =>
  writers?.map((writer) => {
    const address = addressSchema.safeParse(writer);
    if (!address.success) throw badConfig(`its writer ${writer} is no address`);
    return address.data;
  });
