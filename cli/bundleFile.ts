/** A bundle as somebody writes it down: whose legs, what each does, and who sponsors it. */
import { z } from "zod";
import { limits } from "../protocol/limits.ts";
import { readJsonFile } from "./jsonFile.ts";

/** Stands in a file for the bundle's id, which only is known when all legs are: 64 hexadecimal digits without 0x. */
const placeholder = "{bundle}";

export const withBundle = (text: string, id: string): string => text.replaceAll(placeholder, id);
export const namesBundle = (text: string): boolean => text.includes(placeholder);

const amount = z.string().regex(/^[0-9]{1,39}$/, 'expected an amount in digits, such as "1000000"');
const hex = z
  .string()
  .refine((text) => /^0x([0-9a-fA-F]{2})*$/.test(withBundle(text, "00")), "expected bytes in hexadecimal with 0x");
const felt = z
  .string()
  .refine((text) => /^(0x[0-9a-fA-F]{1,64}|[0-9]{1,77})$/.test(withBundle(text, "0")), "expected a number or 0x...");
const address = (length: number) =>
  z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`), `expected ${length} bytes in hexadecimal with 0x`);
const base58 = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,88}$/, "expected base58");
/** An account that every devnet funds, by its index. */
const devAccount = z.string().regex(/^dev:[0-9]$/, 'expected a key, or "dev:0" to "dev:9" on a devnet');
const secret = z.union([devAccount, address(32)]);
const base58Secret = z.union([devAccount, base58]);
const domain = z.exactOptional(
  z
    .int()
    .min(1)
    .max(2 ** 32 - 1),
);

const EvmLeg = z.strictObject({
  ...{ vm: z.literal("evm"), domain, key: secret, to: address(20) },
  value: z.exactOptional(amount),
  data: z.exactOptional(hex),
  gas: z.exactOptional(amount),
});

const SvmLeg = z.strictObject({
  ...{ vm: z.literal("svm"), domain, key: base58Secret },
  pay: z.exactOptional(z.strictObject({ to: base58, lamports: amount })),
  instructions: z.exactOptional(
    z.array(
      z.strictObject({
        program: base58,
        accounts: z.array(z.strictObject({ address: base58, signer: z.boolean(), writable: z.boolean() })),
        data: hex,
      }),
    ),
  ),
  units: z.exactOptional(z.int().min(1).max(1_400_000)),
});

const CairoLeg = z.strictObject({
  ...{ vm: z.literal("cairo"), domain, key: secret },
  /** Of the account, unless the key is a devnet's. */
  account: z.exactOptional(felt),
  calls: z.array(z.strictObject({ contract: felt, entrypoint: z.string(), calldata: z.array(felt) })).min(1),
  l2Gas: z.exactOptional(amount),
});

const FuelLeg = z.strictObject({
  ...{ vm: z.literal("fuel"), domain, key: secret },
  pay: z.strictObject({ to: address(32), amount, asset: z.exactOptional(address(32)) }),
});

const BundleFile = z.strictObject({
  sponsor: base58Secret,
  heights: z.exactOptional(z.int().min(1).max(limits.bundleHeights)),
  legs: z
    .array(z.discriminatedUnion("vm", [EvmLeg, SvmLeg, CairoLeg, FuelLeg]))
    .min(2)
    .max(limits.bundleLegs),
});

export type BundleFile = z.output<typeof BundleFile>;
export type FileLeg = BundleFile["legs"][number];

/** @throws LockstepError `unreadable_file`, `bad_file` */
export const readBundleFile = (path: string): Promise<BundleFile> => readJsonFile(BundleFile, path, "bundle file");
