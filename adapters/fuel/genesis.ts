/** A Fuel tenant's config: its genesis coins, as strict JSON. */
import * as z from "zod";
import { concatBytes, type Hex } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { bytesOf, zero32 } from "./codec.ts";
import { gatewayId } from "./contracts/gateway.ts";
import { baseAssetId } from "./params.ts";

const hex32 = z.templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)]);
const amount = z
  .string()
  .regex(/^[1-9][0-9]{0,19}$/, "not a positive decimal number")
  .refine((text) => BigInt(text) < 2n ** 64n, "above 2^64 - 1");

const FuelConfig = z.strictObject({
  /** Contract that gets all fees. It is there from the start, with code that only returns: nobody gets them out. */
  feeRecipient: hex32.refine((id) => id !== zero32 && id !== gatewayId, "this contract can't get fees"),
  /** Seconds; of block 0. */
  timestamp: z.int().nonnegative().default(0),
  /** In the smallest unit of the base asset, for `gasPriceFactor` (92) of gas. */
  gasPrice: z.int().min(0).max(1_000_000_000).default(1),
  /** Coin i has the id of a transaction that is i in 32 bytes, and index 0. */
  coins: z.array(z.strictObject({ owner: hex32, amount, assetId: hex32.default(baseAssetId) })).max(65_536),
});
export type FuelConfig = z.infer<typeof FuelConfig>;

const badConfig = (problem: string): LockstepError =>
  new LockstepError("bad_config", `config of a Fuel tenant: ${problem}`);

const parseJson = (config: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(config));
  } catch (cause) {
    throw badConfig(`not JSON in UTF-8 (${(cause as Error).message})`);
  }
};

/** @throws LockstepError `bad_config`, naming the first field that is wrong */
export const parseFuelConfig = (config: Uint8Array): FuelConfig => {
  const parsed = FuelConfig.safeParse(parseJson(config));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badConfig(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
};

/**
 * Writers are addresses, in any case; as a sender is written, in lower case.
 *
 * @throws LockstepError `bad_config`
 */
export const parseWriters = (writers: readonly string[] | undefined): Hex[] | undefined =>
  writers?.map((writer) => {
    const known = hex32.safeParse(writer.toLowerCase());
    if (!known.success) throw badConfig(`its writer ${writer} is no address`);
    return known.data as Hex;
  });

/** The genesis coins packed for the engine: `owner 32 ‖ asset 32 ‖ amount u64` each. */
export const packCoins = ({ coins }: FuelConfig): Uint8Array =>
  concatBytes(
    ...coins.flatMap(({ owner, assetId, amount }) => {
      const value = new Uint8Array(8);
      new DataView(value.buffer).setBigUint64(0, BigInt(amount));
      return [bytesOf(owner as Hex, 32), bytesOf(assetId as Hex, 32), value];
    }),
  );
