/** An SVM tenant's config: its genesis accounts, as strict JSON. */
import * as z from "zod";
import { concatBytes, equalBytes, toHex, utf8 } from "../../protocol/bytes.ts";
import { LockstepError } from "../../protocol/errors.ts";
import { sha256 } from "../../protocol/hash.ts";
import type { Domain, Root } from "../../protocol/ids.ts";
import { rentExempt } from "./account.ts";
import { programs } from "./addresses.ts";
import { fromBase58 } from "./base58.ts";
import { createWriter } from "./binary.ts";
import { gatewayAccounts } from "./contracts/gatewayAccounts.ts";
import { builtInAccounts, createEngine, type KeyedAccount } from "./engine.ts";

const address = z.string().refine((text) => fromBase58(text, 32) !== undefined, "not an address in base58");
const lamports = z
  .string()
  .regex(/^[1-9][0-9]{0,19}$/, "not a positive decimal number")
  .refine((text) => BigInt(text) < 2n ** 64n, "above 2^64 - 1");

const SvmConfig = z.strictObject({
  /** Gets all fees. */
  feeRecipient: address,
  /** Seconds; of block 0. */
  timestamp: z.int().nonnegative().default(0),
  /** Lamports by address, of accounts that hold nothing else. */
  accounts: z.record(address, lamports),
  /** Seed (32 bytes, hexadecimal) of a funded account that `requestAirdrop` sends from: everybody knows it. */
  faucet: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .optional(),
});
export type SvmConfig = z.infer<typeof SvmConfig>;

const badConfig = (problem: string): LockstepError =>
  new LockstepError("bad_config", `config of an SVM tenant: ${problem}`);

const parseJson = (config: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(config));
  } catch (cause) {
    throw badConfig(`not JSON in UTF-8 (${(cause as Error).message})`);
  }
};

/** @throws LockstepError `bad_config`, naming the first field that is wrong */
export const parseSvmConfig = (config: Uint8Array): SvmConfig => {
  const parsed = SvmConfig.safeParse(parseJson(config));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badConfig(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
};

/** Names a tenant by what it starts from; Solana's genesis hash. */
export const genesisHashOf = (domain: Domain, config: Uint8Array): Root =>
  sha256(concatBytes(utf8("lockstep svm genesis"), createWriter().u32(domain).done(), sha256(config)));

const bytesOf = (text: string): Uint8Array => fromBase58(text, 32) ?? programs.system;

/**
 * The accounts of block 0: those of the config, SPL programs, native mints and the gateway.
 *
 * @throws LockstepError `bad_config` where one is there already
 */
export const genesisAccounts = ({ accounts, feeRecipient }: SvmConfig): KeyedAccount[] => {
  const builtIn = builtInAccounts();
  const gateway = gatewayAccounts();
  const taken = new Set([...builtIn, ...gateway].map(({ key }) => toHex(key)));
  const runtime = createEngine([]);
  const isTaken = (key: Uint8Array): boolean => taken.has(toHex(key)) || runtime.get(key) !== undefined;
  const configured = Object.entries(accounts).map(([text, balance]) => {
    const key = bytesOf(text);
    if (isTaken(key)) throw badConfig(`accounts.${text} belongs to the runtime`);
    const account = { lamports: BigInt(balance), data: new Uint8Array(0), owner: programs.system };
    return { key, account: { ...account, executable: false, rentEpoch: rentExempt } };
  });
  const recipient = bytesOf(feeRecipient);
  if (isTaken(recipient) || equalBytes(recipient, programs.system))
    throw badConfig("feeRecipient belongs to the runtime");
  return [...builtIn, ...gateway, ...configured];
};
